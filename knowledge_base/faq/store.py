"""Keeping the FAQ: entries in SQL, the steps from draft to published, what may be answered from on a day.

Whether an entry may be answered from is never stored: it follows from its state, its days and the versions
of its sources, so a source that ends on Monday takes its entry out of answers on Monday by itself.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date

from sqlalchemy import ColumnElement, Engine, select
from sqlalchemy.orm import Session

from knowledge_base.database import database_faults
from knowledge_base.errors import FaqError
from knowledge_base.faq.citing import Library, Passages, Span
from knowledge_base.faq.records import (
    STEPS,
    CitedPassage,
    FaqAction,
    FaqChange,
    FaqDoubt,
    FaqEntry,
    FaqRow,
    FaqSource,
    FaqState,
    Phrasing,
    Saving,
    Standing,
)
from knowledge_base.faq.tables import FaqChangeRecord, FaqRecord, FaqSourceRecord, FaqVariantRecord
from knowledge_base.records import NATIONAL
from knowledge_base.regions import specificity, visible
from knowledge_base.revision import raise_revision, revision_of, take_turn
from knowledge_base.store import hold_still

MAX_QUESTION_CHARS = 100
MAX_ANSWER_CHARS = 1000
MAX_VARIANTS = 20
_KEPT_PASSAGES = 20_000
_STATE_NAMES = {
    FaqState.DRAFT: "草稿",
    FaqState.IN_REVIEW: "待审",
    FaqState.PUBLISHED: "已发布",
    FaqState.WITHDRAWN: "已撤回",
}
_STEP_NAMES = {FaqAction.SUBMIT: "提交", FaqAction.PUBLISH: "发布", FaqAction.WITHDRAW: "撤回"}


class FaqStore:
    """The FAQ in one SQL database. Safe to share between threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._passages: Passages = {}

    def _library(self, session: Session) -> Library:
        if len(self._passages) > _KEPT_PASSAGES:
            self._passages = {}
        return Library(session, self._passages)

    def _answered_from(self) -> ColumnElement[bool]:
        """Return the condition on entries that answers may come from."""
        return FaqRecord.state == FaqState.PUBLISHED

    @contextmanager
    def _reading(self) -> Iterator[Session]:
        with database_faults("the FAQ could not be read"), Session(self._engine) as session:
            yield session

    @contextmanager
    def _writing(self, what: str) -> Iterator[Session]:
        with database_faults(what), Session(self._engine) as session, session.begin():
            take_turn(session)
            yield session

    def save(self, row: FaqRow, *, by: str, today: date) -> Saving:
        """Keep a row as a draft; an entry of the same question and region is changed, and a draft again.

        Raises:
            FaqError: If the row lacks something, is too long, or a source cannot be found; names the column.
            StoreError: If the database refuses.
        """
        row = _tidied(row)
        with self._writing("FAQ entry could not be stored") as session:
            library = self._library(session)
            row, sources = _resolved(row, library, today)
            record = session.scalar(select(FaqRecord).filter_by(question=row.question, region=row.region))
            if record is not None and _is_same(_entry(record), row, sources, library):
                saving = Saving(record.id, "unchanged")
                session.rollback()
                return saving
            outcome = "added" if record is None else "changed"
            was_published = record is not None and record.state == FaqState.PUBLISHED
            record = record or FaqRecord(question=row.question, region=row.region)
            record.answer = row.answer
            record.effective_from, record.effective_to = row.effective_from, row.effective_to
            record.variants = [FaqVariantRecord(position=n, text=t) for n, t in enumerate(row.variants)]
            record.sources = [_source_record(n, each) for n, each in enumerate(sources)]
            record.state = FaqState.DRAFT
            action = FaqAction.ADD if outcome == "added" else FaqAction.CHANGE
            record.changes.append(FaqChangeRecord(by=by, action=action, state=FaqState.DRAFT))
            session.add(record)
            session.flush()
            if was_published:
                raise_revision(session)
            return Saving(record.id, outcome)

    def step(
        self, faq_ids: Sequence[int], action: FaqAction, *, by: str, today: date, note: str = ""
    ) -> list[FaqEntry]:
        """Move entries a step on, all or none; `note` is kept with who did it.

        Raises:
            FaqError: If one is not there or not in a state the step starts from, or is to be published though
                a source does not hold; names the entry.
            StoreError: If the database refuses.
        """
        starts, state = STEPS[action]
        with self._writing("FAQ step could not be stored") as session:
            library = self._library(session)
            touched = False
            moved = []
            for faq_id in dict.fromkeys(faq_ids):
                record = session.get(FaqRecord, faq_id)
                if record is None:
                    raise FaqError(f"没有编号为 {faq_id} 的问答")
                if record.state not in starts:
                    names = "或".join(_STATE_NAMES[each] for each in FaqState if each in starts)
                    raise FaqError(
                        f"问答 {faq_id}“{record.question}”是{_STATE_NAMES[FaqState(record.state)]}，"
                        f"{names}的才能{_STEP_NAMES[action]}"
                    )
                entry = _entry(record)
                if action is FaqAction.PUBLISH and not _ever_stands_from(entry, library, today):
                    lost = next(_doubts(entry, library, today), None)
                    reason = lost.reason if lost else "各项依据没有同时有效的一天"
                    raise FaqError(f"问答 {faq_id}“{record.question}”不能发布：{reason}")
                touched |= FaqState.PUBLISHED in (record.state, state)
                record.state = state
                record.changes.append(FaqChangeRecord(by=by, action=action, state=state, note=note))
                session.flush()
                moved.append(_entry(record))
            if touched:
                raise_revision(session)
            return moved

    def get(self, faq_id: int) -> FaqEntry:
        """Return an entry.

        Raises:
            FaqError: If there is none of this number.
        """
        with self._reading() as session:
            record = session.get(FaqRecord, faq_id)
            if record is None:
                raise FaqError(f"没有编号为 {faq_id} 的问答")
            return _entry(record)

    def passage_of(self, written: str, *, region: str, day: date) -> CitedPassage:
        """Return the words a source such as `《标题》第X条` points to, in force on `day` or begun later.

        Args:
            region: Whoever asks there must see it; empty for anywhere.

        Raises:
            FaqError: If there is no such place.
        """
        with self._reading() as session:
            library = self._library(session)
            source, _ = library.resolve(written, region=region, day=day)
            version = next(v for v in library.versions(source.document_id) if v.id == source.version_id)
            passage = library.passage(version, source.place)
        if passage is None:
            raise FaqError(f"依据“{written}”：《{version.title}》里没有“{source.place}”")
        return passage

    def entries(self, *, state: FaqState | None = None) -> list[FaqEntry]:
        """Return every entry, or those in a state, by number."""
        wanted = select(FaqRecord).order_by(FaqRecord.id)
        with self._reading() as session:
            return [
                _entry(each)
                for each in session.scalars(wanted if state is None else wanted.filter_by(state=state))
            ]

    def phrasings(self) -> tuple[int, list[Phrasing]]:
        """Return the revision and, as of it, every published question and variant with its days."""
        with self._reading() as session:
            hold_still(session)
            library = self._library(session)
            published = select(FaqRecord).where(self._answered_from()).order_by(FaqRecord.id)
            return revision_of(session), [
                Phrasing(
                    entry.id, text, entry.content.answer, entry.content.region, standing.first, standing.end
                )
                for entry in map(_entry, session.scalars(published).all())
                for standing in _standings(entry, library)
                for text in (entry.content.question, *entry.content.variants)
            ]

    def standing_on(self, faq_ids: Iterable[int], day: date) -> dict[int, tuple[FaqEntry, Standing]]:
        """Return those of the entries that are published and whose every source holds on `day`."""
        with self._reading() as session:
            library = self._library(session)
            rows = session.scalars(
                select(FaqRecord).where(FaqRecord.id.in_(set(faq_ids)), self._answered_from())
            ).all()
            return {
                entry.id: (entry, standing)
                for entry in map(_entry, rows)
                for standing in _standings(entry, library)
                if standing.first <= day < standing.end
            }

    def review(self, day: date) -> list[FaqDoubt]:
        """Return what of the published and submitted entries cannot be answered from on `day`, and why."""
        with self._reading() as session:
            library = self._library(session)
            states = (FaqState.PUBLISHED, FaqState.IN_REVIEW)
            rows = session.scalars(
                select(FaqRecord).where(FaqRecord.state.in_(states)).order_by(FaqRecord.id)
            )
            return [doubt for entry in map(_entry, rows.all()) for doubt in _doubts(entry, library, day)]


def _tidied(row: FaqRow) -> FaqRow:
    """Return the row without stray spaces and doublets; refuse what is missing or too long."""
    question = _one_line(row.question)
    answer = "\n".join(line.strip() for line in row.answer.strip().splitlines() if line.strip())
    variants = tuple(
        each for each in dict.fromkeys(map(_one_line, row.variants)) if each and each != question
    )
    sources = tuple(each for each in dict.fromkeys(map(_one_line, row.sources)) if each)
    for column, text, limit in (
        ("问题", question, MAX_QUESTION_CHARS),
        ("答案", answer, MAX_ANSWER_CHARS),
        *(("相似问", each, MAX_QUESTION_CHARS) for each in variants),
    ):
        if not text:
            raise FaqError(f"缺少{column}", column=column)
        if len(text) > limit:
            raise FaqError(f"{column}有 {len(text)} 字，最多 {limit} 字", column=column)
    if len(variants) > MAX_VARIANTS:
        raise FaqError(f"相似问有 {len(variants)} 个，最多 {MAX_VARIANTS} 个", column="相似问")
    if not sources:
        raise FaqError("缺少依据：至少写一条《标题》第X条", column="依据")
    if row.effective_from and row.effective_to and row.effective_to <= row.effective_from:
        raise FaqError(f"失效日期 {row.effective_to} 不晚于生效日期 {row.effective_from}", column="失效")
    region = row.region.strip().strip("/")
    return FaqRow(question, answer, sources, variants, region, row.effective_from, row.effective_to)


def _one_line(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


def _resolved(row: FaqRow, library: Library, today: date) -> tuple[FaqRow, tuple[FaqSource, ...]]:
    """Return the row with its region, and its sources as found."""
    day = max(today, row.effective_from or today)
    try:
        found = [library.resolve(each, region=row.region, day=day) for each in row.sources]
    except FaqError as fault:
        raise FaqError(str(fault), column="依据") from None
    region = row.region or max((of for _, of in found), key=specificity, default=NATIONAL)
    unseen = next((of for _, of in found if of not in visible(region)), None)
    if unseen:
        raise FaqError(f"依据分属{unseen}和{region}，没有哪里的市民两处都看得到：请分成两条", column="依据")
    placed = FaqRow(
        row.question, row.answer, row.sources, row.variants, region, row.effective_from, row.effective_to
    )
    return placed, tuple(source for source, _ in found)


def _is_same(entry: FaqEntry, row: FaqRow, sources: Sequence[FaqSource], library: Library) -> bool:
    """Tell whether nothing changed: neither the row nor the words it rests on."""
    return entry.content == row and all(
        any(span.passage.version_id == new.version_id for span in library.spans(old, region=row.region))
        for old, new in zip(entry.sources, sources, strict=True)
    )


def _standings(entry: FaqEntry, library: Library) -> Iterator[Standing]:
    """Yield the days on which every source holds at once, within the entry's own days, in order."""
    content = entry.content
    own = (content.effective_from or date.min, content.effective_to or date.max)
    combined: list[tuple[date, date, tuple[Span, ...]]] = [(*own, ())]
    for source in entry.sources:
        combined = [
            (max(first, span.first), min(end, span.end), (*spans, span))
            for first, end, spans in combined
            for span in library.spans(source, region=content.region)
        ]
    for first, end, spans in combined:
        if first < end:
            yield Standing(first, end, tuple(span.passage for span in spans))


def _ever_stands_from(entry: FaqEntry, library: Library, day: date) -> bool:
    return any(standing.end > day for standing in _standings(entry, library))


def _doubts(entry: FaqEntry, library: Library, day: date) -> Iterator[FaqDoubt]:
    content = entry.content
    if content.effective_to and content.effective_to <= day:
        yield FaqDoubt(entry, "", f"问答本身已于 {content.effective_to} 失效")
        return
    for source in entry.sources:
        spans = library.spans(source, region=content.region)
        if not any(span.first <= day < span.end for span in spans):
            yield FaqDoubt(entry, source.reference, *library.why_lost(source, region=content.region, day=day))


def _source_record(position: int, source: FaqSource) -> FaqSourceRecord:
    return FaqSourceRecord(
        position=position,
        reference=source.reference,
        document_id=source.document_id,
        version_id=source.version_id,
        place=source.place,
    )


def _entry(record: FaqRecord) -> FaqEntry:
    return FaqEntry(
        id=record.id,
        content=FaqRow(
            question=record.question,
            answer=record.answer,
            sources=tuple(each.reference for each in record.sources),
            variants=tuple(each.text for each in record.variants),
            region=record.region,
            effective_from=record.effective_from,
            effective_to=record.effective_to,
        ),
        sources=tuple(
            FaqSource(each.reference, each.document_id, each.version_id, each.place)
            for each in record.sources
        ),
        state=FaqState(record.state),
        changes=tuple(
            FaqChange(each.at, each.by, FaqAction(each.action), FaqState(each.state), each.note)
            for each in record.changes
        ),
    )
