"""A plan, a question and a questionnaire as an answer's blocks: nothing is said that no record says."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from bot.answer import Block, Check, ListBlock, NoticeBlock, Option, ParagraphBlock
from bot.life_events.words import SKIP_LABEL, whole
from bot.responders.fields import time_limit
from bot.wording import BASIS_NAMED
from knowledge_base.life_events.conditions import told
from knowledge_base.life_events.planning import MergedMaterial, Plan, PlannedStep, in_order
from knowledge_base.life_events.records import EventQuestion, LifeEvent
from knowledge_base.services.inheriting import EffectiveItem

_BY_ITSELF = {"免申即享": "免申即享，不用申请", "主动服务": "由部门主动办理，不用申请"}


def question_blocks(
    event: LifeEvent, question: EventQuestion, *, number: int, lead: str = ""
) -> tuple[Block, ...]:
    """Return a question as it is put; `number` says the how-manieth it is."""
    blocks: list[Block] = [ParagraphBlock(text=lead)] if lead else []
    blocks.append(ParagraphBlock(text=f"{event.name}，第{number}问：{question.text}"))
    if question.help:
        blocks.append(NoticeBlock(text=question.help))
    return tuple(blocks)


def question_options(question: EventQuestion) -> tuple[Option, ...]:
    """Return the answers one can tap, and one that leads on without."""
    labels = (*(option.label for option in question.options), SKIP_LABEL)
    return tuple(Option(label=label, question=whole(question, label)) for label in labels)


def plan_blocks(
    event: LifeEvent,
    plan: Plan,
    *,
    place: str,
    done: Collection[str],
    names: Mapping[str, EffectiveItem],
    hotline: str,
    lead: str = "",
    is_known: bool = False,
) -> tuple[Block, ...]:
    """Return a plan: the steps in order to tick off, what to bring, what it costs, what was left out.

    Args:
        place: How the citizen's region is called.
        done: 基本编码 of the steps ticked off.
        names: Items of any region, to name those that are left out by.
        is_known: It was told just before: where it stands, without materials, fees and law once more.
    """
    open_steps = [each for each in plan.steps if each.step.catalog_code not in done]
    blocks: list[Block] = [ParagraphBlock(text=lead)] if lead else []
    blocks.append(ParagraphBlock(text=_summary(event, plan, open_steps)))
    if plan.steps:
        blocks.append(
            ListBlock(
                lead="按这个顺序办：",
                items=tuple(_step_line(each) for each in plan.steps),
                checks=tuple(
                    Check(done=each.step.catalog_code in done, question=f"{each.effective.name}办好了")
                    for each in plan.steps
                ),
            )
        )
    if is_known:
        return tuple(blocks)
    if plan.steps:
        blocks.append(ParagraphBlock(text=_fees_summary(plan.steps)))
        blocks += _material_blocks(plan, {each.number for each in open_steps})
    if plan.left_out:
        left_out = "、".join(_named(step.catalog_code, names) for step in plan.left_out)
        said = f"这件事里的{left_out}，在{place}没有收录可办的事项，没有列入。要办的请拨打 {hotline} 咨询。"
        blocks.append(NoticeBlock(text=said))
    if event.by_law:
        blocks.append(ParagraphBlock(text=BASIS_NAMED.format(laws="、".join(map(str, event.by_law)))))
    return tuple(blocks)


def _named(catalog_code: str, names: Mapping[str, EffectiveItem]) -> str:
    return f"“{names[catalog_code].name}”" if catalog_code in names else f"编码为 {catalog_code} 的事项"


def _summary(event: LifeEvent, plan: Plan, open_steps: list[PlannedStep]) -> str:
    if not plan.steps:
        return f"{event.name}：按您的回答，目前没有要办的事项。情况变了可以重新回答。"
    if not open_steps:
        return f"{event.name}：{len(plan.steps)}件事都办好了。"
    finished = len(plan.steps) - len(open_steps)
    said = (
        f"已办好{finished}件，还差{len(open_steps)}件"
        if finished
        else f"按您的回答，要办{len(plan.steps)}件事"
    )
    return f"{event.name}：{said}。接下来办“{open_steps[0].effective.name}”。"


def _step_line(step: PlannedStep) -> str:
    item = step.effective.item
    details = (
        item.dept_name,
        _BY_ITSELF.get(item.apply_mode or ""),
        time_limit(item),
        _fee(step),
        step.step.note,
    )
    said = "；".join(each.rstrip("。") for each in details if each)
    return f"{step.number}. {step.effective.name}" + (f"：{said}" if said else "")


def _fee(step: PlannedStep) -> str:
    if step.fees is None:
        return ""
    if not step.fees:
        return "不收费"
    return "收费：" + "、".join(f"{fee.name} {fee.stand or '标准以窗口公示为准'}" for fee in step.fees)


def _fees_summary(steps: Iterable[PlannedStep]) -> str:
    """Return what all of it costs: standards differ in kind and are never added up."""
    charged = [each for each in steps if each.fees]
    unsaid = [each for each in steps if each.fees is None]
    if not charged and not unsaid:
        return "费用合计：全部不收费。"
    parts = [f"第{each.number}步收费（{_fee(each).removeprefix('收费：')}）" for each in charged]
    if unsaid:
        parts.append(f"第{'、'.join(str(each.number) for each in unsaid)}步没有写明，以窗口公示为准")
    return f"费用合计：{'；'.join(parts)}；其余不收费。"


def _material_blocks(plan: Plan, open_steps: Collection[int]) -> list[Block]:
    """Return the materials of the steps that are still open, in groups."""
    wanted = [each for each in plan.materials if set(each.steps) & set(open_steps)]
    handed_in = [each for each in wanted if each.needed and not each.is_waived]
    groups = (
        ("要准备的材料（几步都要的只列一次）：", [each for each in handed_in if not each.is_conditional]),
        ("有下列情形的，还要准备：", [each for each in handed_in if each.is_conditional]),
        ("可以不交的材料：", [each for each in wanted if not each.needed and not each.is_waived]),
    )
    blocks: list[Block] = [
        ListBlock(lead=lead, items=tuple(map(_material_line, group)), checks=tuple(Check() for _ in group))
        for lead, group in groups
        if group
    ]
    waived = [each for each in wanted if each.is_waived]
    if waived:
        lead = "免提交的材料，政府部门已经有，不用带："
        blocks.append(ListBlock(lead=lead, items=tuple(map(_material_line, waived))))
    if not blocks:
        blocks.append(ParagraphBlock(text="没有要准备的材料。"))
    return blocks


def _material_line(material: MergedMaterial) -> str:
    forms = (
        f"原件{material.originals}份" if material.originals else "",
        f"复印件{material.photocopies}份" if material.photocopies else "",
        "电子件" if material.electronic else "",
    )
    notes = [
        "，".join(filter(None, forms)),
        f"第{'、'.join(map(str, material.steps))}步要",
        *(f"第{number}步：{condition}" for number, condition in material.conditions.items()),
        f"第{'、'.join(map(str, material.waived))}步免提交"
        if material.waived and not material.is_waived
        else "",
        "有空白表格" if material.form else "",
        "有填写样例" if material.example else "",
    ]
    return f"{material.name}（{'；'.join(filter(None, notes))}）"


def questionnaire_blocks(event: LifeEvent, names: Mapping[str, EffectiveItem]) -> tuple[Block, ...]:
    """Return the whole questionnaire as text, for a channel that keeps no conversation.

    Args:
        names: Items where the citizen lives; a step whose item is not among them is left out.
    """
    questions = tuple(
        f"{number}. {each.text}（{'／'.join(option.label for option in each.options)}）"
        for number, each in enumerate(event.questions, start=1)
    )
    steps: list[str] = []
    for step in in_order(event.steps):
        if step.catalog_code in names:
            when = told(step.when, event)
            steps.append(
                f"{len(steps) + 1}. {names[step.catalog_code].name}" + (f"：{when}的" if when else "：都要办")
            )
    blocks: list[Any] = [ParagraphBlock(text=f"{event.name}。{event.intro}".strip())]
    if questions:
        blocks.append(ListBlock(lead="要办哪些，看下面几个问题的回答：", items=questions))
    if steps:
        blocks.append(ListBlock(lead="按这个顺序办，各步的适用情形：", items=tuple(steps)))
    if event.by_law:
        blocks.append(ParagraphBlock(text=BASIS_NAMED.format(laws="、".join(map(str, event.by_law)))))
    return tuple(blocks)
