"""Follow event: a questionnaire is under way and the words answer it, tick a step off, or ask what is left.

Words that do none of this go on as any other question; see `keep_event` for the way back.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from bot.answer import AnswerStatus, Option, ParagraphBlock
from bot.cards import card_of
from bot.dialogue_state import DialogueState, EventRun, LifeEventProgress
from bot.life_events.blocks import plan_blocks, question_blocks, question_options
from bot.life_events.desk import LifeEventDesk
from bot.life_events.words import Wanted, Wish, read_answer, read_whole, read_wish
from bot.pipeline import Step
from bot.steps.serve import region_of
from bot.turn import Turn
from bot.wording import place_name
from knowledge_base.folding import fold
from knowledge_base.life_events.planning import Plan, PlannedStep, counted, next_question, plan
from knowledge_base.life_events.records import LifeEvent
from knowledge_base.regions import visible
from retrieval.hybrid import HybridIndex

KEPT_RUNS = 5
RESUME = "继续办{name}"
RESTART = "重新回答"
REMAINING = "还差什么"
# Of the two items nearest to what is said to be done, the first has to be nearer by this, or it is asked: not
# measured, chosen so that asking is likelier than ticking the wrong one.
CLEARLY_NEARER = 0.03
_THIS_IS_SAVED = "好的，先到这里，已经替您记下。要接着办，说“{resume}”。"
_WHICH_IS_DONE = "您办好的是哪一件？"


@dataclass(frozen=True, slots=True)
class EventDialogue:
    """How a life event goes on, for the steps that begin, follow and keep one."""

    desk: LifeEventDesk
    now: Callable[[], datetime]
    hotline: str

    def proceed(
        self,
        turn: Turn,
        event: LifeEvent,
        run: EventRun,
        index: HybridIndex,
        *,
        lead: str = "",
        is_known: bool = False,
    ) -> Turn:
        """Put the next question, or tell the plan where there is none left.

        Args:
            is_known: The plan was told just before; only what has changed of it is told again.
        """
        question = next_question(event, run.answers, run.skipped)
        if question is None:
            return self._told(turn, event, run, index, lead, is_known=is_known)
        return replace(
            kept(turn, run, asking=question.id),
            index=index,
            status=AnswerStatus.CLARIFY,
            blocks=question_blocks(event, question, number=len(counted(event, run.answers)) + 1, lead=lead),
            options=question_options(question),
        )

    def planned(self, turn: Turn, event: LifeEvent, run: EventRun, index: HybridIndex) -> Plan:
        """Return the plan of a run, for the citizen's region and day."""
        catalogue = self.desk.catalogue(index).catalogue
        return plan(event, run.answers, catalogue.effective(region_of(turn), turn.day))

    def _told(
        self, turn: Turn, event: LifeEvent, run: EventRun, index: HybridIndex, lead: str, *, is_known: bool
    ) -> Turn:
        catalogue = self.desk.catalogue(index).catalogue
        found = self.planned(turn, event, run, index)
        region, moment = region_of(turn), self.now()
        open_steps = [each for each in found.steps if each.step.catalog_code not in run.done]
        options = [
            *(_tick(each) for each in open_steps[:1]),
            *([Option(label=REMAINING, question=REMAINING)] if open_steps else []),
            Option(label=RESTART, question=RESTART),
        ]
        return replace(
            kept(turn, run),
            index=index,
            status=AnswerStatus.ANSWERED_FROM_SERVICE,
            blocks=plan_blocks(
                event,
                found,
                place=place_name(region) if region else "全国",
                done=run.done,
                names=catalogue.widest(turn.day),
                hotline=self.hotline,
                lead=lead,
                is_known=is_known,
            ),
            cards=tuple(
                card_of(each.effective, catalogue, region=region, now=moment)
                for each in open_steps[: 1 if is_known else None]
            ),
            options=tuple(options),
        )


def _tick(step: PlannedStep) -> Option:
    said = f"{step.effective.name}办好了"
    return Option(label=said, question=said)


def kept(turn: Turn, run: EventRun, *, asking: str = "") -> Turn:
    """Return the turn with a run put first among those of the conversation."""
    before = progress_of(turn)
    others = tuple(each for each in before.runs if each.event != run.event)
    progress = LifeEventProgress(runs=(run, *others)[:KEPT_RUNS], asking=asking)
    state = turn.state or DialogueState()
    return replace(turn, state=state.model_copy(update={"life_event": progress}))


def progress_of(turn: Turn) -> LifeEventProgress:
    """Return the life events of the conversation; none where the channel keeps none."""
    return (turn.state.life_event if turn.state else None) or LifeEventProgress()


def follow_event(dialogue: EventDialogue) -> Step:
    """Return the step; a run whose event is withdrawn or has ended is no longer followed."""

    def step(turn: Turn) -> Turn:
        progress = progress_of(turn)
        if turn.status is not None or not progress.runs:
            return turn
        index = dialogue.desk.index()
        events = dialogue.desk.events(index).snapshot.on(turn.day)
        runs = [run for run in progress.runs if run.event in events]
        if not runs:
            return turn
        tapped = _tapped(turn, runs, events)
        if tapped is not None:
            run, question_id, value = tapped
            return dialogue.proceed(turn, events[run.event], _answered(run, question_id, value), index)
        run, event = runs[0], events[runs[0].event]
        asking = event.question(progress.asking) if run is progress.runs[0] else None
        said = read_answer(turn.text, asking) if asking else None
        if asking and said is not None:
            return dialogue.proceed(turn, event, _answered(run, asking.id, said), index)
        wanted = read_wish(turn.text, asking=asking is not None)
        if wanted is None:
            return turn
        return _granted(
            dialogue,
            turn,
            wanted,
            runs=runs,
            events=events,
            index=index,
            asking=asking.id if asking else "",
        )

    return step


def _tapped(
    turn: Turn, runs: list[EventRun], events: Mapping[str, LifeEvent]
) -> tuple[EventRun, str, str] | None:
    """Return the run, question and value that a tapped option names, be it of a question before."""
    for run in runs:
        for question in events[run.event].questions:
            value = read_whole(turn.text, question)
            if value is not None:
                return run, question.id, value
    return None


def _answered(run: EventRun, question_id: str, value: str) -> EventRun:
    """Return the run with an answer; an empty value skips the question."""
    answers = {name: of for name, of in run.answers.items() if name != question_id}
    skipped = tuple(each for each in run.skipped if each != question_id)
    if not value:
        return run.model_copy(update={"answers": answers, "skipped": (*skipped, question_id)})
    return run.model_copy(update={"answers": {**answers, question_id: value}, "skipped": skipped})


def _granted(  # noqa: PLR0911 - one for each wish
    dialogue: EventDialogue,
    turn: Turn,
    wanted: Wanted,
    *,
    runs: list[EventRun],
    events: Mapping[str, LifeEvent],
    index: HybridIndex,
    asking: str,
) -> Turn:
    run, event = runs[0], events[runs[0].event]
    match wanted.wish:
        case Wish.SKIP:
            return dialogue.proceed(turn, event, _answered(run, asking, ""), index)
        case Wish.BACK:
            return dialogue.proceed(turn, event, _without_last(event, run), index)
        case Wish.STOP:
            said = _THIS_IS_SAVED.format(resume=RESUME.format(name=event.name))
            return replace(
                kept(turn, run), status=AnswerStatus.SMALLTALK, blocks=(ParagraphBlock(text=said),)
            )
        case Wish.RESTART:
            fresh = run.model_copy(update={"answers": {}, "skipped": ()})
            return dialogue.proceed(turn, event, fresh, index)
        case Wish.REMAINING:
            return dialogue.proceed(turn, event, run, index)
        case Wish.RESUME:
            meant = next((each for each in runs if _is_named(wanted.about, events[each.event])), None)
            return turn if meant is None else dialogue.proceed(turn, events[meant.event], meant, index)
        case Wish.DONE:
            return _ticked(dialogue, turn, wanted.about, event=event, run=run, index=index)


def _without_last(event: LifeEvent, run: EventRun) -> EventRun:
    """Return the run without the answer, or the skip, given last in the order of the questions."""
    given = [each.id for each in event.questions if each.id in run.answers or each.id in run.skipped]
    last = given[-1] if given else ""
    return run.model_copy(
        update={
            "answers": {name: value for name, value in run.answers.items() if name != last},
            "skipped": tuple(each for each in run.skipped if each != last),
        }
    )


def _is_named(about: str, event: LifeEvent) -> bool:
    """Tell whether words name an event, or none at all."""
    said = fold(about)
    if len(said) == 1:
        return False
    return said in fold(event.name) or any(said in fold(alias) for alias in event.aliases)


def _ticked(
    dialogue: EventDialogue, turn: Turn, about: str, *, event: LifeEvent, run: EventRun, index: HybridIndex
) -> Turn:
    """Tick a step off; where it is not clear which, ask."""
    if next_question(event, run.answers, run.skipped) is not None:
        return turn  # there is no list yet to tick
    steps = dialogue.planned(turn, event, run, index).steps
    open_steps = [each for each in steps if each.step.catalog_code not in run.done]
    meant = _meant(dialogue, turn, about, steps=steps, open_steps=open_steps, index=index)
    if meant is None:
        return turn
    if not meant:
        return replace(
            kept(turn, run),
            index=index,
            status=AnswerStatus.CLARIFY,
            blocks=(ParagraphBlock(text=_WHICH_IS_DONE),),
            options=tuple(map(_tick, open_steps)),
        )
    codes = tuple(each.step.catalog_code for each in meant)
    done = run.model_copy(update={"done": tuple(dict.fromkeys((*run.done, *codes)))})
    names = "、".join(f"“{each.effective.name}”" for each in meant)
    return dialogue.proceed(turn, event, done, index, lead=f"已记下：{names}办好了。", is_known=True)


_ALL = ("", "全部", "所有", "全", "这些")


def _meant(
    dialogue: EventDialogue,
    turn: Turn,
    about: str,
    *,
    steps: tuple[PlannedStep, ...],
    open_steps: list[PlannedStep],
    index: HybridIndex,
) -> list[PlannedStep] | None:
    """Return the steps that words name; an empty list where it is to be asked, None where they name none."""
    said = fold(about)
    if said in _ALL:
        return open_steps if said else []
    numbered = [each for each in steps if said in {f"第{each.number}{unit}" for unit in "步件项个"}]
    exact = [each for each in steps if said == fold(each.effective.name)]
    named = [each for each in steps if any(said in fold(name) for name in _names(each))]
    for found in (numbered, exact, named):
        if len(found) == 1:
            return found
    services = dialogue.desk.catalogue(index)
    query = index.reader.read(about)
    vectors = index.encode([query, query])
    by_code = {each.step.catalog_code: each for each in steps}
    regions = visible(region_of(turn))
    # Against the whole catalogue: what names another item, 身份证办好了, ticks nothing off here.
    everywhere = services.catalogue.effective(region_of(turn), turn.day)
    hits = services.index.search(query, vectors, allowed=everywhere.keys(), regions=regions, k=2)
    if not hits or hits[0].catalog_code not in by_code:
        return [] if named else None
    if len(hits) == 1 or hits[0].cosine - hits[1].cosine >= CLEARLY_NEARER:
        return [by_code[hits[0].catalog_code]]
    return []


def _names(step: PlannedStep) -> tuple[str, ...]:
    return (step.effective.name, *(step.effective.item.aliases or ()))
