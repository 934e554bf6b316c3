"""The records of the service catalogue, as they stand in JSON; a field's title is its column in a sheet.

In an item, a field that is None is not stated: it is unknown, or follows the item of the wider region with
the same catalog code. An empty list is a statement: no fees, nothing to bring.
"""

import re
from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
)

NOTHING = "（无）"
"""What a cell says where a list is stated to be empty."""

_CODE_CHARS = 80
_TEXT_CHARS = 4000
_MOST_ENTRIES = 200


def _one_line(text: str) -> str:
    return re.sub(r"\s+", " ", text.replace("\0", "")).strip()


def _paragraphs(text: str) -> str:
    """Return the text without control characters, with one kind of line end and no blank lines."""
    kept = "".join(char for char in text if char >= " " or char in "\t\n\r").replace("\r\n", "\n")
    lines = (re.sub(r"[ \t\r]+", " ", line).strip() for line in kept.split("\n"))
    return "\n".join(line for line in lines if line)


def _listed(values: tuple[str, ...]) -> tuple[str, ...]:
    kept = tuple(dict.fromkeys(value for value in values if value))
    return () if kept == (NOTHING,) else kept


def _no_blank(value: object) -> object:
    """A blank says nothing, like a field that is left out."""
    return None if isinstance(value, str) and not value.strip() else value


Line = Annotated[str, AfterValidator(_one_line), Field(max_length=_TEXT_CHARS)]
Code = Annotated[str, AfterValidator(_one_line), Field(min_length=1, max_length=_CODE_CHARS)]
Paragraphs = Annotated[str, AfterValidator(_paragraphs), Field(max_length=_TEXT_CHARS)]
MaybeLine = Annotated[Line | None, BeforeValidator(_no_blank)]
Lines = Annotated[tuple[Line, ...], AfterValidator(_listed), Field(max_length=_MOST_ENTRIES)]
Days = Annotated[int, Field(ge=0, le=3650)]

Level = Literal["国家级", "省级", "市级", "县级", "乡级"]
TaskType = Literal["行政许可", "行政确认", "行政给付", "行政奖励", "行政裁决", "其他行政权力", "公共服务"]
DayType = Literal["工作日", "自然日"]


class Record(BaseModel):
    """A record that is never changed once made."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class LegalBasis(Record):
    """What an item rests on (设定依据); the title as in the knowledge base, where the document is there."""

    title: Annotated[Line, Field(min_length=1)]
    doc_number: Line = ""
    article: Line = ""

    @field_validator("title")
    @classmethod
    def _bare(cls, title: str) -> str:
        inner = title[1:-1]
        if not title.strip("《》 "):
            raise ValueError("the title is nothing but brackets")
        return inner if title.startswith("《") and title.endswith("》") and "《" not in inner else title

    @field_validator("doc_number", "article", mode="before")
    @classmethod
    def _nothing(cls, value: object) -> object:
        return "" if value is None else value

    def __str__(self) -> str:
        number = f"（{self.doc_number}）" if self.doc_number else ""
        return f"《{self.title}》{number}{self.article}"


class MiniProgram(Record):
    """A page of a WeChat mini-program."""

    appid: Annotated[Line, Field(min_length=1)]
    path: Line = ""


class Material(Record):
    """Something to hand in (申请材料)."""

    name: Annotated[Line, Field(min_length=1, title="材料名称")]
    type: Annotated[
        Literal["原件", "复印件", "原件和复印件", "电子"] | None,
        BeforeValidator(_no_blank),
        Field(title="材料形式"),
    ] = None
    copies: Annotated[int | None, Field(ge=0, le=99, title="份数")] = None
    is_need: Annotated[bool, Field(title="是否必要")] = True
    page_num: Annotated[int | None, Field(ge=0, le=999, title="页数")] = None
    source_type: Annotated[
        Literal["申请人自备", "政府部门核发", "其他"] | None,
        BeforeValidator(_no_blank),
        Field(title="来源渠道"),
    ] = None
    waived: Annotated[bool, Field(title="免提交")] = False
    waived_reason: Annotated[MaybeLine, Field(title="免提交理由")] = None
    form_guid: Annotated[MaybeLine, Field(title="空白表格")] = None
    example_guid: Annotated[MaybeLine, Field(title="示例样表")] = None
    fill_explain: Annotated[MaybeLine, Field(title="填报须知")] = None
    condition: Annotated[MaybeLine, Field(title="适用情形")] = None


class Fee(Record):
    """A fee; it needs its standard and its legal basis (see `linting`)."""

    name: Annotated[Line, Field(min_length=1, title="收费名称")]
    stand: Annotated[MaybeLine, Field(title="收费标准")] = None
    by_law: Annotated[MaybeLine, Field(title="收费依据")] = None


class ItemQuestion(Record):
    """A question often asked about an item, with the department's answer."""

    question: Annotated[Line, Field(min_length=1, title="问题")]
    answer: Annotated[Paragraphs, Field(min_length=1, title="答案")]


class ServiceItem(Record):
    """A service item as one region states it; `task_code` is its key, `catalog_code` that of its kind."""

    catalog_code: Annotated[Code, Field(title="基本编码")]
    task_code: Annotated[Code, Field(title="实施编码")]
    task_handle_item: Annotated[MaybeLine, Field(title="业务办理项编码")] = None
    task_name: Annotated[MaybeLine, Field(title="事项名称")] = None
    aliases: Annotated[Lines | None, Field(title="口语说法")] = None
    task_type: Annotated[TaskType | None, BeforeValidator(_no_blank), Field(title="事项类型")] = None
    task_version: Annotated[int | None, Field(ge=0, title="事项版本")] = None
    task_state: Annotated[
        Literal["在用", "停用"] | None, BeforeValidator(_no_blank), Field(title="事项状态")
    ] = None
    use_level: Annotated[Level | None, BeforeValidator(_no_blank), Field(title="行使层级")] = None
    region: Annotated[Line, Field(min_length=1, title="地区")]
    dept_name: Annotated[MaybeLine, Field(title="实施主体")] = None
    dept_code: Annotated[MaybeLine, Field(title="实施主体编码")] = None
    by_law: Annotated[tuple[LegalBasis, ...] | None, Field(title="设定依据", max_length=_MOST_ENTRIES)] = None
    plan_effective_date: Annotated[date | None, Field(title="计划生效日期")] = None
    plan_cancel_date: Annotated[date | None, Field(title="计划取消日期")] = None
    serves: Annotated[tuple[Literal["自然人", "法人"], ...] | None, Field(title="服务对象")] = None
    audience: Annotated[Lines | None, Field(title="适用人群")] = None
    accept_condition: Annotated[Lines | None, Field(title="受理条件")] = None
    handle_flow: Annotated[Lines | None, Field(title="办理流程")] = None
    anticipate_day: Annotated[Days | None, Field(title="法定办结时限")] = None
    anticipate_type: Annotated[
        DayType | None, BeforeValidator(_no_blank), Field(title="法定办结时限单位")
    ] = None
    promise_day: Annotated[Days | None, Field(title="承诺办结时限")] = None
    promise_type: Annotated[DayType | None, BeforeValidator(_no_blank), Field(title="承诺办结时限单位")] = (
        None
    )
    project_type: Annotated[
        Literal["即办件", "承诺件"] | None, BeforeValidator(_no_blank), Field(title="办件类型")
    ] = None
    handle_type: Annotated[
        tuple[Literal["窗口办理", "网上办理", "快递申请"], ...] | None, Field(title="办理形式")
    ] = None
    limit_scene_num: Annotated[int | None, Field(ge=0, le=20, title="到现场次数")] = None
    limit_scene_reason: Annotated[MaybeLine, Field(title="必须现场办理原因")] = None
    offices: Annotated[Lines | None, Field(title="办理地点")] = None
    link_way: Annotated[MaybeLine, Field(title="咨询方式")] = None
    supervise_way: Annotated[MaybeLine, Field(title="监督投诉方式")] = None
    link_addr: Annotated[MaybeLine, Field(title="网办地址")] = None
    mobile_terminal_url: Annotated[MaybeLine, Field(title="移动端办理地址")] = None
    mini_program: Annotated[MiniProgram | None, Field(title="小程序")] = None
    app_link: Annotated[MaybeLine, Field(title="APP 链接")] = None
    is_online: Annotated[bool | None, Field(title="是否网办")] = None
    online_handle_depth: Annotated[int | None, Field(ge=1, le=4, title="网办深度")] = None
    is_pay_online: Annotated[bool | None, Field(title="是否网上支付")] = None
    is_schedule: Annotated[bool | None, Field(title="是否预约办理")] = None
    is_express: Annotated[bool | None, Field(title="是否物流快递")] = None
    handle_area: Annotated[
        Literal["全国", "全省", "全市", "本县"] | None, BeforeValidator(_no_blank), Field(title="通办范围")
    ] = None
    apply_mode: Annotated[
        Literal["依申请", "免申即享", "主动服务"] | None, BeforeValidator(_no_blank), Field(title="申请方式")
    ] = None
    own_record: Annotated[bool | None, Field(title="查询本人记录")] = None
    materials: Annotated[tuple[Material, ...] | None, Field(title="申请材料", max_length=_MOST_ENTRIES)] = (
        None
    )
    fees: Annotated[tuple[Fee, ...] | None, Field(title="收费", max_length=_MOST_ENTRIES)] = None
    questions: Annotated[
        tuple[ItemQuestion, ...] | None, Field(title="常见问题", max_length=_MOST_ENTRIES)
    ] = None

    @field_validator("region")
    @classmethod
    def _path(cls, region: str) -> str:
        return region.strip("/")

    @field_validator("serves", "handle_type")
    @classmethod
    def _once(cls, values: tuple[str, ...] | None) -> tuple[str, ...] | None:
        return None if values is None else tuple(dict.fromkeys(values))


class Hours(Record):
    """When an office is open on some days of the week; 1 is Monday. Times are `HH:MM`, `24:00` at the end."""

    days: Annotated[tuple[Annotated[int, Field(ge=1, le=7)], ...], Field(min_length=1)]
    open: Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
    close: Annotated[str, Field(pattern=r"^(([01]\d|2[0-3]):[0-5]\d|24:00)$")]

    @field_validator("days")
    @classmethod
    def _in_order(cls, days: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(sorted(set(days)))

    @field_validator("close")
    @classmethod
    def _later(cls, close: str, info: ValidationInfo) -> str:
        opens = info.data.get("open")
        if opens is not None and close <= opens:
            raise ValueError(f"closes at {close}, not after it opens at {opens}")
        return close


class Office(Record):
    """A place where items are handled (办理地点)."""

    id: Annotated[Code, Field(title="地点编号")]
    name: Annotated[Line, Field(min_length=1, title="地点名称")]
    region: Annotated[Line, Field(min_length=1, title="地区")]
    address: Annotated[MaybeLine, Field(title="地址")] = None
    link_way: Annotated[MaybeLine, Field(title="电话")] = None
    hours: Annotated[tuple[Hours, ...], Field(title="服务时间", max_length=20)] = ()
    closed_on_holidays: Annotated[bool, Field(title="节假日休息")] = True
    note: Annotated[MaybeLine, Field(title="备注")] = None


class Batch(Record):
    """What a file holds, or several together."""

    offices: tuple[Office, ...] = ()
    items: tuple[ServiceItem, ...] = ()


class ItemVersion(Record):
    """A version an item has had; the next one may begin later than the day it was stored.

    Attributes:
        number: From 1 on.
        withdrawn_at: When an operator withdrew the item; only the newest version's counts.
    """

    item: ServiceItem
    number: int
    stored_at: datetime
    stored_by: str
    withdrawn_at: datetime | None = None


class LinkState(Record):
    """What was found when an address was last asked.

    Attributes:
        state: `unsure` is an answer that tells nothing, such as that robots are not let in.
        reason: In Chinese; empty for one that is well.
        final_url: Where it led to, if elsewhere.
    """

    url: str
    state: Literal["ok", "dead", "unsure"]
    reason: str = ""
    final_url: str = ""
    checked_at: datetime


def web_links(item: ServiceItem) -> tuple[str, ...]:
    """Return the web addresses of an item that can be asked: entries, and forms and samples of materials."""
    named = [item.link_addr, item.mobile_terminal_url, item.app_link]
    for material in item.materials or ():
        named += [material.form_guid, material.example_guid]
    return tuple(dict.fromkeys(each for each in named if each and is_web_address(each)))


def is_web_address(text: str) -> bool:
    """Tell whether a text is an http or https address that a browser can open."""
    return re.match(r"https?://[^\s/]+", text, re.IGNORECASE) is not None
