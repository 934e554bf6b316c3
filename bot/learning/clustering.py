"""Grouping by average linkage (UPGMA) down to a threshold: no number of groups is given beforehand.

Two groups are merged while the mean similarity over all their pairs reaches the threshold, the most similar
first. That needs at least one pair that reaches it: groups never leave a connected component of the graph of
such pairs, so each component is grouped by itself, and a new item changes only the one it falls into.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
APART = -np.inf
"""The similarity of two items that may not be in one group, however near others bring them."""


def components(linked: NDArray[np.bool_]) -> Iterator[list[int]]:
    """Yield the connected components of a symmetric matrix of links, each in order, by its first item."""
    left = np.ones(len(linked), dtype=bool)
    for first in range(len(linked)):
        if not left[first]:
            continue
        left[first] = False
        found, frontier = [first], [first]
        while frontier:
            near = np.flatnonzero(linked[frontier].any(axis=0) & left)
            left[near] = False
            frontier = near.tolist()
            found.extend(frontier)
        yield sorted(found)


def group(similarity: Floats, threshold: float) -> list[list[int]]:
    """Return the groups of n items, each in order, by its first item.

    Args:
        similarity: Symmetric, of shape (n, n), unitless; `APART` for a pair that may not be together.
        threshold: Least mean similarity at which two groups are one.
    """
    groups = [
        [members[at] for at in part]
        for members in components(similarity >= threshold)
        for part in _merged(similarity[np.ix_(members, members)], threshold)
    ]
    return sorted(groups)


def _merged(similarity: Floats, threshold: float) -> list[list[int]]:
    nearness = similarity.copy()
    np.fill_diagonal(nearness, APART)
    parts: list[list[int]] = [[at] for at in range(len(nearness))]
    while len(parts) > 1:
        one, other = sorted(divmod(int(nearness.argmax()), len(nearness)))
        if nearness[one, other] < threshold:
            break
        # The mean over all pairs; with a pair that is apart it stays minus infinity.
        shares = len(parts[one]), len(parts[other])
        nearness[one] = (shares[0] * nearness[one] + shares[1] * nearness[other]) / sum(shares)
        nearness[:, one] = nearness[one]
        nearness[one, one] = APART
        nearness = np.delete(np.delete(nearness, other, axis=0), other, axis=1)
        parts[one] = sorted(parts[one] + parts.pop(other))
    return parts


def medoid(similarity: Floats, members: list[int]) -> int:
    """Return the member with the highest mean similarity to the others, the first of equals."""
    return members[int(similarity[np.ix_(members, members)].sum(axis=1).argmax())]
