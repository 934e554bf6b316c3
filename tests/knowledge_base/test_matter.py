import pytest

from knowledge_base.matter import (
    is_matter,
    is_signature_date,
    is_signer,
    opens_note,
    opens_sentence,
    signers_above,
)


@pytest.mark.parametrize(
    "line",
    [
        "2023年6月2日 云州市第十届人民代表大会常务委员会第八次会议修正",
        "（2020年5月1日云州市人民政府令第8号公布）",
        "云政发〔2026〕3号",
        "云州市人民政府令第38号",
        "目  录",
        "（此件公开发布）",
        "抄送：市委办公室。",
        "索引号：0001",
        "各县区人民政府，市政府各部门：",
        "有关单位：",
    ],
)
def test_what_is_no_part_of_the_body(line: str) -> None:
    assert is_matter(line)


@pytest.mark.parametrize(
    "line",
    [
        "第一条 甲。",
        "申请人应当提交下列材料：",
        "2026年3月起执行新标准。",
        "各单位应当遵守。",
        "（一）公布；",
    ],
)
def test_what_is_part_of_the_body(line: str) -> None:
    assert not is_matter(line)


def test_a_signature() -> None:
    assert is_signature_date("2026年3月5日")
    assert is_signature_date("云州市民政局 二〇二六年三月五日")
    assert not is_signature_date("截止2026年3月5日")
    assert is_signer("云州市民政局 云州市财政局")
    assert not is_signer("请于每月十日前办理")
    assert signers_above(["正文。", "云州市民政局", "云州市财政局"]) == 2


def test_notes_and_sentences() -> None:
    assert opens_note("附件：1.申请表")
    assert not opens_note("附件1")
    assert opens_sentence("可以申请。")
    assert opens_sentence("应当提交：")
    assert not opens_sentence("云州市公园管理办法")


@pytest.mark.parametrize("unit", ["2026年1月1日", "（2026年1月1日", "局 ", "《", "各单位"])
def test_a_monstrous_line_is_judged_at_once(unit: str) -> None:
    line = unit * 20_000
    assert not is_matter(line)
    assert not is_signature_date(line)
    assert not is_signer(line)
