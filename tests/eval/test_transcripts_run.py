"""Scenes: what is sent, what is waited for, and how it reads afterwards; over a real WebSocket."""

import asyncio
import json

import pytest
import websockets
from pydantic import JsonValue, ValidationError

from eval.transcripts_run import Frame, Scene, SceneFailed, Transcript, as_markdown, play, read_scenes

CITE: JsonValue = {"document": {"title": "云州市养犬管理条例"}, "article": "第七条"}


def answer(status: str, text: str, *labels: str) -> Frame:
    options: list[JsonValue] = [
        {"label": label, "question": f"{label}怎么办", "region": None} for label in labels
    ]
    said: Frame = {"status": status, "text": text, "options": options, "citations": [CITE], "services": []}
    return {"type": "answer", "answer": said}


async def converse(line: websockets.ServerConnection) -> None:
    """Welcome, ask which of two is meant, and answer whatever comes next; refuse what is rude."""
    asked = 0
    async for raw in line:
        frame = json.loads(raw)
        if frame["type"] == "hello":
            await line.send(json.dumps({"type": "welcome"}))
        elif frame["text"] == "滚":
            await line.send(json.dumps({"type": "error", "message": "请换个说法。"}))
        else:
            asked += 1
            await line.send(json.dumps({"type": "accepted"}))
            said = (
                answer("clarify", "哪一件？", "养犬登记", "犬证补领")
                if asked == 1
                else answer("answered", "二百元。")
            )
            await line.send(json.dumps(said, ensure_ascii=False))


def played(*deeds: dict[str, JsonValue]) -> Transcript:
    scene = Scene.model_validate({"name": "dogs", "title": "养犬", "deeds": deeds})

    async def run() -> Transcript:
        async with websockets.serve(converse, "127.0.0.1", 0) as server:
            port = next(iter(server.sockets)).getsockname()[1]
            return await play(scene, port, token="")

    return asyncio.run(run())


ASK: dict[str, JsonValue] = {"send": {"type": "question", "text": "犬证多少钱"}}


def test_the_packaged_scenes_are_those_the_project_shows() -> None:
    assert {scene.name for scene in read_scenes()} == {
        "newborn",
        "region",
        "english",
        "emergency",
        "hostile-model",
        "hand-off",
        "ticket-at-night",
    }


def test_a_scene_is_written_down_frame_by_frame() -> None:
    transcript = played(ASK, {"tap": "补领"})
    assert [(who, frame["type"]) for who, frame in transcript.frames] == [
        ("citizen", "hello"),
        ("service", "welcome"),
        ("citizen", "question"),
        ("service", "accepted"),
        ("service", "answer"),
        ("citizen", "question"),
        ("service", "accepted"),
        ("service", "answer"),
    ]
    assert transcript.frames[5][1]["text"] == "犬证补领怎么办"
    assert transcript.last_status() == "answered"


def test_it_reads_as_a_conversation() -> None:
    shown = as_markdown(played(ASK, {"tap": "补领"}))
    assert shown.startswith("# 养犬\n")
    lines = [line for line in shown.splitlines() if line]
    assert lines[1:6] == [
        "**市民**：犬证多少钱",
        "**问政**（`clarify`）：",
        "> 哪一件？",
        "引文：《云州市养犬管理条例》第七条",
        "选项：养犬登记；犬证补领",
    ]


@pytest.mark.parametrize(
    ("deed", "why"),
    [
        ({"tap": "摩托车"}, "no option with '摩托车'"),
        ({"send": {"type": "question", "text": "滚"}}, "refused: 请换个说法。"),
    ],
)
def test_a_scene_that_goes_otherwise_fails(deed: dict[str, JsonValue], why: str) -> None:
    with pytest.raises(SceneFailed, match=why):
        played(ASK, deed)


def test_a_scene_without_a_proper_name_is_none() -> None:
    with pytest.raises(ValidationError, match="name"):
        Scene.model_validate({"name": "Dogs!", "title": "", "deeds": []})
