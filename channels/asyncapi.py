"""The WebSocket protocol as an AsyncAPI 3.0 document, generated from the message models."""

from dataclasses import dataclass
from typing import get_args

import yaml
from pydantic import BaseModel, JsonValue
from pydantic.json_schema import models_json_schema

from channels.desk.protocol import AgentMessage, DeskMessage
from channels.protocol import MAX_FRAME_BYTES, VERSION, ClientMessage, ErrorCode, ServerMessage

_REF = "#/components/schemas/{model}"

DESCRIPTION = f"""\
JSON 文本帧，每帧一条消息，最大 {MAX_FRAME_BYTES} 字节（超出则以 1009 关闭）。连接后先发 hello，得到 welcome。

服务端消息都带 seq。accepted、block、answer、feedback_saved 和有关人工、工单、评价的消息属于对话：
seq 从 1 起逐条加一，断线后用 resume_token 和 last_seq 重连，漏掉的会按序补发。welcome、pong、error、
ticket_progress 只说明线路，带当前 seq 而不占用新的 seq，也不补发；policies、policy_reminders 说的是市民同意
保存的资料，同样不占 seq、不留存，撤回同意后不会再出现。同一 client_id 的问题再次发送，按记录答复，
不会重复提问。

坐席连接 /ws/v1/desk，先发 sign_on。消息不编号：重新登录就会重新得到手里的每个会话和其中说过的每句话。

错误码：{"、".join(code.value for code in ErrorCode)}。出错后连接仍可使用。
"""


class _Dumper(yaml.SafeDumper):
    """Writes text of several lines as it reads."""

    def represent_text(self, text: str) -> yaml.ScalarNode:
        return self.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _Dumper.represent_text)


def asyncapi_yaml() -> str:
    """Return the document as YAML."""
    return yaml.dump(_document(), Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=110)


@dataclass(frozen=True, slots=True)
class _Channel:
    """A WebSocket with the messages it takes and gives; a prefix tells the desk's from the citizens'."""

    name: str
    address: str
    takes: tuple[type[BaseModel], ...]
    gives: tuple[type[BaseModel], ...]
    prefix: str = ""

    def key(self, model: type[BaseModel]) -> str:
        return self.prefix + str(model.model_fields["type"].default)

    @property
    def messages(self) -> tuple[type[BaseModel], ...]:
        return (*self.takes, *self.gives)

    def document(self) -> JsonValue:
        keys = [self.key(model) for model in self.messages]
        return {
            "address": self.address,
            "messages": {key: {"$ref": f"#/components/messages/{key}"} for key in keys},
        }

    def operation(self, action: str, models: tuple[type[BaseModel], ...]) -> JsonValue:
        return {
            "action": action,
            "channel": {"$ref": f"#/channels/{self.name}"},
            "messages": [{"$ref": f"#/channels/{self.name}/messages/{self.key(model)}"} for model in models],
        }


def _document() -> dict[str, JsonValue]:
    chat = _Channel("chat", "/ws/v1/chat", _models(ClientMessage), _models(ServerMessage))
    desk = _Channel("desk", "/ws/v1/desk", _models(AgentMessage), _models(DeskMessage), "desk_")
    everything = [(model, "validation") for channel in (chat, desk) for model in channel.messages]
    names, schema = models_json_schema(everything, ref_template=_REF)  # type: ignore[arg-type]
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "问政 Wenzheng 咨询协议", "version": str(VERSION), "description": DESCRIPTION},
        "defaultContentType": "application/json",
        "channels": {channel.name: channel.document() for channel in (chat, desk)},
        "operations": {
            "receiveFromClient": chat.operation("receive", chat.takes),
            "sendToClient": chat.operation("send", chat.gives),
            "receiveFromAgent": desk.operation("receive", desk.takes),
            "sendToAgent": desk.operation("send", desk.gives),
        },
        "components": {
            "messages": {
                channel.key(model): {
                    "name": str(model.model_fields["type"].default),
                    "summary": (model.__doc__ or "").partition("\n")[0],
                    "payload": {"$ref": names[(model, "validation")]["$ref"]},
                }
                for channel in (chat, desk)
                for model in channel.messages
            },
            "schemas": schema["$defs"],
        },
    }


def _models(union: object) -> tuple[type[BaseModel], ...]:
    members: tuple[type[BaseModel], ...] = get_args(get_args(union)[0])
    return members
