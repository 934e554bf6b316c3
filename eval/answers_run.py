"""`wenzheng eval answers`: ask every question of a labelled set and judge what comes back."""

import hashlib
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from typing import Protocol

from bot.answer import Answer, Question
from eval.datasets import LabelledQuestion
from eval.judging import (
    AnswerScores,
    Judgement,
    Safety,
    TextStore,
    count_safety,
    is_right,
    judge,
    score_answers,
)
from knowledge_base.errors import QuestionRejected
from knowledge_base.records import Chunk
from knowledge_base.regions import visible
from knowledge_base.store import StoredText
from retrieval.contracts import Retriever, SearchFilter

DEPTH = 100
_BEIJING_TIME = timezone(timedelta(hours=8))


class ChunkStore(TextStore, Protocol):
    """Where chunks come from."""

    def chunks(self, chunk_ids: Sequence[int]) -> dict[int, Chunk]: ...


@dataclass(frozen=True, slots=True)
class Outcome:
    """One question with what was answered; `answer` is None where the question was rejected."""

    question: LabelledQuestion
    answer: Answer | None
    judgement: Judgement


@dataclass(frozen=True, slots=True)
class AnswersResult:
    """What one run measured; `by_type` is in the order the types first occur."""

    day: date
    overall: AnswerScores
    by_type: dict[str, AnswerScores]
    safety: Safety
    outcomes: tuple[Outcome, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """Where retrieval by the question's own words, without the dialogue's rewriting, puts a right article.

    Attributes:
        rank: From 1 among the first `DEPTH` passages; None if it is not there.
        score: Fused score of that passage; `dense` and `lexical` are its parts.
        best_score: Fused score of the passage found first.
    """

    outcome: Outcome
    rank: int | None
    score: float | None
    dense: float | None
    lexical: float | None
    best_score: float | None


def today() -> date:
    """Return the day in China."""
    return datetime.now(_BEIJING_TIME).date()


def texts_sha256(texts: Iterable[StoredText]) -> str:
    """Return the checksum of a knowledge base: files, parts and texts, newest versions."""
    sha = hashlib.sha256()
    for one in texts:
        sha.update(f"{one.document.source_file}\0{one.document.part}\0{one.text}\0".encode())
    return sha.hexdigest()


def measure_answers(
    questions: Sequence[LabelledQuestion],
    ask: Callable[[Question], Answer],
    *,
    store: TextStore,
    day: date,
    visible: Callable[[LabelledQuestion], frozenset[str]],
    on_progress: Callable[[int, int], None] | None = None,
) -> AnswersResult:
    """Ask each question, one after another, as of `day`; `visible` names the regions its answer may cite."""
    outcomes = []
    for number, question in enumerate(questions, start=1):
        begun = time.perf_counter()
        try:
            answer = ask(as_question(question, day))
        except QuestionRejected:
            answer = None
        judgement = judge(
            question,
            answer,
            store=store,
            day=day,
            visible=visible(question),
            latency_ms=1000 * (time.perf_counter() - begun),
        )
        outcomes.append(Outcome(question, answer, judgement))
        if on_progress:
            on_progress(number, len(questions))
    judgements = [one.judgement for one in outcomes]
    types = dict.fromkeys(one.type for one in judgements)
    return AnswersResult(
        day=day,
        overall=score_answers(judgements),
        by_type={kind: score_answers([one for one in judgements if one.type == kind]) for kind in types},
        safety=count_safety(judgements),
        outcomes=tuple(outcomes),
    )


def as_question(labelled: LabelledQuestion, day: date) -> Question:
    """Return a labelled question in the form the service takes."""
    return Question(question=labelled.question, history=labelled.history, region=labelled.region, as_of=day)


def visible_regions(labelled: LabelledQuestion, named: Callable[[str], Iterable[str]]) -> frozenset[str]:
    """Return the regions whose documents an answer may cite.

    全国, and every level of the chosen region and of the regions the citizen names in the question or in
    earlier lines. `named` finds region paths in a text.
    """
    chosen = [labelled.region, *named(words_of(labelled))]
    return frozenset().union(*(visible(region or None) for region in chosen))


def words_of(labelled: LabelledQuestion) -> str:
    """Return what the citizen said: the earlier lines of a follow-up, then the question."""
    earlier = [line.text for line in labelled.history if line.role == "user"]
    return " ".join([*earlier, labelled.question])


def worst(outcomes: Iterable[Outcome], count: int) -> list[Outcome]:
    """Return the outcomes most in need of a look, worst first; right ones are left out.

    Unsafe citations come first, then answers to the unanswerable, wrong citations, refusals of the
    answerable, a right citation that is not the first, missing words, and a status other than expected.
    """
    graded = [(grade, one) for one in outcomes if (grade := _grade(one.judgement))]
    graded.sort(key=lambda pair: (-pair[0], pair[1].question.id))
    return [one for _, one in graded[:count]]


def _grade(one: Judgement) -> int:
    misses = (
        not one.safe,
        one.answered and not one.answerable,
        one.answerable and one.answered and one.right_place is None,
        one.answerable and not one.answered,
        one.right_place is not None and one.right_place > 1,
        bool(one.words_missing),
        not one.status_right,
    )
    return next((len(misses) - place for place, missed in enumerate(misses) if missed), 0)


def explain(
    outcomes: Sequence[Outcome],
    *,
    retriever: Retriever,
    store: ChunkStore,
    day: date,
    visible: Callable[[LabelledQuestion], frozenset[str]],
) -> list[Explanation]:
    """Look up, for each outcome, where retrieval puts a right article and with which scores."""
    return [
        _explain(one, retriever, store, SearchFilter(visible(one.question), day.toordinal()))
        for one in outcomes
    ]


def _explain(outcome: Outcome, retriever: Retriever, store: ChunkStore, where: SearchFilter) -> Explanation:
    hits = retriever.search([words_of(outcome.question)], k=DEPTH, where=where)[0]
    chunks = store.chunks([hit.passage_id for hit in hits])
    best = hits[0].score if hits else None
    for rank, hit in enumerate(hits, start=1):
        chunk = chunks.get(hit.passage_id)
        if chunk and is_right(
            outcome.question.expected,
            file=chunk.document.source_file,
            article=chunk.draft.article,
            heading_path=chunk.draft.heading_path,
        ):
            return Explanation(outcome, rank, hit.score, hit.dense, hit.lexical, best)
    return Explanation(outcome, None, None, None, None, best)
