"""The words of an item's 设定依据, where the document is in the knowledge base and in force."""

from collections.abc import Iterable
from datetime import date

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from knowledge_base.database import VersionRow, database_faults
from knowledge_base.errors import FaqError
from knowledge_base.faq.citing import Library, Passages
from knowledge_base.faq.records import CitedPassage
from knowledge_base.legal_effect import normalise_title
from knowledge_base.services.records import LegalBasis

_KEPT_PASSAGES = 20_000


class LegalSources:
    """Finds the articles that items rest on. Safe to share between threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._passages: Passages = {}

    def passages(
        self, laws: Iterable[LegalBasis], *, region: str, day: date
    ) -> list[tuple[LegalBasis, CitedPassage | None]]:
        """Return each basis with its words in the version in force on `day`, or None where there are none.

        A basis without an article, of a document not kept, not in force or not visible from the region, has
        none; it can still be named.
        """
        if len(self._passages) > _KEPT_PASSAGES:
            self._passages = {}
        with database_faults("the legal basis could not be read"), Session(self._engine) as session:
            library = Library(session, self._passages)
            return [(law, _passage(library, law, region, day)) for law in laws]

    def unknown(self, laws: Iterable[LegalBasis]) -> frozenset[LegalBasis]:
        """Return those whose document the knowledge base does not have."""
        with database_faults("the titles could not be read"), Session(self._engine) as session:
            titles = {
                normalise_title(title) for title in session.scalars(select(VersionRow.title).distinct())
            }
        return frozenset(law for law in laws if normalise_title(law.title) not in titles)


def _passage(library: Library, law: LegalBasis, region: str, day: date) -> CitedPassage | None:
    if not law.article:
        return None
    try:
        source, _ = library.resolve(str(law), region=region, day=day)
    except FaqError:  # what cannot be found cannot be quoted: the basis is named in words
        return None
    return next(
        (span.passage for span in library.spans(source, region=region) if span.first <= day < span.end), None
    )
