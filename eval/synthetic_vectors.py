"""Vectors that lie as an encoder's do, in any number, without a text to encode.

Fitted to the default encoder over 5,120 articles of law, and to 220 layperson questions with their
articles (multilingual-e5-small; measured, see docs/adr/0016):

|                                                   | measured    | here        |
| cosine of two articles, median                    | 0.861       | 0.865       |
| an article's nearest, 20th nearest (of 5,120)     | 0.966 0.933 | 0.967 0.934 |
| variance in the first 10, 50, 200 directions      | 0.30 0.63 0.92 | 0.31 0.66 0.91 |
| cosine of a question and any article, median (sd) | 0.835 (0.014) | 0.830 (0.014) |
| cosine of a question and its article, median      | 0.900       | 0.89        |

So a question's own article stands hardly out from the crowd: harder than looking for a passage by itself.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from retrieval.contracts import Vectors
from retrieval.runtime import unit_rows

DIM = 384
CHUNK = 50_000
# Squared length of what all vectors share, and of what sets one apart.
_SHARED, _APART = 0.863, 0.137
# Of the latter: what its law has, its topic within the law (six articles each), and what is its own.
_LAW, _TOPIC, _OWN = 0.45, 0.25, 0.30
_TOPIC_ARTICLES = 6
# A question: along the articles' shared direction and across it, how much of its article, and noise.
_ALONG, _ACROSS, _OF_ITS_ARTICLE, _NOISE = 0.8904, 0.241, 0.44, 0.122


class SyntheticCorpus:
    """`rows` articles in laws of uneven size, law after law, and questions about them.

    The same size and seed give the same vectors. Only the centres of laws and topics are held in memory.
    """

    def __init__(self, rows: int, *, seed: int = 7) -> None:
        self._rows = rows
        self._seed = seed
        rng = np.random.default_rng(seed)
        self._directions = np.linalg.qr(rng.standard_normal((DIM, DIM)))[0].astype(np.float32)
        shares = (np.arange(1, DIM + 1) + 10.0) ** -1.4
        self._spread = _root(shares)
        self._question_spread = _root(shares**0.55)
        shared = rng.standard_normal(DIM)
        self._shared = (shared / np.linalg.norm(shared)).astype(np.float32)
        across = rng.standard_normal(DIM)
        across -= (across @ self._shared) * self._shared
        self._across = (across / np.linalg.norm(across)).astype(np.float32)
        sizes = np.clip(rng.lognormal(3.6, 0.9, size=1 + rows // 3), 3, 600).astype(np.int64)
        starts = np.concatenate([[0], np.cumsum(sizes)])
        laws = int(np.searchsorted(starts, rows)) if rows else 0
        self.laws = np.repeat(np.arange(laws), sizes[:laws])[:rows]
        topics = np.concatenate([[0], np.cumsum(-(-sizes[:laws] // _TOPIC_ARTICLES))])
        self._topics = topics[self.laws] + (np.arange(rows) - starts[self.laws]) // _TOPIC_ARTICLES
        self._law_centres = rng.standard_normal((laws, DIM), dtype=np.float32)
        self._topic_centres = rng.standard_normal((int(topics[-1]), DIM), dtype=np.float32)

    def __len__(self) -> int:
        return self._rows

    def chunks(self) -> Iterator[Vectors]:
        """Yield the articles in order, float32 unit rows of shape (up to `CHUNK`, DIM)."""
        for start in range(0, self._rows, CHUNK):
            rows = np.arange(start, min(start + CHUNK, self._rows))
            rng = np.random.default_rng([self._seed, start])
            apart = rng.standard_normal((len(rows), DIM), dtype=np.float32) * np.float32(_OWN**0.5)
            apart += self._law_centres[self.laws[rows]] * np.float32(_LAW**0.5)
            apart += self._topic_centres[self._topics[rows]] * np.float32(_TOPIC**0.5)
            turned = (apart * self._spread * np.float32(_APART**0.5)) @ self._directions.T
            yield unit_rows(np.asarray(turned + self._shared * np.float32(_SHARED**0.5), dtype=np.float32))

    def questions(self, articles: Vectors, *, seed: int = 1) -> Vectors:
        """Return one question about each of these articles, float32 unit rows of shape (n, DIM)."""
        rng = np.random.default_rng([self._seed, seed])
        noise = rng.standard_normal(articles.shape, dtype=np.float32) * self._question_spread
        noise = (noise * np.float32(_NOISE**0.5)) @ self._directions.T
        usual = self._shared * np.float32(_ALONG) + self._across * np.float32(_ACROSS)
        apart = articles - self._shared * np.float32(_SHARED**0.5)
        asked = usual + np.float32(_OF_ITS_ARTICLE) * apart + noise
        return unit_rows(np.asarray(asked, dtype=np.float32))


def _root(shares: NDArray[np.floating]) -> Vectors:
    return np.asarray(np.sqrt(shares / shares.sum()), dtype=np.float32)
