"""The WebSocket protocol as an AsyncAPI 3.0 document, generated from the message models."""

from typing import get_args

import yaml
from pydantic import BaseModel, JsonValue
from pydantic.json_schema import models_json_schema

from channels.protocol import MAX_FRAME_BYTES, VERSION, ClientMessage, ErrorCode, ServerMessage

_REF = "#/components/schemas/{model}"

DESCRIPTION = f"""\
JSON 文本帧，每帧一条消息，最大 {MAX_FRAME_BYTES} 字节（超出则以 1009 关闭）。连接后先发 hello，得到 welcome。

服务端消息都带 seq。accepted、block、answer、feedback_saved 属于对话：seq 从 1 起逐条加一，
断线后用 resume_token 和 last_seq 重连，漏掉的会按序补发。welcome、pong、error 只说明线路，
带当前 seq 而不占用新的 seq，也不补发。同一 client_id 的问题再次发送，按记录答复，不会重复提问。

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


def _document() -> dict[str, JsonValue]:
    client, server = _models(ClientMessage), _models(ServerMessage)
    _, schema = models_json_schema([(model, "validation") for model in (*client, *server)], ref_template=_REF)
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "问政 Wenzheng 咨询协议", "version": str(VERSION), "description": DESCRIPTION},
        "defaultContentType": "application/json",
        "channels": {
            "chat": {
                "address": "/ws/v1/chat",
                "messages": {
                    _name(model): {"$ref": f"#/components/messages/{_name(model)}"}
                    for model in (*client, *server)
                },
            }
        },
        "operations": {
            "receiveFromClient": _operation("receive", client),
            "sendToClient": _operation("send", server),
        },
        "components": {
            "messages": {
                _name(model): {
                    "name": _name(model),
                    "summary": (model.__doc__ or "").partition("\n")[0],
                    "payload": {"$ref": _REF.format(model=model.__name__)},
                }
                for model in (*client, *server)
            },
            "schemas": schema["$defs"],
        },
    }


def _models(union: object) -> tuple[type[BaseModel], ...]:
    members: tuple[type[BaseModel], ...] = get_args(get_args(union)[0])
    return members


def _name(model: type[BaseModel]) -> str:
    return str(model.model_fields["type"].default)


def _operation(action: str, models: tuple[type[BaseModel], ...]) -> dict[str, JsonValue]:
    return {
        "action": action,
        "channel": {"$ref": "#/channels/chat"},
        "messages": [{"$ref": f"#/channels/chat/messages/{_name(model)}"} for model in models],
    }
