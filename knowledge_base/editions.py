"""What editions a knowledge base has: their states, texts, history, and what changed between two of them."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session, undefer

from knowledge_base.comparing import ArticleChange, ArticleText, articles_of, compare
from knowledge_base.database import (
    ChunkRow,
    DocumentRow,
    EditionPartRow,
    EditionRow,
    TransitionRow,
    VersionRow,
    database_faults,
)
from knowledge_base.dates import today
from knowledge_base.errors import IllegalTransition, UnknownEdition
from knowledge_base.records import EditionState
from knowledge_base.store import chunk_draft

_PUBLISHED = EditionState.PUBLISHED
STATE_NAMES = {
    EditionState.DRAFT: "草稿",
    EditionState.IN_REVIEW: "审核中",
    EditionState.PUBLISHED: "公开",
    EditionState.WITHDRAWN: "已撤下",
}


@dataclass(frozen=True, slots=True)
class Edition:
    """An edition as stored.

    Attributes:
        id: Id of the main text's version.
        number: Which version of its document it is, from 1.
        publish_on, leave_on: First day a published one is shown, and first day it no longer is; None is open.
        effective_from, effective_to: The settled days; an edition that is not published has none in force.
        parts: Labels of its 附件.
    """

    id: int
    document_id: int
    source_file: str
    title: str
    number: int
    state: EditionState
    publish_on: date | None
    leave_on: date | None
    effective_from: date | None
    effective_to: date | None
    parts: tuple[str, ...]

    def answers_on(self, day: date) -> bool:
        """Tell whether a citizen who asks on `day` is answered from it."""
        return (
            self.state is _PUBLISHED
            and (self.effective_from is None or self.effective_from <= day)
            and (self.effective_to is None or day < self.effective_to)
        )


@dataclass(frozen=True, slots=True)
class Transition:
    """A recorded move; `before` is None for an edition that landed, and equals `after` for a correction."""

    number: int
    at: datetime
    actor: str
    before: EditionState | None
    after: EditionState
    note: str


@dataclass(frozen=True, slots=True)
class PartText:
    """A main text (`part` is empty) or 附件 of an edition."""

    part: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class PartComparison:
    """What changed in a main text (`part` is empty) or a 附件."""

    part: str
    title: str
    changes: tuple[ArticleChange, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """What changed from one edition to another, part by part; `older` is None for a first one."""

    older: Edition | None
    newer: Edition
    parts: tuple[PartComparison, ...]


class Editions:
    """Reads the editions of one knowledge base, drafts too. Safe to share between threads.

    A document is named by its source file, or by its id. Every method raises UnknownEdition if there is no
    such edition, and StoreError if the database refuses.
    """

    def __init__(self, engine: Engine, *, clock: Callable[[], date] = today) -> None:
        self._engine = engine
        self._clock = clock

    def editions(self, document: str | None = None) -> list[Edition]:
        """Return the editions of one document, or of all, by source file, the newest first."""
        with self._session() as session:
            # Sorted here: a server sorts by its own language, another server by another.
            rows = (
                rows_of(session, document)
                if document is not None
                else sorted(session.execute(_SELECT), key=lambda row: row[2].source_file)
            )
            parts = _labels(session)
            return [_edition(*row, parts.get(row[0].version_id, ())) for row in rows]

    def texts(self, document: str, number: int | None = None) -> tuple[Edition, tuple[PartText, ...]]:
        """Return an edition, by default the newest, with its texts, as an operator may read it."""
        with self._session() as session:
            edition = pick(rows_of(session, document), number, tuple(EditionState))
            parts = tuple(
                PartText(part, version.title, version.text)
                for part, version in _texts(session, edition.version_id).items()
            )
            return edition_of(session, edition), parts

    def history(self, document: str) -> list[Transition]:
        """Return every recorded move of a document's editions, the earliest first."""
        with self._session() as session:
            numbers = {
                edition.version_id: version.number for edition, version, _ in rows_of(session, document)
            }
            moves = session.scalars(
                select(TransitionRow)
                .where(TransitionRow.edition_id.in_(numbers))
                .order_by(TransitionRow.at, TransitionRow.id)
            )
            return [_transition(numbers[move.edition_id], move) for move in moves]

    def compare(self, document: str, number: int | None = None, with_number: int | None = None) -> Comparison:
        """Compare an edition, by default the newest, with another, by default the one it would replace.

        That is the newest published one before it, else the one before.
        """
        with self._session() as session:
            rows = rows_of(session, document)
            newer = pick(rows, number, tuple(EditionState))
            before = [row for row in rows if row[1].number < number_of(rows, newer)]
            published = [row for row in before if row[0].state == _PUBLISHED]
            if with_number is not None:
                older: EditionRow | None = pick(rows, with_number, tuple(EditionState))
            else:
                older = next((edition for edition, _, _ in published or before), None)
            old_texts = {} if older is None else _texts(session, older.version_id)
            new_texts = _texts(session, newer.version_id)
            return Comparison(
                older=None if older is None else edition_of(session, older),
                newer=edition_of(session, newer),
                parts=tuple(
                    _compare_part(session, part, old_texts.get(part), new_texts.get(part))
                    for part in sorted(old_texts.keys() | new_texts.keys())
                ),
            )

    @contextmanager
    def _session(self) -> Iterator[Session]:
        with database_faults("the database refused"), Session(self._engine) as session:
            yield session


Row = tuple[EditionRow, VersionRow, DocumentRow]
_SELECT = (
    select(EditionRow, VersionRow, DocumentRow)
    .join(VersionRow, VersionRow.id == EditionRow.version_id)
    .join(DocumentRow, DocumentRow.id == VersionRow.document_id)
    .order_by(VersionRow.number.desc())
)


def rows_of(session: Session, document: str) -> list[Row]:
    """Return the editions of a document, the newest first."""
    named = session.execute(_SELECT.where(DocumentRow.source_file == document)).all()
    if not named and document.isdecimal():
        named = session.execute(_SELECT.where(DocumentRow.id == int(document))).all()
    if not named:
        raise UnknownEdition(f"知识库里没有文件“{document}”：请用 wenzheng document list 查看名称或编号")
    return list(named)


def pick(
    rows: Sequence[Row],
    number: int | None,
    allowed: tuple[EditionState, ...],
    wanted: EditionState | None = None,
) -> EditionRow:
    """Return the edition of this number, else the newest that may become `wanted`."""
    of_number = [row for row in rows if number is None or row[1].number == number]
    if not of_number:
        raise UnknownEdition(
            f"{rows[0][2].source_file}：没有第 {number} 版，最新的是第 {rows[0][1].number} 版"
        )
    found = next((edition for edition, _, _ in of_number if edition.state in allowed), None)
    if found is None:
        edition, version, _ = of_number[0]
        names = "、".join(STATE_NAMES[state] for state in allowed)
        raise illegal(edition, version.number, wanted or allowed[0], f"只有{names}的版本可以")
    return found


def number_of(rows: Sequence[Row], edition: EditionRow) -> int:
    return next(version.number for each, version, _ in rows if each is edition)


def edition_of(session: Session, edition: EditionRow) -> Edition:
    version = session.get_one(VersionRow, edition.version_id)
    document = session.get_one(DocumentRow, version.document_id)
    return _edition(edition, version, document, _labels(session, edition.version_id).get(version.id, ()))


def _labels(session: Session, edition_id: int | None = None) -> dict[int, tuple[str, ...]]:
    """Return the labels of the 附件 of every edition, or of one."""
    rows = (
        select(EditionPartRow.edition_id, DocumentRow.part)
        .join(VersionRow, VersionRow.id == EditionPartRow.version_id)
        .join(DocumentRow, DocumentRow.id == VersionRow.document_id)
        .distinct()
    )
    if edition_id is not None:
        rows = rows.where(EditionPartRow.edition_id == edition_id)
    labels: dict[int, tuple[str, ...]] = {}
    for of_edition, part in sorted(session.execute(rows)):
        labels[of_edition] = (*labels.get(of_edition, ()), part)
    return labels


def _edition(
    edition: EditionRow, version: VersionRow, document: DocumentRow, parts: tuple[str, ...]
) -> Edition:
    return Edition(
        id=edition.version_id,
        document_id=document.id,
        source_file=document.source_file,
        title=version.title,
        number=version.number,
        state=EditionState(edition.state),
        publish_on=edition.publish_on,
        leave_on=edition.leave_on,
        effective_from=version.effective_from,
        effective_to=version.effective_to,
        parts=parts,
    )


def _transition(number: int, move: TransitionRow) -> Transition:
    return Transition(
        number=number,
        at=move.at,
        actor=move.actor,
        before=EditionState(move.from_state) if move.from_state else None,
        after=EditionState(move.to_state),
        note=move.note,
    )


def _texts(session: Session, edition_id: int) -> dict[str, VersionRow]:
    """Return the versions an edition shows, by part: the newest of each 附件 that belongs to it."""
    rows = session.execute(
        select(DocumentRow.part, VersionRow)
        .options(undefer(VersionRow.text))
        .join(DocumentRow, DocumentRow.id == VersionRow.document_id)
        .outerjoin(EditionPartRow, EditionPartRow.version_id == VersionRow.id)
        .where((VersionRow.id == edition_id) | (EditionPartRow.edition_id == edition_id))
        .order_by(DocumentRow.part, VersionRow.number)
    )
    return dict(rows.all())


def _compare_part(
    session: Session, part: str, old: VersionRow | None, new: VersionRow | None
) -> PartComparison:
    def articles(version: VersionRow | None) -> tuple[ArticleText, ...]:
        if version is None:
            return ()
        rows = session.scalars(select(ChunkRow).filter_by(version_id=version.id).order_by(ChunkRow.start))
        return articles_of(version.text, map(chunk_draft, rows))

    shown = new or old
    return PartComparison(part, shown.title if shown else "", compare(articles(old), articles(new)))


def illegal(edition: EditionRow, number: int, wanted: EditionState, reason: str) -> IllegalTransition:
    state = EditionState(edition.state)
    said = f"第 {number} 版现在是“{STATE_NAMES[state]}”，不能变为“{STATE_NAMES[wanted]}”：{reason}"
    return IllegalTransition(said, state.value, wanted.value)
