"""好差评: what citizens think once a matter has ended; a bad rating opens a work item with a due day."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from bot.conversations import FeedbackRow, MessageRow, add_events, lock_conversation, storable
from bot.desk.handover import HandoverState
from bot.desk.notices import RatingSaved
from bot.desk.tables import HandoverRow
from bot.personal_data import mask
from bot.tickets.records import RATING_CATEGORY, TicketDraft, read_number
from bot.tickets.states import TicketStatus
from bot.tickets.store import Tickets
from bot.tickets.tables import RatingRow, TicketRow
from knowledge_base.dates import SHANGHAI
from knowledge_base.errors import DeskError

# The five levels of 国办发〔2019〕51号.
LEVELS: Mapping[int, str] = {5: "非常满意", 4: "满意", 3: "基本满意", 2: "不满意", 1: "非常不满意"}
BAD = 2


@dataclass(frozen=True, slots=True)
class Rating:
    """What a citizen says. `about` is `conversation`, `person`, or the number of a ticket."""

    about: str
    level: int
    reasons: tuple[str, ...] = ()
    text: str = ""


@dataclass(frozen=True, slots=True)
class RatingCounts:
    """How citizens rated in a span of days; thumbs are on single answers.

    Attributes:
        levels: How often each level was given, 5 to 1.
        by_about: The same for conversations, people and tickets apart.
    """

    levels: Mapping[int, int]
    by_about: Mapping[str, Mapping[int, int]]
    reasons: Mapping[str, int]
    thumbs: Mapping[str, int]
    thumb_reasons: Mapping[str, int]
    work_items: int
    work_items_undone: int

    @property
    def total(self) -> int:
        return sum(self.levels.values())

    @property
    def satisfied(self) -> float | None:
        """The share at 基本满意 or better, in [0, 1]; None where nobody rated."""
        return sum(n for level, n in self.levels.items() if level > BAD) / self.total if self.total else None


class Ratings:
    """All ratings in one SQL database. Safe to share between threads and processes."""

    def __init__(self, engine: Engine, tickets: Tickets) -> None:
        self._engine = engine
        self._tickets = tickets

    def rate(self, conversation_id: str, rating: Rating) -> None:
        """Store a rating and tell it saved; a later one of the same matter replaces it.

        Raises:
            DeskError: If the level is none, or nothing of that kind has ended in this conversation.
        """
        if rating.level not in LEVELS:
            raise DeskError(f"评价是 1 到 5，不是 {rating.level}。")
        about, agent_id = self._ended(conversation_id, rating.about)
        reasons = tuple(
            dict.fromkeys(storable(mask(each.strip()).text) for each in rating.reasons if each.strip())
        )
        text = storable(mask(rating.text.strip()).text)
        ticket = None
        if rating.level <= BAD:
            ticket = self._tickets.open(
                TicketDraft(
                    category=RATING_CATEGORY,
                    text="；".join(filter(None, (f"评价：{LEVELS[rating.level]}", "、".join(reasons), text))),
                    origin="rating",
                    conversation_id=conversation_id,
                    client_id=about,
                )
            ).ticket
        with Session(self._engine) as session, session.begin():
            # Or two clicks at once would both find nothing to replace, and both insert.
            lock_conversation(session, conversation_id)
            row = session.get(RatingRow, (conversation_id, about))
            if row is None:
                row = RatingRow(conversation_id=conversation_id, about=about, ticket_id=None)
                session.add(row)
            row.level, row.reasons, row.text, row.agent_id = rating.level, list(reasons), text, agent_id
            row.ticket_id = ticket.id if ticket else row.ticket_id
            saved = RatingSaved(about=rating.about, level=rating.level, due=ticket.due_on if ticket else None)
            add_events(session, conversation_id, "", [saved.model_dump(mode="json")])

    def counts(self, since: date, until: date) -> RatingCounts:
        """Count what was said from one day to another, both included."""
        begin = datetime.combine(since, time.min, SHANGHAI)
        end = datetime.combine(until, time.max, SHANGHAI)
        with Session(self._engine) as session:
            rows = session.scalars(select(RatingRow).where(RatingRow.at.between(begin, end))).all()
            thumbs = session.scalars(
                select(FeedbackRow).where(FeedbackRow.created_at.between(begin, end))
            ).all()
            opened = session.scalars(
                select(TicketRow.status).where(
                    TicketRow.origin == "rating", TicketRow.opened_on.between(since, until)
                )
            ).all()
        by_about: dict[str, Counter[int]] = {}
        for row in rows:
            by_about.setdefault(row.about.partition(":")[0], Counter())[row.level] += 1
        given = Counter(row.level for row in rows)
        return RatingCounts(
            levels={level: given[level] for level in LEVELS},
            by_about=by_about,
            reasons=Counter(reason for row in rows for reason in row.reasons),
            thumbs=Counter(row.value for row in thumbs),
            thumb_reasons=Counter(row.reason for row in thumbs if row.reason),
            work_items=len(opened),
            work_items_undone=sum(status in (TicketStatus.OPEN, TicketStatus.HANDLING) for status in opened),
        )

    def _ended(self, conversation_id: str, about: str) -> tuple[str, int | None]:
        """Return what is rated as it is stored, and the agent it was about.

        Raises:
            DeskError: If there is nothing of that kind to rate.
        """
        with Session(self._engine) as session:
            if about == "conversation":
                answered = select(MessageRow.id).filter_by(conversation_id=conversation_id, role="assistant")
                if session.scalar(answered.limit(1)) is not None:
                    return about, None
            elif about == "person":
                wanted = select(HandoverRow).where(
                    HandoverRow.conversation_id == conversation_id,
                    HandoverRow.state == HandoverState.ENDED,
                    HandoverRow.claimed_at.is_not(None),
                )
                row = session.scalar(wanted.order_by(HandoverRow.id.desc()).limit(1))
                if row is not None:
                    return f"handover:{row.id}", row.agent_id
            elif (parsed := read_number(about)) is not None:
                ticket = session.get(TicketRow, parsed[1])
                done = (TicketStatus.REPLIED, TicketStatus.CLOSED)
                if ticket is not None and ticket.conversation_id == conversation_id and ticket.status in done:
                    return f"ticket:{ticket.id}", None
        raise DeskError("还没有可以评价的内容，请在得到答复之后再评价。")
