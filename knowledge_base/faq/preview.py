"""The FAQ as it would be: entries that are not published yet are read as if they were. Nothing is written."""

from collections.abc import Collection

from sqlalchemy import ColumnElement, Engine, or_

from knowledge_base.faq.store import FaqStore
from knowledge_base.faq.tables import FaqRecord


class FaqPreview(FaqStore):
    """Reads `shown` beside what is published; what it says of states and steps stays the store's."""

    def __init__(self, engine: Engine, shown: Collection[int]) -> None:
        super().__init__(engine)
        self._shown = frozenset(shown)

    def _answered_from(self) -> ColumnElement[bool]:
        return or_(super()._answered_from(), FaqRecord.id.in_(self._shown))
