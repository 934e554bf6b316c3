"""What operators did about unanswered questions: marks on the asked questions themselves, no copy of them."""

from collections.abc import Iterable

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from bot.learning.clusters import Mark
from bot.learning.tables import QuestionMarkRow
from knowledge_base.dates import utc_now

DISMISSED, DRAFTED = "dismissed", "drafted"


class Marks:
    """All marks in one SQL database. They go when their conversation does."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def all(self) -> dict[int, Mark]:
        """Return the marks by the id of the question."""
        with Session(self._engine) as session:
            return {
                row.message_id: Mark(row.mark, row.faq_id, row.at)
                for row in session.scalars(select(QuestionMarkRow))
            }

    def put(self, message_ids: Iterable[int], mark: str, *, by: str, faq_id: int | None = None) -> None:
        """Mark questions; a later mark replaces the earlier."""
        with Session(self._engine) as session, session.begin():
            for message_id in message_ids:
                session.merge(
                    QuestionMarkRow(message_id=message_id, mark=mark, faq_id=faq_id, by=by, at=utc_now())
                )
