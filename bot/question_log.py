"""Questions that operators know the answers to: read from their log, with the places that answer them.

One JSON object a line: `{"question": "…", "sources": ["《标题》第X条"], "region": "云岭省/云州市"}`. Without
sources it is a question that nothing here answers; such are asked too, and ought to be refused.
"""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from knowledge_base.errors import FaqError, QuestionLogError
from knowledge_base.faq.records import CitedPassage
from knowledge_base.faq.store import FaqStore


class _Line(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    question: str = Field(min_length=1, max_length=2000)
    sources: tuple[str, ...] = ()
    region: str = ""


@dataclass(frozen=True, slots=True)
class KnownQuestion:
    """A question with the passages that answer it, any of which is right.

    Attributes:
        region: Where it was asked; empty for anywhere.
        answers: Empty where nothing in the knowledge base answers it.
    """

    question: str
    region: str
    answers: tuple[CitedPassage, ...]


@dataclass(frozen=True, slots=True)
class QuestionLog:
    """A log as read: the questions, and in Chinese what was wrong with the lines left out."""

    questions: tuple[KnownQuestion, ...]
    faults: tuple[str, ...]


def read_question_log(path: Path, faq: FaqStore, *, day: date) -> QuestionLog:
    """Read a log and find the places it names in the documents in force on `day`.

    A line that is malformed, or whose sources are all unknown, is left out and told.

    Raises:
        QuestionLogError: If the file cannot be read or no line of it is of use.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise QuestionLogError(f"{path} 读不了：{error}。应为 UTF-8 的文本，每行一个 JSON 对象") from error
    questions: dict[tuple[str, str], KnownQuestion] = {}
    faults: list[str] = []
    for number, text in enumerate(lines, start=1):
        if not text.strip():
            continue
        try:
            line = _Line.model_validate_json(text)
            answers = _answers(line, faq, day)
        except ValidationError as error:
            told = "；".join(f"{'.'.join(map(str, e['loc']))} {e['msg']}".strip() for e in error.errors())
            faults.append(f"第 {number} 行：{told}")
        except FaqError as error:
            faults.append(f"第 {number} 行：{error}")
        else:
            questions.setdefault(
                (line.question, line.region), KnownQuestion(line.question, line.region, answers)
            )
    if not questions:
        raise QuestionLogError(f"{path} 里没有一行可用：{'；'.join(faults[:3]) or '文件是空的'}")
    return QuestionLog(tuple(questions.values()), tuple(faults))


def _answers(line: _Line, faq: FaqStore, day: date) -> tuple[CitedPassage, ...]:
    """Return the passages of the sources that are there; one that is not is no loss beside another."""
    found: list[CitedPassage] = []
    fault: FaqError | None = None
    for source in line.sources:
        try:
            found.append(faq.passage_of(source, region=line.region, day=day))
        except FaqError as error:
            fault = error
    if fault is not None and not found:
        raise fault
    return tuple(found)
