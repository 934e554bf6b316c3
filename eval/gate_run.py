"""`wenzheng eval gate`: would the answers be worse with these drafts published? Asked before anything is.

The knowledge base as it is and as it would be share everything but the curated questions, and these reach a
turn only through those found near its question (`Turn.matches`). So a question whose near ones are the same
either way is answered the same either way, and only the others are asked, twice.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from math import comb
from pathlib import Path

import numpy as np

from bot.answer import Answer, Question
from bot.assembly import Service
from bot.consultation import Consultation
from bot.steps.retrieve import by_itself, matches
from bot.turn import Turn
from eval.answers_run import as_question
from eval.datasets import LabelledQuestion
from eval.faq_run import FaqQuestion
from eval.judging import Judgement, judge
from eval.reports import Table
from knowledge_base.errors import QuestionRejected
from knowledge_base.faq.preview import FaqPreview
from knowledge_base.faq.records import Phrasing
from retrieval.contracts import Encoder, Vectors
from retrieval.hybrid import HybridIndex
from retrieval.query import QueryReader
from retrieval.questions import QuestionIndex, no_questions
from retrieval.vector_cache import CachedVectors, VectorCache, vector_key

SIGNIFICANT = 0.05
GATE_CACHE = "gate.db"

Encode = Callable[[Sequence[str]], Vectors]


@dataclass(frozen=True, slots=True)
class Verdict:
    """How one question ended: whether rightly, in words, and what is unsafe about it."""

    right: bool
    said: str
    unsafe: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """A question of a set that ended otherwise, rightly or safely, than before."""

    set_name: str
    id: str
    question: str
    before: Verdict
    after: Verdict


@dataclass(frozen=True, slots=True)
class SetComparison:
    """One labelled set, asked twice where that was needed.

    Attributes:
        touched: How many of `questions` had other curated questions near them, and were asked.
        chance: Probability that as many or more of the changed ones are lost by chance (`by_chance`).
    """

    name: str
    questions: int
    touched: int
    lost: tuple[Change, ...]
    gained: tuple[Change, ...]
    unsafe: tuple[Change, ...]

    @property
    def chance(self) -> float:
        return by_chance(len(self.lost), len(self.gained))


@dataclass(frozen=True, slots=True)
class GateResult:
    """What publishing would do. `reasons`, in Chinese, is empty where the gate is open."""

    faq_ids: tuple[int, ...]
    day: date
    sets: tuple[SetComparison, ...]

    @property
    def reasons(self) -> tuple[str, ...]:
        told = []
        for each in self.sets:
            if each.unsafe:
                told.append(f"{each.name}：{len(each.unsafe)} 题出现不该有的引用（失效、外地或非原文）")
            if each.lost and each.chance < SIGNIFICANT:
                told.append(
                    f"{each.name}：{len(each.lost)} 题由对变错、{len(each.gained)} 题由错变对，"
                    f"不像是碰巧（p={each.chance:.3f}，界线 {SIGNIFICANT}）"
                )
        return tuple(told)

    @property
    def is_open(self) -> bool:
        return not self.reasons

    def tables(self) -> list[Table]:
        counts = Table(
            ("题集", "题数", "重问", "由对变错", "由错变对", "p", "不安全"),
            tuple(
                (each.name, str(each.questions), str(each.touched), str(len(each.lost)),
                 str(len(each.gained)), f"{each.chance:.3f}", str(len(each.unsafe)))
                for each in self.sets
            ),
        )  # fmt: skip
        worse = [change for each in self.sets for change in dict.fromkeys((*each.unsafe, *each.lost))]
        if not worse:
            return [counts]
        rows = tuple((f"{each.id} {each.question}", each.before.said, each.after.said) for each in worse)
        return [counts, Table(("变差的题", "现在", "发布之后"), rows)]


def by_chance(lost: int, gained: int) -> float:
    """Return the one-sided exact sign test: how likely at least `lost` of the changed ones are losses.

    Where losses and gains are equally likely; 1.0 where nothing changed.
    """
    changed = lost + gained
    return float(sum(comb(changed, k) for k in range(lost, changed + 1)) / 2**changed)


class Gate:
    """Tries entries on labelled questions, without writing anything but a cache of vectors."""

    def __init__(
        self,
        service: Service,
        faq_ids: Sequence[int],
        day: date,
        *,
        visible: Callable[[LabelledQuestion], frozenset[str]],
        everything: bool = False,
    ) -> None:
        """`everything` asks every question, to prove that asking the touched ones is as good.

        Raises:
            FaqError: If there is no entry of one of the numbers.
            IndexDamaged: If there is no index.
        """
        for faq_id in faq_ids:
            service.faq.get(faq_id)
        self._service = service
        self._faq_ids = tuple(dict.fromkeys(faq_ids))
        self._day = day
        self._visible = visible
        self._everything = everything
        index = service.index.get()
        self._encode = cached_encoding(index.encoder, service.settings.index_dir / GATE_CACHE)
        preview = FaqPreview(service.engine, self._faq_ids)
        # Both sides are built alike, so that nothing but the entries tells them apart.
        self._before = _with_phrasings(index, service.faq.phrasings()[1], self._encode)
        self._after = _with_phrasings(index, preview.phrasings()[1], self._encode)
        self._as_is = service.consultation_over(service.faq)
        self._as_would_be = service.consultation_over(preview)

    def run(
        self,
        answers: Sequence[LabelledQuestion],
        faq: Sequence[FaqQuestion],
        on_progress: Callable[[int, int], None] | None = None,
    ) -> GateResult:
        """Compare on both sets; those questions of `faq` count whose entries are there."""
        known = {each.content.question for each in self._service.faq.entries()}
        labelled = [each for each in faq if not each.expected or each.expected in known]
        compared = (
            self._compare(
                "回答",
                [(each.id, as_question(each, self._day)) for each in answers],
                lambda place, turn: self._judged(answers[place], turn),
                on_progress,
            ),
            self._compare(
                "问答",
                [
                    (each.id, Question(question=each.question, region=each.region, as_of=self._day))
                    for each in labelled
                ],
                lambda place, turn: _faq_verdict(labelled[place], turn),
                on_progress,
            ),
        )
        return GateResult(self._faq_ids, self._day, compared)

    def _compare(
        self,
        name: str,
        asked: Sequence[tuple[str, Question]],
        judged: Callable[[int, Turn | None], Verdict],
        on_progress: Callable[[int, int], None] | None,
    ) -> SetComparison:
        touched = self._touched([question for _, question in asked])
        lost: list[Change] = []
        gained: list[Change] = []
        unsafe: list[Change] = []
        for done, place in enumerate(touched, start=1):
            id_, question = asked[place]
            before = judged(place, _consult(self._as_is, question, self._before))
            after = judged(place, _consult(self._as_would_be, question, self._after))
            change = Change(name, id_, question.question, before, after)
            if before.right and not after.right:
                lost.append(change)
            if after.right and not before.right:
                gained.append(change)
            if set(after.unsafe) - set(before.unsafe):
                unsafe.append(change)
            if on_progress:
                on_progress(done, len(touched))
        return SetComparison(name, len(asked), len(touched), tuple(lost), tuple(gained), tuple(unsafe))

    def _touched(self, questions: Sequence[Question]) -> list[int]:
        """Return the places of the questions that have other curated questions near them than before."""
        if self._everything or self._before.has_questions != self._after.has_questions:
            # With the very first one, follow-ups are encoded by themselves, too.
            return list(range(len(questions)))
        turns = [_read(self._as_is, question, self._before) for question in questions]
        searched = [
            (place, turn, by_itself(turn.query).encoder_text)
            for place, turn in enumerate(turns)
            if turn is not None and turn.status is None and turn.query is not None
        ]
        vectors = self._encode([text for _, _, text in searched])
        return [
            place
            for (place, turn, _), vector in zip(searched, vectors, strict=True)
            if matches(turn, self._before, vector) != matches(turn, self._after, vector)
        ]

    def _judged(self, labelled: LabelledQuestion, turn: Turn | None) -> Verdict:
        answer = None if turn is None else Consultation.answer_of(turn)
        judgement = judge(
            labelled,
            answer,
            store=self._service.store,
            day=self._day,
            visible=self._visible(labelled),
        )
        return Verdict(_is_right(judgement), _in_words(judgement, answer), _unsafe(judgement))


def _is_right(judgement: Judgement) -> bool:
    """An answer is right that cites a right place first and lacks no word; a refusal where none is due."""
    if not judgement.answerable:
        return not judgement.answered
    return judgement.right_place == 1 and not judgement.words_missing


def _in_words(judgement: Judgement, answer: Answer | None) -> str:
    curated = "（问答）" if answer is not None and answer.curated else ""
    return f"{judgement.status}{curated}：{'；'.join(judgement.cited[:2]) or '无引用'}"


def _unsafe(judgement: Judgement) -> tuple[str, ...]:
    return (*judgement.not_in_force, *judgement.foreign, *judgement.not_verbatim)


def _faq_verdict(labelled: FaqQuestion, turn: Turn | None) -> Verdict:
    given = turn.curated.entry.content.question if turn is not None and turn.curated else ""
    return Verdict(given == labelled.expected, given or "不用问答")


def _consult(consultation: Consultation, question: Question, index: HybridIndex) -> Turn | None:
    """Return the finished turn; None where the question is rejected."""
    try:
        return consultation.consult(question, index=index)
    except QuestionRejected:
        return None


def _read(consultation: Consultation, question: Question, index: HybridIndex) -> Turn | None:
    try:
        return consultation.read(question, index=index)
    except QuestionRejected:
        return None


def _with_phrasings(index: HybridIndex, phrasings: Sequence[Phrasing], encode: Encode) -> HybridIndex:
    if not phrasings:
        return index.with_questions(no_questions(index.encoder.dim, index.reader))
    vectors = encode([_as_read(index.reader, each) for each in phrasings])
    return index.with_questions(QuestionIndex.build(phrasings, vectors, index.reader))


def _as_read(reader: QueryReader, phrasing: Phrasing) -> str:
    return reader.read(phrasing.text).encoder_text


def cached_encoding(encoder: Encoder, path: Path) -> Encode:
    """Return what encodes texts as queries, float32 of shape (n, dim), and keeps the vectors in a file."""
    cache = VectorCache(path, encoder.fingerprint, encoder.dim)
    no_spans = np.empty((0, encoder.dim), dtype=np.float16)

    def encode(texts: Sequence[str]) -> Vectors:
        keys = [vector_key(text, ()) for text in texts]
        known = cache.get(set(keys))
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
        if missing:
            vectors = encoder.encode_queries(list(missing.values()))
            fresh = {key: CachedVectors(each, no_spans) for key, each in zip(missing, vectors, strict=True)}
            cache.put(fresh)
            known |= fresh
        if not texts:
            return np.empty((0, encoder.dim), dtype=np.float32)
        return np.stack([known[key].passage for key in keys])

    return encode
