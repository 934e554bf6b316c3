"""The operators' block list in SQL: which words there are and were, and who changed them when.

A row is never changed but for being removed, so that the table is its own history. Every change is one
transaction and raises the list's own revision, by which running processes see that they have to read it anew.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

from sqlalchemy import Engine, Index, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from knowledge_base.blocking.matching import BlockMatcher
from knowledge_base.blocking.records import BlockChange, BlockDraft, BlockLevel, BlockRecord, BlockWord
from knowledge_base.blocking.sheets import COLUMNS, packaged_block_words
from knowledge_base.blocking.variants import visible_units
from knowledge_base.database import Base, UtcDateTime, database_faults
from knowledge_base.errors import WordsRejected
from knowledge_base.following import Followed
from knowledge_base.revision import BLOCK_LIST, raise_revision, revision_of
from knowledge_base.word_rules import WordFault

MAX_CHARS = 40
# How old the list in use may be: a change counts within this time, and the database is asked no oftener.

_IN_USE = text("removed_at IS NULL")


class BlockWordRow(Base):
    """See `BlockWord` and `BlockRecord`."""

    __tablename__ = "block_words"
    __table_args__ = (
        Index("uq_block_words_in_use", "word", unique=True, sqlite_where=_IN_USE, postgresql_where=_IN_USE),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    word: Mapped[str]
    level: Mapped[str]
    category: Mapped[str]
    note: Mapped[str]
    hides: Mapped[bool]
    added_at: Mapped[datetime] = mapped_column(UtcDateTime, default=lambda: datetime.now(UTC))
    added_by: Mapped[str]
    removed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    removed_by: Mapped[str] = mapped_column(default="")


class BlockStore:
    """The block list in the database. Safe to share between threads."""

    def __init__(self, engine: Engine, packaged: Sequence[BlockWord] | None = None) -> None:
        self._engine = engine
        self.packaged = packaged_block_words() if packaged is None else tuple(packaged)

    def revision(self) -> int:
        """Return the number of the last change; 0 before the first.

        Raises:
            StoreError: If the database refuses.
        """
        with database_faults("屏蔽词无法读取"), Session(self._engine) as session:
            return revision_of(session, BLOCK_LIST)

    def in_use(self) -> tuple[BlockWord, ...]:
        """Return the list as it counts: the project's with the operators' on top, by word.

        Raises:
            StoreError: If the database refuses.
        """
        with database_faults("屏蔽词无法读取"), Session(self._engine) as session:
            own = {word: _word(row) for word, row in _rows_in_use(session).items()}
        both = {word.word: word for word in self.packaged} | own
        return tuple(word for _, word in sorted(both.items()) if not word.hides)

    def records(self, *, removed: bool = False) -> tuple[BlockRecord, ...]:
        """Return the operators' entries in use, or those removed, the latest change first."""
        wanted = select(BlockWordRow).where(BlockWordRow.removed_at.is_not(None) if removed else _IN_USE)
        latest = BlockWordRow.removed_at.desc() if removed else BlockWordRow.added_at.desc()
        with database_faults("屏蔽词无法读取"), Session(self._engine) as session:
            rows = session.scalars(wanted.order_by(latest, BlockWordRow.id.desc()))
            return tuple(map(_record, rows))

    def add(self, drafts: Sequence[BlockDraft], *, by: str) -> BlockChange:
        """Add entries, or give those in use another level, category or note; all or none.

        Raises:
            WordsRejected: If one does not hold; names row and column of each fault.
            StoreError: If the database refuses.
        """
        plain = [BlockDraft(draft.row, draft.word.plain()) for draft in drafts]
        if faults := _faults(plain):
            raise WordsRejected(faults)
        with self._changing() as session:
            return _put(session, _rows_in_use(session), [draft.word for draft in plain], by)

    def remove(self, words: Sequence[str], *, by: str) -> BlockChange:
        """Take words out of use: the operators' own, or else those that come with the project; all or none.

        Raises:
            WordsRejected: If neither the operators nor the project have such a word.
            StoreError: If the database refuses.
        """
        packaged = {word.word: word for word in self.packaged}
        removed: list[BlockWord] = []
        hidden: list[BlockWord] = []
        faults: list[WordFault] = []
        with self._changing() as session:
            rows = _rows_in_use(session)
            for place, each in enumerate(words, start=1):
                word = visible_units(each)
                row = rows.get(word)
                if row is not None and not row.hides:
                    removed.append(_word(row))
                    _retire(session, row, by)
                elif row is None and word in packaged:
                    hidden.append(BlockWord(word, packaged[word].level, packaged[word].category, hides=True))
                else:
                    faults.append(WordFault(place, COLUMNS[0], f"“{word}”不在屏蔽词里，没有可移除的"))
            if faults:
                raise WordsRejected(faults)
            _put(session, rows, hidden, by)
        return BlockChange(removed=(*removed, *hidden))

    @contextmanager
    def _changing(self) -> Iterator[Session]:
        """One transaction; the revision is raised first, as that takes the lock writers queue for."""
        with database_faults("屏蔽词未能保存"), Session(self._engine) as session, session.begin():
            raise_revision(session, BLOCK_LIST)
            yield session


class LiveBlockList:
    """The matcher of this moment, made anew when an operator anywhere has changed the list."""

    def __init__(self, store: BlockStore, *, monotonic_s: Callable[[], float] = time.monotonic) -> None:
        self._matcher = Followed(
            "the block list",
            BlockMatcher(store.packaged),
            revision=store.revision,
            read=lambda: BlockMatcher(store.in_use()),
            monotonic_s=monotonic_s,
        )

    def get(self) -> BlockMatcher:
        """Return the matcher; where the database cannot be read, the last one goes on serving."""
        return self._matcher.get()


def _faults(drafts: Sequence[BlockDraft]) -> list[WordFault]:
    faults = []
    seen: dict[str, int] = {}
    for draft in drafts:
        word = draft.word.word
        if len(word) < 2:
            faults.append(WordFault(draft.row, COLUMNS[0], f"“{word}”不足两个字，会遮住别的词"))
        elif len(word) > MAX_CHARS:
            faults.append(WordFault(draft.row, COLUMNS[0], f"有 {len(word)} 个字，最多 {MAX_CHARS} 个"))
        if word in seen:
            faults.append(WordFault(draft.row, COLUMNS[0], f"“{word}”与第 {seen[word]} 行重复，请只留一行"))
        seen.setdefault(word, draft.row)
    return faults


def _rows_in_use(session: Session) -> dict[str, BlockWordRow]:
    return {row.word: row for row in session.scalars(select(BlockWordRow).where(_IN_USE))}


def _retire(session: Session, row: BlockWordRow, by: str) -> None:
    row.removed_at, row.removed_by = datetime.now(UTC), by
    session.flush()  # before another takes its place: one word is in use once


def _put(
    session: Session, rows: Mapping[str, BlockWordRow], words: Sequence[BlockWord], by: str
) -> BlockChange:
    added: list[BlockWord] = []
    changed: list[BlockWord] = []
    unchanged: list[BlockWord] = []
    for word in words:
        row = rows.get(word.word)
        if row is not None and _word(row) == word:
            unchanged.append(word)
            continue
        if row is not None:
            _retire(session, row, by)
        (added if row is None else changed).append(word)
        session.add(
            BlockWordRow(
                word=word.word,
                level=word.level.value,
                category=word.category,
                note=word.note,
                hides=word.hides,
                added_by=by,
            )
        )
    return BlockChange(tuple(added), tuple(changed), (), tuple(unchanged))


def _word(row: BlockWordRow) -> BlockWord:
    return BlockWord(row.word, BlockLevel(row.level), row.category, row.note, row.hides)


def _record(row: BlockWordRow) -> BlockRecord:
    return BlockRecord(row.id, _word(row), row.added_at, row.added_by, row.removed_at, row.removed_by)
