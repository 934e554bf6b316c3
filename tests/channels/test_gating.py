"""What stands before publishing: the command that measures, found by its name."""

from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from channels.gating import require_open_gate
from knowledge_base.errors import FaqError


def app(*, closed: bool | None, seen: list[str]) -> typer.Typer:
    """An application whose command `publish` asks the gate first; None leaves the gate out."""
    application = typer.Typer()

    @application.command()
    def publish(context: typer.Context) -> None:
        require_open_gate(context, [3, 4], Path("数据"))
        seen.append("published")

    @application.command()
    def other() -> None: ...

    if closed is not None:
        group = typer.Typer()

        @group.command()
        def gate(ids: list[int], data_dir: Path = Path()) -> None:
            typer.echo("表")
            seen.append(f"{ids} {data_dir}")
            if closed:
                raise typer.Exit(1)

        @group.command()
        def answers() -> None: ...

        application.add_typer(group, name="eval")
    return application


def publish(application: typer.Typer) -> str:
    result = CliRunner().invoke(application, ["publish"])
    if result.exception is not None:
        raise result.exception
    return result.stdout


def test_an_open_gate_lets_through_and_keeps_stdout_clean() -> None:
    seen: list[str] = []
    assert publish(app(closed=False, seen=seen)) == ""
    assert seen == ["[3, 4] 数据", "published"]


def test_a_closed_one_does_not() -> None:
    seen: list[str] = []
    with pytest.raises(FaqError, match="评测题的回答会变差"):
        publish(app(closed=True, seen=seen))
    assert seen == ["[3, 4] 数据"]


def test_nor_does_none_at_all() -> None:
    with pytest.raises(FaqError, match="没有装评测程序"):
        publish(app(closed=None, seen=[]))
