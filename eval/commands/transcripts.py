"""`wenzheng eval transcripts`: conversations over the real WebSocket, written down."""

import json
from pathlib import Path
from typing import Annotated

import typer

from eval.commands.terminal import DataDir, Output


def record_transcripts(
    *,
    scenes: Annotated[Path | None, typer.Option("--scenes", help="场景，JSON；默认随附的。")] = None,
    data_dir: DataDir = None,
    output: Output = None,
) -> None:
    """启动服务，经 WebSocket 演一遍场景，逐帧记下；结局与场景所说不符时退出码 1。"""
    from bot.settings import read_settings
    from eval.reports import open_run
    from eval.transcripts_run import SCENES_FILE, as_markdown, read_scenes, record_scenes

    folder = open_run("transcripts", output)
    for transcript in record_scenes(read_scenes(scenes or SCENES_FILE), read_settings(data_dir).data_dir):
        name = transcript.scene.name
        (folder / f"{name}.md").write_text(as_markdown(transcript), encoding="utf-8")
        frames = "\n".join(json.dumps(frame, ensure_ascii=False) for frame in transcript.frames)
        (folder / f"{name}.jsonl").write_text(frames + "\n", encoding="utf-8")
        typer.echo(f"{transcript.scene.title}：{transcript.last_status() or '已记下'}")
    typer.echo(f"已保存：{folder}", err=True)
