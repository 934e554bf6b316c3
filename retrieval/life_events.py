"""The life events in use with an index of the ways to say them: which one does a question ask for as a whole?

A handful of events with a few wordings each: their vectors are kept in memory, made anew when SQL changes.
"""

import re
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from knowledge_base.folding import fold
from knowledge_base.life_events.records import LifeEvent
from knowledge_base.life_events.store import EventsSnapshot, LifeEventStore
from retrieval.contracts import Encoder, Vectors
from retrieval.query import Query, QueryReader

_LOOK_EVERY_S = 1.0


# What asks for all there is to do; wordings and questions are compared without it, or 退休要跑哪些部门
# would be near every question that runs to several departments.
_FOR_ALL = re.compile(
    r"(?:哪些|什么|啥子?|那些|多少|几[样个种件])(?:相关)?(?:的)?(?:手续|事情?|证件?|部门|流程|步骤|单位|窗口)(?!明)"
    r"|[要该得去跑](?:办|弄|做|跑)(?:理)?(?:些|点)?(?:哪些|什么|啥)|(?:哪些|什么|啥)(?:要|该|得|需要)办|跑(?:哪些|什么|哪几|几个)"
    r"|(?:所有|全部|全套|整套)的?(?:手续|流程|证件?|事情?)+|一条龙|一件事|一次(?:性)?(?:办|说清|讲清|搞定)|全流程|从头到尾|(?:都)?(?:要|该|得)(?:办|弄|做|跑)(?:些)?(?:啥|什么|哪些)"
    r"|(?:接下来|然后|后面)(?:怎么|该|要)(?:办|做|弄)|(?:手续|流程)(?:都)?(?:有|是)(?:哪些|什么|啥)|怎么(?:一步步|着手|开始)"
)
_LEFT_OVER = re.compile(
    r"(?:[，。？?！!、,\s]|请问|一下|我要|我想|打算|[都要该得需和的了]+$|怎么$|那些$|手续$|流程$)+"
)


def asks_for_all(text: str) -> bool:
    """Tell whether folded words ask for all there is to do: 要办哪些手续."""
    return bool(_FOR_ALL.search(text))


def matter_of_event(text: str) -> str:
    """Return folded words without those that ask for all there is to do; all of them where little is left."""
    rest = _LEFT_OVER.sub(" ", _FOR_ALL.sub(" ", text)).strip()
    return rest if sum(char.isalnum() for char in rest) >= 2 else text


@dataclass(frozen=True, slots=True)
class EventHit:
    """An event near the matter of a question; cosines are in [-1, 1].

    Attributes:
        cosine: Of the matter and the nearest of the event's name and aliases.
        told_cosine: Of the matter and the event told whole, as a passage.
        unsaid: Share of the matter's words, in [0, 1], that the event nowhere has.
    """

    code: str
    cosine: float
    told_cosine: float
    unsaid: float


class EventIndex:
    """The wordings of events; read-only.

    Args:
        wordings: Code and text of each.
        vectors: Of the texts, encoded as queries, float32 of shape (n, dim), unit rows.
        told: By code, the event told whole.
        of_told: Of these, in their order, encoded as passages, float32 of shape (m, dim), unit rows.
    """

    def __init__(
        self,
        wordings: Sequence[tuple[str, str]],
        vectors: Vectors,
        told: Mapping[str, str],
        of_told: Vectors,
    ) -> None:
        self._codes = [code for code, _ in wordings]
        self._vectors = vectors
        self._told = {code: fold(text) for code, text in told.items()}
        self._of_told = of_told

    def search(self, matter: Query, vector: Vectors, *, allowed: Collection[str]) -> list[EventHit]:
        """Return the allowed events by falling cosine with the matter's vector, float32 of shape (dim,)."""
        best: dict[str, float] = {}
        for code, cosine in zip(self._codes, (self._vectors @ vector).tolist(), strict=True):
            if code in allowed:
                best[code] = max(cosine, best.get(code, -1.0))
        whole = dict(zip(self._told, (self._of_told @ vector).tolist(), strict=True))
        hits = (
            EventHit(code, cosine, whole[code], _unsaid(matter, self._told[code]))
            for code, cosine in best.items()
        )
        return sorted(hits, key=lambda hit: (-hit.cosine, hit.code))


def _unsaid(matter: Query, told: str) -> float:
    """Return the share of words left unsaid; one put into official terms is said where one of them is."""
    official = {each.matched: each.official for each in matter.expansions}
    words = [word for word in matter.words if len(word) > 1]
    missing = [
        word
        for word in words
        if word not in told
        and not any(word in said and any(term in told for term in terms) for said, terms in official.items())
    ]
    return len(missing) / len(words) if words else 0.0


@dataclass(frozen=True, slots=True)
class LifeEvents:
    """The life events and their index, of one revision."""

    snapshot: EventsSnapshot
    index: EventIndex


class LiveLifeEvents:
    """The life events in use, looked for at most once a second; who finds newer ones builds them at once."""

    def __init__(self, store: LifeEventStore, *, monotonic_s: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._monotonic_s = monotonic_s
        self._lock = threading.Lock()
        self._looked_at = 0.0
        self._fingerprint = ""
        self._events: LifeEvents | None = None
        self._vectors: Mapping[tuple[str, bool], Vectors] = {}

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
        newest = {code: versions[-1].event for code, versions in snapshot.versions.items()}
        wordings = [
            (code, matter_of_event(fold(text)))
            for code, versions in snapshot.versions.items()
            for text in dict.fromkeys(
                text for version in versions for text in (version.event.name, *version.event.aliases)
            )
        ]
        told = {code: _told(event) for code, event in newest.items()}
        known = self._vectors if encoder.fingerprint == self._fingerprint else {}
        as_query = dict.fromkeys((text, False) for _, text in wordings)
        as_passage = dict.fromkeys((text, True) for text in told.values())
        fresh: dict[tuple[str, bool], Vectors] = {}
        for keys, encode in ((as_query, encoder.encode_queries), (as_passage, encoder.encode_passages)):
            missing = [key for key in keys if key not in known]
            if missing:
                vectors = encode([reader.read(text).encoder_text for text, _ in missing])
                fresh |= dict(zip(missing, vectors, strict=True))
        self._vectors = {key: fresh[key] if key in fresh else known[key] for key in (*as_query, *as_passage)}
        none = np.empty((0, encoder.dim), dtype=np.float32)
        of_wordings = [self._vectors[text, False] for _, text in wordings]
        of_told = [self._vectors[text, True] for text in told.values()]
        index = EventIndex(
            wordings,
            np.stack(of_wordings) if of_wordings else none,
            told,
            np.stack(of_told) if of_told else none,
        )
        return LifeEvents(snapshot, index)


def _told(event: LifeEvent) -> str:
    """Return an event told whole: its names, what it is for, and what it asks."""
    asked = (f"{each.text}{'、'.join(option.label for option in each.options)}" for each in event.questions)
    return "。".join(filter(None, (event.name, *event.aliases, event.intro, *asked)))
