"""The revision: the number of the last write that changed what may be answered, and the turn writers take."""

from sqlalchemy import Integer, String, cast, update
from sqlalchemy.orm import Session

from knowledge_base.database import StateRow

_KEY = "revision"


def revision_of(session: Session) -> int:
    """Return the revision; 0 for a base nothing was ever written to."""
    row = session.get(StateRow, _KEY)
    return int(row.value) if row else 0


def take_turn(session: Session) -> None:
    """Take the lock that writers queue for, as the first statement of a write."""
    there = session.scalar(
        update(StateRow).where(StateRow.key == _KEY).values(value=StateRow.value).returning(StateRow.value)
    )
    if there is None:
        session.add(StateRow(key=_KEY, value="0"))
        session.flush()


def raise_revision(session: Session) -> None:
    """Tell the indexes that what may be answered has changed; the session has taken its turn."""
    session.execute(
        update(StateRow)
        .where(StateRow.key == _KEY)
        .values(value=cast(cast(StateRow.value, Integer) + 1, String))
        .execution_options(synchronize_session=False)
    )
