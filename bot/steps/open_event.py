"""Open event: a question that asks for a life event as a whole is answered by its first question."""

from dataclasses import replace

from bot.answer import AnswerStatus, Option, ParagraphBlock
from bot.aspects import Aspect, aspect_of
from bot.dialogue_state import EventRun
from bot.life_events.blocks import questionnaire_blocks
from bot.pipeline import Step
from bot.steps.follow_event import EventDialogue, progress_of
from bot.steps.serve import CHOSEN, region_of
from bot.turn import Turn
from bot.wording import ASK_SERVICE_REGION, place_name
from knowledge_base.life_events.planning import next_question
from retrieval.query import Query

# Whether it costs, how long it takes: that is told at once, without a questionnaire.
_ONE_THING = frozenset({Aspect.FEE, Aspect.TIME, Aspect.PHONE, Aspect.HOURS, Aspect.PLACE})
_WENT_ON = "上次回答到一半，接着来。"
_WAS_DONE = "这是上次的清单；情况变了，可以重新回答。"


def open_event(dialogue: EventDialogue) -> Step:
    """Return the step; where the channel keeps no conversation, the whole questionnaire is told as text."""
    desk = dialogue.desk

    def step(turn: Turn) -> Turn:
        if turn.query is None or turn.vector is None or turn.index is None or not _may_open(turn, turn.query):
            return turn
        region = region_of(turn)
        found = desk.matches(turn.query, turn.vector, turn.index, region=region, day=turn.day)
        if not found or found[0].probability < desk.likeness.threshold:
            return turn
        event = found[0].event
        if region is None:
            ask = ASK_SERVICE_REGION.format(name=event.name)
            option = Option(label=place_name(event.region), question=turn.text, region=event.region)
            return replace(
                turn, status=AnswerStatus.CLARIFY, blocks=(ParagraphBlock(text=ask),), options=(option,)
            )
        if turn.state is None:
            items = desk.catalogue(turn.index).catalogue.effective(region, turn.day)
            return replace(
                turn,
                status=AnswerStatus.ANSWERED_FROM_SERVICE,
                blocks=questionnaire_blocks(event, items),
            )
        run = next((each for each in progress_of(turn).runs if each.event == event.code), None)
        if run is None:
            return dialogue.proceed(turn, event, EventRun(event=event.code), turn.index, lead=event.intro)
        is_left = next_question(event, run.answers, run.skipped) is not None
        return dialogue.proceed(turn, event, run, turn.index, lead=_WENT_ON if is_left else _WAS_DONE)

    return step


def _may_open(turn: Turn, query: Query) -> bool:
    """Tell whether it is open, not about one item that was chosen, and does not ask for one thing only."""
    is_of_item = bool(turn.meant) or CHOSEN in turn.text
    return turn.status is None and not is_of_item and aspect_of(query) not in _ONE_THING
