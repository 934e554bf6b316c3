"""Settling what is in force: a version's days follow from its words, its successors and repeals by others.

Run inside the transaction of every write, so that no reader sees a regulation beside the one that ended it.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from knowledge_base.database import DocumentRow, VersionRow, meta_of
from knowledge_base.legal_effect import EffectPeriod, is_target, normalise_title, resolve
from knowledge_base.records import DocumentMeta, Inference

_BY_NUMBER = ""


@dataclass(frozen=True, slots=True)
class _Version:
    """A version with the document it belongs to."""

    row: VersionRow
    source_file: str
    parent_id: int | None
    meta: DocumentMeta


_Histories = dict[int, list[_Version]]
_Span = tuple[date, date]  # first day and the day after the last; `date.min` and `date.max` are open
_Endings = dict[str, list[tuple[_Version, Inference]]]


def begins(meta: DocumentMeta) -> date | None:
    """Return the day a text begins by what is said of it, the 发布日期 standing in; None if unknown."""
    return meta.effective_from or meta.published


def settle(session: Session) -> None:
    """Set `effective_from` and `effective_to` of every version anew."""
    for history, periods in _settled(session):
        for version, period in zip(history, periods, strict=True):
            settled = (period.effective_from, period.effective_to)
            if (version.row.effective_from, version.row.effective_to) != settled:
                version.row.effective_from, version.row.effective_to = settled


def review(session: Session) -> dict[str, tuple[str, ...]]:
    """Return what an operator should look at, by source file; earlier versions are left out."""
    notes: dict[str, list[str]] = defaultdict(list)
    for history, periods in _settled(session):
        newest, period = history[-1], periods[-1]
        # A 附件 never in force was withdrawn, or ended with its main text, which has a note of its own.
        if newest.parent_id is None or _ever_in_force(period):
            notes[newest.source_file] += period.review
    return {file: tuple(dict.fromkeys(of_file)) for file, of_file in notes.items() if of_file}


def _settled(session: Session) -> Iterator[tuple[list[_Version], list[EffectPeriod]]]:
    """Yield the versions of each document, oldest first, with the days of each."""
    histories = _histories(session)
    newest = [history[-1] for history in histories.values()]
    successors = {version.source_file: version for version in newest if version.parent_id is None}
    endings = _endings(newest)
    spans: dict[int, _Span] = {}
    for document_id, history in histories.items():
        periods = [
            _period(version, history[place + 1 :], successors, endings)
            for place, version in enumerate(history)
        ]
        parent_id = history[-1].parent_id
        if parent_id is not None:
            periods = [_clipped(period, spans[parent_id]) for period in periods]
        spans[document_id] = _span(periods)
        yield history, periods


def _histories(session: Session) -> _Histories:
    """Return the versions by document; main texts come first, as a 附件 lives and ends with its main text."""
    histories: _Histories = defaultdict(list)
    for row, document in session.execute(
        select(VersionRow, DocumentRow)
        .join(DocumentRow, DocumentRow.id == VersionRow.document_id)
        .order_by(DocumentRow.parent_id.is_not(None), VersionRow.document_id, VersionRow.number)
    ):
        version = _Version(row, document.source_file, document.parent_id, meta_of(row))
        histories[row.document_id].append(version)
    return histories


def _endings(newest: Sequence[_Version]) -> _Endings:
    """Return what these versions say of the end of others, by the other's title (or under `_BY_NUMBER`)."""
    endings: _Endings = defaultdict(list)
    for version in newest:
        for inference in version.meta.inferred:
            if inference.target and inference.field == "effective_to":
                by_number = inference.target.endswith("号")
                key = _BY_NUMBER if by_number else normalise_title(inference.target)
                endings[key].append((version, inference))
    return endings


def _period(
    version: _Version, later: Sequence[_Version], successors: dict[str, _Version], endings: _Endings
) -> EffectPeriod:
    """Return when a version is in force, `later` being the versions that followed it."""
    successor = successors.get(version.meta.superseded_by)
    ended = [
        date.fromisoformat(inference.value)
        for key in (normalise_title(version.meta.title), _BY_NUMBER)
        for other, inference in endings.get(key, ())
        # A notice that ends 《X》 and passes on a new 《X》 speaks of the old one, whatever its date.
        if other.source_file != version.source_file
        # An authority ends its own documents: those of the same region.
        and other.meta.region == version.meta.region
        and is_target(inference, version.meta)
    ]
    period = resolve(
        version.meta,
        successor_start=begins(successor.meta) if successor else None,
        ended_by_others=ended,
    )
    replaced = [_replaced_on(version.meta, following.meta) for following in later]
    return _clipped(period, (date.min, min(replaced, default=date.max)))


def _replaced_on(older: DocumentMeta, newer: DocumentMeta) -> date:
    """A newer text of a document with no later start corrects the older, which then was never in force."""
    older_begins, newer_begins = begins(older), begins(newer)
    return newer_begins if older_begins and newer_begins and newer_begins > older_begins else date.min


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
