"""Call a person: a question that asks for one is not searched for, it is handed over."""

from collections.abc import Callable
from dataclasses import replace

from bot.answer import AnswerStatus, Block, NoticeBlock, ParagraphBlock
from bot.desk.front import Reach
from bot.desk.handover import Need
from bot.desk.wishes import wants_person
from bot.pipeline import Step
from bot.turn import Turn
from bot.wording import CALLING_PERSON, HOTLINE, NO_PERSON_HERE, NOBODY_THERE


def call_person(reach: Callable[[Need], Reach], hotline: str) -> Step:
    """Return the step. The channel carries out what the status says: the queue, or the form of a ticket.

    Args:
        reach: Whether somebody is there for a need.
        hotline: Telephone line given beside, and instead where the channel cannot wait for a person.
    """

    def step(turn: Turn) -> Turn:
        if turn.status is not None or not wants_person(turn.text):
            return turn
        notice = NoticeBlock(text=HOTLINE.format(hotline=hotline))
        if not turn.asked.can_wait:
            return _ended(turn, AnswerStatus.HANDED_TO_HUMAN, ParagraphBlock(text=NO_PERSON_HERE), notice)
        if reach(need_of(turn.region, turn.asked.locale)) is Reach.OPEN:
            return _ended(turn, AnswerStatus.HANDED_TO_HUMAN, ParagraphBlock(text=CALLING_PERSON))
        return _ended(turn, AnswerStatus.TICKET, ParagraphBlock(text=NOBODY_THERE), notice)

    return step


def need_of(region: str | None, locale: str | None, department: str = "") -> Need:
    """Return what a conversation asks of an agent; the language is the first part of a BCP 47 tag."""
    language = (locale or "zh").split("-")[0].lower() or "zh"
    return Need(department, region or "", language)


def _ended(turn: Turn, status: AnswerStatus, *blocks: Block) -> Turn:
    return replace(turn, status=status, blocks=blocks)
