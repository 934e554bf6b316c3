"""Saying a canned reply: in the language of the question, with its telephone numbers as numbers to tap."""

from collections.abc import Callable

from bot.answer import Block, ParagraphBlock, Phone, PhonesBlock
from bot.turn import Turn
from knowledge_base.blocking.variants import is_han
from knowledge_base.folding import fold, normal
from knowledge_base.languages import Language
from knowledge_base.replies import packaged_replies, parts_of


def language_of(text: str, locale: str | None = None) -> Language:
    """Return the language a question is written in; the locale decides where it has no letters."""
    if any(map(is_han, text)):
        return Language.TRADITIONAL if fold(text) != normal(text) else Language.SIMPLIFIED
    if any(character.isalpha() for character in text):
        return Language.ENGLISH
    tag = (locale or "").lower()
    if tag.startswith("en"):
        return Language.ENGLISH
    traditional = tag.startswith(("zh-tw", "zh-hk", "zh-mo", "zh-hant"))
    return Language.TRADITIONAL if traditional else Language.SIMPLIFIED


def packaged_text(key: str, language: Language) -> str:
    """Return a reply as it comes with the project.

    Raises:
        KeyError: If there is no such reply.
    """
    return packaged_replies()[key].texts[language]


class Replier:
    """Says canned replies.

    Args:
        texts: Gives a reply's text by key and language.
        hotline: Telephone line given where nothing here answers.
    """

    def __init__(self, texts: Callable[[str, Language], str], hotline: str) -> None:
        self._texts = texts
        self._hotline = hotline

    def text(self, key: str, turn: Turn) -> str:
        """Return the first stretch of a reply as plain text, for a notice beside an answer."""
        return next((block.text for block in self(key, turn) if block.type == "paragraph"), "")

    def __call__(self, key: str, turn: Turn, **filled: str) -> tuple[Block, ...]:
        """Return the blocks of a reply to a turn.

        Raises:
            KeyError: If there is no such reply, or a placeholder of it is not filled in.
        """
        language = language_of(turn.asked.question, turn.asked.locale)
        parts = parts_of(self._texts(key, language), {"hotline": self._hotline, **filled})
        return tuple(
            ParagraphBlock(text=part)
            if isinstance(part, str)
            else PhonesBlock(phones=tuple(Phone(number=each.number, label=each.label) for each in part))
            for part in parts
        )
