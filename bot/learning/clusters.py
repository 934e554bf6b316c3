"""Clusters of unanswered questions, most asked first, without those that are dealt with."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.answer import AnswerStatus
from bot.learning.asked import AskedQuestion
from bot.learning.clustering import components, group, medoid
from bot.learning.sameness import Sameness, Sense
from knowledge_base.faq.records import FaqAction, FaqEntry, FaqState
from retrieval.contracts import Vectors

WEEK = timedelta(days=7)
MOST_QUESTIONS = 5000
"""As many different questions are compared at most, the newest: their similarities take 100 MB."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """Questions that ask the same, oldest first.

    Attributes:
        question: The one that is most like all others, as it was asked.
    """

    question: str
    region: str
    members: tuple[AskedQuestion, ...]

    @property
    def number(self) -> int:
        """What an operator calls it by: the id of its first question, which later ones do not change."""
        return self.members[0].id

    @property
    def size(self) -> int:
        return len(self.members)

    @property
    def variants(self) -> tuple[str, ...]:
        """The other wordings, the most frequent first."""
        counted = Counter(each.text for each in self.members)
        return tuple(text for text, _ in counted.most_common() if text != self.question)

    @property
    def statuses(self) -> Mapping[AnswerStatus, int]:
        return Counter(each.status for each in self.members)

    @property
    def disliked_share(self) -> float:
        """Share of its questions with 👎 or a bad rating, in [0, 1]."""
        return sum(each.disliked for each in self.members) / self.size

    def asked_between(self, begin: datetime, end: datetime) -> int:
        """Return how many were asked from one moment to before another."""
        return sum(begin <= each.at < end for each in self.members)

    def trend(self, now: datetime) -> tuple[int, int]:
        """Return how many were asked in the week up to now, and in the week before."""
        return self.asked_between(now - WEEK, now), self.asked_between(now - 2 * WEEK, now - WEEK)


@dataclass(frozen=True, slots=True)
class Mark:
    """What was done about a question: `dismissed`, or `drafted` as a FAQ entry."""

    mark: str
    faq_id: int | None
    at: datetime


def group_questions(
    asked: Sequence[AskedQuestion], vectors: Vectors, senses: Sequence[Sense], sameness: Sameness
) -> list[Cluster]:
    """Put questions that ask the same together; `vectors` and `senses` are those of `asked`, in order.

    Equal wordings of one region are compared once. Clusters come by size, then the latest first.
    """
    wordings: dict[tuple[str, str], list[int]] = {}
    for place, each in enumerate(asked):
        wordings.setdefault((each.text, senses[place].region), []).append(place)
    distinct = list(wordings.values())[-MOST_QUESTIONS:]
    firsts = [places[0] for places in distinct]
    cosines = vectors[firsts] @ vectors[firsts].T
    clusters = []
    # Rules only take away from the cosine: below the threshold no pair reaches it.
    for part in components(cosines >= sameness.threshold):
        of_part = [firsts[at] for at in part]
        similarity = sameness.similarity(vectors[of_part], [senses[place] for place in of_part])
        for members in group(similarity, sameness.threshold):
            places = sorted(place for at in members for place in distinct[part[at]])
            named = of_part[medoid(similarity, members)]
            clusters.append(
                Cluster(asked[named].text, senses[named].region, tuple(asked[place] for place in places))
            )
    return sorted(clusters, key=lambda each: (-each.size, -each.members[-1].id))


def still_open(
    clusters: Sequence[Cluster], marks: Mapping[int, Mark], entries: Mapping[int, FaqEntry]
) -> list[Cluster]:
    """Return the clusters with something left to do, each with the questions that are left.

    The newest mark on any question of a cluster counts for the whole of it. Dismissed stays dismissed. A
    draft holds until it is published; then what was asked after that counts: the entry did not answer it.
    """
    left = []
    for each in clusters:
        found = [marks[member.id] for member in each.members if member.id in marks]
        if not found:
            left.append(each)
            continue
        newest = max(found, key=lambda mark: mark.at)
        since = _answered_since(newest, entries)
        later = tuple(member for member in each.members if since is not None and member.at > since)
        if later:
            left.append(Cluster(each.question, each.region, later))
    return sorted(left, key=lambda each: (-each.size, -each.members[-1].id))


def _answered_since(mark: Mark, entries: Mapping[int, FaqEntry]) -> datetime | None:
    """Return from when on questions count anew; None for never."""
    entry = None if mark.faq_id is None else entries.get(mark.faq_id)
    if entry is None:
        return None
    if entry.state is FaqState.PUBLISHED:
        return max(change.at for change in entry.changes if change.action is FaqAction.PUBLISH)
    if entry.state is FaqState.WITHDRAWN:
        return datetime.min.replace(tzinfo=mark.at.tzinfo)
    return None
