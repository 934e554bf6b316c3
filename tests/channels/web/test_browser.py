"""A citizen at the page, in a real browser, with a server that is stopped and started again."""

import json
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import uvicorn
from playwright.sync_api import Browser, Page, expect, sync_playwright
from sqlalchemy import Engine
from websockets.sync.client import connect

import knowledge_base
from bot.desk.agents import Agents
from bot.desk.handover import Skills
from bot.settings import Settings
from channels.app import create_app
from knowledge_base.eligibility.reading import read_rules
from knowledge_base.eligibility.store import EligibilityStore
from knowledge_base.ingest import ingest_files
from knowledge_base.services.sheets import read_catalogue
from knowledge_base.services.store import ServiceStore
from knowledge_base.store import KnowledgeStore

if TYPE_CHECKING:
    from tests.channels.conftest import FakeLibrary, FakeService

pytestmark = [pytest.mark.browser, pytest.mark.server]

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SAMPLE = Path(knowledge_base.__file__).parent / "sample"
QUESTION = "公积金提取要什么材料？"


class RunningServer:
    """uvicorn in a thread, on a port that stays the same from one start to the next."""

    def __init__(self, make_app: Callable[[], object]) -> None:
        self._make_app = make_app
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        config = uvicorn.Config(
            self._make_app(),  # type: ignore[arg-type]
            port=self.port,
            log_config=None,
            timeout_graceful_shutdown=2,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run)
        self._thread.start()
        while not self._server.started:
            time.sleep(0.02)

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join()


@pytest.fixture
def server(
    settings: Settings, service: "FakeService", library: "FakeLibrary", engine: Engine
) -> Iterator[RunningServer]:
    server = RunningServer(lambda: create_app(settings, service, library=library, engine=engine))
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser, server: RunningServer) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1280, "height": 860})
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "console",
        # A line that is lost on purpose is reported by the browser, not by the page.
        lambda message: (
            complaints.append(message.text)
            if message.type in {"error", "warning"} and "ERR_CONNECTION_REFUSED" not in message.text
            else None
        ),
    )
    page.goto(server.url)
    yield page
    page.close()
    assert complaints == []


def ask(page: Page, text: str) -> None:
    page.get_by_label("您的问题").fill(text)
    page.keyboard.press("Enter")


def test_a_citizen_asks_and_reads_the_source(page: Page) -> None:
    ask(page, QUESTION)
    answer = page.get_by_role("article", name="回答")
    expect(answer.get_by_text("回答摘自现行有效文件")).to_be_visible()
    expect(answer.locator(".blocks li")).to_have_text(["本人身份证件；", "无房证明；", "租赁合同。[1]"])
    expect(answer).not_to_contain_text("false")  # what a condition leaves out is not drawn
    expect(page.get_by_role("log")).to_contain_text(QUESTION)
    mark = answer.get_by_role("button", name="查看依据 2")
    mark.click()
    panel = page.get_by_role("complementary", name="依据原文")
    expect(panel).to_contain_text("《云州市住房公积金提取办法》（云金管〔2026〕7号）")
    expect(panel).to_contain_text("现行有效")
    expect(panel.locator("mark")).to_have_text("自受理之日起3个工作日内作出准予提取或者不准提取的决定")
    expect(panel.locator(".article-text")).to_contain_text("第三条　住房公积金中心应当")
    with page.expect_popup() as opened:
        panel.get_by_role("link", name="查看文件全文").click()
    expect(opened.value.locator("#quote")).to_be_in_viewport()
    opened.value.close()
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    expect(mark).to_be_focused()


def test_an_answer_is_judged(page: Page) -> None:
    ask(page, QUESTION)
    up = page.get_by_role("button", name="这个回答有帮助")
    up.click()
    expect(up).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="这个回答没有帮助").click()
    reason = page.get_by_role("group", name="没帮助的原因").get_by_role("button", name="看不懂")
    reason.click()
    expect(reason).to_have_attribute("aria-pressed", "true")
    expect(up).to_have_attribute("aria-pressed", "false")


def test_without_an_answer_there_is_a_way_on(page: Page) -> None:
    ask(page, "火星上怎么落户？")
    answer = page.get_by_role("article", name="回答")
    expect(answer).to_contain_text("请拨打 12345 政务服务便民热线")
    answer.get_by_role("button", name="改问云州市的规定").click()
    expect(page.get_by_label("所在地区")).to_have_value("云岭省/云州市")
    expect(page.get_by_text("回答摘自现行有效文件")).to_be_visible()


def test_asked_for_a_region_a_tap_asks_again_with_it(page: Page, service: "FakeService") -> None:
    page.get_by_label("所在地区").select_option("全国")
    ask(page, "养犬要公积金吗？")
    answer = page.get_by_role("article", name="回答")
    expect(answer).to_contain_text("请选择您所在的地区")
    expect(answer.locator(".choices button")).to_have_text(["安溪县", "云州市"])
    expect(answer.get_by_text("回答摘自现行有效文件")).to_have_count(0)
    answer.get_by_role("button", name="安溪县").click()
    expect(page.get_by_text("回答摘自现行有效文件")).to_be_visible()
    expect(page.get_by_label("所在地区")).to_have_value("云岭省/云州市/安溪县")
    assert [one.region for one in service.consultation.asked] == ["全国", "云岭省/云州市/安溪县"]


def test_the_page_sends_the_region_it_preselects(page: Page, service: "FakeService") -> None:
    ask(page, QUESTION)
    expect(page.get_by_text("回答摘自现行有效文件")).to_be_visible()
    assert [one.region for one in service.consultation.asked] == ["云岭省/云州市"]


def test_the_server_stops_and_comes_back_and_nothing_is_lost(page: Page, server: RunningServer) -> None:
    ask(page, QUESTION)
    expect(page.get_by_text("回答摘自现行有效文件")).to_have_count(1)
    server.stop()
    expect(page.get_by_text("连接中断，正在自动重连")).to_be_visible()
    ask(page, "那要多久？")
    server.start()
    expect(page.get_by_text("回答摘自现行有效文件")).to_have_count(2, timeout=20_000)
    expect(page.locator("#line")).to_be_hidden()
    expect(page.locator(".asked-text")).to_have_text([QUESTION, "那要多久？"])


def test_a_page_loaded_anew_shows_the_conversation(page: Page) -> None:
    ask(page, QUESTION)
    expect(page.get_by_text("回答摘自现行有效文件")).to_be_visible()
    page.reload()
    expect(page.locator(".asked-text")).to_have_text([QUESTION])
    expect(page.get_by_text("回答摘自现行有效文件")).to_have_count(1)


def test_a_question_too_long_is_held_back_with_both_numbers(page: Page) -> None:
    ask(page, "问" * 612)
    expect(page.locator("#count")).to_have_text("已写 612 个字，最多 500 个字")
    expect(page.locator(".asked-text")).to_have_count(0)


def test_nobody_there_a_ticket_is_left_found_and_rated(page: Page) -> None:
    page.get_by_role("button", name="转人工").click()
    form = page.get_by_role("form", name="留工单")
    expect(form).to_contain_text("现在没有能接待的坐席")
    form.get_by_label("要反映的事").fill("路灯坏了")
    form.get_by_role("textbox", name="联系方式").fill("13812345678")
    form.get_by_role("button", name="提交工单").click()
    expect(page.get_by_role("log")).to_contain_text("留下联系方式需要您同意")
    form.get_by_label("同意为办理").check()
    form.get_by_role("button", name="提交工单").click()
    ticket = page.get_by_role("article", name="工单")
    expect(ticket).to_contain_text("政务服务便民热线办理")
    expect(form).to_be_hidden()
    found = re.search(r"编号 (\S+)，查询码 (\w+)。", ticket.inner_text())
    assert found is not None
    page.get_by_role("button", name="查工单").click()
    look_up = page.get_by_role("form", name="查工单")
    look_up.get_by_label("编号").fill(found[1])
    look_up.get_by_label("查询码").fill(found[2])
    look_up.get_by_role("button", name="查询").click()
    expect(page.get_by_role("article", name="工单进度")).to_contain_text("待受理")
    ask(page, QUESTION)
    expect(page.get_by_text("回答摘自现行有效文件")).to_be_visible()
    page.get_by_role("button", name="评价").click()
    page.get_by_label("基本满意").check()
    page.get_by_role("button", name="提交评价").click()
    expect(page.get_by_role("log")).to_contain_text("谢谢您的评价：基本满意。")


def test_a_citizen_talks_with_a_person_and_comes_back(
    page: Page, server: RunningServer, engine: Engine
) -> None:
    _, token = Agents(engine).add("小李", Skills())
    with connect(server.url.replace("http", "ws") + "/ws/v1/desk") as at_desk:
        at_desk.send(json.dumps({"type": "sign_on", "token": token}))
        page.get_by_role("button", name="转人工").click()
        assigned = next(one for one in map(json.loads, at_desk) if one["type"] == "assigned")
        talk = assigned["handover"]["id"]
        status = page.locator("#person")
        expect(status).to_contain_text("小李 正在为您服务")
        ask(page, "请问几点开门？")
        expect(page.locator(".asked-text")).to_have_text(["请问几点开门？"])
        words = {"type": "say", "handover_id": talk, "client_id": "a1", "text": "九点。"}
        at_desk.send(json.dumps(words))
        expect(page.get_by_role("article", name="小李说")).to_contain_text("九点。")
        page.reload()
        expect(page.get_by_role("article", name="小李说")).to_contain_text("九点。")
        expect(status).to_contain_text("小李 正在为您服务")
        at_desk.send(json.dumps({"type": "end", "handover_id": talk}))
        expect(page.get_by_role("log")).to_contain_text("人工服务已结束")
        expect(page.get_by_role("button", name="转人工")).to_be_visible()


@pytest.mark.parametrize("width", [360, 1280])
def test_everything_fits_and_can_be_hit_with_a_finger(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 740})
    ask(page, QUESTION)
    expect(page.get_by_text("回答摘自现行有效文件")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for control in page.locator("button:visible:not(.mark), select:visible, textarea:visible").all():
        box = control.bounding_box()
        assert box is not None
        assert box["height"] >= 44, control.inner_text()


def test_in_large_type_on_a_narrow_screen_the_county_can_be_read(page: Page) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    page.get_by_role("button", name="大字").click()
    page.get_by_label("所在地区").select_option("云岭省/云州市/安溪县")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    text, room = page.evaluate(ROOM_SCRIPT)
    assert text <= room


ROOM_SCRIPT = """() => {
  const select = document.querySelector("#region");
  const style = getComputedStyle(select);
  const pen = document.createElement("canvas").getContext("2d");
  pen.font = `${style.fontSize} ${style.fontFamily}`;
  const arrow = parseFloat(style.fontSize);
  return [
    pen.measureText(select.selectedOptions[0].text).width,
    select.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight) - arrow,
  ];
}"""


def test_an_item_with_a_number_of_its_own_has_no_bullet(page: Page) -> None:
    items = ["1. 申请表", "（二）身份证", "一、登记", "①照片", "户口簿", "1.5 元", "第一次申领的"]
    styles = page.evaluate(DRAW_SCRIPT, items)
    assert styles == ["none"] * 4 + ["disc"] * 3


def test_a_list_to_tick_off_works_by_keyboard_and_says_what_is_done(page: Page) -> None:
    ask(page, "一件事甲")
    box = page.get_by_role("checkbox", name="领证")
    expect(box).not_to_be_checked()
    height = page.locator(".checklist label").bounding_box()
    assert height is not None
    assert height["height"] >= 44
    box.press("Space")
    expect(box).to_be_disabled()
    expect(page.get_by_text("领证办好了")).to_be_visible()


DRAW_SCRIPT = """async (items) => {
  const { AnswerView } = await import("/static/answer-view.js");
  const view = new AnswerView({});
  view.block(0, { type: "list", items, lead: "", quoted: true, cites: [] });
  document.querySelector("#log").append(view.root);
  return [...view.root.querySelectorAll(".blocks li")].map((each) => getComputedStyle(each).listStyleType);
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground(page: Page, scheme: str) -> None:
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce")
    ask(page, QUESTION)
    expect(page.get_by_text("回答摘自现行有效文件")).to_be_visible()
    page.get_by_role("button", name="查看依据 2").click()
    expect(page.locator("#source mark")).to_be_visible()
    faint = page.evaluate(CONTRAST_SCRIPT)
    assert faint == []


CONTRAST_SCRIPT = """() => {
  const parse = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((c) => c / 255)
    .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const colour = parse(getComputedStyle(at).backgroundColor);
      if ((colour[3] ?? 1) === 1) return colour;
    }
    return [255, 255, 255];
  };
  const faint = [];
  for (const node of document.querySelectorAll("body *")) {
    const says = [...node.childNodes].some((child) => child.nodeType === 3 && child.data.trim());
    if (!says || !node.checkVisibility() || node.closest(".skip, .hidden-label, option, noscript")) continue;
    const [a, b] = [light(parse(getComputedStyle(node).color)), light(ground(node))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) faint.push(`${node.className || node.tagName}: ${ratio.toFixed(2)}`);
  }
  return faint;
}"""


@pytest.fixture
def policies(engine: Engine, library: "FakeLibrary", monkeypatch: pytest.MonkeyPatch) -> EligibilityStore:
    """Have the sample's rules, its services, and the documents on the allowance for the old."""
    documents = SAMPLE / "documents" / "云岭省" / "云州市" / "云州市人民政府关于调整全市高龄津贴标准的通知.md"
    ingest_files(KnowledgeStore(engine), documents, region="云岭省/云州市", max_bytes=1_000_000)
    monkeypatch.setattr(library, "document_text", KnowledgeStore(engine).document_text)
    ServiceStore(engine).take_in(read_catalogue(SAMPLE / "services").batch, by="张三")
    rules = EligibilityStore(engine)
    rules.take_in(read_rules(SAMPLE / "eligibility.json"), by="张三")
    return rules


@pytest.mark.parametrize("width", [360, 1280])
def test_a_citizen_finds_policies_and_takes_it_all_back(
    policies: EligibilityStore, page: Page, width: int
) -> None:
    # The rules come first: a service that runs already would see them within a second only.
    page.set_viewport_size({"width": width, "height": 740})
    opener = page.get_by_role("button", name="看看我能享受哪些政策")
    opener.press("Enter")
    panel = page.get_by_role("complementary", name="看看我能享受哪些政策")
    expect(panel.get_by_text("存多久：加密保存，180 天不用就自动删除")).to_be_visible()
    panel.get_by_role("button", name="同意，开始填写").press("Enter")
    year = panel.get_by_label("出生年份")
    expect(year).to_be_focused()
    year.fill("1940")
    panel.get_by_label("所在地区").select_option("云岭省/云州市/其他区县")
    panel.locator("summary", has_text="身份和情况").press("Enter")
    panel.get_by_role("checkbox", name="本地户籍", exact=True).press("Space")
    year.press("Enter")
    status = panel.get_by_role("status")
    expect(status).to_have_text("您可能符合 1 项政策，还有 5 项差一个条件就能判断。")
    card = panel.get_by_role("article", name="公交优待（敬老卡）", exact=True)
    expect(card).to_contain_text("可申领 · 要自己申请")
    expect(card.get_by_role("article")).to_contain_text("咨询电话")
    allowance = panel.get_by_role("article", name="高龄津贴", exact=True)
    question = allowance.get_by_role("group", name="您的情况里有“离休干部生活补贴”吗？")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for control in panel.locator("button:visible, select:visible, summary:visible").all():
        box = control.bounding_box()
        assert box is not None
        assert box["height"] >= 44, control.inner_text()
    question.get_by_role("button", name="没有").press("Enter")
    expect(status).to_have_text("您可能符合 2 项政策，还有 4 项差一个条件就能判断。")
    expect(allowance).to_contain_text("免申即享 · 不用申请")
    expect(allowance.locator("blockquote")).to_contain_text("具有本市户籍、年满80周岁的老年人")
    cited = allowance.get_by_role("button", name="依据《云州市人民政府关于调整全市高龄津贴标准的通知》")
    cited.press("Enter")
    quoted = page.get_by_role("complementary", name="依据原文").locator("mark")
    expect(quoted).to_contain_text("具有本市户籍、年满80周岁的老年人")
    page.keyboard.press("Escape")
    expect(cited).to_be_focused()
    assert "有权" not in panel.inner_text()
    panel.get_by_role("button", name="撤回同意并删除").press("Enter")
    expect(status).to_have_text("已撤回同意。您填写的资料、提醒和回答里的提示都已删除。")
    expect(panel.get_by_role("button", name="同意，开始填写")).to_be_visible()
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    expect(opener).to_be_focused()
