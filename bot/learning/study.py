"""What an operator works on in the weekly half hour: open clusters, sources at hand, drafts made of them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import islice

from bot.assembly import Service
from bot.learning.asked import unanswered
from bot.learning.clusters import Cluster, group_questions, still_open
from bot.learning.marks import DISMISSED, DRAFTED, Marks
from bot.learning.person_answers import PersonAnswer, PersonAnswers, PersonAnswerState
from bot.learning.sameness import Sameness, read_senses
from bot.wording import source_name
from knowledge_base.errors import FaqError
from knowledge_base.faq.records import FaqRow
from knowledge_base.faq.store import MAX_QUESTION_CHARS, MAX_VARIANTS
from knowledge_base.regions import Gazetteer, load_gazetteer, visible
from retrieval.contracts import SearchFilter

LOOKED_BACK = timedelta(days=90)
SOURCES_OFFERED = 5
_LOOKED_THROUGH = 20


@dataclass(frozen=True, slots=True)
class OfferedSource:
    """A passage in force that may answer, as a FAQ entry refers to it, with its words."""

    reference: str
    text: str


class Study:
    """Over one open service."""

    def __init__(self, service: Service, sameness: Sameness | None = None) -> None:
        self._service = service
        self._sameness = sameness or Sameness.load()
        self._marks = Marks(service.engine)
        self.answers = PersonAnswers(service.engine)

    def gather(self) -> int:
        """Take in what people answered since the last time; returns how many proposals are new."""
        index = self._service.index.get()
        return self.answers.gather(self._service.faq.entries(), index.reader, index.encoder, self._sameness)

    def clusters(self, now: datetime, *, region: str = "") -> list[Cluster]:
        """Return the clusters that wait for an operator; `region` keeps those of a place and within it."""
        asked = unanswered(self._service.engine, since=now - LOOKED_BACK, now=now)
        index = self._service.index.get()
        gazetteer = load_gazetteer().with_regions(self._service.store.regions())
        placed = [(each.text, _region_of(each.text, each.region, gazetteer)) for each in asked]
        vectors, senses = read_senses(index.reader, index.encoder, placed)
        entries = {each.id: each for each in self._service.faq.entries()}
        found = still_open(
            group_questions(asked, vectors, senses, self._sameness), self._marks.all(), entries
        )
        return [each for each in found if not region or f"{each.region}/".startswith(f"{region}/")]

    def cluster(self, number: int, now: datetime) -> Cluster:
        """Return the open cluster that a question belongs to, by the number of any of its questions.

        Raises:
            FaqError: If there is none.
        """
        for each in self.clusters(now):
            if any(member.id == number for member in each.members):
                return each
        raise FaqError(f"没有编号为 {number} 的未答问题，或者已经处理过")

    def sources(self, question: str, region: str, day: date) -> list[OfferedSource]:
        """Return passages in force near a question, best first, that a FAQ entry can refer to."""
        where = SearchFilter(visible(region or None), day.toordinal())
        hits = self._service.index.get().search([question], k=_LOOKED_THROUGH, where=where)[0]
        chunks = self._service.store.chunks([hit.passage_id for hit in hits])
        found: dict[str, OfferedSource] = {}
        for hit in hits:
            if hit.passage_id not in chunks:
                continue
            reference = source_name(chunks[hit.passage_id]).replace("“", "").replace("”", "")
            if reference in found:
                continue
            try:
                passage = self._service.faq.passage_of(reference, region=region, day=day)
            except FaqError:  # a table or a preamble is no place an entry can name
                continue
            found[reference] = OfferedSource(reference, passage.text)
            if len(found) == SOURCES_OFFERED:
                break
        return list(found.values())

    def dismiss(self, cluster: Cluster, *, by: str) -> None:
        """Leave a cluster be, and whatever will be asked of the same."""
        self._marks.put((each.id for each in cluster.members), DISMISSED, by=by)

    def draft(
        self, cluster: Cluster, *, answer: str, sources: Sequence[str], question: str, by: str, day: date
    ) -> int:
        """Make a draft of a cluster, with its other wordings as variants; returns the entry's number.

        Args:
            answer: Empty quotes the sources.
            question: Empty takes the cluster's own.

        Raises:
            FaqError: If the draft lacks a source, or one cannot be found.
        """
        said = answer or self._quoted(sources, cluster.region, day)
        asked = question or cluster.question
        variants = (each for each in (cluster.question, *cluster.variants) if each != asked)
        row = FaqRow(asked, said, tuple(sources), self._fit(variants), cluster.region)
        saving = self._service.faq.save(row, by=by, today=day)
        self._marks.put((each.id for each in cluster.members), DRAFTED, by=by, faq_id=saving.faq_id)
        return saving.faq_id

    def take_up(
        self, proposal: PersonAnswer, *, answer: str, sources: Sequence[str], by: str, day: date
    ) -> int:
        """Make a draft of what a person answered, or a variant of the entry it joins; returns its number.

        Raises:
            FaqError: If a new entry lacks a source, or one cannot be found.
        """
        asked = (proposal.question, *proposal.variants)
        if proposal.faq_id is None:
            row = FaqRow(
                proposal.question,
                answer or proposal.answer,
                tuple(sources),
                self._fit(proposal.variants),
                proposal.region,
            )
        else:
            there = self._service.faq.get(proposal.faq_id).content
            added = tuple(each for each in asked if each not in (there.question, *there.variants))
            row = replace(
                there,
                answer=answer or there.answer,
                sources=tuple(sources) or there.sources,
                variants=(*there.variants, *added)[:MAX_VARIANTS],
            )
        saving = self._service.faq.save(row, by=by, today=day)
        self.answers.settle(proposal.id, PersonAnswerState.DRAFTED, by=by, faq_id=saving.faq_id)
        return saving.faq_id

    def _fit(self, wordings: Iterable[str]) -> tuple[str, ...]:
        """Return as many wordings as a draft takes; one that is too long for a variant is left out."""
        short = (each for each in wordings if len(each) <= MAX_QUESTION_CHARS)
        return tuple(islice(short, self._service.settings.draft_variants))

    def _quoted(self, sources: Sequence[str], region: str, day: date) -> str:
        passages = (self._service.faq.passage_of(each, region=region, day=day) for each in sources)
        return "\n".join(each.text for each in passages)


def _region_of(text: str, chosen: str, gazetteer: Gazetteer) -> str:
    """Return the place a question is about: the one it names, else the one that was chosen."""
    named = [each.path for each in gazetteer.named_regions(text) if not each.foreign]
    return named[-1] if named else chosen
