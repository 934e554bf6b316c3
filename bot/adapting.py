"""Adapting the encoder to what people ask here: train, encode anew, compare, switch only if it is better.

The adapter is trained on questions whose answers are known (`bot.question_log`), from the adapter in use. A
share of them is held out: training stops when those get no better, and they decide whether the new adapter
is put to use. The index in use serves all the while. What the new encoder encoded is cached, so that after
the switch its index is built in moments; so is what the one before encoded, and the way back as short.
"""

import logging
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import groupby
from math import log2
from typing import TYPE_CHECKING

from bot.answer import AnswerStatus, Citation, Question
from bot.assembly import Service
from bot.consultation import Consultation
from bot.models import adapter_of, adapter_shelf, load_encoder
from bot.question_log import KnownQuestion
from bot.steps.retrieve import candidates
from knowledge_base.dates import SHANGHAI
from knowledge_base.errors import MissingTool, QuestionLogError
from knowledge_base.faq.records import CitedPassage
from knowledge_base.ingest import Progress
from knowledge_base.regions import visible
from knowledge_base.store import KnowledgeStore
from retrieval.adaptation.mining import TrainingQuestion, mine
from retrieval.adapter import read_adapter
from retrieval.encoder import load_model, remove_conversions
from retrieval.hybrid import HybridIndex, passage_text
from retrieval.indexing import Indexer, passage_of
from retrieval.query import Query

if TYPE_CHECKING:
    from retrieval.adaptation.training import Look, TrainingPlan

# Fewer teach nothing that could be told from chance.
LEAST_QUESTIONS = 40
# Questions seen in all: at 32 a step, some two hundred steps.
SEEN = 6000
MOST_ROUNDS = 8
DEEP = 10

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Scores:
    """How questions with known answers fared.

    Attributes:
        answerable: Questions with an answer here.
        first: Of those, answered with a right citation first.
        among_three: Of those, answered with a right citation among the first three.
        refused: Of those, not answered.
        unanswerable: Questions without one.
        answered: Of those, answered nevertheless.
        ndcg_at_10: Of the ranking, over the answerable, whatever was answered from it; in [0, 1].
    """

    answerable: int
    first: int
    among_three: int
    refused: int
    unanswerable: int
    answered: int
    ndcg_at_10: float

    @property
    def balance(self) -> int:
        """Right ends less wrong ones: a refusal of what has an answer is neither, a wrong answer is worse."""
        right = self.first + self.unanswerable - self.answered
        wrong = self.answerable - self.among_three - self.refused + self.answered
        return right - wrong

    def is_better_than(self, other: "Scores") -> bool:
        """Tell whether these are better: by the balance, where it is the same by the ranking."""
        return (self.balance, self.ndcg_at_10) > (other.balance, other.ndcg_at_10)


@dataclass(frozen=True, slots=True)
class Adaptation:
    """What an adaptation came to.

    Attributes:
        name: Of the new adapter.
        trained_on: Questions.
        held_out: Questions.
        switched: Whether the new adapter is in use now.
    """

    name: str
    trained_on: int
    held_out: int
    before: Scores
    after: Scores
    switched: bool


def adapt(
    service: Service,
    questions: Sequence[KnownQuestion],
    *,
    share: float = 0.2,
    max_minutes: float = 120.0,
    day: date,
    on_look: Callable[["Look"], None] | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    plan: "TrainingPlan | None" = None,
) -> Adaptation:
    """Train an adapter of the encoder in use and put it to use if the questions held out fare better.

    Args:
        share: Of the questions held out, in (0, 1); all those without an answer are.
        max_minutes: Training stops then; encoding the knowledge base comes on top.
        plan: How to train; by default so that each question is seen a few times.

    Raises:
        QuestionLogError: If there are too few questions with an answer.
        MissingTool: If what trains is not installed.
        EncoderError: If the model cannot be loaded.
    """
    try:
        from retrieval.adaptation.training import TrainingPlan, train
        from retrieval.torch_runtime import describe
    except ImportError as error:
        raise MissingTool(f"没有安装训练所需的部件（{error.name}）：pip install 'wenzheng[adapt]'") from error
    plan = plan or TrainingPlan()
    learned, held_out = split(questions, share, seed=plan.seed)
    rounds = max(1, min(MOST_ROUNDS, round(SEEN / len(learned))))
    # In full: it goes on from an adapter, and a share of the product would take of that one too.
    plan = replace(plan, rounds=rounds, max_minutes=max_minutes, strength=1.0)
    settings, shelf = service.settings, adapter_shelf(service.settings)
    index = service.index.get()
    before = measure(service.consultation, service.store, index, held_out, day=day)
    mined, held_back = (_mined(service, index, part, day) for part in (learned, held_out))
    shown = {id_ for each in (*mined, *held_back) for id_ in (*each.right, *each.wrong)}
    chunks = service.store.chunks(sorted(shown))
    worn = adapter_of(settings)
    model = load_model(settings.encoder, settings.models_dir, settings.encoder_threads)
    recipe, _ = describe(model, settings.encoder)
    name = f"{datetime.now(SHANGHAI):%Y%m%d-%H%M%S}"
    adapter = train(
        model,
        recipe,
        mined,
        held_back,
        {id_: passage_text(passage_of(chunk)) for id_, chunk in chunks.items()},
        plan=plan,
        start=read_adapter(worn) if worn else None,
        target=shelf.place(name),
        card=lambda: _card(name, len(learned), len(held_out), worn.name if worn else ""),
        on_look=on_look,
    )
    encoder = load_encoder(settings, adapter=shelf.place(adapter.name))
    trial = Indexer(
        service.store, encoder, settings.index_dir, words=service.words, faq=service.faq
    ).assemble(on_progress and (lambda done: on_progress(Progress("encode", done.done, done.total))))
    after = measure(service.consultation, service.store, trial, held_out, day=day)
    switched = after.is_better_than(before)
    if switched:
        shelf.switch(adapter.name)
    else:
        shelf.remove(adapter.name)
    remove_conversions(
        settings.encoder, settings.models_dir, keep=(shelf.in_use(), shelf.before(), shelf.packaged)
    )
    _log.info("adaptation %s: before %s, after %s, switched %s", name, before, after, switched)
    return Adaptation(adapter.name, len(learned), len(held_out), before, after, switched)


def split(
    questions: Sequence[KnownQuestion], share: float, *, seed: int
) -> tuple[list[KnownQuestion], list[KnownQuestion]]:
    """Return the questions to learn from and those held out, which ask about other places.

    Questions about one place stay together, so that what is held out asks for what was not taught.

    Raises:
        QuestionLogError: If fewer than `LEAST_QUESTIONS` have an answer, or all ask about one place.
    """
    answerable = [each for each in questions if each.answers]
    if len(answerable) < LEAST_QUESTIONS:
        raise QuestionLogError(
            f"只有 {len(answerable)} 个问题找得到依据，至少要 {LEAST_QUESTIONS} 个才学得到东西"
        )
    by_place = sorted(answerable, key=_place)
    groups = [list(group) for _, group in groupby(by_place, key=_place)]
    if len(groups) < 2:
        raise QuestionLogError("所有问题的依据都是同一处：没有可以分辨的")
    random.Random(seed).shuffle(groups)  # noqa: S311  (reproducible, not secret)
    held_out: list[KnownQuestion] = []
    while groups[1:] and len(held_out) < share * len(answerable):
        held_out += groups.pop()
    unanswerable = [each for each in questions if not each.answers]
    return [each for group in groups for each in group], [*held_out, *unanswerable]


def measure(
    consultation: Consultation,
    store: KnowledgeStore,
    index: HybridIndex,
    questions: Sequence[KnownQuestion],
    *,
    day: date,
) -> Scores:
    """Ask every question of an index, through the whole turn, and count how the turns end."""
    first = among_three = refused = answered = unanswerable = 0
    gains: list[float] = []
    for known in questions:
        asked = Question(question=known.question, region=known.region or None, as_of=day)
        turn = consultation.consult(asked, index=index)
        is_answered = turn.status is AnswerStatus.ANSWERED
        if not known.answers:
            unanswerable += 1
            answered += is_answered
            continue
        right = [_answers(citation, known.answers) for citation in turn.citations]
        first += is_answered and any(right[:1])
        among_three += is_answered and any(right[:3])
        refused += not is_answered
        ranked = [hit.passage_id for hit in candidates(turn, store, k=DEEP).hits]
        gains.append(_ndcg(ranked, known.answers))
    return Scores(
        answerable=len(gains),
        first=first,
        among_three=among_three,
        refused=refused,
        unanswerable=unanswerable,
        answered=answered,
        ndcg_at_10=sum(gains) / len(gains) if gains else 0.0,
    )


def _place(known: KnownQuestion) -> tuple[int, int]:
    return known.answers[0].version_id, known.answers[0].start


def _answers(citation: Citation, answers: Sequence[CitedPassage]) -> bool:
    return any(
        citation.version_id == passage.version_id
        and citation.span.start < passage.start + len(passage.text)
        and passage.start < citation.span.end
        for passage in answers
    )


def _ndcg(ranked: Sequence[int], answers: Sequence[CitedPassage]) -> float:
    """Return nDCG@10 where a place counts once, at its first chunk that is found (Järvelin 2002, binary)."""
    gain, left = 0.0, list(answers)
    for rank, chunk_id in enumerate(ranked[:DEEP], start=1):
        hit = next((each for each in left if chunk_id in each.chunk_ids), None)
        if hit is not None:
            left.remove(hit)
            gain += 1 / log2(rank + 1)
    return gain / sum(1 / log2(rank + 1) for rank in range(1, min(len(answers), DEEP) + 1))


def _mined(
    service: Service, index: HybridIndex, questions: Sequence[KnownQuestion], day: date
) -> list[TrainingQuestion]:
    """Return the answerable questions with hard negatives, of those that are in force where it was asked."""
    asked: dict[Query, list[int]] = {}
    regions: dict[Query, str] = {}
    for known in questions:
        query = index.reader.read(known.question)
        asked.setdefault(query, []).extend(id_ for passage in known.answers for id_ in passage.chunk_ids)
        regions[query] = known.region
    asked = {query: right for query, right in asked.items() if right}
    mined = []
    for query, question in zip(asked, mine(index, asked), strict=True):
        chunks = service.store.chunks(question.wrong)
        here = visible(regions[query]) if regions[query] else None
        wrong = [
            id_
            for id_ in question.wrong
            if id_ in chunks
            and chunks[id_].in_force(day)
            and (here is None or chunks[id_].document.meta.region in here)
        ]
        mined.append(replace(question, wrong=tuple(wrong)))
    return mined


def _card(name: str, trained_on: int, held_out: int, start: str) -> str:
    return (
        f"# {name}\n\nTrained by `wenzheng adapt` on {trained_on} questions of this place,"
        f" {held_out} held out, from {start or 'the model as it is'}.\n"
    )
