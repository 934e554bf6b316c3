"""The operators' words in SQL: which there are and were, and who changed them when.

A row is never changed but for being removed, so that the table is its own history. Every change is one
transaction and raises the words' own revision: the revision of the documents, and with it the vectors,
has nothing to do with it.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime

from sqlalchemy import JSON, Engine, Index, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from knowledge_base.database import Base, UtcDateTime, database_faults
from knowledge_base.errors import WordsRejected
from knowledge_base.folding import fold
from knowledge_base.revision import WORDS, raise_revision, revision_of
from knowledge_base.word_rules import WordFault, faults_of
from knowledge_base.words import PackagedWords, Word, WordChange, WordDraft, WordKind, WordRecord

_IN_USE = text("removed_at IS NULL")


class WordRow(Base):
    """See `Word` and `WordRecord`."""

    __tablename__ = "words"
    __table_args__ = (
        Index("uq_words_in_use", "kind", "word", unique=True, sqlite_where=_IN_USE, postgresql_where=_IN_USE),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    word: Mapped[str]
    terms: Mapped[list[str]] = mapped_column(JSON)
    two_way: Mapped[bool]
    frequency: Mapped[int | None]
    tag: Mapped[str]
    hides: Mapped[bool]
    added_at: Mapped[datetime] = mapped_column(UtcDateTime, default=lambda: datetime.now(UTC))
    added_by: Mapped[str]
    removed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    removed_by: Mapped[str] = mapped_column(default="")


class WordStore:
    """The operators' words in the database. Safe to share between threads."""

    def __init__(self, engine: Engine, packaged: PackagedWords) -> None:
        self._engine = engine
        self._packaged = packaged

    def revision(self) -> int:
        """Return the number of the last change; 0 before the first.

        Raises:
            StoreError: If the database refuses.
        """
        with database_faults("词表无法读取"), Session(self._engine) as session:
            return revision_of(session, WORDS)

    def in_use(self) -> tuple[Word, ...]:
        """Return the words in use, by kind and word.

        Raises:
            StoreError: If the database refuses.
        """
        with database_faults("词表无法读取"), Session(self._engine) as session:
            return tuple(_word(row) for row in _rows_in_use(session).values())

    def records(self, kind: WordKind | None = None, *, removed: bool = False) -> tuple[WordRecord, ...]:
        """Return the words in use, or those removed, the latest change first."""
        wanted = select(WordRow).where(WordRow.removed_at.is_not(None) if removed else _IN_USE)
        if kind is not None:
            wanted = wanted.where(WordRow.kind == kind.value)
        latest = WordRow.removed_at.desc() if removed else WordRow.added_at.desc()
        with database_faults("词表无法读取"), Session(self._engine) as session:
            return tuple(_record(row) for row in session.scalars(wanted.order_by(latest, WordRow.id.desc())))

    def check(self, drafts: Sequence[WordDraft]) -> tuple[Word, ...]:
        """Return the words that would be in use with these added; nothing is written.

        Raises:
            WordsRejected: If they do not hold by themselves or with those in use.
        """
        return self._with(drafts, {(word.kind, word.word): word for word in self.in_use()})[1]

    def add(self, drafts: Sequence[WordDraft], *, by: str) -> WordChange:
        """Add words, or give words in use other contents; all or none.

        Raises:
            WordsRejected: If one does not hold; names row and column of each fault.
            StoreError: If the database refuses.
        """
        with self._changing() as session:
            rows = _rows_in_use(session)
            words, _ = self._with(drafts, {key: _word(row) for key, row in rows.items()})
            return _put(session, rows, words, by)

    def remove(self, kind: WordKind, words: Sequence[str], *, by: str) -> WordChange:
        """Take words out of use: the operators' own, or else what comes with the project; all or none.

        Raises:
            WordsRejected: If neither the operators nor the project have such a word.
            StoreError: If the database refuses.
        """
        removed, hidden, unchanged, faults = [], [], [], []
        with self._changing() as session:
            rows = _rows_in_use(session)
            for place, each in enumerate(words, start=1):
                word = fold(each).strip()
                row = rows.get((kind, word))
                if row is not None and row.hides:
                    unchanged.append(_word(row))
                elif row is not None:
                    removed.append(_word(row))
                    _retire(session, row, by)
                elif self._packaged.has(kind, word):
                    hidden.append(Word(kind, word, hides=True))
                else:
                    faults.append(WordFault(place, "词", f"“{word}”不在词表里，没有可移除的"))
            if faults:
                raise WordsRejected(faults)
            _put(session, rows, hidden, by)
            return WordChange(removed=(*removed, *hidden), unchanged=tuple(unchanged))

    def restore(self, kind: WordKind, words: Sequence[str], *, by: str) -> WordChange:
        """Bring removed words back as they last were; one of the project's is in use again.

        Raises:
            WordsRejected: If there is nothing to bring back, or it no longer holds with the words in use.
            StoreError: If the database refuses.
        """
        added, drafts, unchanged, faults = [], [], [], []
        with self._changing() as session:
            rows = _rows_in_use(session)
            for place, each in enumerate(words, start=1):
                word = fold(each).strip()
                row = rows.get((kind, word))
                if row is not None and row.hides:
                    _retire(session, row, by)
                    added.append(replace(_word(row), hides=False))
                elif row is not None:
                    unchanged.append(_word(row))
                elif (last := _last_removed(session, kind, word)) is not None:
                    drafts.append(WordDraft(place, _word(last)))
                else:
                    faults.append(WordFault(place, "词", f"“{word}”没有被移除过，没有可恢复的"))
            if faults:
                raise WordsRejected(faults)
            back, _ = self._with(drafts, {key: _word(row) for key, row in _rows_in_use(session).items()})
            change = _put(session, rows, back, by)
            return WordChange(added=(*added, *change.added), unchanged=tuple(unchanged))

    def _with(
        self, drafts: Sequence[WordDraft], in_use: Mapping[tuple[WordKind, str], Word]
    ) -> tuple[tuple[Word, ...], tuple[Word, ...]]:
        """Return the drafts' words, folded, and all words there would be with them."""
        folded = [WordDraft(draft.row, draft.word.folded()) for draft in drafts]
        after = {**in_use, **{(draft.word.kind, draft.word.word): draft.word for draft in folded}}
        everything = tuple(after.values())
        if faults := faults_of(folded, everything, self._packaged):
            raise WordsRejected(faults)
        return tuple(draft.word for draft in folded), everything

    @contextmanager
    def _changing(self) -> Iterator[Session]:
        """One transaction; the revision is raised first, as that takes the lock writers queue for."""
        with database_faults("词表未能保存"), Session(self._engine) as session, session.begin():
            raise_revision(session, WORDS)
            yield session


def _rows_in_use(session: Session) -> dict[tuple[WordKind, str], WordRow]:
    session.flush()
    # Sorted here: a server sorts by its own language, and the fingerprint of the words goes by their order.
    rows = sorted(session.scalars(select(WordRow).where(_IN_USE)), key=lambda row: (row.kind, row.word))
    return {(WordKind(row.kind), row.word): row for row in rows}


def _last_removed(session: Session, kind: WordKind, word: str) -> WordRow | None:
    """Return the row of the operators' own word that was removed last."""
    return session.scalar(
        select(WordRow)
        .where(WordRow.kind == kind.value, WordRow.word == word)
        .where(WordRow.removed_at.is_not(None), WordRow.hides.is_(False))
        .order_by(WordRow.removed_at.desc(), WordRow.id.desc())
        .limit(1)
    )


def _retire(session: Session, row: WordRow, by: str) -> None:
    row.removed_at, row.removed_by = datetime.now(UTC), by
    session.flush()  # before another takes its place: one word is in use once


def _put(
    session: Session, rows: Mapping[tuple[WordKind, str], WordRow], words: Sequence[Word], by: str
) -> WordChange:
    added: list[Word] = []
    changed: list[Word] = []
    unchanged: list[Word] = []
    for word in words:
        row = rows.get((word.kind, word.word))
        if row is not None and _word(row) == word:
            unchanged.append(word)
            continue
        if row is not None:
            _retire(session, row, by)
        (added if row is None else changed).append(word)
        session.add(
            WordRow(
                kind=word.kind.value,
                word=word.word,
                terms=list(word.terms),
                two_way=word.two_way,
                frequency=word.frequency,
                tag=word.tag,
                hides=word.hides,
                added_by=by,
            )
        )
    return WordChange(tuple(added), tuple(changed), (), tuple(unchanged))


def _word(row: WordRow) -> Word:
    return Word(
        WordKind(row.kind), row.word, tuple(row.terms), row.two_way, row.frequency, row.tag, row.hides
    )


def _record(row: WordRow) -> WordRecord:
    return WordRecord(row.id, _word(row), row.added_at, row.added_by, row.removed_at, row.removed_by)
