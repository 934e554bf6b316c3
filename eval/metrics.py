"""Ranking measures, by `ir_measures` (pytrec_eval and the MS MARCO script behind it)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

MEASURES = ("nDCG@10", "MRR@10", "R@1", "R@5", "R@10", "R@20", "R@100")


@dataclass(frozen=True, slots=True)
class RankingScores:
    """How well rankings agree with judgements; every score is in [0, 1].

    - nDCG@10: gain relevance / log2(rank + 1) over the first ten, against the best order possible.
    - MRR@10: 1 / rank of the first relevant document among ten, else 0.
    - R@k: share of the relevant documents among the first k.

    Attributes:
        mean: By measure, over all judged queries; a query without a ranking counts as 0.
        per_query: By query id, then by measure.
    """

    mean: dict[str, float]
    per_query: dict[str, dict[str, float]]


def score_rankings(
    qrels: Mapping[str, Mapping[str, int]], rankings: Mapping[str, Sequence[str]]
) -> RankingScores:
    """Score rankings of document ids, best first; rankings of queries nobody judged are left out."""
    import ir_measures
    from ir_measures import RR, R, nDCG

    measures = dict(zip(MEASURES, (nDCG @ 10, RR @ 10, R @ 1, R @ 5, R @ 10, R @ 20, R @ 100), strict=True))
    # trec_eval breaks ties by document id; with the place as score the retriever's own order counts.
    run = [
        ir_measures.ScoredDoc(query, document, float(-place))
        for query, ranking in rankings.items()
        if query in qrels
        for place, document in enumerate(ranking)
    ]
    judged = [
        ir_measures.Qrel(query, document, relevance)
        for query, judgements in qrels.items()
        for document, relevance in judgements.items()
    ]
    names = {measure: name for name, measure in measures.items()}
    per_query = {query: dict.fromkeys(MEASURES, 0.0) for query in qrels}
    for metric in ir_measures.iter_calc(list(names), judged, run):
        per_query[metric.query_id][names[metric.measure]] = float(metric.value)
    mean = {
        name: sum(scores[name] for scores in per_query.values()) / len(per_query) if per_query else 0.0
        for name in MEASURES
    }
    return RankingScores(mean, per_query)
