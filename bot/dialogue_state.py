"""Where a conversation stands, as it is kept with the conversation between two turns."""

from pydantic import BaseModel, ConfigDict, Field


class _Kept(BaseModel):
    # What a later release kept and this one does not know is left aside, never a fault.
    model_config = ConfigDict(frozen=True, extra="ignore")


class EventRun(_Kept):
    """How far a citizen has come with one life event.

    Attributes:
        event: Its code.
        answers: Value by question id, as given; which of them count follows from the questions.
        skipped: Ids of questions passed over.
        done: 基本编码 of the steps ticked off.
    """

    event: str
    answers: dict[str, str] = Field(default_factory=dict)
    skipped: tuple[str, ...] = ()
    done: tuple[str, ...] = ()


class LifeEventProgress(_Kept):
    """The life events of a conversation.

    Attributes:
        runs: The one dealt with last comes first.
        asking: Id of the question of the first run that waits for an answer; empty for none.
    """

    runs: tuple[EventRun, ...] = ()
    asking: str = ""


class DialogueState(_Kept):
    """All that is kept; None where there is nothing of a kind."""

    life_event: LifeEventProgress | None = None
