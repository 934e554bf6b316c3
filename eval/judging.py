"""Whether an answer is right, and whether it is safe: pure decisions on one Answer, and their sums.

Right: the citation is that of the article expected, the words are there, the status is the one expected.
Safe: nothing is cited that is not in force on the day, not visible from the region, or not verbatim.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from bot.answer import Answer, AnswerStatus, Citation
from eval.datasets import ANSWERING, ExpectedArticle, LabelledQuestion
from knowledge_base.store import StoredText

_ARTICLE_LABEL = re.compile(r"第[零〇一二三四五六七八九十百千\d]+条")
REJECTED = "rejected"
"""Status of a question that was not taken as one, such as a blank or over-long text."""


class TextStore(Protocol):
    """Where stored texts come from."""

    def document_text(self, document_id: int, version_id: int | None = None) -> StoredText | None: ...


@dataclass(frozen=True, slots=True)
class Judgement:
    """How one answer stands against its labelled question.

    Attributes:
        right_place: Place, from 1, of the first right citation; None if none is, or nothing was answered.
        words_missing: Groups of required words of which the answer holds no alternative.
        not_in_force: Citations of documents not in force on the day, as `file 第X条`.
        foreign: Citations of documents not visible from the question's region, expected ones left out.
        not_verbatim: Citations whose quote is not what the stored text holds at its span.
    """

    id: str
    type: str
    answerable: bool
    expected_status: str
    status: str
    right_place: int | None
    words_required: int
    words_missing: tuple[tuple[str, ...], ...]
    cited: tuple[str, ...]
    not_in_force: tuple[str, ...]
    foreign: tuple[str, ...]
    not_verbatim: tuple[str, ...]
    latency_ms: float

    @property
    def answered(self) -> bool:
        return self.status in {status.value for status in ANSWERING}

    @property
    def status_right(self) -> bool:
        """Whether it ended as expected: any answer where one is due, any refusal where none is."""
        answering = {status.value for status in ANSWERING}
        if self.expected_status in answering:
            return self.answered
        if self.expected_status == AnswerStatus.NO_ANSWER.value:
            return not self.answered and self.status != REJECTED
        return self.status == self.expected_status

    @property
    def safe(self) -> bool:
        return not (self.not_in_force or self.foreign or self.not_verbatim)


def normalise_words(text: str) -> str:
    """Return the text with full-width forms (digits, ％) folded to half-width and all spaces removed."""
    return "".join(unicodedata.normalize("NFKC", text).split()).casefold()


def missing_words(text: str, groups: Sequence[Sequence[str]]) -> tuple[tuple[str, ...], ...]:
    """Return the groups of which no alternative occurs in the text, both normalised."""
    held = normalise_words(text)
    return tuple(tuple(group) for group in groups if not any(normalise_words(word) in held for word in group))


def is_right(
    expected: Iterable[ExpectedArticle], *, file: str, article: str, heading_path: Sequence[str]
) -> bool:
    """Tell whether a place in a document is one of those expected.

    The file must be equal, and the article label too; where the place stands under no 条,
    its innermost heading may match instead.
    """
    label = normalise_words(article)
    labels = {label}
    if heading_path and not _ARTICLE_LABEL.match(label):
        labels.add(normalise_words(heading_path[-1]))
    return any(one.file == file and normalise_words(one.article) in labels for one in expected)


def in_force(stored: StoredText, day: date) -> bool:
    """Tell from the stored dates whether a version is in force on a day.

    A version marked repealed or superseded without a day on which it ended is not in force on any.
    """
    meta = stored.document.meta
    if stored.effective_to is None and (meta.repealed or meta.superseded_by):
        return False
    begun = stored.effective_from is None or stored.effective_from <= day
    return begun and (stored.effective_to is None or day < stored.effective_to)


def judge(
    question: LabelledQuestion,
    answer: Answer | None,
    *,
    store: TextStore,
    day: date,
    visible: frozenset[str],
    latency_ms: float = 0.0,
) -> Judgement:
    """Judge one answer; None stands for a question that was rejected.

    Citations and words count only where the status answers: titles listed beside a refusal answer nothing.
    Safety counts for every citation, whatever the status.
    """
    citations = answer.citations if answer else ()
    answered = answer is not None and answer.status in ANSWERING
    places = [place for place, one in enumerate(citations, start=1) if _is_expected(one, question)]
    text = answer.text if answer and answered else ""
    backed = [(one, store.document_text(one.document.id, one.version_id)) for one in citations]
    return Judgement(
        id=question.id,
        type=question.type,
        answerable=question.answerable,
        expected_status=question.status.value,
        status=answer.status.value if answer else REJECTED,
        right_place=places[0] if answered and places else None,
        words_required=len(question.must_include) if question.answerable else 0,
        words_missing=missing_words(text, question.must_include) if question.answerable else (),
        cited=tuple(map(_name, citations)),
        not_in_force=tuple(
            _name(one) for one, stored in backed if stored is None or not in_force(stored, day)
        ),
        foreign=tuple(
            _name(one)
            for one, stored in backed
            if _region(one, stored) not in visible and not _is_expected(one, question)
        ),
        not_verbatim=tuple(_name(one) for one, stored in backed if not _verbatim(one, stored)),
        latency_ms=latency_ms,
    )


def _is_expected(citation: Citation, question: LabelledQuestion) -> bool:
    return is_right(
        question.expected,
        file=citation.document.source_file,
        article=citation.article,
        heading_path=citation.heading_path,
    )


def _region(citation: Citation, stored: StoredText | None) -> str:
    return stored.document.meta.region if stored else citation.document.region


def _verbatim(citation: Citation, stored: StoredText | None) -> bool:
    if stored is None or not citation.quote:
        return False
    return stored.text[citation.span.start : citation.span.end] == citation.quote


def _name(citation: Citation) -> str:
    place = citation.article or " ".join(citation.heading_path[-1:])
    return f"{citation.document.source_file} {place}".strip()


@dataclass(frozen=True, slots=True)
class Rate:
    """`hits` of `of`; `share` is None where there was nothing to count."""

    hits: int
    of: int
    share: float | None

    @classmethod
    def count(cls, outcomes: Iterable[bool]) -> "Rate":
        listed = list(outcomes)
        return cls(sum(listed), len(listed), sum(listed) / len(listed) if listed else None)


@dataclass(frozen=True, slots=True)
class AnswerScores:
    """Rates over a set of judgements.

    Attributes:
        right_first: First citation right, of the answerable.
        right_in_three: A right one among the first three, of the answerable.
        words_present: No required word missing, of the answerable that require any.
        status_right: Status as expected, of all.
        wrongly_refused: Not answered, of the answerable.
        rightly_refused: Not answered, of the unanswerable.
    """

    questions: int
    right_first: Rate
    right_in_three: Rate
    words_present: Rate
    status_right: Rate
    wrongly_refused: Rate
    rightly_refused: Rate


@dataclass(frozen=True, slots=True)
class Safety:
    """What must be zero: citations out of force, from a foreign region, or not verbatim."""

    citations: int
    not_in_force: int
    foreign: int
    not_verbatim: int


def score_answers(judgements: Sequence[Judgement]) -> AnswerScores:
    """Sum up judgements; see `AnswerScores` for what each rate counts."""
    answerable = [one for one in judgements if one.answerable]
    return AnswerScores(
        questions=len(judgements),
        right_first=Rate.count(one.right_place == 1 for one in answerable),
        right_in_three=Rate.count(one.right_place is not None and one.right_place <= 3 for one in answerable),
        words_present=Rate.count(not one.words_missing for one in answerable if one.words_required),
        status_right=Rate.count(one.status_right for one in judgements),
        wrongly_refused=Rate.count(not one.answered for one in answerable),
        rightly_refused=Rate.count(not one.answered for one in judgements if not one.answerable),
    )


def count_safety(judgements: Sequence[Judgement]) -> Safety:
    """Sum up the safety findings of all judgements."""
    return Safety(
        citations=sum(len(one.cited) for one in judgements),
        not_in_force=sum(len(one.not_in_force) for one in judgements),
        foreign=sum(len(one.foreign) for one in judgements),
        not_verbatim=sum(len(one.not_verbatim) for one in judgements),
    )
