"""What keeps two questions apart however alike they sound, and what does not."""

from pathlib import Path

import numpy as np
import pytest

from bot.learning.clustering import APART
from bot.learning.sameness import Sameness, may_be_same, sense_of
from knowledge_base.errors import SettingsError
from tests.bot.builders import query_of

CITY, COUNTY = "云岭省/云州市", "云岭省/云州市/青岚县"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("有残疾证停车免费吗", "没有残疾证停车免费吗"),
        ("物业让装充电桩", "物业不让装充电桩"),
        ("失能一级老人补多少", "失能三级老人补多少"),
        ("生二孩有奖励吗", "生三孩有奖励吗"),
        ("满50岁社保补贴怎么领", "满45岁社保补贴怎么领"),
        ("考c1要多少钱", "考b2要多少钱"),
    ],
)
def test_a_negation_a_sort_or_a_figure_keeps_apart(one: str, other: str) -> None:
    assert not may_be_same(sense_of(query_of(one), CITY), sense_of(query_of(other), CITY))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("二胎有补贴吗", "生第二个孩子补多少"),
        ("公园能不能放烟花", "公园可以放烟花吗"),
        ("身份证找不到了怎么补", "身份证丢了怎么补"),
        ("有补贴没有", "有补贴吗"),
        ("六十五岁老人坐公交的卡怎么办", "老人公交卡怎么办"),
        ("玩无人机要报备吗", "飞行器要登记吗"),
    ],
)
def test_ways_to_ask_do_not(one: str, other: str) -> None:
    assert may_be_same(sense_of(query_of(one), CITY), sense_of(query_of(other), CITY))


def test_the_same_words_in_two_regions_are_two_questions() -> None:
    query = query_of("电动车怎么上牌")
    assert not may_be_same(sense_of(query, CITY), sense_of(query, COUNTY))


def test_wanting_another_thing_takes_from_the_cosine() -> None:
    senses = [
        sense_of(query_of(text), CITY)
        for text in ("公墓一个墓位多少钱", "买公墓要多少费用", "公墓怎么买", "公墓什么时候关门", "没有公墓吗")
    ]
    assert [set(each.wants) for each in senses[:4]] == [{"amount"}, {"amount"}, set(), {"time"}]
    vectors = np.full((5, 4), 0.5, dtype=np.float32)
    alike = Sameness(wants_weigh=0.1, threshold=0.8).similarity(vectors, senses)
    assert alike[0].tolist() == pytest.approx([1.0, 1.0, 0.9, 0.9, APART])
    assert Sameness(0.1, 0.8).similarity_to_first(vectors, senses).tolist() == pytest.approx(alike[0, 1:])


def test_weights_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="weights of sameness"):
        Sameness.load(tmp_path / "none.json")
