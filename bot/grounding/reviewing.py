"""A model's answer, sentence by sentence, and what of it may be shown.

The whole counts as well as its parts. It is not shown, and the quotation is, when
- a sentence holds a way out the model was not given, a blocked word or the fence: then none of it is trusted;
- more than a third of its sentences fail: what is left was not written to stand alone;
- no sentence rests on the first source: that is the one the service is confident about.
"""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from bot.grounding.checking import Disagreement, Fault, disagreement
from bot.grounding.contacts import restore_contacts, unknown_contacts
from bot.grounding.coverage import cover, load_rephrasing
from bot.grounding.likeness import SupportLikeness
from bot.grounding.reading import CitedSentence, SentenceReader
from bot.grounding.statements import SourceText
from bot.responders.prompting import Material, PreparedSource
from retrieval.contracts import Vectors

DROPPED_AT_MOST = 1 / 3
MAX_CHARS = 3000
_TAINTS = frozenset({Fault.FENCE, Fault.CONTACT, Fault.BLOCKED_WORD})
_LEANS_BACK = re.compile(
    r"(?:但|不过|然而|否则|其中|此外|另外|同时|因此|所以|反之|除此|上述|这|该|其(?!他)|并|而|同样|也|还|如果不|逾期)"
)
# What a sentence is written in; anything else, such as ① or a character without width, is a disguise.
_PLAIN = re.compile(
    r"[㐀-鿿0-9A-Za-z０-９Ａ-Ｚａ-ｚ　 ，。、；：？！“”‘’（）《》〈〉—…·～⟦⟧,.;:?!()\[\]\"'%％/+=×÷-]"
)


class Outcome(StrEnum):
    """What became of a model's answer."""

    SHOWN = "shown"
    UNAVAILABLE = "unavailable"
    TAINTED = "tainted"
    NOTHING_LEFT = "nothing_left"
    TOO_MUCH_DROPPED = "too_much_dropped"
    FIRST_SOURCE_UNUSED = "first_source_unused"


@dataclass(frozen=True, slots=True)
class Dropped:
    """A sentence that is not shown: its place in the answer, from 1, and why."""

    place: int
    cites: tuple[int, ...]
    why: Disagreement


@dataclass(slots=True)
class Review:
    """Takes a model's text in and keeps the sentences that hold.

    Args:
        is_blocked: Tells whether a text holds a word of the block list.
    """

    material: Material
    likeness: SupportLikeness
    is_blocked: Callable[[str], bool]
    kept: list[CitedSentence] = field(default_factory=list)
    dropped: list[Dropped] = field(default_factory=list)
    _reader: SentenceReader = field(default_factory=SentenceReader)
    _sources: dict[int, tuple[PreparedSource, SourceText]] = field(init=False)
    _vectors: dict[int, Vectors] = field(default_factory=dict)
    _chars: int = 0
    _read: int = 0
    _follows_dropped: bool = False

    def __post_init__(self) -> None:
        self._sources = {
            source.n: (source, SourceText(source.text, source.about)) for source in self.material.sources
        }

    def read(self, piece: str) -> None:
        """Take a piece of the model's text."""
        self._chars += len(piece)
        for sentence in self._reader.feed(piece):
            self._take(sentence)

    def finish(self) -> None:
        """Take what is left when the model has ended."""
        for sentence in self._reader.finish():
            self._take(sentence)

    @property
    def is_decided(self) -> bool:
        """Whether reading on changes nothing: a taint, or more than a citizen would read."""
        return self.is_tainted or self._chars > MAX_CHARS

    @property
    def is_tainted(self) -> bool:
        return any(each.why.fault in _TAINTS for each in self.dropped)

    @property
    def outcome(self) -> Outcome:
        if self.is_tainted:
            return Outcome.TAINTED
        if not self.kept:
            return Outcome.NOTHING_LEFT
        if len(self.dropped) > DROPPED_AT_MOST * (len(self.kept) + len(self.dropped)):
            return Outcome.TOO_MUCH_DROPPED
        if all(self.material.sources[0].n not in sentence.cites for sentence in self.kept):
            return Outcome.FIRST_SOURCE_UNUSED
        return Outcome.SHOWN

    @property
    def faults(self) -> dict[str, int]:
        """How many sentences were dropped for each reason."""
        return dict(Counter(each.why.fault.value for each in self.dropped))

    def _take(self, sentence: CitedSentence) -> None:
        self._read += 1
        why = self._fault(sentence)
        if why is None:
            restored = restore_contacts(sentence.text, self.material.originals)
            self.kept.append(CitedSentence(restored, sentence.cites))
        elif why.fault is Fault.UNCITED and not cover(sentence.text, (), load_rephrasing()).new:
            return  # 您好。 is nobody's statement
        else:
            self.dropped.append(Dropped(self._read, sentence.cites, why))
        self._follows_dropped = why is not None

    def _fault(self, sentence: CitedSentence) -> Disagreement | None:
        return self._taint(sentence) or self._form(sentence) or self._content(sentence)

    def _taint(self, sentence: CitedSentence) -> Disagreement | None:
        """Return what makes the whole answer untrustworthy."""
        text = sentence.text
        if self.material.fence in text or "【" in text:
            return Disagreement(Fault.FENCE)
        if contacts := unknown_contacts(text, self._known(sentence)):
            return Disagreement(Fault.CONTACT, f"{len(contacts)}")
        return Disagreement(Fault.BLOCKED_WORD) if self.is_blocked(text) else None

    def _form(self, sentence: CitedSentence) -> Disagreement | None:
        """Return why the sentence cannot be compared with a source."""
        known = self._known(sentence)
        if odd := [char for char in sentence.text if not _PLAIN.match(char) and char not in known]:
            return Disagreement(Fault.ODD_CHARACTERS, " ".join(f"U+{ord(char):04X}" for char in odd))
        if not sentence.cites:
            return Disagreement(Fault.UNCITED)
        if unknown := [n for n in sentence.cites if n not in self._sources]:
            return Disagreement(Fault.UNKNOWN_SOURCE, "、".join(map(str, unknown)))
        if self._follows_dropped and _LEANS_BACK.match(sentence.text):
            return Disagreement(Fault.DANGLING)
        return None

    def _content(self, sentence: CitedSentence) -> Disagreement | None:
        """Return what the sentence says that its sources do not."""
        texts = [self._sources[n][1] for n in sentence.cites]
        return disagreement(_without_reference(sentence.text, texts), texts) or self._unlike(sentence)

    def _known(self, sentence: CitedSentence) -> str:
        return "\n".join(self._sources[n][0].text for n in sentence.cites if n in self._sources)

    def _unlike(self, sentence: CitedSentence) -> Disagreement | None:
        nearest = max(self.likeness.nearest(sentence.text, self._vectors_of(n)) for n in sentence.cites)
        if nearest >= self.likeness.threshold:
            return None
        return Disagreement(Fault.UNLIKE, f"{nearest:.3f} < {self.likeness.threshold:.3f}")

    def _vectors_of(self, n: int) -> Vectors:
        if n not in self._vectors:
            self._vectors[n] = self.likeness.vectors(self._sources[n][0].text)
        return self._vectors[n]


_REFERENCE = re.compile(
    r"^(?:您好[，,！!]?)?(?:根据|按照|依据|依照)?(?P<where>《[^《》]{2,80}》(?:（[^（）]{2,40}）)?(?:第[一二三四五六七八九十百零〇\d]+条)?)"
    r"(?:的?(?:相关|有关)?规定|规定|明确|指出)?[，,：:]?"
)


def _without_reference(text: str, sources: list[SourceText]) -> str:
    """Leave out 根据《…》第五条规定， where it says truly where a source stands."""
    found = _REFERENCE.match(text)
    if found and any(_squeeze(found["where"]) in _squeeze(source.about) for source in sources):
        return text[found.end() :]
    return text


def _squeeze(text: str) -> str:
    return re.sub(r"\s", "", text)
