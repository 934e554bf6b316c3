"""The life events in use with an index of the ways to say them: which one does a question ask for as a whole?

A handful of events with a few wordings each: their vectors are kept in memory, made anew when SQL changes.
"""

import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from knowledge_base.life_events.records import LifeEvent
from knowledge_base.life_events.store import EventsSnapshot, LifeEventStore
from retrieval.contracts import Encoder, Vectors
from retrieval.query import QueryReader

_LOOK_EVERY_S = 1.0


@dataclass(frozen=True, slots=True)
class EventHit:
    """An event near a question: cosine, in [-1, 1], of the nearest of its name and aliases."""

    code: str
    cosine: float


class EventIndex:
    """The wordings of events; read-only.

    Args:
        wordings: Code and text of each.
        vectors: Of the texts, encoded as queries, float32 of shape (n, dim), unit rows.
    """

    def __init__(self, wordings: Sequence[tuple[str, str]], vectors: Vectors) -> None:
        self._codes = [code for code, _ in wordings]
        self._vectors = vectors

    def search(self, vector: Vectors, *, allowed: Collection[str]) -> list[EventHit]:
        """Return the allowed events by falling cosine with a vector, float32 of shape (dim,)."""
        best: dict[str, float] = {}
        for code, cosine in zip(self._codes, (self._vectors @ vector).tolist(), strict=True):
            if code in allowed:
                best[code] = max(cosine, best.get(code, -1.0))
        return sorted((EventHit(*each) for each in best.items()), key=lambda hit: (-hit.cosine, hit.code))


@dataclass(frozen=True, slots=True)
class LifeEvents:
    """The life events and their index, of one revision."""

    snapshot: EventsSnapshot
    index: EventIndex


class LiveLifeEvents:
    """The life events in use, looked for at most once a second; who finds newer ones builds them at once."""

    def __init__(
        self, store: LifeEventStore, *, monotonic_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._store = store
        self._monotonic_s = monotonic_s
        self._lock = threading.Lock()
        self._looked_at = 0.0
        self._fingerprint = ""
        self._events: LifeEvents | None = None
        self._vectors: Mapping[str, Vectors] = {}

    def get(self, reader: QueryReader, encoder: Encoder) -> LifeEvents:
        """Return the events in use, their vectors comparable with those of `encoder`.

        Raises:
            StoreError: If they cannot be read.
        """
        with self._lock:
            events, now = self._events, self._monotonic_s()
            if events is not None and encoder.fingerprint == self._fingerprint:
                if now - self._looked_at <= _LOOK_EVERY_S:
                    return events
                self._looked_at = now
                if self._store.revision() == events.snapshot.revision:
                    return events
            self._looked_at = now
            self._events = self._built(self._store.snapshot(), reader, encoder)
            self._fingerprint = encoder.fingerprint
            return self._events

    def _built(self, snapshot: EventsSnapshot, reader: QueryReader, encoder: Encoder) -> LifeEvents:
        wordings = [
            (code, text)
            for code, versions in snapshot.versions.items()
            for text in dict.fromkeys(
                text for version in versions for text in (version.event.name, *version.event.aliases)
            )
        ]
        known = self._vectors if encoder.fingerprint == self._fingerprint else {}
        missing = list(dict.fromkeys(text for _, text in wordings if text not in known))
        if missing:
            fresh = encoder.encode_queries([reader.read(text).encoder_text for text in missing])
            known = {**known, **dict(zip(missing, fresh, strict=True))}
        self._vectors = {text: known[text] for _, text in wordings}
        vectors = [known[text] for _, text in wordings]
        whole = np.stack(vectors) if vectors else np.empty((0, encoder.dim), dtype=np.float32)
        return LifeEvents(snapshot, EventIndex(wordings, whole))
