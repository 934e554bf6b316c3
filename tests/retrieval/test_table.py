"""Whom a passage is for, when it holds, and what part of its document it is."""

from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.contracts import ALWAYS, Passage, SearchFilter
from retrieval.cues import Cue
from retrieval.table import PassageTable, Trait

MAY_FIRST = 739_372  # 2025-05-01


PASSAGE = Passage(1, title="云州市养犬管理规定", heading="第五条", lead="", text="养犬应当登记。")


def allowed(where: SearchFilter | None, *passages: Passage) -> list[bool]:
    return [bool(value) for value in PassageTable.build(passages).allowed(where)]


def test_no_filter_allows_all_that_may_answer() -> None:
    assert allowed(None, PASSAGE, replace(PASSAGE, answerable=False), replace(PASSAGE, to_day=3)) == [
        True,
        False,
        True,
    ]
    assert allowed(SearchFilter(), PASSAGE, replace(PASSAGE, answerable=False)) == [True, False]


def test_the_first_day_is_in_and_the_day_after_the_last_is_out() -> None:
    version = replace(PASSAGE, from_day=MAY_FIRST, to_day=MAY_FIRST + 2)
    in_force = {offset: allowed(SearchFilter(day=MAY_FIRST + offset), version)[0] for offset in (-1, 0, 1, 2)}
    assert in_force == {-1: False, 0: True, 1: True, 2: False}


def test_a_version_without_days_always_holds() -> None:
    assert allowed(SearchFilter(day=1), PASSAGE) == [True]
    assert allowed(SearchFilter(day=ALWAYS - 1), PASSAGE) == [True]


def test_only_the_named_regions_are_visible() -> None:
    shelf = [replace(PASSAGE, region=region) for region in ("全国", "云岭省", "云岭省/云州市", "海州省")]
    visible = frozenset({"全国", "云岭省", "云岭省/云州市"})
    assert allowed(SearchFilter(regions=visible), *shelf) == [True, True, True, False]
    assert allowed(SearchFilter(regions=frozenset({"云岭省/云"})), *shelf) == [False] * 4
    assert allowed(SearchFilter(regions=frozenset()), *shelf) == [False] * 4


REGIONS = st.sampled_from(["全国", "云岭省", "云岭省/云州市", "海州省"])
PASSAGES = st.builds(
    lambda region, begins, lasts, answerable: replace(
        PASSAGE, region=region, from_day=begins, to_day=begins + lasts, answerable=answerable
    ),
    REGIONS,
    st.integers(0, 9),
    st.integers(0, 5),
    st.booleans(),
)
FILTERS = st.builds(SearchFilter, st.none() | st.frozensets(REGIONS), st.none() | st.integers(0, 15))


@given(st.lists(PASSAGES, max_size=8), FILTERS)
def test_a_passage_is_allowed_exactly_when_it_is_visible_and_in_force(
    shelf: list[Passage], where: SearchFilter
) -> None:
    expected = [
        one.answerable
        and (where.regions is None or one.region in where.regions)
        and (where.day is None or one.from_day <= where.day < one.to_day)
        for one in shelf
    ]
    assert allowed(where, *shelf) == expected


@pytest.mark.parametrize(
    ("heading", "text", "trait"),
    [
        ("第五章 法律责任 第四十条", "处警告。", Trait.PENALTIES),
        ("第六章 罚 则 第一条", "处警告。", Trait.PENALTIES),
        ("第一章 总　则 第二条", "适用本规定。", Trait.GENERAL),
        ("第七章 附则 第五十条", "自公布之日起施行。", Trait.FINAL),
        ("第一条", "第一条 为了规范养犬行为，根据有关法律，制定本规定。", Trait.PURPOSE),
        ("", "根据《某法》的规定，结合本市实际，制定本办法。", Trait.PURPOSE),
        ("第三条", "为了孩子上学，可以办理居住证。", Trait(0)),
    ],
)
def test_the_part_of_a_document_is_read_from_its_heading_and_first_words(
    heading: str, text: str, trait: Trait
) -> None:
    assert PassageTable.build([replace(PASSAGE, heading=heading, text=text)]).traits.tolist() == [int(trait)]


def test_columns_are_those_of_the_passages() -> None:
    table = PassageTable.build(
        [
            replace(PASSAGE, id=7, spans=((0, 3), (3, 7))),
            replace(PASSAGE, id=5, region="云岭省/云州市", text="收费二百元。"),
            replace(PASSAGE, id=9, document="别的版本", region="云岭省", spans=((0, 7),)),
        ]
    )
    assert table.ids.tolist() == [7, 5, 9]
    assert table.documents.tolist() == [0, 0, 1]
    assert table.depths.tolist() == [0, 2, 1]
    assert table.lengths.tolist() == [7, 6, 7]
    assert table.span_starts.tolist() == [0, 2, 2, 3]
    assert table.cues[1] == Cue.AMOUNT | Cue.FEE
    assert table.region_names == ("全国", "云岭省/云州市", "云岭省")


@pytest.mark.parametrize("count", [0, 3])
def test_a_table_is_read_back_as_it_was_saved(tmp_path: Path, count: int) -> None:
    table = PassageTable.build([replace(PASSAGE, id=number, region=f"省{number}") for number in range(count)])
    table.save(tmp_path)
    loaded = PassageTable.load(tmp_path)
    assert len(loaded) == count
    for field in fields(PassageTable):
        saved, read = getattr(table, field.name), getattr(loaded, field.name)
        np.testing.assert_array_equal(saved, read)
        assert getattr(saved, "dtype", None) == getattr(read, "dtype", None)
    assert loaded.allowed(SearchFilter(frozenset({"省1"}), 5)).sum() == min(count, 1)
