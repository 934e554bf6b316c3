"""The main text of pages laid out as government sites lay them out."""

import pytest

from knowledge_base.errors import UnreadableFile
from knowledge_base.loaders import web_page
from knowledge_base.records import Block, BlockKind

TITLE = "云州市人民政府办公室关于印发养犬管理办法的通知"
ARTICLES = (
    "第一条 为了规范养犬行为，维护市容环境和公共卫生，保障市民人身安全，根据有关法律法规，制定本办法。",
    "第二条 养犬人应当自取得犬只之日起15日内，持身份证明到住所地公安机关办理养犬登记。",
    "第三条 携犬出户的，应当使用长度不超过一点五米的犬绳牵领，并避让老年人、残疾人、孕妇和儿童。",
)
MENU = "".join(
    f'<li><a href="/c{n}">{name}</a></li>'
    for n, name in enumerate(("首页", "政务公开", "办事服务", "政民互动", "走进云州"))
)
RELATED = "".join(f'<li><a href="/r{n}">关于做好第{n}批老旧小区改造工作的通知</a></li>' for n in range(6))
PAGE = f"""<!DOCTYPE html><html><head><meta charset="{{charset}}"><title>{TITLE}_云州市人民政府</title>
<meta name="ArticleTitle" content="{TITLE}"></head><body>
<div class="top"><ul>{MENU}</ul><div>您当前的位置：首页 &gt; 政务公开 &gt; 政策文件</div></div>
<div class="content"><h1>{TITLE}</h1><div class="info">发布日期：2026-02-20 来源：市政府办公室</div>
<div class="article"><p>各区县人民政府，市政府各部门：</p>
<p>现将《云州市养犬管理办法》印发给你们，请认真贯彻执行。</p>
{"".join(f"<p>{each}</p>" for each in ARTICLES)}
<table><tr><th>区县</th><th>登记电话</th></tr><tr><td>松溪区公安分局</td><td>0571-12345678</td></tr></table>
<p>第四条 本办法自2026年3月1日起施行，有效期五年，由市公安局负责解释。</p>
<p>云州市人民政府办公室</p><p>2026年2月18日</p></div></div>
<div class="related"><h3>相关文件</h3><ul>{RELATED}</ul></div>
<div class="foot"><p>主办：云州市人民政府办公室 网站标识码：9900000000</p></div></body></html>"""


@pytest.mark.parametrize(("encoding", "named"), [("utf-8", "utf-8"), ("gb18030", "gb2312"), ("gb18030", "")])
def test_from_title_to_signature_and_nothing_around(encoding: str, named: str) -> None:
    page = PAGE.format(charset=named) if named else PAGE.replace('<meta charset="{charset}">', "")
    reading = web_page.read(page.encode(encoding), charset="" if named else "GBK")
    texts = [block.text for block in reading.blocks]
    assert reading.blocks[0] == Block(BlockKind.HEADING, TITLE, level=1)
    assert [text for text in texts if text.startswith("第")] == [
        *ARTICLES,
        "第四条 本办法自2026年3月1日起施行，有效期五年，由市公安局负责解释。",
    ]
    assert (
        Block(BlockKind.TABLE_ROW, "松溪区公安分局 | 0571-12345678", header="区县 | 登记电话")
        in reading.blocks
    )
    assert texts[-2:] == ["云州市人民政府办公室", "2026年2月18日"]
    assert not {"首页", "相关文件"} & set(texts)
    assert not any("老旧小区" in text or "网站标识码" in text for text in texts)


@pytest.mark.parametrize(
    "page", ["<html><body><script>load()</script><div id=app></div></body></html>", f"<ul>{MENU}</ul>"]
)
def test_pages_without_a_text_of_their_own(page: str) -> None:
    with pytest.raises(UnreadableFile, match="没有找到正文"):
        web_page.read(page.encode())
