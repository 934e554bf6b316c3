"""Remember: what the conversation is about, for the lines to come."""

from collections.abc import Sequence
from dataclasses import replace

from bot.answer import AnswerStatus, Option
from bot.dialogue_state import Offer, Talk, Topic
from bot.identity import SIDES, identity_of, read_identities
from bot.routing import is_small_talk
from bot.steps.serve import CHOSEN
from bot.turn import Turn

KEPT_TOPICS = 5
# Likelier than this, an item is what was talked of though its door was not opened.
LIKELY = 0.5
_ABOUT_SOMETHING = frozenset(
    {
        AnswerStatus.ANSWERED,
        AnswerStatus.ANSWERED_FROM_SERVICE,
        AnswerStatus.CLARIFY,
        AnswerStatus.NO_ANSWER,
        AnswerStatus.PERSONAL_DATA,
    }
)


def remember(turn: Turn) -> Turn:
    """Put what the turn was about first; a greeting, an emergency or a call for a person changes nothing."""
    if turn.state is None or turn.status not in _ABOUT_SOMETHING or is_small_talk(turn.text):
        return turn
    if turn.asked.state is not None and turn.state.talk is not turn.asked.state.talk:
        return turn  # the choices were turned down: what was talked of still is
    before = turn.state.talk or Talk()
    topic = _topic(turn)
    others = tuple(
        each for each in before.topics if each not in (turn.follows, topic) and not _same(each, topic)
    )
    # The questions of a life event are its own: they do not use up those that may be put.
    of_event = turn.state.life_event is not None and bool(turn.state.life_event.asking)
    asked = turn.status is AnswerStatus.CLARIFY and not of_event
    talk = Talk(
        topics=(topic, *others)[:KEPT_TOPICS],
        offered=offers_of(turn.options) or _still_offered(before, turn),
        clarified=before.clarified + 1 if asked else 0,
        identity=_identity(before, turn),
    )
    return replace(turn, state=turn.state.model_copy(update={"talk": talk}))


def _still_offered(before: Talk, turn: Turn) -> tuple[Offer, ...]:
    """Return the choices that were shown before, while the talk is about one of them: 第一个呢."""
    return before.offered if CHOSEN in turn.text or turn.follows else ()


def offers_of(options: Sequence[Option]) -> tuple[Offer, ...]:
    """Return choices as they are kept."""
    return tuple(
        Offer(label=each.label, question=each.question, region=each.region or "") for each in options
    )


def _topic(turn: Turn) -> Topic:
    follows = turn.follows
    of_item = turn.service or next((each for each in turn.services[:1] if each.probability >= LIKELY), None)
    document = turn.citations[0].document.title if turn.citations else ""
    return Topic(
        question=follows.question if follows else turn.text,
        item=of_item.hit.catalog_code if of_item else follows.item if follows else "",
        name=of_item.effective.name if of_item else follows.name if follows else "",
        aspect=turn.aspect or (follows.aspect if follows else ""),
        document=document or (follows.document if follows else ""),
        # Of a place that is not served nothing holds: the citizen is asked about where they are.
        region=(turn.asked.region if turn.unserved else turn.region) or "",
        chosen=turn.asked.region or "",
    )


def _identity(before: Talk, turn: Turn) -> tuple[str, ...]:
    """Return who the citizen is, as said last on each question of identity."""
    said = identity_of(turn.text)
    settled = {each for pair in SIDES if said & set(pair) for each in pair}
    return tuple(sorted((read_identities(before.identity) - settled) | said))


def _same(one: Topic, other: Topic) -> bool:
    return bool(one.item) and one.item == other.item
