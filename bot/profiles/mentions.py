"""Taking what answers said of a profile out of the conversation, when the profile goes."""

from collections.abc import Sequence

from pydantic import JsonValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.conversations import EventRow, MessageRow

FORGOTTEN = "（您已撤回同意，这里原来的提示已删除。）"


def forget_mentions(session: Session, conversation_ids: Sequence[str]) -> None:
    """Put `FORGOTTEN` in the place of every policy block's text, within a transaction."""
    for message in session.scalars(
        select(MessageRow).where(MessageRow.conversation_id.in_(conversation_ids))
    ):
        said = _said(message.answer)
        if said:
            message.text = _without(message.text, said)
            message.answer = _forgotten(message.answer, said)
    for event in session.scalars(select(EventRow).where(EventRow.conversation_id.in_(conversation_ids))):
        said = _said(event.payload)
        if said:
            event.payload = _forgotten(event.payload, said)


def _said(value: JsonValue) -> frozenset[str]:
    """Return the texts of all policy blocks within a JSON value."""
    if isinstance(value, list):
        return frozenset().union(*map(_said, value))
    if not isinstance(value, dict):
        return frozenset()
    own = {str(value["text"])} if value.get("type") == "policy" and value.get("text") != FORGOTTEN else set()
    return frozenset(own).union(*map(_said, value.values()))


def _forgotten(value: JsonValue, said: frozenset[str]) -> dict[str, JsonValue]:
    changed = _changed(value, said)
    assert isinstance(changed, dict)
    return changed


def _changed(value: JsonValue, said: frozenset[str]) -> JsonValue:
    if isinstance(value, str):
        return _without(value, said)
    if isinstance(value, list):
        return [_changed(each, said) for each in value]
    if isinstance(value, dict):
        return {name: _changed(each, said) for name, each in value.items()}
    return value


def _without(text: str, said: frozenset[str]) -> str:
    for each in said:
        text = text.replace(each, FORGOTTEN)
    return text
