"""The state of one consultation turn, handed from step to step and never changed in place."""

from dataclasses import dataclass, field
from datetime import date

from bot.alerts import Alert
from bot.answer import (
    AnswerStatus,
    Block,
    Citation,
    ModelCredit,
    Option,
    Question,
    RephrasingTrace,
    ServiceCard,
)
from bot.aspects import Aspect
from bot.dialogue_state import DialogueState, Topic
from bot.routes import RouteGuess
from knowledge_base.faq.records import FaqEntry
from knowledge_base.records import Chunk
from knowledge_base.services.inheriting import EffectiveItem
from retrieval.contracts import Hit, Vectors
from retrieval.hybrid import HybridIndex
from retrieval.query import Query
from retrieval.questions import QuestionHit
from retrieval.services import ServiceHit

MOST_QUESTIONS = 2
"""As many questions in return are put one after the other."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """A 条 or item that may answer: its best chunk, how well that matched, and the whole of it.

    Attributes:
        text: The whole 条 as stored, of which `chunk` may be a piece.
        start: Where `text` starts in the version's text, in code points.
        features: The features the hit was ranked by, in the order of `retrieval.ranking.FEATURES`.
    """

    chunk: Chunk
    hit: Hit
    text: str
    start: int
    features: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class CuratedAnswer:
    """A curated entry (FAQ) that may answer: how near its question is, and the words of its sources.

    Attributes:
        probability: That the entry asks what the citizen asks, in [0, 1].
        sources: One piece of evidence for each source, in the entry's order, in force on the turn's day.
    """

    entry: FaqEntry
    hit: QuestionHit
    probability: float
    sources: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class ServiceMatch:
    """A service item that may be meant.

    Attributes:
        probability: That it is, in [0, 1].
    """

    effective: EffectiveItem
    hit: ServiceHit
    probability: float


@dataclass(frozen=True, slots=True)
class Turn:
    """What is known so far.

    Attributes:
        id: Trace id, the same in the log.
        asked: What came in.
        day: The day whose law is asked for.
        text: The question with personal data masked.
        region: The region that counts; None where none is known.
        unserved: A place the question names whose own documents are not kept here; empty for none.
        unserved_choice: The region the citizen has chosen, if no documents of its own are kept here.
        index: The index the query is read for, and so the one it has to be asked of.
        query: The question made ready for search.
        earlier: What it follows on, made ready likewise; None where it opens the conversation.
        evidence: What may answer, best first.
        elsewhere: The same from the rules of regions that do not bind here: those within the region that
            counts, or of any where none is known.
        matches: Curated questions near the one asked, nearest first.
        curated: The one of them that clearly asks the same; it is answered from rather than the evidence.
        confidence: Probability, in [0, 1], that what is answered from answers.
        status: How the turn ends; None while it is open.
        aspect: Which field of a service item is asked for; None for none.
        services: Service items near the question, the likeliest first.
        service: The one of them that is clearly meant.
        stated: What is answered from its fields; the first of `blocks` then.
        service_sources: The passages of its 设定依据 that are quoted.
        cards: Doors to services.
        generated_by: The language model whose words the blocks are; None where they are not a model's.
        rephrasing: What became of a model's answer; None where none was asked.
        alerts: What operators should know of: block-listed words, and words that speak to a machine.
        vector: The question's vector, float32 of shape (dim,), made for the search; None where none was made.
        route: What the question wants, as far as that was told; None where the encoder's vectors are unknown.
        state: Where the conversation stands, as the steps leave it; None where the channel keeps none.
        says_place: The line itself says where; else `region` is from before.
        follows: What was talked of and the line goes on with; None for nothing.
        meant: Catalog code of the item the line is about by what was said before; empty for none.
    """

    id: str
    asked: Question
    day: date
    text: str = ""
    region: str | None = None
    unserved: str = ""
    unserved_choice: str = ""
    index: HybridIndex | None = None
    query: Query | None = None
    earlier: Query | None = None
    evidence: tuple[Evidence, ...] = ()
    elsewhere: tuple[Evidence, ...] = ()
    matches: tuple[QuestionHit, ...] = ()
    curated: CuratedAnswer | None = None
    confidence: float = 0.0
    status: AnswerStatus | None = None
    blocks: tuple[Block, ...] = ()
    citations: tuple[Citation, ...] = ()
    suggestions: tuple[str, ...] = ()
    options: tuple[Option, ...] = ()
    timings_ms: dict[str, float] = field(default_factory=dict)
    aspect: Aspect | None = None
    services: tuple[ServiceMatch, ...] = ()
    service: ServiceMatch | None = None
    stated: tuple[Block, ...] = ()
    service_sources: tuple[Evidence, ...] = ()
    cards: tuple[ServiceCard, ...] = ()
    generated_by: ModelCredit | None = None
    rephrasing: RephrasingTrace | None = None
    alerts: tuple[Alert, ...] = ()
    vector: Vectors | None = field(default=None, repr=False, compare=False)
    route: RouteGuess | None = None
    state: DialogueState | None = None
    says_place: bool = False
    follows: Topic | None = None
    meant: str = ""

    @property
    def may_ask(self) -> bool:
        """Whether one more question in return may be put: at most two come one after the other."""
        talk = self.state.talk if self.state else None
        return talk is None or talk.clarified < MOST_QUESTIONS

    @property
    def other_regions(self) -> tuple[str, ...]:
        """The regions `elsewhere` comes from, the likeliest first."""
        return tuple(dict.fromkeys(each.chunk.document.meta.region for each in self.elsewhere))
