"""Which policies may be for a person: each with its reason, the article it rests on, and the door to it."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Engine

from bot.answer import Citation, ServiceCard
from bot.cards import card_of
from bot.citing import cite
from knowledge_base.dates import SHANGHAI
from knowledge_base.eligibility.asking import Asked, DecidingQuestion, asked_by, question_of
from knowledge_base.eligibility.judging import Judgement, Truth, judge, leaves_of
from knowledge_base.eligibility.records import Profile, Rule, RuleBook, Within
from knowledge_base.eligibility.store import EligibilityStore
from knowledge_base.following import Followed
from knowledge_base.records import NATIONAL, Chunk
from knowledge_base.regions import specificity
from knowledge_base.services.catalogue import Catalogue
from knowledge_base.services.citing import LegalSources
from knowledge_base.services.records import LegalBasis
from knowledge_base.services.store import ServiceStore, Snapshot
from knowledge_base.store import KnowledgeStore

LONGEST_QUOTE_CHARS = 240
_SENTENCE_ENDS = "。；\n"


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class OpenQuestion(_Frozen):
    """What would decide: asked of one field of the profile; `marks` are what may be said of it in a tap."""

    field: Literal["birth_year", "region", "tags", "children", "enterprise"]
    text: str
    marks: tuple[str, ...] = ()


class Policy(_Frozen):
    """A policy that a person may fit, or that one more fact would decide.

    Attributes:
        code: The rule's.
        kind: 免申即享 comes by itself, 可申领 has to be applied for.
        reason: The operators' words, beginning 您可能符合.
        because: What of the profile it rests on, in words.
        basis: The article by name, as where it cannot be quoted now.
        citation: The article's own words; None where no text in force is at hand.
        card: The door to the service; None where the catalogue does not have it.
        until: Last day; None where there is none.
        question: What is still to be told; None where nothing is.
    """

    code: str
    title: str
    kind: Literal["免申即享", "可申领"]
    reason: str
    because: tuple[str, ...]
    basis: str
    citation: Citation | None = None
    card: ServiceCard | None = None
    until: date | None = None
    question: OpenQuestion | None = None


class Found(_Frozen):
    """What the rules in force say of a person.

    Attributes:
        matches: Policies they may fit.
        undecided: Those that one more fact decides.
        open_count: How many others are not decided either.
    """

    matches: tuple[Policy, ...] = ()
    undecided: tuple[Policy, ...] = ()
    open_count: int = Field(default=0, ge=0)


class Policies:
    """The rules in force with what they lead to. Safe to share between threads."""

    def __init__(
        self, engine: Engine, *, now: Callable[[], datetime] = lambda: datetime.now(SHANGHAI)
    ) -> None:
        self.rules = EligibilityStore(engine)
        self._store = KnowledgeStore(engine)
        self._sources = LegalSources(engine)
        self._now = now
        self._book = Followed(
            "eligibility rules", RuleBook((), (), ()), revision=self.rules.revision, read=self.rules.book
        )
        services = ServiceStore(engine)
        self._catalogue = Followed(
            "the service catalogue",
            Catalogue(Snapshot(0, {}, {}, {})),
            revision=services.revision,
            read=lambda: Catalogue(services.snapshot()),
        )

    @property
    def today(self) -> date:
        return self._now().astimezone(SHANGHAI).date()

    def in_force(self) -> tuple[Rule, ...]:
        """Return the rules that count today."""
        return tuple(rule for rule in self._book.get().rules if rule.in_force(self.today))

    def asked(self) -> Asked:
        """Return what a person has to be asked for the rules in force."""
        return asked_by(self._book.get(), self.in_force())

    def places(self) -> frozenset[str]:
        """Return the places that the service catalogue names, as where somebody may live."""
        return self._catalogue.get().places()

    def found(self, person: Profile) -> Found:
        """Return what the rules in force say of a person."""
        matches, undecided, open_count = [], [], 0
        for rule in self.in_force():
            judgement = judge(rule.when, person, self.today)
            if judgement.truth is Truth.YES:
                matches.append(self._policy(rule, judgement, person, None))
            elif judgement.truth is Truth.UNKNOWN:
                question = deciding_question(judgement)
                if question is None:
                    open_count += 1
                else:
                    undecided.append(self._policy(rule, judgement, person, question))
        return Found(matches=tuple(matches), undecided=tuple(undecided), open_count=open_count)

    def article(self, rule: Rule, person: Profile) -> tuple[Chunk, str, int] | None:
        """Return the article a rule rests on, in force today: its chunk, its words, where they begin."""
        law = LegalBasis(title=rule.law_title, article=rule.law_article)
        place = place_of(rule) or person.region or NATIONAL
        ((_, passage),) = self._sources.passages([law], region=place, day=self.today)
        if passage is None:
            return None
        chunks = self._store.chunks(passage.chunk_ids)
        if not chunks:
            return None
        return min(chunks.values(), key=lambda each: each.draft.start), passage.text, passage.start

    def _policy(
        self, rule: Rule, judgement: Judgement, person: Profile, question: DecidingQuestion | None
    ) -> Policy:
        article = self.article(rule, person)
        return Policy(
            code=rule.code,
            title=rule.title,
            kind=rule.kind.value,
            reason=rule.reason,
            because=reasons_of(judgement),
            basis=f"《{rule.law_title}》{rule.law_article}",
            citation=None if article is None else self._citation(*article),
            card=self._card(rule, person),
            until=rule.effective_until,
            question=None
            if question is None
            else OpenQuestion.model_validate(
                {"field": question.fact, "text": question.text, "marks": question.marks}
            ),
        )

    def _citation(self, chunk: Chunk, text: str, start: int) -> Citation:
        return cite(1, chunk, quotable(text), start, day=self.today)

    def _card(self, rule: Rule, person: Profile) -> ServiceCard | None:
        catalogue = self._catalogue.get()
        region = person.region or place_of(rule)
        effective = catalogue.effective(region, self.today).get(rule.catalog_code)
        if effective is None:
            return None
        return card_of(effective, catalogue, region=region, now=self._now())


def deciding_question(judgement: Judgement) -> DecidingQuestion | None:
    """Return the question that decides an open judgement; None where more than one is open."""
    leaves = {ground.leaf for ground in judgement.grounds if ground.truth is Truth.UNKNOWN}
    return question_of(leaves.pop()) if len(leaves) == 1 else None


def reasons_of(judgement: Judgement) -> tuple[str, ...]:
    """Return what is known of the grounds, in words."""
    return tuple(ground.words for ground in judgement.grounds if ground.truth is not Truth.UNKNOWN)


def place_of(rule: Rule) -> str:
    """Return the narrowest place a rule is about, of those it does not exclude; empty for none."""
    places = [leaf.region for leaf in leaves_of(rule.when, negated=False) if isinstance(leaf, Within)]
    return max(places, key=specificity, default="")


def quotable(text: str) -> str:
    """Return the beginning of an article, to the end of a sentence where it is long; verbatim."""
    if len(text) <= LONGEST_QUOTE_CHARS:
        return text.rstrip()
    cut = max(text.rfind(end, 0, LONGEST_QUOTE_CHARS) for end in _SENTENCE_ENDS) + 1
    return text[: cut or LONGEST_QUOTE_CHARS].rstrip()
