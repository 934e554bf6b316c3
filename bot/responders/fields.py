"""Answers from the fields of a service item, exactly: nothing is said that no field says.

Each aspect has a function that returns the blocks of its answer; none, where the item does not state it.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.answer import Block, ListBlock, NoticeBlock, ParagraphBlock
from bot.aspects import Aspect
from knowledge_base.dates import SHANGHAI
from knowledge_base.services.cells import write_days
from knowledge_base.services.inheriting import EffectiveItem
from knowledge_base.services.opening import opening
from knowledge_base.services.records import Material, Office, ServiceItem

NEAR_OFFICES = 3
_WEEKDAYS = "一二三四五六日"
_DEPTHS = {
    1: "网上可以咨询，办理要到窗口",
    2: "可以网上预约，材料到窗口提交",
    3: "可以网上申请和预审",
    4: "可以全程网上办理",
}
_APPLY = {
    "免申即享": "这一项免申即享：符合条件的不用申请，由部门核对后直接办理。",
    "主动服务": "这一项由部门主动办理，不用申请。",
}


@dataclass(frozen=True, slots=True)
class Stated:
    """What an answer from fields is made of.

    Attributes:
        offices: Of the item, the nearest first.
        now: The moment of asking, with its zone.
        entries: Whether there is a web entry, a mini-program or an app to open.
    """

    item: EffectiveItem
    offices: tuple[Office, ...]
    now: datetime
    entries: bool


def answer_from(stated: Stated, aspect: Aspect | None) -> tuple[Block, ...]:
    """Return what the item states of an aspect; without one, an overview; empty where it states nothing."""
    return tuple((_ANSWERS[aspect] if aspect else _overview)(stated))


def _materials(stated: Stated) -> list[Block]:
    materials, name = stated.item.item.materials, stated.item.name
    if materials is None:
        return []
    if not materials:
        return [ParagraphBlock(text=f"办理“{name}”不需要提交材料。")]
    waived = [each for each in materials if each.waived]
    needed = [each for each in materials if each.is_need and not each.waived]
    always, sometimes = (
        [each for each in needed if bool(each.condition) is has_condition] for has_condition in (False, True)
    )
    optional = [each for each in materials if not each.is_need and not each.waived]
    groups = (
        (f"办理“{name}”要准备的材料：", always),
        ("有下列情形的，还要：" if always else f"办理“{name}”，有下列情形的要准备：", sometimes),
        ("可以不交的材料：", optional),
        ("免提交的材料，政府部门已经有，不用带：", waived),
    )
    blocks: list[Block] = [
        ListBlock(lead=lead, items=tuple(map(describe_material, of_group)))
        for lead, of_group in groups
        if of_group
    ]
    if not needed:
        blocks.insert(0, ParagraphBlock(text=f"办理“{name}”没有必须自带的材料。"))
    return blocks


def describe_material(material: Material) -> str:
    """Return a material with its form, number, case and what there is to help, on one line."""
    kind = "电子件" if material.type == "电子" else material.type
    count = f"{material.copies}份" if material.copies else ""
    notes = [
        "，".join(filter(None, (kind, count))),
        material.condition,
        material.waived_reason if material.waived else None,
        material.fill_explain,
        "有空白表格" if material.form_guid else None,
        "有填写样例" if material.example_guid else None,
    ]
    said = "；".join(filter(None, notes))
    return f"{material.name}（{said}）" if said else material.name


def _time(stated: Stated) -> list[Block]:
    said = time_limit(stated.item.item)
    return [ParagraphBlock(text=f"“{stated.item.name}”的办理时限：{said}。")] if said else []


def time_limit(item: ServiceItem) -> str:
    """Return the promised and the legal time limit in words; empty where neither is stated."""
    parts = []
    if item.promise_day is not None:
        at_once = item.promise_day == 0 or item.project_type == "即办件"
        parts.append(
            "当场办结（即办件）" if at_once else f"承诺{item.promise_day}个{_unit(item.promise_type)}内办结"
        )
    elif item.project_type == "即办件":
        parts.append("当场办结（即办件）")
    if item.anticipate_day:
        parts.append(f"法定时限{item.anticipate_day}个{_unit(item.anticipate_type)}")
    return "，".join(parts)


def _unit(day_type: str | None) -> str:
    return day_type or "工作日"


def _fee(stated: Stated) -> list[Block]:
    item, name = stated.item.item, stated.item.name
    if item.fees is None:
        return []
    if not item.fees:
        return [ParagraphBlock(text=f"办理“{name}”不收费。")]
    lines = tuple(
        f"{fee.name}：{fee.stand or '标准以窗口公示为准'}" + (f"（依据：{fee.by_law}）" if fee.by_law else "")
        for fee in item.fees
    )
    blocks: list[Block] = [ListBlock(lead=f"办理“{name}”的收费：", items=lines)]
    if item.is_pay_online:
        blocks.append(ParagraphBlock(text="可以网上缴费。"))
    return blocks


def _place(stated: Stated) -> list[Block]:
    if not stated.offices:
        return []
    item = stated.item.item
    lines = tuple(_where(office) for office in stated.offices[:NEAR_OFFICES])
    blocks: list[Block] = [ListBlock(lead=f"办理“{stated.item.name}”的地点：", items=lines)]
    if item.handle_area:
        blocks.append(ParagraphBlock(text=f"{item.handle_area}通办。"))
    if item.is_online and (item.online_handle_depth or 4) >= 3 and stated.entries:
        blocks.append(ParagraphBlock(text=f"也{_DEPTHS[item.online_handle_depth or 4]}，不必先去窗口。"))
    return blocks


def _where(office: Office) -> str:
    parts = (office.address, f"电话 {office.link_way}" if office.link_way else "", office.note)
    detail = "；".join(filter(None, parts))
    return f"{office.name}：{detail}" if detail else office.name


def _hours(stated: Stated) -> list[Block]:
    timed = [office for office in stated.offices if office.hours][:NEAR_OFFICES]
    if not timed:
        return []
    lines = tuple(
        f"{office.name}：{opening_hours(office)}；{open_now(office, stated.now)}" for office in timed
    )
    return [ListBlock(lead=f"办理“{stated.item.name}”的服务时间：", items=lines)]


def opening_hours(office: Office) -> str:
    """Return the hours of an office on one line."""
    by_days: dict[tuple[int, ...], list[str]] = defaultdict(list)
    for each in sorted(office.hours, key=lambda hours: (hours.days, hours.open)):
        by_days[each.days].append(f"{each.open}-{each.close}")
    hours = "，".join(f"{write_days(days)} {'、'.join(times)}" for days, times in by_days.items())
    return f"{hours}，法定节假日休息" if office.closed_on_holidays and hours else hours


def open_now(office: Office, now: datetime) -> str:
    """Return in words whether an office is open at a moment, or when it opens next; empty for no hours."""
    if not office.hours:
        return ""
    found = opening(office, now)
    if found.is_open and found.until is not None:
        return f"现在开放，到 {found.until:%H:%M}"
    if found.next_open is None:
        return "现在不开放"
    local = now.astimezone(SHANGHAI)
    ahead = (found.next_open.date() - local.date()).days
    day = {0: "今天", 1: "明天"}.get(
        ahead,
        f"{found.next_open.month}月{found.next_open.day}日（周{_WEEKDAYS[found.next_open.weekday()]}）",
    )
    doubt = "" if found.is_certain else "，节假日安排以公告为准"
    return f"现在不开放，下次开放是{day} {found.next_open:%H:%M}{doubt}"


def _online(stated: Stated) -> list[Block]:
    item, name = stated.item.item, stated.item.name
    if item.is_online is None:
        return []
    if not item.is_online:
        return [ParagraphBlock(text=f"“{name}”目前不能网上办理，要到窗口办。"), *_place(stated)]
    said = _DEPTHS[item.online_handle_depth] if item.online_handle_depth else "可以网上办理"
    blocks: list[Block] = [ParagraphBlock(text=f"“{name}”{said}。")]
    if item.limit_scene_num is not None:
        blocks.append(ParagraphBlock(text=_visits_text(item)))
    if not stated.entries:
        blocks.append(NoticeBlock(text="网上办理的入口暂时打不开，请到窗口办理，或打电话咨询。"))
        blocks += _place(stated)
    return blocks


def _visits(stated: Stated) -> list[Block]:
    item = stated.item.item
    if item.limit_scene_num is None:
        return []
    return [ParagraphBlock(text=f"办理“{stated.item.name}”，{_visits_text(item)}")]


def _visits_text(item: ServiceItem) -> str:
    if not item.limit_scene_num:
        return "不用到现场，一次也不用跑。"
    reason = f"：{item.limit_scene_reason}" if item.limit_scene_reason else ""
    return f"要到现场{item.limit_scene_num}次{reason}。"


def _who(stated: Stated) -> list[Block]:
    item, name = stated.item.item, stated.item.name
    blocks: list[Block] = []
    if item.accept_condition:
        blocks.append(ListBlock(lead=f"“{name}”的受理条件：", items=item.accept_condition))
    if item.serves:
        people = "、".join({"自然人": "个人", "法人": "企业和单位"}[each] for each in item.serves)
        blocks.append(ParagraphBlock(text=f"服务对象：{people}。"))
    return blocks if item.accept_condition else []


def _how(stated: Stated) -> list[Block]:
    item, name = stated.item.item, stated.item.name
    blocks: list[Block] = []
    if item.apply_mode in _APPLY:
        blocks.append(ParagraphBlock(text=_APPLY[item.apply_mode]))
    if item.handle_flow:
        steps = tuple(f"{number}. {step}" for number, step in enumerate(item.handle_flow, start=1))
        blocks.append(ListBlock(lead=f"“{name}”的办理流程：", items=steps))
    if item.handle_type:
        blocks.append(ParagraphBlock(text=f"办理形式：{'、'.join(item.handle_type)}。"))
    return blocks if item.handle_flow or item.apply_mode in _APPLY else []


def _phone(stated: Stated) -> list[Block]:
    item = stated.item.item
    lines = [f"咨询：{item.link_way}"] if item.link_way else []
    lines += [f"{each.name}：{each.link_way}" for each in stated.offices[:NEAR_OFFICES] if each.link_way]
    if not lines:
        return []
    if item.supervise_way:
        lines.append(f"监督投诉：{item.supervise_way}")
    return [ListBlock(lead=f"“{stated.item.name}”的电话：", items=tuple(lines))]


def _overview(stated: Stated) -> list[Block]:
    item = stated.item.item
    facts = (
        ("办理部门", item.dept_name),
        ("办理时限", time_limit(item)),
        ("收费", "不收费" if item.fees == () else ""),
        ("到现场次数", "" if item.limit_scene_num is None else str(item.limit_scene_num)),
        ("网上办理", _DEPTHS.get(item.online_handle_depth or 0, "") if item.is_online else ""),
        ("咨询电话", item.link_way),
    )
    lines = tuple(f"{title}：{value}" for title, value in facts if value)
    blocks: list[Block] = [ListBlock(lead=f"您要办的是“{stated.item.name}”：", items=lines)] if lines else []
    return [*blocks, *_how(stated)]


_ANSWERS: Mapping[Aspect, Callable[[Stated], list[Block]]] = {
    Aspect.MATERIALS: _materials,
    Aspect.TIME: _time,
    Aspect.FEE: _fee,
    Aspect.PLACE: _place,
    Aspect.HOURS: _hours,
    Aspect.ONLINE: _online,
    Aspect.VISITS: _visits,
    Aspect.WHO: _who,
    Aspect.HOW: _how,
    Aspect.PHONE: _phone,
}
