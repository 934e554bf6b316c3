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


class Topic(_Kept):
    """A matter that was talked of.

    Attributes:
        question: What the citizen asked when it came up, so that it stands by itself.
        item: Catalog code of the service item it is about; empty for none.
        name: The item's name; empty for none.
        aspect: Which field of the item was asked for last; empty for none.
        document: Title of the document that answered last; empty for none.
        region: Whose rules were asked for last; empty for none.
        chosen: The region the citizen had chosen then; empty for none.
    """

    question: str
    item: str = ""
    name: str = ""
    aspect: str = ""
    document: str = ""
    region: str = ""
    chosen: str = ""


class Offer(_Kept):
    """A choice that was shown: its label, what it asks, and where (empty for anywhere)."""

    label: str
    question: str
    region: str = ""


class Talk(_Kept):
    """What a conversation is about.

    Attributes:
        topics: The latest first.
        offered: The choices shown last, in the order shown.
        clarified: How many questions in return were put, one after the other.
        identity: Who the citizen said to be (`bot.identity.Identity`), where that was asked.
    """

    topics: tuple[Topic, ...] = ()
    offered: tuple[Offer, ...] = ()
    clarified: int = 0
    identity: tuple[str, ...] = ()


class DialogueState(_Kept):
    """All that is kept; None where there is nothing of a kind."""

    life_event: LifeEventProgress | None = None
    talk: Talk | None = None
