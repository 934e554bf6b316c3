from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge_base.attachments import split_attachments
from knowledge_base.normalising import SourceText, assemble
from knowledge_base.records import Block, BlockKind

NOTICE = """云州市民政局关于调整补贴的通知
各县区民政局：
现将调整后的标准印发给你们。
附件：1.补贴标准
2.申请材料
云州市民政局
2026年3月5日"""


def written(text: str) -> SourceText:
    return assemble([Block(BlockKind.PARAGRAPH, line) for line in text.split("\n")])


def test_the_list_of_attachments_before_the_signature_begins_none() -> None:
    source = written(NOTICE)
    parts = split_attachments(source)
    assert (parts.main, parts.attachments) == (source, ())


def test_each_attachment_after_the_signature_becomes_a_part() -> None:
    source = written(f"{NOTICE}\n附件1\n补贴标准\n每人每月一百元。\n附件2 申请材料\n1.身份证\n2.户口簿")
    parts = split_attachments(source)
    assert parts.main.text == NOTICE
    assert [(each.label, each.title) for each in parts.attachments] == [
        ("附件1", "补贴标准"),
        ("附件2", "申请材料"),
    ]
    assert parts.attachments[1].source.text == "附件2 申请材料\n1.身份证\n2.户口簿"
    assert (
        source.text[parts.attachments[0].start : parts.attachments[0].end] == parts.attachments[0].source.text
    )


def test_a_law_has_no_signature_but_may_have_an_appendix() -> None:
    parts = split_attachments(
        written("第一条 范围见附录。\n第二条 自公布之日起施行。\n附录：\n禁忌范围\n（一）井下作业；")
    )
    assert [(each.label, each.title) for each in parts.attachments] == [("附录", "禁忌范围")]


def test_a_label_with_nothing_below_it_but_a_name_is_no_attachment() -> None:
    assert split_attachments(written("第一条 税额见附表。\n附：\n税目税额表")).attachments == ()


def test_what_a_notice_passes_on_is_an_attachment_without_a_label() -> None:
    parts = split_attachments(written(f"{NOTICE}\n云州市补贴办法\n第一条 为了规范补贴，制定本办法。"))
    (regulation,) = parts.attachments
    assert (regulation.label, regulation.title, regulation.passed_on) == ("附件", "云州市补贴办法", True)


def test_two_attachments_without_a_number_get_different_labels() -> None:
    parts = split_attachments(written(f"{NOTICE}\n附件\n甲表\n见下。\n附件\n乙表\n见下。"))
    assert [each.label for each in parts.attachments] == ["附件", "附件（2）"]


@settings(deadline=None)
@given(
    st.lists(
        st.sampled_from([*NOTICE.split("\n"), "附件1", "附录：", "第一条 甲。", "办法", "见下。"]),
        max_size=25,
    )
)
def test_the_parts_make_up_the_whole(lines: list[str]) -> None:
    source = written("\n".join(lines))
    parts = split_attachments(source)
    pieces = [parts.main.text, *(each.source.text for each in parts.attachments)]
    assert "\n".join(filter(None, pieces)) == source.text
    labels = [each.label for each in parts.attachments]
    assert len(labels) == len(set(labels))
