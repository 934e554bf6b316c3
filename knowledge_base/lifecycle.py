"""From draft to published and out again: who may move an edition where, recorded.

    draft -> in_review -> published -> withdrawn
      ^----------'            ^-----------'  by rolling back only

An edition is a main text's version with its 附件, which follow it. Only published editions are settled
(`knowledge_base.settling`): a draft ends and replaces nothing, and when an edition is withdrawn, what it had
ended or replaced is back as the law of the words says. Each move is one transaction.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime

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
from knowledge_base.revision import raise_revision, take_turn
from knowledge_base.settling import settle
from knowledge_base.store import chunk_draft

_DRAFT, _IN_REVIEW, _PUBLISHED, _WITHDRAWN = EditionState
STATE_NAMES = {_DRAFT: "草稿", _IN_REVIEW: "审核中", _PUBLISHED: "公开", _WITHDRAWN: "已撤下"}


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


class Lifecycle:
    """Moves editions of one knowledge base. Safe to share between threads.

    A document is named by its source file, or by its id. Where no version number is given, the newest
    edition in a state that allows the move is meant. Every method raises UnknownEdition if there is no such
    edition, and StoreError if the database refuses; every move raises IllegalTransition if it is not allowed.
    """

    def __init__(self, engine: Engine, *, clock: Callable[[], date] = today) -> None:
        self._engine = engine
        self._clock = clock

    def editions(self, document: str | None = None) -> list[Edition]:
        """Return the editions of one document, or of all, by source file, the newest first."""
        with self._session() as session:
            rows = list(session.execute(_SELECT)) if document is None else _rows(session, document)
            parts = _labels(session)
            return [_edition(*row, parts.get(row[0].version_id, ())) for row in rows]

    def texts(self, document: str, number: int | None = None) -> tuple[Edition, tuple[PartText, ...]]:
        """Return an edition, by default the newest, with its texts, as an operator may read it."""
        with self._session() as session:
            edition = _pick(_rows(session, document), number, tuple(EditionState))
            parts = tuple(
                PartText(part, version.title, version.text)
                for part, version in _texts(session, edition.version_id).items()
            )
            return _find(session, edition), parts

    def history(self, document: str) -> list[Transition]:
        """Return every recorded move of a document's editions, the earliest first."""
        with self._session() as session:
            numbers = {edition.version_id: version.number for edition, version, _ in _rows(session, document)}
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
            rows = _rows(session, document)
            newer = _pick(rows, number, tuple(EditionState))
            before = [row for row in rows if row[1].number < _number(rows, newer)]
            published = [row for row in before if row[0].state == _PUBLISHED]
            if with_number is not None:
                older: EditionRow | None = _pick(rows, with_number, tuple(EditionState))
            else:
                older = next((edition for edition, _, _ in published or before), None)
            old_texts = {} if older is None else _texts(session, older.version_id)
            new_texts = _texts(session, newer.version_id)
            return Comparison(
                older=None if older is None else _find(session, older),
                newer=_find(session, newer),
                parts=tuple(
                    _compare_part(session, part, old_texts.get(part), new_texts.get(part))
                    for part in sorted(old_texts.keys() | new_texts.keys())
                ),
            )

    def submit(self, document: str, number: int | None = None, *, by: str, note: str = "") -> Edition:
        """Hand a draft in for review."""
        with self._moving() as session:
            edition = _pick(_rows(session, document), number, (_DRAFT,), _IN_REVIEW)
            _move(session, edition, _IN_REVIEW, by, note)
            return _find(session, edition)

    def send_back(self, document: str, number: int | None = None, *, by: str, note: str = "") -> Edition:
        """Make a reviewed edition a draft again."""
        with self._moving() as session:
            edition = _pick(_rows(session, document), number, (_IN_REVIEW,), _DRAFT)
            _move(session, edition, _DRAFT, by, note)
            return _find(session, edition)

    def publish(
        self,
        document: str,
        number: int | None = None,
        *,
        by: str,
        note: str = "",
        on: date | None = None,
        until: date | None = None,
    ) -> Edition:
        """Publish a reviewed edition; until it is shown, the one before goes on answering.

        One that is published already may be given other days.

        Args:
            on: First day it is shown, from 00:00 in Asia/Shanghai; None is now.
            until: First day it is no longer shown; nothing comes back for it, as when a term ends.

        Raises:
            ValueError: If it would leave before it is shown.
        """
        day = self._clock()
        on = on if on and on > day else None
        if until is not None and until <= (on or day):
            raise ValueError(f"leaves on {until}, which is not after {on or day}, the day it is shown")
        with self._moving() as session:
            rows = _rows(session, document)
            allowed = (_IN_REVIEW,) if number is None else (_IN_REVIEW, _PUBLISHED)
            edition = _pick(rows, number, allowed, _PUBLISHED)
            if (edition.state, edition.publish_on, edition.leave_on) == (_PUBLISHED, on, until):
                raise _illegal(edition, _number(rows, edition), _PUBLISHED, "日期没有变化")
            newest = next((row for row in rows if row[0].state == _PUBLISHED), None)
            if edition.state != _PUBLISHED and newest and newest[1].number > _number(rows, edition):
                reason = f"第 {newest[1].number} 版比它新，已经公开；请重新收入成新的草稿"
                raise _illegal(edition, _number(rows, edition), _PUBLISHED, reason)
            edition.publish_on, edition.leave_on = on, until
            days = [f"{on} 起公开" if on else "", f"{until} 起不再公开" if until else ""]
            _move(session, edition, _PUBLISHED, by, "；".join(filter(None, [*days, note])))
            _settle(session)
            return _find(session, edition)

    def withdraw(self, document: str, number: int | None = None, *, by: str, note: str = "") -> Edition:
        """Take a published edition out of every answer, or drop one that never was published."""
        with self._moving() as session:
            rows = _rows(session, document)
            allowed = (_PUBLISHED,) if number is None else (_DRAFT, _IN_REVIEW, _PUBLISHED)
            edition = _pick(rows, number, allowed, _WITHDRAWN)
            was_published = edition.state == _PUBLISHED
            _move(session, edition, _WITHDRAWN, by, note)
            if was_published:
                _settle(session)
            return _find(session, edition)

    def roll_back(self, document: str, to: int | None = None, *, by: str, note: str = "") -> Edition:
        """Bring an edition that was published before back as the newest: later ones are withdrawn.

        Rolling back to a later edition undoes it.

        Args:
            to: Version number; by default that published before the newest published one.
        """
        with self._moving() as session:
            rows = _rows(session, document)
            once = [row for row in rows if _was_published(session, row[0])]
            newest = next((row for row in rows if row[0].state == _PUBLISHED), None)
            if to is None:
                earlier = [row for row in once if newest is None or row[1].number < newest[1].number]
                if not earlier:
                    raise UnknownEdition(f"{document}：没有更早公开过的版本可以回退")
                to = earlier[0][1].number
            edition = _pick(rows, to, tuple(EditionState))
            if all(row[0] is not edition for row in once):
                raise _illegal(edition, to, _PUBLISHED, "它没有公开过，请走提交和公开")
            if newest and newest[0] is edition:
                raise _illegal(edition, to, _PUBLISHED, "它就是现在公开的最新版本")
            said = "；".join(filter(None, [f"回退到第 {to} 版", note]))
            for other, version, _ in rows:
                if version.number > to and other.state == _PUBLISHED:
                    _move(session, other, _WITHDRAWN, by, said)
            edition.publish_on = edition.leave_on = None
            _move(session, edition, _PUBLISHED, by, said)
            _settle(session)
            return _find(session, edition)

    @contextmanager
    def _session(self) -> Iterator[Session]:
        with database_faults("the database refused"), Session(self._engine) as session:
            yield session

    @contextmanager
    def _moving(self) -> Iterator[Session]:
        with self._session() as session, session.begin():
            take_turn(session)
            yield session


_Row = tuple[EditionRow, VersionRow, DocumentRow]
_SELECT = (
    select(EditionRow, VersionRow, DocumentRow)
    .join(VersionRow, VersionRow.id == EditionRow.version_id)
    .join(DocumentRow, DocumentRow.id == VersionRow.document_id)
    .order_by(DocumentRow.source_file, VersionRow.number.desc())
)


def _rows(session: Session, document: str) -> list[_Row]:
    """Return the editions of a document, the newest first."""
    named = session.execute(_SELECT.where(DocumentRow.source_file == document)).all()
    if not named and document.isdecimal():
        named = session.execute(_SELECT.where(DocumentRow.id == int(document))).all()
    if not named:
        raise UnknownEdition(f"知识库里没有文件“{document}”：请用 wenzheng document list 查看名称或编号")
    return list(named)


def _pick(
    rows: Sequence[_Row],
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
        raise _illegal(edition, version.number, wanted or allowed[0], f"只有{names}的版本可以")
    return found


def _number(rows: Sequence[_Row], edition: EditionRow) -> int:
    return next(version.number for each, version, _ in rows if each is edition)


def _illegal(edition: EditionRow, number: int, wanted: EditionState, reason: str) -> IllegalTransition:
    state = EditionState(edition.state)
    said = f"第 {number} 版现在是“{STATE_NAMES[state]}”，不能变为“{STATE_NAMES[wanted]}”：{reason}"
    return IllegalTransition(said, state.value, wanted.value)


def _move(session: Session, edition: EditionRow, after: EditionState, by: str, note: str) -> None:
    session.add(
        TransitionRow(
            edition_id=edition.version_id,
            actor=by,
            from_state=edition.state,
            to_state=after.value,
            note=note,
        )
    )
    edition.state = after.value
    session.flush()


def _settle(session: Session) -> None:
    settle(session)
    raise_revision(session)
    session.flush()


def _was_published(session: Session, edition: EditionRow) -> bool:
    moves = select(TransitionRow.id).filter_by(edition_id=edition.version_id, to_state=_PUBLISHED)
    return session.scalar(moves.limit(1)) is not None


def _find(session: Session, edition: EditionRow) -> Edition:
    version = session.get_one(VersionRow, edition.version_id)
    document = session.get_one(DocumentRow, version.document_id)
    return _edition(edition, version, document, _labels(session, edition.version_id).get(version.id, ()))


def _labels(session: Session, edition_id: int | None = None) -> dict[int, tuple[str, ...]]:
    """Return the labels of the 附件 of every edition, or of one."""
    rows = (
        select(EditionPartRow.edition_id, DocumentRow.part)
        .join(VersionRow, VersionRow.id == EditionPartRow.version_id)
        .join(DocumentRow, DocumentRow.id == VersionRow.document_id)
        .order_by(DocumentRow.part)
        .distinct()
    )
    if edition_id is not None:
        rows = rows.where(EditionPartRow.edition_id == edition_id)
    labels: dict[int, tuple[str, ...]] = {}
    for of_edition, part in session.execute(rows):
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
        # SQLite gives times back without their zone; all are written in UTC.
        at=move.at.replace(tzinfo=UTC),
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
