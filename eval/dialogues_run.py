"""`wenzheng eval dialogues`: does a follow-up lead where it would if it had been said in full?

Each labelled dialogue is played line by line, its state kept as a channel keeps it. Where the labels say that
choices were just shown and the service showed others, those of the labels are put in their place: what is
measured is how a line is understood, not which choices come up.
"""

import hashlib
import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field
from scipy.optimize import minimize

from bot.answer import AnswerStatus, Message, Option, Question
from bot.aspects import Aspect
from bot.assembly import Service
from bot.consultation import Consultation
from bot.dialogue_state import DialogueState, Talk, Topic
from bot.manner import read_manner
from bot.steps.remember import offers_of
from bot.steps.serve import option_of
from bot.thread_confidence import SIGNALS, WEIGHTS_FILE, ThreadConfidence
from bot.threads import threads
from bot.turn import Turn
from eval.calibrate import FOLDS, Floats
from eval.datasets import DatasetError, read_rows
from eval.reports import Table, percent
from knowledge_base.folding import fold

RIDGE = 0.001
CLEAR = 0.6
_BY_ITSELF = SIGNALS.index("by_itself")
_GOES_ON = frozenset({AnswerStatus.ANSWERED, AnswerStatus.ANSWERED_FROM_SERVICE, AnswerStatus.NO_ANSWER})


class Expected(BaseModel):
    """Where a line should lead.

    Attributes:
        topic: Catalog code of an item, or a document's title; None where nothing is to be answered yet.
        aspect: Which field of the item is asked for.
        region: Where it was said; None for the dialogue's own.
        standalone: The line said in full.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    topic: str | None
    standalone: str
    aspect: Aspect | None = None
    region: str | None = None


class Line(BaseModel):
    """What a citizen says; `offered` are the items just shown, where the line picks one."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    user: str = Field(min_length=1)
    expect: Expected
    offered: tuple[str, ...] = ()


class Dialogue(BaseModel):
    """One labelled dialogue; `kind` is what it is mainly about."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    kind: str
    region: str
    turns: tuple[Line, ...] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class LineOutcome:
    """Where a line led.

    Attributes:
        topics: The item and the document it was answered from, as far as there are.
        about: The item the conversation is about after it; empty for none.
    """

    dialogue: Dialogue
    place: int
    status: AnswerStatus
    topics: tuple[str, ...]
    about: str
    aspect: Aspect | None
    region: str

    @property
    def line(self) -> Line:
        return self.dialogue.turns[self.place]

    @property
    def is_follow_up(self) -> bool:
        return self.place > 0

    @property
    def is_on_topic(self) -> bool:
        """Tell whether it is about the topic expected; where none is, whether nothing is told."""
        wanted = self.line.expect.topic
        return (
            wanted in (self.about, *self.topics) if wanted else self.status not in _GOES_ON or not self.topics
        )

    @property
    def is_aspect_right(self) -> bool:
        wanted = self.line.expect.aspect
        return wanted is None or self.aspect is wanted

    @property
    def is_region_right(self) -> bool:
        return self.region == (self.line.expect.region or self.dialogue.region)

    @property
    def is_resolved(self) -> bool:
        return self.is_on_topic and self.is_aspect_right and self.is_region_right


@dataclass(frozen=True, slots=True)
class DialoguesResult:
    """One run.

    Attributes:
        outcomes: Of every line of every dialogue, played with weights that were not learned from it.
        in_full: Of every follow-up said in full, as a question of its own: what is lost there is not lost by
            how the dialogue was understood.
        learned: From all dialogues.
    """

    day: date
    outcomes: tuple[LineOutcome, ...]
    in_full: tuple[LineOutcome, ...]
    learned: ThreadConfidence

    def tables(self) -> list[Table]:
        follow_ups = [each for each in self.outcomes if each.is_follow_up]
        kinds = sorted({each.dialogue.kind for each in follow_ups})
        openings = [each for each in self.outcomes if not each.is_follow_up]
        rows = [
            _row("所有追问", follow_ups),
            *(_row(kind, [each for each in follow_ups if each.dialogue.kind == kind]) for kind in kinds),
            _row("开头的话", openings),
            _row("追问说全了单独问", self.in_full),
        ]
        wrong = [each for each in follow_ups if not each.is_resolved]
        return [
            Table((f"{self.day}", "句数", "对象", "问的方面", "地区", "全对"), tuple(rows)),
            Table(
                ("没理解对的追问", "题", "结束", "对象", "应为", "方面", "应为"),
                tuple(
                    (each.line.user, each.dialogue.id, each.status.value, "、".join(each.topics) or "—",
                     each.line.expect.topic or "—", str(each.aspect or "—"),
                     str(each.line.expect.aspect or "—"))
                    for each in wrong
                ),
            ),
        ]  # fmt: skip


def _row(name: str, of: Sequence[LineOutcome]) -> tuple[str, ...]:
    def share(right: int) -> str:
        return f"{right}（{percent(right / len(of))}）" if of else "—"

    return (
        name,
        str(len(of)),
        share(sum(each.is_on_topic for each in of)),
        share(sum(each.is_aspect_right for each in of)),
        share(sum(each.is_region_right for each in of)),
        share(sum(each.is_resolved for each in of)),
    )


def read_dialogues(path: Path) -> tuple[Dialogue, ...]:
    """Read labelled dialogues, one JSON object a line.

    Raises:
        DatasetError: If the file is missing or empty, or a line is malformed.
    """
    return tuple(dialogue for _, dialogue in read_rows(path, Dialogue))


def run_dialogues(service: Service, dialogues: Sequence[Dialogue], day: date) -> DialoguesResult:
    """Play every dialogue as of `day`, with weights learned from the others, and ask every follow-up in full.

    Raises:
        DatasetError: If there are too few dialogues to learn from.
    """
    if len(dialogues) < FOLDS:
        raise DatasetError(f"{len(dialogues)} dialogues are too few, expected at least {FOLDS}")
    fold_of = {each.id: number % FOLDS for number, each in enumerate(dialogues)}
    lines = labelled_lines(service, dialogues, day)
    outcomes: list[LineOutcome] = []
    for left_out in range(FOLDS):
        thread_confidence = learn([each for each in lines if fold_of[each.dialogue] != left_out])
        consultation = service.consultation_over(service.faq, thread_confidence=thread_confidence)
        for each in dialogues:
            if fold_of[each.id] == left_out:
                outcomes += _played(service, consultation, each, day)
    learned = learn(lines)
    consultation = service.consultation_over(service.faq, thread_confidence=learned)
    return DialoguesResult(
        day=day,
        outcomes=tuple(outcomes),
        in_full=tuple(outcome for each in dialogues for outcome in _in_full(consultation, each, day)),
        learned=learned,
    )


def keep(result: DialoguesResult, file: Path, path: Path = WEIGHTS_FILE) -> None:
    """Write what was learned, and from what, where `ThreadConfidence.load` reads it."""
    follow_ups = [each for each in result.outcomes if each.is_follow_up]
    kept = {
        "learned_at": datetime.now(UTC).date().isoformat(),
        "learned_from": {"file": file.name, "sha256": hashlib.sha256(file.read_bytes()).hexdigest()},
        "weights": dict(zip(SIGNALS, result.learned.weights, strict=True)),
        "left_out": {
            "follow_ups": len(follow_ups),
            "on_topic": sum(each.is_on_topic for each in follow_ups),
            "aspect_right": sum(each.is_aspect_right for each in follow_ups),
            "region_right": sum(each.is_region_right for each in follow_ups),
        },
    }
    path.write_text(json.dumps(kept, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _played(
    service: Service, consultation: Consultation, dialogue: Dialogue, day: date
) -> Iterator[LineOutcome]:
    state = DialogueState()
    history: tuple[Message, ...] = ()
    for place, line in enumerate(dialogue.turns):
        if line.offered:
            state = offering(state, _options(service, dialogue, line.offered, day))
        turn = consultation.consult(
            Question(
                question=line.user,
                history=history,
                region=dialogue.region,
                as_of=day,
                can_wait=True,
                state=state,
            )
        )
        yield _outcome(dialogue, place, turn)
        state = turn.state or state
        said = consultation.answer_of(turn).text
        history += (Message(role="user", text=line.user), Message(role="assistant", text=said))


def offering(state: DialogueState, options: Sequence[Option]) -> DialogueState:
    """Return a state in which these choices were shown last, and so nothing of them is settled."""
    before = state.talk or Talk()
    topics = tuple(each.model_copy(update={"item": "", "name": ""}) for each in before.topics[:1])
    talk = before.model_copy(update={"offered": offers_of(options), "topics": (*topics, *before.topics[1:])})
    return state.model_copy(update={"talk": talk})


def _options(service: Service, dialogue: Dialogue, codes: Sequence[str], day: date) -> tuple[Option, ...]:
    index = service.index.get()
    catalogue = service.service_desk.live.get(index.reader, index.encoder).catalogue
    items = catalogue.effective(dialogue.region, day)
    return tuple(option_of(items[code], dialogue.turns[0].user, dialogue.region) for code in codes)


def _in_full(consultation: Consultation, dialogue: Dialogue, day: date) -> Iterator[LineOutcome]:
    for place, line in enumerate(dialogue.turns):
        if place and line.expect.topic:
            region = line.expect.region or dialogue.region
            turn = consultation.consult(
                Question(question=line.expect.standalone, region=region, as_of=day, state=DialogueState())
            )
            yield _outcome(dialogue, place, turn)


def _outcome(dialogue: Dialogue, place: int, turn: Turn) -> LineOutcome:
    items = [turn.service.hit.catalog_code] if turn.service else []
    shown = {card.name for card in turn.cards}
    items += [each.hit.catalog_code for each in turn.services if each.effective.name in shown]
    titles = [citation.document.title for citation in turn.citations[:1]]
    return LineOutcome(
        dialogue=dialogue,
        place=place,
        status=turn.status or AnswerStatus.NO_ANSWER,
        topics=tuple(dict.fromkeys(items + titles)),
        about=turn.state.talk.topics[0].item if turn.state and turn.state.talk else "",
        aspect=turn.aspect,
        region=turn.region or "",
    )


@dataclass(frozen=True, slots=True)
class LabelledLine:
    """What a line may be about, as the topics before it were labelled.

    Attributes:
        dialogue: Its id.
        values: One row of signals per choice, in the order of `SIGNALS`.
        right: Which choices lead where the line should.
    """

    dialogue: str
    values: Floats
    right: NDArray[np.bool_]


def labelled_lines(service: Service, dialogues: Sequence[Dialogue], day: date) -> list[LabelledLine]:
    """Return every follow-up after its labelled topics, and every opening after those of the dialogue before.

    The latter stand by themselves: what was talked of has nothing to do with them.
    """
    found = []
    for number, dialogue in enumerate(dialogues):
        other = dialogues[number - 1]
        if other is not dialogue:
            found.append(_labelled(service, dialogue, 0, _talk(service, other, len(other.turns), day), day))
        for place in range(1, len(dialogue.turns)):
            found.append(_labelled(service, dialogue, place, _talk(service, dialogue, place, day), day))
    return [each for each in found if each is not None and each.right.any()]


def _talk(service: Service, dialogue: Dialogue, place: int, day: date) -> Talk:
    """Return what was talked of before a line, as labelled."""
    index = service.index.get()
    catalogue = service.service_desk.live.get(index.reader, index.encoder).catalogue
    topics: list[Topic] = []
    for line in dialogue.turns[:place]:
        topic = line.expect.topic
        region = line.expect.region or dialogue.region
        items = catalogue.effective(region, day)
        item = topic if topic and topic in items else ""
        found = Topic(
            question=line.expect.standalone,
            item=item,
            name=items[item].name if item else "",
            aspect=line.expect.aspect or "",
            document="" if item else topic or "",
            region=region,
            chosen=dialogue.region,
        )
        topics = [found, *(each for each in topics if not item or each.item != item)]
    shown = [code for line in dialogue.turns[place : place + 1] for code in line.offered]
    offered = offers_of(_options(service, dialogue, shown, day))
    return Talk(topics=tuple(topics), offered=offered)


def _labelled(service: Service, dialogue: Dialogue, place: int, talk: Talk, day: date) -> LabelledLine | None:
    line = dialogue.turns[place]
    asked = Question(question=line.user, region=dialogue.region, as_of=day, state=DialogueState(talk=talk))
    turn = service.consultation.read(asked, before="resolve")
    if turn.status is not None:
        return None
    turn = replace(turn, index=turn.index or service.index.get())
    manner = read_manner(fold(turn.text))
    choices = threads(turn, talk, manner, service.service_desk)
    wanted = line.expect.topic
    right = [wanted in (each.item, each.topic.document if each.topic else None) for each in choices[:-1]]
    alone = max(choices[:-1], key=lambda each: each.values[_BY_ITSELF])
    stands_alone = not any(right) or (alone.item == wanted and alone.values[_BY_ITSELF] >= CLEAR)
    return LabelledLine(
        dialogue.id,
        np.array([each.values for each in choices], dtype=np.float64),
        np.array([*right, stands_alone or place == 0], dtype=np.bool_),
    )


def learn(lines: Sequence[LabelledLine]) -> ThreadConfidence:
    """Learn the weights: maximum likelihood of leading right, with a ridge."""

    def loss(weights: Floats) -> tuple[float, Floats]:
        total, slope = RIDGE * float(weights @ weights) * len(lines), 2 * RIDGE * weights * len(lines)
        for each in lines:
            logits = each.values @ weights
            shares = np.exp(logits - logits.max())
            shares /= shares.sum()
            hit = float(shares[each.right].sum())
            total -= math.log(max(hit, 1e-12))
            slope -= (shares * each.right / max(hit, 1e-12) - shares) @ each.values
        return total, slope

    found = minimize(loss, np.zeros(len(SIGNALS)), jac=True, method="L-BFGS-B")
    return ThreadConfidence(tuple(round(float(each), 4) for each in found.x))
