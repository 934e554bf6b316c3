"""Web pages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge_base.errors import UnreadableFile
from knowledge_base.loaders import html
from knowledge_base.loaders.cleaning import tidy
from knowledge_base.records import Block, BlockKind

PAGE = """<!DOCTYPE html><html><head><meta charset="{charset}"><title>云州市政务网</title>
<style>p {{ color: red }}</style><script>var a = "<p>不是正文</p>";</script></head>
<body><header>云州市人民政府</header><nav><ul><li>首页</li></ul></nav>
<h1>关于做好灵活就业人员<br>参保工作的通知</h1>
<p>各县区人民政府：</p>
<p>一、参保范围。年满16周岁且未在校就读的
   人员&#xff0c;<b>均</b>可参保。<p>二、办理地点。
<div style="display: none">隐藏</div>
<footer>版权所有</footer></body></html>"""


def texts(page: str) -> list[str]:
    return [block.text for block in html.read(page.encode())]


@pytest.mark.parametrize(
    ("charset", "encoding"), [("utf-8", "utf-8"), ("gb2312", "gb18030"), ("nonsense", "gbk")]
)
def test_the_main_text_without_page_furniture(charset: str, encoding: str) -> None:
    assert html.read(PAGE.format(charset=charset).encode(encoding)) == (
        Block(BlockKind.HEADING, "关于做好灵活就业人员参保工作的通知", level=1),
        Block(BlockKind.PARAGRAPH, "各县区人民政府："),
        Block(BlockKind.PARAGRAPH, "一、参保范围。年满16周岁且未在校就读的人员，均可参保。"),
        Block(BlockKind.PARAGRAPH, "二、办理地点。"),
    )


def test_a_byte_order_mark_wins_over_meta() -> None:
    page = '<meta charset="gbk"><p>户籍迁移</p>'
    assert [block.text for block in html.read(page.encode("utf-8-sig"))] == ["户籍迁移"]


def test_a_header_inside_an_article_is_content() -> None:
    assert texts("<article><header><h2>办事指南</h2></header>正文</article><footer>页脚</footer>") == [
        "办事指南",
        "正文",
    ]


def test_table_with_merged_cells() -> None:
    page = """<table><caption>缴费标准</caption><thead><tr><th>类别<th>档次<th>金额</tr></thead>
    <tr><td rowspan="2">居民<td>一档<td>200元
    <tr><td>二档<td>500元
    <tr><td><td><td>
    <tr><td colspan="2">职工<td>8%</table>"""
    header = "类别 | 档次 | 金额"
    assert html.read(page.encode()) == (
        Block(BlockKind.PARAGRAPH, "缴费标准"),
        Block(BlockKind.TABLE_ROW, "居民 | 一档 | 200元", header=header),
        Block(BlockKind.TABLE_ROW, "居民 | 二档 | 500元", header=header),
        Block(BlockKind.TABLE_ROW, "职工 | 职工 | 8%", header=header),
    )


def test_a_list_of_fields_has_no_header() -> None:
    page = (
        "<table><tr><td>事项名称<td>社保卡申领<tr><td>办理时限<td>5个工作日<tr><td>收费标准<td>不收费</table>"
    )
    assert html.read(page.encode()) == (
        Block(BlockKind.TABLE_ROW, "事项名称 | 社保卡申领"),
        Block(BlockKind.TABLE_ROW, "办理时限 | 5个工作日"),
        Block(BlockKind.TABLE_ROW, "收费标准 | 不收费"),
    )


def test_a_row_across_the_table_is_written_once_and_equal_cells_are_not_taken_for_it() -> None:
    page = """<table><tr><td colspan=3>附表</td></tr><tr><th>项目<th>首次<th>再次</tr>
    <tr><td colspan=3>一、居民</td></tr><tr><td>10元<td>10元<td>10元</tr></table>"""
    header = "项目 | 首次 | 再次"
    assert html.read(page.encode()) == (
        Block(BlockKind.PARAGRAPH, "附表"),
        Block(BlockKind.TABLE_ROW, "一、居民", header=header),
        Block(BlockKind.TABLE_ROW, "10元 | 10元 | 10元", header=header),
    )


def test_a_table_that_lays_out_the_page_is_not_a_table() -> None:
    page = """<table><tr><td>左</td><td><h2>标题</h2><table><tr><th>甲<th>乙</tr><tr><td>1<td>2</tr></table>
    </td></tr></table>"""
    assert html.read(page.encode()) == (
        Block(BlockKind.PARAGRAPH, "左"),
        Block(BlockKind.HEADING, "标题", level=2),
        Block(BlockKind.TABLE_ROW, "1 | 2", header="甲 | 乙"),
    )


def test_the_numbers_a_browser_shows_are_written_unless_the_page_writes_them() -> None:
    assert texts("<ol><li>身份证<li>户口簿<ul><li>原件</ul><li>照片</ol>") == [
        "1. 身份证",
        "2. 户口簿",
        "原件",
        "3. 照片",
    ]
    assert texts("<ol><li>1、身份证<li>（二）户口簿</ol>") == ["1、身份证", "（二）户口簿"]
    assert texts('<ol start="3" type="a"><li>照片</ol>') == ["c. 照片"]


def test_preformatted_lines_stay_apart() -> None:
    assert texts("<pre>第一条 甲\n  第二条 乙</pre>") == ["第一条 甲", "第二条 乙"]


def test_ten_thousand_tags_deep() -> None:
    assert texts("<div>" * 10_000 + "最里面" + "</div>" * 10_000) == ["最里面"]


@pytest.mark.slow
def test_deep_tables_and_wide_spans_are_bounded() -> None:
    with pytest.raises(UnreadableFile, match="超过 100 层"):
        html.read(b"<table><tr><td>" * 10_000)
    with pytest.raises(UnreadableFile, match="超过 500000 个单元格"):
        html.read(b"<table>" + b"<tr>" + b"<td colspan=9999 rowspan=0>x" * 5 + b"<tr>" * 9_000)


def test_a_page_cut_inside_a_script_is_refused() -> None:
    with pytest.raises(UnreadableFile, match="<script> 没有结束标签"):
        html.read("<p>正文</p><script>var a = 1;".encode())


WORDS = st.lists(st.text(st.sampled_from("申请人材料，。1ab"), min_size=1), min_size=1)


@given(WORDS, st.sampled_from(["p", "div", "li", "h3", "section"]))
def test_every_paragraph_comes_back_once(words: list[str], tag: str) -> None:
    assert texts("".join(f"<{tag}>{word}</{tag}>" for word in words)) == words


@given(st.text(st.sampled_from("<>/tabledivtrp =\"'!-&;甲乙"), max_size=80))
def test_any_tag_soup_is_read_or_refused(soup: str) -> None:
    try:
        blocks = html.read(soup.encode())
    except UnreadableFile:
        return
    assert all(block.text == tidy(block.text) for block in blocks)
