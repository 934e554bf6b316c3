"""Resolve: what a line of a conversation is about, by what was talked of and what was just offered.

The line may pick one of the choices shown, go on with what was talked of last or before, put another thing or
place into the same question, take something back, or begin anew. The matter, the place and what is asked are
taken each from the line or, where it leaves them out, from the state.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from bot.answer import AnswerStatus, Option, ParagraphBlock
from bot.aspects import Aspect, aspect_of, names_a_matter
from bot.confidence import beyond_documents
from bot.dialogue_state import Offer, Talk, Topic
from bot.identity import identity_of
from bot.manner import Manner, read_manner
from bot.pipeline import Step
from bot.routing import asks_something, is_small_talk
from bot.service_desk import ServiceDesk
from bot.steps.remember import offers_of
from bot.steps.serve import CHOSEN, NONE_OF_THESE, option_of, region_of
from bot.thread_confidence import ThreadConfidence
from bot.threads import BROUGHT_UP_FROM, Matching, Thread, item_of, threads
from bot.turn import Turn
from bot.wording import ASK_REGION, NONE_OF_THEM, PERHAPS_THESE
from knowledge_base.folding import fold
from knowledge_base.regions import Gazetteer
from retrieval.hybrid import HybridIndex

MOST_OFFERED = 3
# Likelier than this, an item that is gone on with counts as named; below it the line is read with its topic.
SURE = 0.5
SHORT_CHARS = 10
_PLACE_WORDS = re.compile(
    r"[省市县区](?:里头?|上|区)|我(?:是|说|在|住|现在)|换成?|搬到|要是|如果|那?[这那边]边"
    r"|回到?|去|也|人|的|里|到|在|呢|是|和|跟"
)
_ALLOWED = re.compile(r"(?:行|可以|能办?|算)(?:吗|不|么|嘛)[?？。！!]*$|^(?:能不能|可不可以|行不行)")
_CARRIED: Mapping[str, str] = {
    Aspect.MATERIALS: "要带什么材料",
    Aspect.TIME: "要多久办好",
    Aspect.FEE: "收费吗",
    Aspect.PLACE: "去哪里办",
    Aspect.HOURS: "几点上班",
    Aspect.ONLINE: "能网上办吗",
    Aspect.VISITS: "要跑几趟",
    Aspect.WHO: "谁能申请",
    Aspect.HOW: "怎么办理",
    Aspect.PHONE: "咨询电话是多少",
}


@dataclass(frozen=True, slots=True)
class Resolver:
    """What a line is resolved by.

    Attributes:
        gazetteer: Knows every place, those of the knowledge base and the catalogue included.
    """

    index: Callable[[], HybridIndex]
    desk: ServiceDesk
    thread_confidence: ThreadConfidence
    gazetteer: Callable[[], Gazetteer]

    def resolve(self, turn: Turn, talk: Talk) -> Turn:
        """Return the turn as the state of the conversation has it."""
        turn = replace(turn, index=turn.index or self.index())
        manner = read_manner(fold(turn.text))
        picked = _picked(talk.offered, turn.text, manner) or _place_picked(talk.offered, turn)
        if picked is not None:
            return _tapped(turn, picked)
        if talk.topics and manner.declines:
            return self._declined(turn, talk)
        if not talk.topics or is_small_talk(turn.text) or beyond_documents(turn.text):
            return turn
        return self._threaded(turn, talk, manner)

    def _threaded(self, turn: Turn, talk: Talk, manner: Manner) -> Turn:
        """Return the turn as the thread has it that the line belongs to."""
        latest = talk.topics[0]
        if _says_only_who(turn.text):
            return replace(turn, text=f"{turn.text}，{latest.question}")
        if turn.says_place and not _says_something(_without_places(turn.text, self.gazetteer())):
            question = _without_places(latest.question, self.gazetteer(), keep_words=True)
            return replace(turn, text=question, follows=latest, meant=latest.item)
        if turn.says_place:
            rest = _without_places(manner.rest, self.gazetteer(), keep_words=True).strip()
            manner = replace(manner, rest=rest)
        found = threads(turn, talk, manner, self.desk)
        chances = self.thread_confidence.of([each.values for each in found])
        best = max(range(len(found)), key=chances.__getitem__)
        named = self._named_clearly(found, manner)
        if named is not None:
            # Nothing before it makes a line mean another item than the one it names.
            return self._gone_on(turn, latest, manner, named, is_sure=True)
        return self._gone_on(turn, latest, manner, found[best], is_sure=chances[best] >= SURE)

    def _named_clearly(self, found: Sequence[Thread], manner: Manner) -> Thread | None:
        """Return the thread of the item that a line names by itself; if it was not talked of, of the line."""
        if manner.corrects or manner.refers or not names_a_matter(manner.rest):
            return None
        named = next((each for each in found if each.by_itself >= self.desk.confidence.threshold), None)
        return named if named is None or named.topic is not None or named.offer is not None else found[-1]

    def _declined(self, turn: Turn, talk: Talk) -> Turn:
        """Offer what comes next in likelihood after the choices none of which was meant; or ask openly."""
        if turn.index is None or turn.state is None:
            return turn
        matching, latest = Matching(turn, self.desk, turn.index), talk.topics[0]
        offered = {latest.item, *(item_of(each, matching.items) for each in talk.offered)}
        asked = latest.question
        (chances,), _ = matching.chances((asked,))
        left = sorted(
            (code for code, chance in chances.items() if chance >= BROUGHT_UP_FROM and code not in offered),
            key=lambda code: -chances[code],
        )
        options: tuple[Option, ...] = ()
        if left and talk.offered and turn.may_ask:
            found = [matching.items[code] for code in left[:MOST_OFFERED]]
            options = (*(option_of(each, asked, turn.region) for each in found), NONE_OF_THESE)
        turned_down = latest.model_copy(update={"item": "", "name": ""})
        talk = talk.model_copy(
            update={
                "topics": (turned_down, *talk.topics[1:]),
                "offered": offers_of(options),
                "clarified": talk.clarified + 1 if options else 0,
            }
        )
        return replace(
            turn,
            status=AnswerStatus.CLARIFY,
            blocks=(ParagraphBlock(text=PERHAPS_THESE if options else NONE_OF_THEM),),
            options=options,
            state=turn.state.model_copy(update={"talk": talk}),
        )

    def _gone_on(self, turn: Turn, latest: Topic, manner: Manner, thread: Thread, *, is_sure: bool) -> Turn:
        rest = (turn.index or self.index()).reader.read(manner.rest)
        own = None if _ALLOWED.search(turn.text) else aspect_of(rest)
        asks = asks_something(turn.text) or bool(rest.cues)
        if thread.offer is not None and is_sure:
            return _tapped(turn, thread.offer, manner.rest if own or asks else "")
        asking = self._carried(turn, latest, manner, asks=asks) if own is None else ""
        if thread.topic is None and (not thread.item or not is_sure):
            carries = bool(asking) and (manner.substitutes or manner.corrects)
            return replace(turn, text=f"{manner.rest} {asking}") if carries else turn
        if thread.topic is None:
            return replace(turn, text=f"{thread.name}{CHOSEN}{asking or manner.rest}", meant=thread.item)
        meant = thread.item if is_sure else ""
        if thread.topic is latest and _waits_for_region(turn):
            return _asked_where_again(turn, latest)
        region = turn.region
        if not turn.says_place and thread.topic.region and thread.topic.chosen == (turn.asked.region or ""):
            region = thread.topic.region
        text = f"{turn.text} {asking}".strip()
        return replace(turn, text=text, region=region, follows=thread.topic, meant=meant)

    def _carried(self, turn: Turn, latest: Topic, manner: Manner, *, asks: bool) -> str:
        """Return what is asked of the latest topic, where a line asks for the same of something else.

        Args:
            asks: The line asks for something in words of its own.
        """
        if _ALLOWED.search(turn.text) or (manner.for_another and (manner.substitutes or not asks)):
            return _CARRIED[Aspect.WHO]
        if manner.substitutes and self._is_material(turn, latest.item, manner.rest):
            return _CARRIED[Aspect.MATERIALS]
        same = manner.substitutes or manner.corrects or turn.says_place or not asks
        return _CARRIED.get(latest.aspect, "") if same else ""

    def _is_material(self, turn: Turn, code: str, words: str) -> bool:
        """Tell whether a material of an item is called so, 图纸 of 农村建房."""
        item = self.desk.of(turn).catalogue.effective(region_of(turn), turn.day).get(code)
        return item is not None and any(words in each.name for each in item.item.materials or ())


def resolve(resolver: Resolver) -> Step:
    """Return the step; where the channel keeps no state, or nothing was said yet, it has no work."""

    def step(turn: Turn) -> Turn:
        talk = turn.state.talk if turn.state else None
        if turn.status is not None or talk is None or CHOSEN in turn.text:
            return turn
        return resolver.resolve(turn, talk)

    return step


def _picked(offers: Sequence[Offer], text: str, manner: Manner) -> Offer | None:
    """Return the choice that is named as it was shown, by its place, or by who one is; None for none."""
    said = fold(text).strip(" 。.！!")
    by_label = next((each for each in offers if fold(each.label) == said), None)
    if by_label is not None or not offers or manner.declines:
        return None if manner.declines else by_label
    of_items = [each for each in offers if each.label != NONE_OF_THESE.label]
    if manner.is_middle:
        return of_items[len(of_items) // 2] if len(of_items) % 2 else None
    if manner.ordinal is not None and -1 <= manner.ordinal < len(of_items):
        return of_items[manner.ordinal]
    who = identity_of(text)
    of_who = [each for each in of_items if who and who & identity_of(each.question)]
    return of_who[0] if len(of_who) == 1 and not asks_something(text) else None


def _place_picked(offers: Sequence[Offer], turn: Turn) -> Offer | None:
    """Return the choice of the place that a line names, 随便，云州吧; None where it asks for something."""
    if not turn.says_place or len(turn.text) > SHORT_CHARS or asks_something(turn.text):
        return None
    return next((each for each in offers if each.region and each.region == turn.region), None)


def _says_only_who(text: str) -> bool:
    """Tell whether a line says who is asking and nothing else: 外地户口, 我是外地人."""
    return bool(identity_of(text)) and len(text) <= SHORT_CHARS and not asks_something(text)


def _waits_for_region(turn: Turn) -> bool:
    """Tell whether the region was asked for and is not known yet: without it nothing can be said."""
    talk = turn.state.talk if turn.state else None
    places = talk.offered if talk else ()
    return turn.region is None and bool(places) and all(each.region for each in places)


def _asked_where_again(turn: Turn, latest: Topic) -> Turn:
    """Put the question of the region once more, with what is asked of the matter now."""
    offered = turn.state.talk.offered if turn.state and turn.state.talk else ()
    whole = f"{latest.question}，{turn.text}"
    return replace(
        turn,
        status=AnswerStatus.CLARIFY,
        blocks=(ParagraphBlock(text=ASK_REGION),),
        options=tuple(Option(label=each.label, question=whole, region=each.region) for each in offered),
        follows=latest,
    )


def _tapped(turn: Turn, offer: Offer, asking: str = "") -> Turn:
    """Go on as if the choice had been tapped; `asking` is what is asked of it in the citizen's own words."""
    name, is_item, _ = offer.question.partition(CHOSEN)
    text = f"{name}{CHOSEN}{asking}" if is_item and asking else offer.question
    return replace(turn, text=text, region=offer.region or turn.region)


def _says_something(text: str) -> bool:
    return sum(char.isalnum() for char in text) >= 2


def _without_places(text: str, gazetteer: Gazetteer, *, keep_words: bool = False) -> str:
    """Return a text without the places it names and, but for `keep_words`, what goes along with them."""
    for named in reversed(gazetteer.named_regions(text)):
        text = text[: named.start] + text[named.end :]
    return text if keep_words else _PLACE_WORDS.sub("", text)
