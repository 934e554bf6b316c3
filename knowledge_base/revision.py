"""The revision: the number of the last write that changed what may be answered, and the turn writers take.

The operators' words, block list and replies, the service catalogue, life events and eligibility rules have
revisions of their own. Each is one row, and every change of it is one statement, for the first write as for
any other, or two first writers would meet at the insert.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, Integer, SQLColumnExpression, String, cast
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from knowledge_base.database import StateRow, database_faults

DOCUMENTS = "revision"
WORDS = "words_revision"
SERVICES = "services_revision"
LIFE_EVENTS = "life_events_revision"
BLOCK_LIST = "block_list_revision"
REPLIES = "replies_revision"
ELIGIBILITY = "eligibility_revision"


def revision_of(session: Session, key: str = DOCUMENTS) -> int:
    """Return the revision; 0 where nothing was ever written."""
    row = session.get(StateRow, key)
    return int(row.value) if row else 0


def take_turn(session: Session) -> None:
    """Take the lock that writers queue for, as the first statement of a write."""
    _put(session, DOCUMENTS, first="0", then=StateRow.value)


def raise_revision(session: Session, key: str = DOCUMENTS) -> None:
    """Tell the indexes that what may be answered has changed; takes the turn of that revision, too."""
    _put(session, key, first="1", then=cast(cast(StateRow.value, Integer) + 1, String))


def _put(session: Session, key: str, *, first: str, then: SQLColumnExpression[str]) -> None:
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    session.execute(
        insert(StateRow)
        .values(key=key, value=first)
        .on_conflict_do_update(index_elements=[StateRow.key], set_={"value": then})
    )


class RevisedStore:
    """A part of the truth that has a revision of its own: how it is read and written.

    Args:
        key: Of its revision.
        what: Its name, for faults.
    """

    def __init__(self, engine: Engine, key: str, what: str) -> None:
        self._engine = engine
        self._key = key
        self._what = what

    def revision(self) -> int:
        """Return the number of the last write that changed it; 0 where there is nothing."""
        with self._reading() as session:
            return revision_of(session, self._key)

    @contextmanager
    def _reading(self) -> Iterator[Session]:
        with database_faults(f"{self._what} could not be read"), Session(self._engine) as session:
            yield session

    @contextmanager
    def _writing(self, fault: str) -> Iterator[Session]:
        with database_faults(fault), Session(self._engine) as session, session.begin():
            take_turn(session)
            yield session
