import pytest

from knowledge_base.structure import Marker, Rank, chinese_number, marker_of, tidy_heading


@pytest.mark.parametrize(
    ("numeral", "number"),
    [
        ("十", 10),
        ("二十一", 21),
        ("一百零二", 102),
        ("一百一十", 110),
        ("二〇二六", 2026),
        ("15", 15),
        ("③", 3),
    ],
)
def test_numerals(numeral: str, number: int) -> None:
    assert chinese_number(numeral) == number


def test_a_word_is_no_numeral() -> None:
    with pytest.raises(ValueError, match="甲"):
        chinese_number("甲")


@pytest.mark.parametrize(
    ("line", "rank", "label", "words"),
    [
        ("第一编 总则", Rank.PART, "第一编", "总则"),
        ("第三分编 合同", Rank.SUBPART, "第三分编", "合同"),
        ("第一章　总　则", Rank.CHAPTER, "第一章", "总　则"),
        ("第二节 申请", Rank.SECTION, "第二节", "申请"),
        ("第十五条 申请人应当", Rank.ARTICLE, "第十五条", "申请人应当"),
        ("第十五条：申请人应当", Rank.ARTICLE, "第十五条", "申请人应当"),
        ("第十条之二 补充", Rank.ARTICLE, "第十条之二", "补充"),
        ("一、总体要求", Rank.FIRST, "一、", "总体要求"),
        ("（十二）其他情形；", Rank.SECOND, "（十二）", "其他情形；"),
        ("(一)其他情形；", Rank.SECOND, "(一)", "其他情形；"),
        ("1. 申请表", Rank.THIRD, "1.", "申请表"),
        ("2．申请表", Rank.THIRD, "2．", "申请表"),
        ("（3）复印件", Rank.FOURTH, "（3）", "复印件"),
        ("①原件", Rank.FIFTH, "①", "原件"),
    ],
)
def test_markers(line: str, rank: Rank, label: str, words: str) -> None:
    marker = marker_of(line)
    assert marker is not None
    assert (marker.rank, marker.label, line[marker.end :].strip()) == (rank, label, words)


@pytest.mark.parametrize(
    "line",
    [
        "第三条规定的情形除外。",
        "第三条、第四条所列材料",
        "第五条第二款不适用。",
        "第一条件是年满十八周岁",
        "第三章程备案",
        "1.5倍工资",
        "一般应当受理",
        "一是加强领导",
    ],
)
def test_a_reference_or_a_word_is_no_marker(line: str) -> None:
    marker = marker_of(line)
    assert marker is None


def test_an_article_follows_its_predecessor_or_begins_anew() -> None:
    def article(line: str) -> Marker:
        marker = marker_of(line)
        assert marker is not None
        return marker

    tenth, eleventh, branch = article("第十条 甲"), article("第十一条 乙"), article("第十条之一 丙")
    assert eleventh.follows(tenth)
    assert branch.follows(tenth)
    assert eleventh.follows(branch)
    assert article("第一条 丁").follows(eleventh)
    assert not article("第二十条 戊").follows(eleventh)


@pytest.mark.parametrize(
    ("written", "tidy"),
    [
        ("第一章　总　则", "第一章 总则"),
        ("第二章   申请和受理", "第二章 申请和受理"),
        ("【办理时限】", "办理时限"),
        ("申请条件：", "申请条件"),
        ("（一）发放 标准", "（一）发放 标准"),
    ],
)
def test_tidy_heading(written: str, tidy: str) -> None:
    assert tidy_heading(written) == tidy
