"""Ranking measured on a corpus of a few words."""

from eval.datasets import BeirDocument, BeirSet
from eval.ranking_speed import WHERE, measure_ranking, ranking_table


def test_a_small_corpus_is_ranked_under_the_filter() -> None:
    documents = tuple(
        BeirDocument(
            id=f"a{number}", title=f"养犬规定{number // 3} 第{number}条", text=f"养犬登记费{number}元。"
        )
        for number in range(60)
    )
    beir = BeirSet("dogs", "test", documents, {"q": "养犬登记费多少？", "r": "谁来登记？"}, {})
    stages: list[str] = []
    result = measure_ranking(beir, limit=5, on_progress=stages.append)
    assert (result.passages, result.spans, result.questions) == (60, 60, 2)
    # Six of ten laws are national or of the province and city asked for; one in twenty has ended.
    assert result.allowed == 36
    assert len(result.clock.calls_ms) == len(result.cpu.calls_ms) == 2
    assert len(stages) == 2
    assert ranking_table(result).rows[0][:4] == ("60", "60", "36", "2")
    assert WHERE.regions is not None
