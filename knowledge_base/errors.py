"""Every fault the project raises, in one tree.

    WenzhengError
    ├── SettingsError                 a setting is missing, mistyped or contradicts another
    ├── KnowledgeError
    │   ├── LoadError                 a file cannot become text
    │   │   ├── UnsupportedFormat
    │   │   ├── UnreadableFile        truncated, empty, wrong encoding, a bomb
    │   │   ├── EncryptedFile
    │   │   ├── MissingTool           what reads this kind of file is not installed here
    │   │   ├── FetchError            a web page was not given out, or its address must not be asked
    │   │   └── ClassifiedDocument    the file bears 密级 and must not be taken in
    │   ├── ManifestError
    │   ├── IllegalTransition         an edition cannot go from its state to that one
    │   ├── UnknownEdition            no such document, or no such version of it
    │   ├── BackupError               a backup cannot be made, is damaged, or would overwrite something
    │   ├── WordsRejected             operators' words do not hold; carries the faults
    │   ├── QuestionLogError          a file of questions to learn from is of no use
    │   ├── ReplyRejected             operators' words for a canned reply do not hold
    │   ├── UnknownHold               no passage with this number is held back
    │   ├── FaqError                  an entry, a source of it or a step is refused; carries a column
    │   ├── ServicesUnreadable        a file is no service catalogue, or cannot be written as one
    │   ├── UnknownService            there is no service item of that code
    │   ├── LifeEventsUnreadable      a file holds no life event, or cannot be written as one
    │   ├── UnknownLifeEvent          there is no life event of that code
    │   └── StoreError                the database refused
    ├── RetrievalError
    │   ├── EncoderError
    │   ├── IndexMismatch             built by another encoder or for another dimension
    │   ├── IndexDamaged              a checksum does not hold
    │   ├── IndexUnavailable          a vector store outside this process cannot be reached
    │   └── IndexUnwritable           the disk took no new index; the last one goes on serving
    ├── DeskError                     what is asked of the desk, a ticket or a rating is refused
    │   ├── IllegalHandover           a hand-over is not in a state for this
    │   ├── IllegalTicketStep         a ticket is not in a state for this
    │   └── SealBroken                what was sealed cannot be opened: another key, or damaged
    ├── ResponderError                a language model cannot be reached, is too slow or too busy
    └── QuestionRejected              what a citizen sent cannot be a question; carries a code

A refusal to answer is a status of an Answer (`bot.answer.AnswerStatus`), never an exception.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from knowledge_base.word_rules import WordFault


class WenzhengError(Exception):
    """Root of all faults; `str(error)` is fit for an operator to read."""


class SettingsError(WenzhengError):
    """A setting is missing, mistyped or contradicts another."""


class KnowledgeError(WenzhengError):
    """The knowledge base could not take something in or give it out."""


class LoadError(KnowledgeError):
    """A file cannot become text; the message names the reason, the caller names the file."""


class UnsupportedFormat(LoadError):
    """No loader takes this kind of file."""


class UnreadableFile(LoadError):
    """The file is empty, truncated, wrongly encoded, or would unpack beyond all bounds."""


class EncryptedFile(LoadError):
    """The file needs a password."""


class MissingTool(LoadError):
    """What reads this kind of file (an extra, a program) is not installed; the message names the cure."""


class FetchError(LoadError):
    """A web page could not be fetched, or its address is one that must not be asked.

    Attributes:
        kind: What failed: `url`, `refused` (an address that must not be asked), `name`, `connection`, `tls`,
            `status`, `redirects`, `time`, `size` or `empty`.
        status: What the server answered; 0 where it did not.
    """

    def __init__(self, message: str, *, kind: str = "connection", status: int = 0) -> None:
        super().__init__(message)
        self.kind = kind
        self.status = status


class ClassifiedDocument(LoadError):
    """The file bears a secrecy marking (绝密、机密、秘密) and is refused at ingest."""


class ManifestError(KnowledgeError):
    """The manifest cannot be read, or a row of it contradicts itself."""


class IllegalTransition(KnowledgeError):
    """An edition cannot go from its state to the one wanted.

    Attributes:
        state: The `EditionState` it is in.
        wanted: The `EditionState` it was to get.
    """

    def __init__(self, message: str, state: str, wanted: str) -> None:
        super().__init__(message)
        self.state = state
        self.wanted = wanted


class UnknownEdition(KnowledgeError):
    """There is no such document, or no such version of it."""


class BackupError(KnowledgeError):
    """A backup cannot be made, is damaged, or would overwrite something."""


class WordsRejected(KnowledgeError):
    """Words that operators gave do not hold by themselves or with others.

    Attributes:
        faults: Each with its row and column (see `knowledge_base.word_rules.WordFault`).
    """

    def __init__(self, faults: "Sequence[WordFault]") -> None:
        super().__init__("\n".join(map(str, faults)))
        self.faults = tuple(faults)


class QuestionLogError(KnowledgeError):
    """A file of questions with known answers cannot be read, or holds too few of them."""


class ReplyRejected(KnowledgeError):
    """Operators' words cannot be put in the place of a canned reply; the message says why."""


class UnknownHold(KnowledgeError):
    """No passage with this number is held back."""


class FaqError(KnowledgeError):
    """A FAQ entry cannot be kept or moved on; the message says why and what to do.

    Attributes:
        column: Heading of the column at fault in a sheet, such as `依据`; empty where it is the whole entry.
    """

    def __init__(self, message: str, *, column: str = "") -> None:
        super().__init__(message)
        self.column = column


class ServicesUnreadable(KnowledgeError):
    """A file is no service catalogue, or cannot be written as one; the message names it and the cure."""


class UnknownService(KnowledgeError):
    """There is no service item of that code."""


class LifeEventsUnreadable(KnowledgeError):
    """A file holds no life event (一件事), or cannot be written as one; the message names it and the cure."""


class UnknownLifeEvent(KnowledgeError):
    """There is no life event of that code."""


class RulesUnreadable(KnowledgeError):
    """Eligibility rules or a profile cannot be read; the message names file, rule and field, and the cure."""


class UnknownRule(KnowledgeError):
    """There is no eligibility rule of that code."""


class StoreError(KnowledgeError):
    """The database refused an operation."""


class RetrievalError(WenzhengError):
    """Searching could not be carried out."""


class EncoderError(RetrievalError):
    """The embedding model cannot be loaded or run."""


class IndexMismatch(RetrievalError):
    """An index was built by another encoder, or for another dimension."""


class IndexDamaged(RetrievalError):
    """An index snapshot does not match its checksums."""


class IndexUnavailable(RetrievalError):
    """A vector store outside this process cannot be reached, or refuses."""


class IndexUnwritable(RetrievalError):
    """The disk took no new index; the last one goes on serving."""


class DeskError(WenzhengError):
    """What is asked of the desk, of a ticket or of a rating is refused; the message says why."""


class ConsentMissing(WenzhengError):
    """A citizen has not agreed to the text in force that their profile is kept."""


class IllegalHandover(DeskError):
    """A hand-over is not in a state for what is wanted, or is not this agent's."""


class IllegalTicketStep(DeskError):
    """A ticket is not in a state for what is wanted."""


class SealBroken(DeskError):
    """What was sealed cannot be opened: another key is in use, or it is damaged."""


class ResponderError(WenzhengError):
    """A language model gave no text: out of reach, too slow, too busy, or nothing fit to read."""


class QuestionRejected(WenzhengError):
    """What was sent cannot be taken as a question.

    Attributes:
        code: One of `empty`, `too_long`, `control_characters`; stable, for programs.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
