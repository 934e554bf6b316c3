"""Reading what is measured against: BEIR folders and answer sets. A fault names the file and the line."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from bot.answer import AnswerStatus, Message
from knowledge_base.errors import WenzhengError

_Row = TypeVar("_Row", bound=BaseModel)

ANSWERING = frozenset({AnswerStatus.ANSWERED, AnswerStatus.ANSWERED_FROM_SERVICE})
"""The statuses that answer; every other one leaves the citizen's question unanswered."""


class DatasetError(WenzhengError):
    """A data set cannot be read; the message begins with file and line."""


class ExpectedArticle(BaseModel):
    """An article that would be a right citation.

    Attributes:
        file: `source_file` of its document.
        article: Label as the text writes it, such as `第十五条`; in a document without 条 also a heading.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    file: str = Field(min_length=1)
    article: str


class LabelledQuestion(BaseModel):
    """One line of an answer set. Keys beside these, such as a note, are ignored.

    Attributes:
        type: Kind of question, for the table; such as `colloquial`.
        status: How the turn should end.
        expected: Every article that would be right, the main one first; empty where none answers.
        must_include: Groups of alternatives; a right answer holds one of each group.
    """

    model_config = ConfigDict(frozen=True)

    id: str = Field(min_length=1)
    type: str = Field(min_length=1)
    question: str = Field(min_length=1)
    history: tuple[Message, ...] = ()
    region: str | None = None
    status: AnswerStatus
    expected: tuple[ExpectedArticle, ...]
    must_include: tuple[tuple[str, ...], ...] = ()

    @property
    def answerable(self) -> bool:
        return self.status in ANSWERING

    @model_validator(mode="after")
    def _speaks_with_one_voice(self) -> "LabelledQuestion":
        if self.answerable and not self.expected:
            raise ValueError(f"status is {self.status.value} but expected names no article")
        if not self.answerable and self.expected:
            raise ValueError(
                f"status is {self.status.value} but expected names {len(self.expected)} articles"
            )
        if not self.question.strip():
            raise ValueError("question is blank")
        if any(not group for group in self.must_include):
            raise ValueError("must_include has a group without alternatives")
        return self


class ArticleQuestion(BaseModel):
    """One line of a set to train on: a question, and the article that answers it, by law and label.

    Attributes:
        style: How it is asked, such as `colloquial`.
    """

    model_config = ConfigDict(frozen=True)

    style: str = Field(min_length=1)
    question: str = Field(min_length=1)
    law: str = Field(min_length=1)
    article: str = Field(min_length=1)


class _BeirDocument(BaseModel):
    model_config = ConfigDict(frozen=True)

    id: str = Field(alias="_id", min_length=1)
    title: str = ""
    text: str


class _BeirQuery(BaseModel):
    model_config = ConfigDict(frozen=True)

    id: str = Field(alias="_id", min_length=1)
    text: str = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class BeirDocument:
    """A passage of a BEIR corpus; `text` excludes the title."""

    id: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class BeirSet:
    """A BEIR folder read for one split.

    Attributes:
        documents: The whole corpus, in file order.
        queries: Text by query id, only those the split judges, in the order the split names them.
        qrels: Relevance by document id, by query id; 0 and less means judged and not relevant.
    """

    name: str
    split: str
    documents: tuple[BeirDocument, ...]
    queries: dict[str, str]
    qrels: dict[str, dict[str, int]]


def read_beir(folder: Path, *, split: str = "test") -> BeirSet:
    """Read `corpus.jsonl`, `queries.jsonl` and `qrels/SPLIT.tsv` of a BEIR folder.

    Raises:
        DatasetError: If a file is missing, a line is malformed, an id comes twice,
            or the split names a query or document that is not there.
    """
    documents: dict[str, BeirDocument] = {}
    corpus = folder / "corpus.jsonl"
    for line, found in read_rows(corpus, _BeirDocument):
        if found.id in documents:
            raise DatasetError(f"{corpus}:{line}: _id {found.id!r} comes twice")
        documents[found.id] = BeirDocument(found.id, found.title, found.text)
    queries: dict[str, str] = {}
    for line, query in read_rows(folder / "queries.jsonl", _BeirQuery):
        if query.id in queries:
            raise DatasetError(f"{folder / 'queries.jsonl'}:{line}: _id {query.id!r} comes twice")
        if not query.text.strip():
            raise DatasetError(f"{folder / 'queries.jsonl'}:{line}: query {query.id!r} is blank")
        queries[query.id] = query.text
    qrels = _read_qrels(folder, split, queries, documents)
    return BeirSet(
        folder.resolve().name,
        split,
        tuple(documents.values()),
        {query: queries[query] for query in qrels},
        qrels,
    )


def _read_qrels(
    folder: Path, split: str, queries: dict[str, str], documents: dict[str, BeirDocument]
) -> dict[str, dict[str, int]]:
    path = folder / "qrels" / f"{split}.tsv"
    if not path.is_file():
        splits = ", ".join(sorted(found.stem for found in path.parent.glob("*.tsv"))) or "none"
        raise DatasetError(f"{path}: no such file; splits there: {splits}")
    qrels: dict[str, dict[str, int]] = {}
    for number, line in _text_lines(path):
        cells = line.split("\t")
        if len(cells) != 3:
            raise DatasetError(
                f"{path}:{number}: {len(cells)} columns, expected 3 (query-id, corpus-id, score)"
            )
        query, document, score = cells
        if number == 1:
            if score.strip().lstrip("-").isdigit():
                raise DatasetError(f"{path}:1: no header, expected query-id, corpus-id, score")
            continue
        try:
            relevance = int(score)
        except ValueError:
            raise DatasetError(f"{path}:{number}: score {score!r} is not a whole number") from None
        if query not in queries:
            raise DatasetError(f"{path}:{number}: query {query!r} is not in queries.jsonl")
        if document not in documents:
            raise DatasetError(f"{path}:{number}: document {document!r} is not in corpus.jsonl")
        judged = qrels.setdefault(query, {})
        if document in judged:
            raise DatasetError(f"{path}:{number}: query {query!r} judges document {document!r} twice")
        judged[document] = relevance
    if not qrels:
        raise DatasetError(f"{path}: judges no query")
    return qrels


def read_answer_set(path: Path) -> tuple[LabelledQuestion, ...]:
    """Read an answer set: one JSON object a line, blank lines skipped.

    Raises:
        DatasetError: If the file is missing or empty, a line is malformed, or an id comes twice.
    """
    questions: dict[str, LabelledQuestion] = {}
    for number, question in read_rows(path, LabelledQuestion):
        if question.id in questions:
            raise DatasetError(f"{path}:{number}: id {question.id!r} comes twice")
        questions[question.id] = question
    return tuple(questions.values())


def read_article_questions(path: Path) -> tuple[ArticleQuestion, ...]:
    """Read a set to train on: one JSON object a line, blank lines skipped.

    Raises:
        DatasetError: If the file is missing or empty, or a line is malformed.
    """
    return tuple(question for _, question in read_rows(path, ArticleQuestion))


def read_rows(path: Path, model: type[_Row]) -> Iterator[tuple[int, _Row]]:
    """Yield each line that is not blank as a `model`, with its number.

    Raises:
        DatasetError: If the file is missing or empty, or a line is malformed.
    """
    empty = True
    for number, line in _text_lines(path):
        empty = False
        try:
            yield number, model.model_validate(json.loads(line))
        except json.JSONDecodeError as error:
            raise DatasetError(f"{path}:{number}: not JSON: {error.msg} at column {error.colno}") from error
        except ValidationError as error:
            faults = "; ".join(
                f"{'.'.join(map(str, e['loc'])) or 'line'}: {e['msg']}" for e in error.errors()
            )
            raise DatasetError(f"{path}:{number}: {faults}") from error
    if empty:
        raise DatasetError(f"{path}: holds no line")


def _text_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the lines that are not blank, numbered from 1."""
    if not path.is_file():
        raise DatasetError(f"{path}: no such file")
    with path.open("rb") as file:
        for number, raw in enumerate(file, start=1):
            try:
                line = raw.decode("utf-8-sig" if number == 1 else "utf-8")
            except UnicodeDecodeError as error:
                raise DatasetError(f"{path}:{number}: not UTF-8 at byte {error.start} of the line") from error
            if line.strip():
                yield number, line.rstrip("\r\n")
