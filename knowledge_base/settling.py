"""Settling what is in force: a version's days follow from its words, its successors and repeals by others.

Run inside the transaction of every write, so that no reader sees a regulation beside the one that ended it.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from knowledge_base.database import DocumentRow, EditionPartRow, EditionRow, VersionRow, belongs, meta_of
from knowledge_base.legal_effect import EffectPeriod, is_target, normalise_title, resolve
from knowledge_base.records import DocumentMeta, EditionState, Inference

_BY_NUMBER = ""


@dataclass(frozen=True, slots=True)
class _Version:
    """A version that is published, with the document it belongs to.

    `editions` are the published editions it belongs to, oldest first: for a main text, its own.
    """

    row: VersionRow
    source_file: str
    parent_id: int | None
    meta: DocumentMeta
    editions: tuple[EditionRow, ...]

    @property
    def publish_on(self) -> date:
        """First day it may be shown; `date.min` is open."""
        return min(edition.publish_on or date.min for edition in self.editions)

    @property
    def leave_on(self) -> date:
        """First day it may no longer be shown; `date.max` is open."""
        return max(edition.leave_on or date.max for edition in self.editions)


_Histories = dict[int, list[_Version]]
_Span = tuple[date, date]  # first day and the day after the last; `date.min` and `date.max` are open
_Endings = dict[str, list[tuple[_Version, Inference]]]


def begins(meta: DocumentMeta) -> date | None:
    """Return the day a text begins by what is said of it, the 发布日期 standing in; None if unknown."""
    return meta.effective_from or meta.published


def settle(session: Session) -> None:
    """Set `effective_from` and `effective_to` of every version anew; what is not published has no day."""
    for history, periods in _settled(session):
        for version, period in zip(history, periods, strict=True):
            _set_days(version.row, period.effective_from, period.effective_to)
    dated = VersionRow.effective_to.is_(None) | (VersionRow.effective_to > date.min)
    for row in session.scalars(
        select(VersionRow).where(dated, ~belongs(EditionRow.state == EditionState.PUBLISHED))
    ):
        _set_days(row, row.effective_from, date.min)


def _set_days(row: VersionRow, effective_from: date | None, effective_to: date | None) -> None:
    if (row.effective_from, row.effective_to) != (effective_from, effective_to):
        row.effective_from, row.effective_to = effective_from, effective_to


def review(session: Session) -> dict[str, tuple[str, ...]]:
    """Return what an operator should look at, by source file; earlier versions are left out."""
    notes: dict[str, list[str]] = defaultdict(list)
    for history, periods in _settled(session):
        newest, period = history[-1], periods[-1]
        # A 附件 never in force ended with its main text, which has a note of its own.
        if newest.parent_id is None or _ever_in_force(period):
            notes[newest.source_file] += period.review
    return {file: tuple(dict.fromkeys(of_file)) for file, of_file in notes.items() if of_file}


def _settled(session: Session) -> Iterator[tuple[list[_Version], list[EffectPeriod]]]:
    """Yield the published versions of each document, oldest first, with the days of each."""
    histories, unpublished = _histories(session)
    # The newest that is shown already: one still to come leaves what its forerunner has replaced alone.
    shown = [_newest_shown(history) for history in histories.values()]
    successors = {version.source_file: version for version in shown if version.parent_id is None}
    endings = _endings(histories.values())
    spans: dict[int, _Span] = {}
    for document_id, history in histories.items():
        parent_id = history[-1].parent_id
        periods = [
            _period(version, history[place + 1 :], successors, unpublished, endings)
            for place, version in enumerate(history)
        ]
        if parent_id is not None:
            periods = [_clipped(period, spans[parent_id]) for period in periods]
            periods[-1] = _clipped(periods[-1], (date.min, _gone_on(history[-1], histories[parent_id])))
        spans[document_id] = _span(periods)
        yield history, periods


def _histories(session: Session) -> tuple[_Histories, set[str]]:
    """Return the published versions by document, and the files that have none.

    Main texts come first, as a 附件 lives and ends with its main text.
    """
    editions: dict[int, list[EditionRow]] = defaultdict(list)
    for edition in session.scalars(select(EditionRow).filter_by(state=EditionState.PUBLISHED)):
        editions[edition.version_id].append(edition)
    for version_id, edition in session.execute(
        select(EditionPartRow.version_id, EditionRow)
        .join(EditionRow, EditionRow.version_id == EditionPartRow.edition_id)
        .where(EditionRow.state == EditionState.PUBLISHED)
        .order_by(EditionPartRow.edition_id)
    ):
        editions[version_id].append(edition)
    histories: _Histories = defaultdict(list)
    unpublished: set[str] = set()
    for row, document in session.execute(
        select(VersionRow, DocumentRow)
        .join(DocumentRow, DocumentRow.id == VersionRow.document_id)
        .order_by(DocumentRow.parent_id.is_not(None), VersionRow.document_id, VersionRow.number)
    ):
        unpublished.add(document.source_file)
        if of_version := editions.get(row.id):
            version = _Version(row, document.source_file, document.parent_id, meta_of(row), tuple(of_version))
            histories[row.document_id].append(version)
    unpublished -= {version.source_file for history in histories.values() for version in history}
    return histories, unpublished


def _newest_shown(history: Sequence[_Version]) -> _Version:
    return next((version for version in reversed(history) if version.publish_on == date.min), history[-1])


def _gone_on(part: _Version, main: Sequence[_Version]) -> date:
    """Return the day the first later text begins that no longer holds a 附件; `date.max` if there is none."""
    last = part.editions[-1].version_id
    later = next((version for version in main if version.row.id > last), None)
    return date.max if later is None else _starts(later) or date.min


def _starts(version: _Version) -> date | None:
    """Return the first day a text is both in force by its words and shown; None if unknown."""
    begun = begins(version.meta)
    return max(begun or date.min, version.publish_on) if begun or version.publish_on > date.min else None


def _endings(histories: Iterable[Sequence[_Version]]) -> _Endings:
    """Return what these versions say of the end of others, by the other's title (or under `_BY_NUMBER`).

    The newest version of a document speaks; until it is shown, those before it do, and what they have
    ended stays ended.
    """
    endings: _Endings = defaultdict(list)
    for history in histories:
        for version in reversed(history):
            for inference in version.meta.inferred:
                if inference.target and inference.field == "effective_to":
                    by_number = inference.target.endswith("号")
                    key = _BY_NUMBER if by_number else normalise_title(inference.target)
                    endings[key].append((version, inference))
            if version.publish_on == date.min:
                break
    return endings


def _period(
    version: _Version,
    later: Sequence[_Version],
    successors: dict[str, _Version],
    unpublished: set[str],
    endings: _Endings,
) -> EffectPeriod:
    """Return when a version is in force, `later` being the versions that followed it."""
    meta = version.meta
    if meta.superseded_by in unpublished:
        meta = replace(meta, superseded_by="")  # a draft replaces nothing, nor does what was withdrawn
    successor = successors.get(meta.superseded_by)
    ended = [
        max(date.fromisoformat(inference.value), other.publish_on)
        for key in (normalise_title(meta.title), _BY_NUMBER)
        for other, inference in endings.get(key, ())
        # A notice that ends 《X》 and passes on a new 《X》 speaks of the old one, whatever its date.
        if other.source_file != version.source_file
        # An authority ends its own documents: those of the same region.
        and other.meta.region == meta.region
        and is_target(inference, meta)
    ]
    period = resolve(meta, successor_start=_starts(successor) if successor else None, ended_by_others=ended)
    replaced = [_replaced_on(version, following) for following in later]
    shown = (version.publish_on, version.leave_on)
    return _clipped(_clipped(period, shown), (date.min, min(replaced, default=date.max)))


def _replaced_on(older: _Version, newer: _Version) -> date:
    """A newer text of a document with no later start corrects the older, which then was never in force."""
    older_starts, newer_starts = _starts(older), _starts(newer)
    if newer_starts is None or (older_starts is None and newer.publish_on == date.min):
        return date.min
    return newer_starts if newer_starts > (older_starts or date.min) else date.min


def _clipped(period: EffectPeriod, span: _Span) -> EffectPeriod:
    start = max(period.effective_from or date.min, span[0])
    end = min(period.effective_to or date.max, span[1])
    return replace(
        period,
        effective_from=None if start == date.min else start,
        effective_to=None if end == date.max else end,
    )


def _span(periods: Sequence[EffectPeriod]) -> _Span:
    """Return the days from the first on which any of these is in force to the last."""
    lived = [period for period in periods if _ever_in_force(period)] or periods[-1:]
    return (
        min(period.effective_from or date.min for period in lived),
        max(period.effective_to or date.max for period in lived),
    )


def _ever_in_force(period: EffectPeriod) -> bool:
    return period.effective_to is None or (period.effective_from or date.min) < period.effective_to
