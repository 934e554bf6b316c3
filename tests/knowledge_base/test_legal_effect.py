from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge_base.legal_effect import (
    EffectPeriod,
    is_target,
    normalise_title,
    resolve,
    stated_effect,
    with_stated_effect,
)
from knowledge_base.records import DocumentMeta, Inference

PUBLISHED = date(2024, 3, 5)


def said(text: str, published: date | None = PUBLISHED) -> dict[tuple[str, str], str]:
    """What a text states: (field, target) to value."""
    return {(each.field, each.target): each.value for each in stated_effect(text, published)}


START, END = ("effective_from", ""), ("effective_to", "")


@pytest.mark.parametrize(
    ("words", "start"),
    [
        ("本办法自2024年4月1日起施行。", "2024-04-01"),
        ("第二十条 本规定自二〇二四年四月一日起执行。", "2024-04-01"),
        ("本通知从2024年4月1日起实施，请遵照执行。", "2024-04-01"),
        ("现印发给你们，自2024年4月1日起施行。", "2024-04-01"),
        ("本意见自发布之日起施行。", "2024-03-05"),
        ("本通告自即日起施行。", "2024-03-05"),
        ("本办法自印发之日起30日后施行。", "2024-04-04"),
        ("本办法自公布之日起三十日后施行。", "2024-04-04"),
        ("本通知自2024年1月1日至2025年12月31日执行。", "2024-01-01"),
    ],
)
def test_a_start_stated(words: str, start: str) -> None:
    assert said(words)[START] == start


@pytest.mark.parametrize(
    "words",
    [
        "自本条例施行之日起一个月内应当登记。",
        "2024年5月1日施行有困难的，可以延期。",
        "自2024年1月1日起，每人每月一百元。",
        "居住证有效期五年。",
        "执行中的问题由市民政局负责解释。",
    ],
)
def test_words_that_do_not_speak_of_the_whole_document(words: str) -> None:
    assert said(words) == {}


def test_a_start_from_publication_needs_to_know_it() -> None:
    assert said("本意见自发布之日起施行。", None) == {}


@pytest.mark.parametrize(
    ("words", "end"),
    [
        ("本通知自2024年4月1日起施行，有效期5年。", "2029-04-01"),
        ("本通知自2024年4月1日起施行，有效期为五年。", "2029-04-01"),
        ("本意见自发布之日起施行，试行期两年。", "2026-03-05"),
        ("本办法自2024年4月1日起施行，有效期至2028年12月31日。", "2029-01-01"),
        ("本通知自2024年1月1日起执行，至2026年12月31日止。", "2027-01-01"),
        ("本细则有效期自2024年1月1日起至2028年12月31日止。", "2029-01-01"),
    ],
)
def test_an_end_stated_is_the_first_day_no_longer_in_force(words: str, end: str) -> None:
    assert said(words)[END] == end


def test_a_revised_text_is_in_force_from_its_revision() -> None:
    body = "第一条 甲。\n第二条 本条例自1998年7月1日起施行。"
    history = "云州市公园条例\n1998年5月1日 通过\n2023年6月2日 第八次会议修正\n"
    assert said(history + body, date(2023, 6, 2))[START] == "2023-06-02"
    assert said(body, date(2023, 6, 2))[START] == "2023-06-02"


def test_a_start_after_the_revision_stands() -> None:
    text = "2021年12月7日 第八次会议修订\n第一条 甲。\n第二条 本条例自2022年3月1日起施行。"
    assert said(text, date(2021, 12, 7))[START] == "2022-03-01"


@pytest.mark.parametrize(
    ("words", "targets"),
    [
        ("《云州市甲办法》（云政发〔2019〕8号）同时废止。", ["云州市甲办法"]),
        (
            "2016年12月5日公布的《云州市甲办法》、《云州市乙办法》和《云州市丙办法》同时废止。",
            ["云州市甲办法", "云州市乙办法", "云州市丙办法"],
        ),
        ("原《云州市实施〈甲法〉办法》同时废止。", ["云州市实施〈甲法〉办法"]),
        ("2020年印发的云政发〔2020〕1号文件同时废止。", ["云政发〔2020〕1号"]),
        ("《云州市甲办法》停止执行。", ["云州市甲办法"]),
    ],
)
def test_the_documents_it_ends(words: str, targets: list[str]) -> None:
    stated = stated_effect(f"本办法自2024年4月1日起施行。{words}", PUBLISHED)
    assert [each.target for each in stated if each.target] == targets
    assert {each.value for each in stated if each.target} == {"2024-04-01"}


@pytest.mark.parametrize(
    "words",
    [
        "《云州市甲办法》第三条同时废止。",
        "上级文件废止的，依照《云州市甲办法》办理。",
        "根据《云州市甲办法》修改、废止有关文件。",
    ],
)
def test_what_ends_no_document(words: str) -> None:
    assert said(words) == {}


def test_an_end_on_a_day_of_its_own() -> None:
    assert said("《云州市甲办法》自2027年1月1日起废止。") == {("effective_to", "云州市甲办法"): "2027-01-01"}


def test_evidence_is_the_sentence() -> None:
    stated = stated_effect("一、标准另定。\n本通知自2024年4月1日起施行。有问题请来电。", PUBLISHED)
    assert stated == (Inference("effective_from", "2024-04-01", "本通知自2024年4月1日起施行。"),)


@pytest.mark.parametrize(
    "writing",
    [
        "公园条例",
        "《公园条例》",
        "中华人民共和国公园条例",
        "公园条例（试行）",
        "公园条例(2020修订)",
        "公园 条例",
        "公园条例（2020年修正）",
    ],
)
def test_writings_of_one_title(writing: str) -> None:
    assert normalise_title(writing) == "公园条例"


def test_nested_title_marks_do_not_matter() -> None:
    assert normalise_title("云州市实施《公园法》办法") == normalise_title(
        "云州市实施〈中华人民共和国公园法〉办法"
    )


def test_a_number_written_after_the_title_decides() -> None:
    ending = Inference(
        "effective_to", "2024-04-01", "《公园办法》（云政发〔2019〕8号）同时废止。", "公园办法"
    )
    assert is_target(ending, DocumentMeta("公园办法", doc_number="云政发〔2019〕8号"))
    assert is_target(ending, DocumentMeta("公园办法", doc_number="云政发[2019]第8号"))
    assert is_target(ending, DocumentMeta("公园办法"))
    assert not is_target(ending, DocumentMeta("公园办法", doc_number="青政发〔2019〕8号"))
    bare = Inference("effective_to", "2024-04-01", "云政发〔2019〕8号文件同时废止。", "云政发〔2019〕8号")
    assert is_target(bare, DocumentMeta("别的名称", doc_number="云政发〔2019〕8号"))


def test_what_is_known_stays_and_the_rest_is_read() -> None:
    meta = DocumentMeta("公园办法", published=PUBLISHED, effective_from=date(2024, 6, 1))
    told = with_stated_effect(meta, "本办法自2024年4月1日起施行，有效期5年。《旧办法》同时废止。")
    assert (told.effective_from, told.effective_to) == (date(2024, 6, 1), date(2029, 4, 1))
    assert [(each.field, each.target) for each in told.inferred] == [
        ("effective_to", ""),
        ("effective_to", "旧办法"),
    ]


START_DAY, LATER, LATEST = date(2020, 1, 1), date(2023, 1, 1), date(2025, 1, 1)


def test_publication_stands_in_for_a_start() -> None:
    assert resolve(DocumentMeta("甲", published=START_DAY)) == EffectPeriod(START_DAY, None)


def test_the_earliest_end_holds() -> None:
    own = DocumentMeta("甲", effective_from=START_DAY, superseded_by="乙.md")
    assert resolve(own, successor_start=LATEST, ended_by_others=[LATER]).effective_to == LATER


def test_a_manifest_end_is_final() -> None:
    own = DocumentMeta("甲", effective_from=START_DAY, effective_to=LATEST, repealed=True)
    assert resolve(own, ended_by_others=[LATER]).effective_to == LATEST


def test_an_ending_said_before_the_text_began_speaks_of_an_earlier_text() -> None:
    assert resolve(DocumentMeta("甲", effective_from=LATER), ended_by_others=[START_DAY]).effective_to is None


def test_a_successor_of_unknown_start_takes_it_out_of_force() -> None:
    period = resolve(DocumentMeta("甲", effective_from=START_DAY, superseded_by="乙.md"))
    assert period.effective_to == date.min
    assert "乙.md" in period.review[0]
    assert not period.covers(LATER)


def test_a_repeal_of_unknown_day_takes_it_out_of_force() -> None:
    period = resolve(DocumentMeta("甲", effective_from=START_DAY, repealed=True))
    assert not period.covers(LATER)
    assert resolve(DocumentMeta("甲", repealed=True), ended_by_others=[LATER]).effective_to == LATER


def test_an_end_before_the_start_is_shown_for_review() -> None:
    period = resolve(DocumentMeta("甲", effective_from=LATER, superseded_by="乙"), successor_start=START_DAY)
    assert "2020-01-01" in period.review[0]
    assert not period.covers(START_DAY)


@settings(deadline=None)
@given(st.dates(), st.dates(), st.dates())
def test_the_end_is_exclusive(start: date, end: date, day: date) -> None:
    assert EffectPeriod(start, end).covers(day) == (start <= day < end)


@settings(deadline=None)
@given(st.text(alphabet="本办法自2024年1月起施行有效期五《》同时废止。；\n第一条", max_size=120))
def test_any_text_can_be_read(text: str) -> None:
    for each in stated_effect(text, PUBLISHED):
        date.fromisoformat(each.value)
