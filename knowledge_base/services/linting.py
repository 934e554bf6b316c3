"""The rules of a good catalogue: what contradicts itself, what leads nowhere, what is not what it names."""

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from knowledge_base.records import NATIONAL
from knowledge_base.regions import Gazetteer, specificity
from knowledge_base.services.cells import title_of
from knowledge_base.services.findings import Finding, Place, Severity
from knowledge_base.services.inheriting import effective_items
from knowledge_base.services.records import LegalBasis, Office, ServiceItem, is_web_address

ONLINE_WHOLLY = 4
_LEVELS = {"国家级": 0, "省级": 1, "市级": 2, "县级": 3, "乡级": 4}
_APPID = re.compile(r"wx[0-9a-z]{16}")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a catalogue is checked against.

    Attributes:
        offices: Those known, by id: of the catalogue itself and of what is stored.
        others: Items stored that are not in the catalogue checked; it may override them, or they it.
        knows_region: Tells whether there is such a place.
        unknown_laws: Returns those of them whose document the knowledge base does not have.
    """

    offices: Mapping[str, Office]
    others: Collection[ServiceItem]
    knows_region: Callable[[str], bool]
    unknown_laws: Callable[[Iterable[LegalBasis]], frozenset[LegalBasis]]
    today: date


def region_test(gazetteer: Gazetteer, kept: Collection[str]) -> Callable[[str], bool]:
    """Return what tells whether a region exists: it is known by itself, or documents are kept for it."""

    def knows(region: str) -> bool:
        if region == NATIONAL or region in kept:
            return True
        return any(place.path == region for place in gazetteer.named_regions(region.replace("/", "")))

    return knows


def lint(
    items: Mapping[str, tuple[ServiceItem, Place]],
    offices: Mapping[str, tuple[Office, Place]],
    around: Surroundings,
) -> list[Finding]:
    """Return what is wrong with a catalogue that was read, each finding with its place and its cure."""
    all_items = [*(item for item, _ in items.values()), *around.others]
    unknown = around.unknown_laws(law for item, _ in items.values() for law in item.by_law or ())
    findings: list[Finding] = []
    for item, place in items.values():
        whole = effective_items(all_items, item.region)[item.catalog_code].item
        for field, message in (
            *_own_faults(item, around, unknown),
            *_contradictions(item, whole),
        ):
            findings.append(Finding(place, title_of(ServiceItem, field), message, code=item.task_code))
    findings += _doubles(items)
    for office, place in offices.values():
        if not around.knows_region(office.region):
            message = f"没有“{office.region}”这个地区：写成“省/市/县”的全路径，名称与知识库一致"
            findings.append(Finding(place, title_of(Office, "region"), message, code=office.id))
        if not office.hours:
            message = "没有服务时间，市民问几点上班就答不了：写作“周一至周五 09:00-12:00”，一行一段"
            findings.append(Finding(place, title_of(Office, "hours"), message, code=office.id))
    return findings


def _own_faults(
    item: ServiceItem, around: Surroundings, unknown: frozenset[LegalBasis]
) -> Iterator[tuple[str, str]]:
    """Yield field and message for what is wrong with what an item itself states."""
    if not around.knows_region(item.region):
        yield "region", f"没有“{item.region}”这个地区：写成“省/市/县”的全路径，名称与知识库一致"
    elif item.use_level and _LEVELS[item.use_level] != specificity(item.region) and item.use_level != "乡级":
        yield "use_level", f"行使层级是{item.use_level}，地区却是“{item.region}”：改其中之一"
    for office in item.offices or ():
        if office not in around.offices:
            yield "offices", f"没有编号为 {office} 的办理地点：在“办理地点”表里补上，或改编号"
    for title in dict.fromkeys(law.title for law in item.by_law or () if law in unknown):
        yield "by_law", f"知识库里没有《{title}》：收入这份文件或核对标题，此前只能写出名称，不能引用原文"
    for fee in item.fees or ():
        lacking = "和".join(name for name, value in (("标准", fee.stand), ("依据", fee.by_law)) if not value)
        if lacking:
            yield "fees", f"收费“{fee.name}”没有写明{lacking}：收费必须有标准和依据，没有依据的不得收"
    for material in item.materials or ():
        if material.waived and not material.waived_reason:
            yield "materials", f"材料“{material.name}”免提交，没有写理由：写明由哪里核验"
    yield from _link_faults(item)
    yield from _day_faults(item, around.today)


def _link_faults(item: ServiceItem) -> Iterator[tuple[str, str]]:
    for field in ("link_addr", "mobile_terminal_url"):
        link = getattr(item, field)
        if link and not is_web_address(link):
            yield field, f"“{link[:60]}”不是网址，不会显示：应以 http:// 或 https:// 开头"
    if item.mini_program and not _APPID.fullmatch(item.mini_program.appid):
        yield "mini_program", f"“{item.mini_program.appid}”不像小程序的 appid：应是 wx 加 16 位字母数字"


def _day_faults(item: ServiceItem, today: date) -> Iterator[tuple[str, str]]:
    starts, ends = item.plan_effective_date, item.plan_cancel_date
    if starts and ends and ends <= starts:
        yield "plan_cancel_date", f"取消日期 {ends} 不晚于生效日期 {starts}，这一项永远用不上：改日期"
    elif ends and ends <= today and item.task_state != "停用":
        yield "plan_cancel_date", f"已于 {ends} 取消，不再用来回答：还在办的改日期，不办的写“停用”"


def _contradictions(item: ServiceItem, whole: ServiceItem) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with an item together with what it inherits, where it states a part of that."""

    def states(*fields: str) -> bool:
        return any(getattr(item, field) is not None for field in fields)

    visits, depth = whole.limit_scene_num or 0, whole.online_handle_depth or 0
    offline = whole.is_online is False
    has_door = bool(whole.link_addr or whole.mobile_terminal_url or whole.mini_program or whole.app_link)
    comes_by_itself = whole.apply_mode in ("免申即享", "主动服务")
    if whole.task_name is None:
        yield "task_name", "没有事项名称，上级地区也没有同一基本编码的事项：补名称，或核对基本编码"
    if states("limit_scene_num", "limit_scene_reason") and visits and not whole.limit_scene_reason:
        yield "limit_scene_num", f"要到现场{visits}次，没有写原因：写明必须现场办理的原因，没有的改为 0"
    if states("online_handle_depth", "limit_scene_num") and depth == ONLINE_WHOLLY and visits:
        yield "limit_scene_num", f"全程网办的应为 0，读到 {visits}：改次数，或把网办深度改为 3 以下"
    if states("is_online", "online_handle_depth") and offline and depth > 1:
        yield "online_handle_depth", "写着不能网办，又写了网办深度：改其中之一"
    if states("is_online", "handle_type") and offline and "网上办理" in (whole.handle_type or ()):
        yield "handle_type", "写着不能网办，办理形式里又有网上办理：改其中之一"
    if states("is_online", "link_addr") and whole.is_online and not has_door:
        yield "link_addr", "可以网办，却没有任何入口：补网办地址、移动端地址、小程序或 APP 链接"
    elif not has_door and not whole.offices and not comes_by_itself:
        yield "offices", "没有办理地点，也没有网上入口，市民无处可办：至少补一样"
    promised, legal = whole.promise_day, whole.anticipate_day
    if (
        states("promise_day", "anticipate_day")
        and promised is not None
        and legal is not None
        and whole.promise_type == whole.anticipate_type
        and promised > legal
    ):
        yield "promise_day", f"承诺{promised}日比法定{legal}日还长：核对两个时限"


def _doubles(items: Mapping[str, tuple[ServiceItem, Place]]) -> Iterator[Finding]:
    """Yield items of one catalog code and region: which of them holds could not be told."""
    stated: dict[tuple[str, str], list[tuple[ServiceItem, Place]]] = defaultdict(list)
    for item, place in items.values():
        stated[item.catalog_code, item.region].append((item, place))
    for (code, region), several in stated.items():
        for item, place in several[1:]:
            message = f"{region}已有基本编码 {code} 的事项（{several[0][1]}）：一地一项，改编码或合并"
            yield Finding(
                place, title_of(ServiceItem, "catalog_code"), message, Severity.WARNING, item.task_code
            )
