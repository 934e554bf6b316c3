"""Passages held back: what speaks to a machine in a document is not answered from until a reviewer says so.

A passage is a whole 条 or item (a chunk's group), since it is answered from as a whole. It is looked at when
its version lands, and again by `scan`, as the patterns get better. The same words in a later version of the
same document need no second release.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, Engine, ForeignKey, Text, UniqueConstraint, exists, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from knowledge_base.database import Base, ChunkRow, DocumentRow, UtcDateTime, VersionRow, database_faults
from knowledge_base.errors import UnknownHold
from knowledge_base.injection import find_injections
from knowledge_base.revision import raise_revision, take_turn


@dataclass(frozen=True, slots=True)
class Hold:
    """A passage held back, or released.

    Attributes:
        place: Its label or heading; empty for none.
        text: The whole passage, as stored.
        reason: What was found, and the words, in Chinese.
    """

    id: int
    source_file: str
    title: str
    version: int
    place: str
    text: str
    reason: str
    found_at: datetime
    released_at: datetime | None
    released_by: str
    note: str


class HoldRow(Base):
    """See `Hold`; the passage is the chunks of one group of a version."""

    __tablename__ = "held_passages"
    __table_args__ = (UniqueConstraint("version_id", "group_no"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    version_id: Mapped[int] = mapped_column(ForeignKey("versions.id"))
    group_no: Mapped[int]
    place: Mapped[str]
    text: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    found_at: Mapped[datetime] = mapped_column(UtcDateTime, default=lambda: datetime.now(UTC))
    released_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    released_by: Mapped[str] = mapped_column(default="")
    note: Mapped[str] = mapped_column(Text, default="")


def is_held() -> ColumnElement[bool]:
    """Return the condition that a chunk belongs to a passage held back."""
    return exists().where(
        HoldRow.version_id == ChunkRow.version_id,
        HoldRow.group_no == ChunkRow.group_no,
        HoldRow.released_at.is_(None),
    )


def reason_to_hold(texts: Iterable[str]) -> str:
    """Return what in the words of a passage, headings included, speaks to a machine; empty for nothing."""
    found = [each for text in texts for each in find_injections(text)]
    return "；".join(dict.fromkeys(f"{each.kind.value}“{each.written}”" for each in found))


def hold_suspects(session: Session, version: VersionRow) -> int:
    """Hold back the suspect passages of a version that are not known yet; return how many are held now."""
    groups: defaultdict[int, list[ChunkRow]] = defaultdict(list)
    for row in session.scalars(select(ChunkRow).filter_by(version_id=version.id).order_by(ChunkRow.start)):
        groups[row.group_no].append(row)
    known = set(session.scalars(select(HoldRow.group_no).filter_by(version_id=version.id)))
    added = 0
    for group, rows in groups.items():
        headings = rows[0].heading_path
        said = [version.title, *headings, *(words for row in rows for words in (row.lead, row.text))]
        reason = "" if group in known else reason_to_hold(dict.fromkeys(said))
        if not reason:
            continue
        text = "\n".join(row.text for row in rows)
        release = _release_of(session, version.document_id, text)
        session.add(
            HoldRow(
                version_id=version.id,
                group_no=group,
                place=rows[0].article or (headings[-1] if headings else ""),
                text=text,
                reason=reason,
                released_at=release.released_at if release else None,
                released_by=release.released_by if release else "",
                note=release.note if release else "",
            )
        )
        added += release is None
    session.flush()
    return added


def _release_of(session: Session, document_id: int, text: str) -> HoldRow | None:
    """Return the release of the same words in another version of the document."""
    return session.scalar(
        select(HoldRow)
        .join(VersionRow, VersionRow.id == HoldRow.version_id)
        .where(VersionRow.document_id == document_id, HoldRow.text == text, HoldRow.released_at.is_not(None))
        .limit(1)
    )


class Holds:
    """The passages held back in one knowledge base. Safe to share between threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def list(self, *, released: bool = False) -> tuple[Hold, ...]:
        """Return what is held back, or what was released, the latest first.

        Raises:
            StoreError: If the database refuses.
        """
        wanted = HoldRow.released_at.is_not(None) if released else HoldRow.released_at.is_(None)
        with database_faults("暂不引用的段落无法读取"), Session(self._engine) as session:
            return tuple(_holds(session, wanted))

    def release(self, ids: Sequence[int], *, by: str, note: str = "") -> tuple[Hold, ...]:
        """Let passages be answered from; all or none.

        Raises:
            UnknownHold: If an id is not that of a passage held back.
            StoreError: If the database refuses.
        """
        with self._changing() as session:
            rows = {row.id: row for row in session.scalars(select(HoldRow).where(HoldRow.id.in_(ids)))}
            for each in ids:
                if each not in rows or rows[each].released_at is not None:
                    raise UnknownHold(f"没有编号为 {each} 的待查段落；用 wenzheng document held 查看")
            for row in rows.values():
                row.released_at, row.released_by, row.note = datetime.now(UTC), by, note
            session.flush()
            raise_revision(session)
            return tuple(_holds(session, HoldRow.id.in_(ids)))

    def scan(self) -> int:
        """Look through every stored version again; return how many passages are newly held back.

        Raises:
            StoreError: If the database refuses.
        """
        with self._changing() as session:
            added = sum(
                hold_suspects(session, version) for version in session.scalars(select(VersionRow)).all()
            )
            if added:
                raise_revision(session)
            return added

    @contextmanager
    def _changing(self) -> Iterator[Session]:
        with database_faults("段落的状态未能保存"), Session(self._engine) as session, session.begin():
            take_turn(session)
            yield session


def _holds(session: Session, wanted: ColumnElement[bool]) -> Iterator[Hold]:
    rows = session.execute(
        select(HoldRow, VersionRow, DocumentRow)
        .join(VersionRow, VersionRow.id == HoldRow.version_id)
        .join(DocumentRow, DocumentRow.id == VersionRow.document_id)
        .where(wanted)
        .order_by(HoldRow.id.desc())
    )
    for hold, version, document in rows:
        yield Hold(
            id=hold.id,
            source_file=document.source_file,
            title=version.title,
            version=version.number,
            place=hold.place,
            text=hold.text,
            reason=hold.reason,
            found_at=hold.found_at,
            released_at=hold.released_at,
            released_by=hold.released_by,
            note=hold.note,
        )
