"""What text can be taken as a question."""

import unicodedata

from knowledge_base.errors import QuestionRejected

_ALLOWED_CONTROLS = frozenset("\t\n\r")
_CONTROL_CATEGORIES = frozenset({"Cc", "Cs"})


def check_question_text(text: str, max_chars: int) -> None:
    """Refuse a text that cannot be a question; the message is fit for a citizen to read.

    Raises:
        QuestionRejected: With code `too_long` (says both numbers), `control_characters` or `empty`.
    """
    if len(text) > max_chars:
        raise QuestionRejected("too_long", f"问题有 {len(text)} 个字，最多 {max_chars} 个字，请缩短后再发。")
    if any(
        unicodedata.category(char) in _CONTROL_CATEGORIES for char in text if char not in _ALLOWED_CONTROLS
    ):
        raise QuestionRejected("control_characters", "问题里有无法识别的控制字符，请删去后再发。")
    if not any(char.isalnum() for char in text):
        raise QuestionRejected("empty", "没有看到问题，请写下您想咨询的事，例如“公积金怎么提取”。")
