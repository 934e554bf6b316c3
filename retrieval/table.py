"""What the indexes know of a passage beside words and vectors: whom it is for, when it holds, what it is."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, fields
from enum import IntFlag
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from retrieval.contracts import Passage, SearchFilter
from retrieval.cues import headed, held

_FILE = "passages.npz"
_REGIONS = "regions.json"
_PURPOSE = re.compile(r"^(?:第\S+条\s*)?(?:为了?|根据).{0,200}?制定", re.S)


class Trait(IntFlag):
    """What part of a document a passage is."""

    PENALTIES = 1  # under 法律责任 or 罚则
    GENERAL = 2  # under 总则
    FINAL = 4  # under 附则
    PURPOSE = 8  # says why the document was made


TRAITS = tuple(Trait)


@dataclass(frozen=True, slots=True)
class PassageTable:
    """Columns of one value per passage, rows as in the indexes.

    Attributes:
        ids: int64, passage ids.
        documents: int32, the same number for passages of one document.
        regions: int32, place in `region_names`.
        depths: int8, 0 for national, 1 for a province, and so on.
        from_days, to_days: int32, ordinals; in force on day d when from <= d < to.
        answerable: bool.
        cues: int32 of `Cue` bits, what the text holds. headed: the same, what the headings announce.
        traits: int32 of `Trait` bits.
        lengths: int32, characters.
        span_starts: int64 of shape (n + 1,): row i has the spans from span_starts[i] to span_starts[i + 1].
        span_cues: int32 of `Cue` bits, one for each span.
    """

    ids: NDArray[np.int64]
    documents: NDArray[np.int32]
    regions: NDArray[np.int32]
    depths: NDArray[np.int8]
    from_days: NDArray[np.int32]
    to_days: NDArray[np.int32]
    answerable: NDArray[np.bool_]
    cues: NDArray[np.int32]
    headed: NDArray[np.int32]
    traits: NDArray[np.int32]
    lengths: NDArray[np.int32]
    span_starts: NDArray[np.int64]
    span_cues: NDArray[np.int32]
    region_names: tuple[str, ...]

    @classmethod
    def build(cls, passages: Sequence[Passage]) -> "PassageTable":
        """Tabulate passages in the order given."""
        documents: dict[str, int] = {}
        regions: dict[str, int] = {}
        spans = [len(passage.spans) for passage in passages]
        return cls(
            ids=np.array([p.id for p in passages], dtype=np.int64),
            documents=np.array(
                [documents.setdefault(p.document or p.title, len(documents)) for p in passages],
                dtype=np.int32,
            ),
            regions=np.array([regions.setdefault(p.region, len(regions)) for p in passages], dtype=np.int32),
            depths=np.array([_depth(p.region) for p in passages], dtype=np.int8),
            from_days=np.array([p.from_day for p in passages], dtype=np.int32),
            to_days=np.array([p.to_day for p in passages], dtype=np.int32),
            answerable=np.array([p.answerable for p in passages], dtype=np.bool_),
            cues=np.array([int(held(p.text)) for p in passages], dtype=np.int32),
            headed=np.array([int(headed(p.heading)) for p in passages], dtype=np.int32),
            traits=np.array([int(_traits(p)) for p in passages], dtype=np.int32),
            lengths=np.array([len(p.text) for p in passages], dtype=np.int32),
            span_starts=np.concatenate([[0], np.cumsum(spans, dtype=np.int64)]).astype(np.int64),
            span_cues=np.array(
                [int(held(p.text[start:end])) for p in passages for start, end in p.spans], dtype=np.int32
            ),
            region_names=tuple(regions),
        )

    @classmethod
    def load(cls, folder: Path) -> "PassageTable":
        with np.load(folder / _FILE) as columns:
            arrays = {name: columns[name] for name in columns.files}
        return cls(**arrays, region_names=tuple(json.loads((folder / _REGIONS).read_text(encoding="utf-8"))))

    def save(self, folder: Path) -> None:
        arrays = {
            field.name: getattr(self, field.name) for field in fields(self) if field.name != "region_names"
        }
        np.savez(folder / _FILE, **arrays)
        (folder / _REGIONS).write_text(json.dumps(self.region_names, ensure_ascii=False), encoding="utf-8")

    def __len__(self) -> int:
        return len(self.ids)

    def rows_of(self, ids: Sequence[int]) -> NDArray[np.int64]:
        """Return the rows of these passage ids, int64 of shape (len(ids),).

        Raises:
            KeyError: If one is not in the table.
        """
        wanted = np.asarray(ids, dtype=np.int64)
        if not len(wanted):
            return wanted
        order = np.argsort(self.ids)
        rows = order[np.minimum(np.searchsorted(self.ids, wanted, sorter=order), len(order) - 1)]
        if (self.ids[rows] != wanted).any():
            raise KeyError(int(wanted[self.ids[rows] != wanted][0]))
        return rows

    def allowed(self, where: SearchFilter | None) -> NDArray[np.bool_]:
        """Return bool of shape (n,): which passages may be returned."""
        mask = self.answerable.copy()
        if where is not None and where.regions is not None:
            visible = np.array([name in where.regions for name in self.region_names], dtype=np.bool_)
            mask &= visible[self.regions] if len(visible) else False
        if where is not None and where.day is not None:
            mask &= (self.from_days <= where.day) & (where.day < self.to_days)
        return mask

    def filter_groups(self) -> NDArray[np.int64]:
        """Return int64 of shape (n,), from 0 on: rows of one number are allowed or forbidden together."""
        columns = np.stack([self.regions, self.from_days, self.to_days, self.answerable], axis=1)
        return np.unique(columns, axis=0, return_inverse=True)[1].reshape(-1).astype(np.int64)


def _depth(region: str) -> int:
    return 0 if region == "全国" else region.count("/") + 1


def _traits(passage: Passage) -> Trait:
    heading = re.sub(r"\s", "", passage.heading)
    traits = Trait(0)
    if "法律责任" in heading or "罚则" in heading:
        traits |= Trait.PENALTIES
    if "总则" in heading:
        traits |= Trait.GENERAL
    if "附则" in heading:
        traits |= Trait.FINAL
    if _PURPOSE.search(passage.text[:300]):
        traits |= Trait.PURPOSE
    return traits
