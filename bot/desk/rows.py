"""Hand-overs as rows: their order, whom they suit, their lock, and what is told of them."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Select, or_, select, update
from sqlalchemy.orm import Session

from bot.conversations import add_events
from bot.desk.handover import Handover, HandoverState, Need, Skills
from bot.desk.notices import Notice
from bot.desk.tables import HandoverLineRow, HandoverRow
from knowledge_base.errors import IllegalHandover
from knowledge_base.records import NATIONAL

# Those whose agent was lost go first; the others by when they asked, through every transfer.
IN_ORDER = (HandoverRow.returned.desc(), HandoverRow.asked_at, HandoverRow.id)


def suits(skills: Skills) -> Sequence[ColumnElement[bool]]:
    """Return `Skills.match` as a condition."""
    conditions: list[ColumnElement[bool]] = [HandoverRow.language.in_(skills.languages)]
    if skills.departments:
        conditions.append(HandoverRow.department.in_(["", *skills.departments]))
    if skills.regions:
        conditions.append(
            or_(
                HandoverRow.region.in_(["", NATIONAL, *skills.regions]),
                *(HandoverRow.region.startswith(f"{region}/", autoescape=True) for region in skills.regions),
            )
        )
    return conditions


def locked(session: Session, handover_id: int) -> HandoverRow:
    """Return a hand-over that nobody else writes to until the transaction ends.

    A write, because SQLite knows no other lock that readers do not mind.
    """
    row: HandoverRow | None = session.scalar(
        update(HandoverRow)
        .where(HandoverRow.id == handover_id)
        .values(returned=HandoverRow.returned)
        .returning(HandoverRow)
    )
    if row is None:
        raise IllegalHandover("没有这个会话")
    return row


def open_rows() -> Select[HandoverRow]:
    """Select what has not ended."""
    return select(HandoverRow).where(HandoverRow.state != HandoverState.ENDED)


def said_already(session: Session, handover_id: int, role: str, author: str, client_id: str) -> bool:
    """Tell whether a line is recorded already."""
    wanted = select(HandoverLineRow.id).filter_by(
        handover_id=handover_id, role=role, author=author, client_id=client_id
    )
    return session.scalar(wanted) is not None


def tell(session: Session, row: HandoverRow, notice: Notice) -> None:
    """Tell the citizen something, in the same transaction."""
    add_events(session, row.conversation_id, "", [notice.model_dump(mode="json")])


def handover_of(row: HandoverRow) -> Handover:
    """Return a row as a record."""
    return Handover(
        id=row.id,
        conversation_id=row.conversation_id,
        state=HandoverState(row.state),
        need=Need(row.department, row.region, row.language),
        reason=row.reason,
        asked_at=row.asked_at,
        returned=row.returned,
        agent_id=row.agent_id,
        claimed_at=row.claimed_at,
        owed_since=row.owed_since,
        ended_at=row.ended_at,
        ending=row.ending or None,  # type: ignore[arg-type]
    )
