"""The Dockerfile against the tree and `scripts/serve`, since no engine builds it here."""

import json
import re
import shlex
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pytest
import typer

from bot.settings import Settings
from channels import cli
from channels.app import create_app

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
COMMANDS = cast(typer.core.TyperGroup, typer.main.get_command(cli.app)).commands


@dataclass(frozen=True)
class Instruction:
    """One instruction: its word in capitals, its flags (`--from=build`), and what follows."""

    word: str
    flags: dict[str, str]
    rest: str

    @property
    def words(self) -> list[str]:
        """The arguments, of the JSON form or the shell form."""
        if not self.rest.startswith("["):
            return shlex.split(self.rest)
        return [str(word) for word in json.loads(self.rest)]


def read_dockerfile() -> list[list[Instruction]]:
    """Return the instructions of each stage; those before the first FROM are a stage of their own."""
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()
    text = "\n".join(line for line in lines if not line.startswith("#")).replace("\\\n", " ")
    stages: list[list[Instruction]] = [[]]
    for line in filter(str.strip, text.split("\n")):
        word, _, rest = line.strip().partition(" ")
        flags = dict(re.findall(r"--([a-z-]+)=(\S+)", re.match(r"(?:\s*--\S+)*", rest)[0]))  # type: ignore[index]
        rest = re.sub(r"^(?:\s*--\S+)*\s*", "", rest)
        if word == "FROM":
            stages.append([])
        stages[-1].append(Instruction(word, flags, rest))
    return stages


GLOBAL, BUILD, RUN = read_dockerfile()


def all_of(word: str, stage: list[Instruction]) -> list[Instruction]:
    return [each for each in stage if each.word == word]


def the(word: str, stage: list[Instruction]) -> Instruction:
    (only,) = all_of(word, stage)
    return only


def environment(stage: list[Instruction]) -> dict[str, str]:
    pairs = [pair for each in all_of("ENV", stage) for pair in each.words]
    return {name: value for name, _, value in (pair.partition("=") for pair in pairs)}


COPIED = [source for each in all_of("COPY", BUILD) for source in each.words[:-1]]


def test_both_stages_run_the_python_the_project_asks_for() -> None:
    image = the("ARG", GLOBAL).rest.partition("=")[2]
    given = re.match(r"3\.(\d+)", image)
    least = re.fullmatch(r">=3\.(\d+)", PROJECT["project"]["requires-python"])
    assert given
    assert least
    assert int(given[1]) >= int(least[1])
    assert [the("FROM", stage).words[0] for stage in (BUILD, RUN)] == ["python:${PYTHON}"] * 2


@pytest.mark.parametrize("source", COPIED)
def test_what_is_copied_is_there(source: str) -> None:
    assert (ROOT / source).exists()


def test_every_package_of_the_wheel_is_copied_under_its_name() -> None:
    packages = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    folders = {each.words[0]: each.words[-1] for each in all_of("COPY", BUILD) if len(each.words) == 2}
    assert folders == {package: f"./{package}" for package in packages}


def test_what_the_build_reads_of_the_project_is_copied() -> None:
    project = PROJECT["project"]
    assert {"pyproject.toml", project["readme"], *project["license-files"]} <= set(COPIED)


def test_the_context_holds_exactly_what_is_copied() -> None:
    rules = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()
    assert rules[0] == "*"
    assert {rule[1:] for rule in rules if rule.startswith("!")} == set(COPIED)
    assert "**/__pycache__" in rules


def test_the_torch_of_another_index_is_the_torch_of_the_project() -> None:
    (pinned,) = [each for each in PROJECT["project"]["dependencies"] if each.startswith("torch")]
    installed = re.findall(r'"(torch[^"]*)"', " ".join(each.rest for each in all_of("RUN", BUILD)))
    assert installed == [pinned]


def test_the_model_is_prepared_where_the_server_will_look() -> None:
    assert "prepare" in COMMANDS
    (prepare,) = [each.words for each in all_of("RUN", BUILD) if each.words[-1] == "prepare"]
    setting, command, _ = prepare
    assert command.endswith("/wenzheng")
    prepared = setting.removeprefix("WENZHENG_DATA_DIR=")
    places = {each.words[0]: each.words[1] for each in all_of("COPY", RUN)}
    assert places[prepared] == environment(RUN)["WENZHENG_DATA_DIR"]
    assert the("VOLUME", RUN).words == [places[prepared]]


def test_what_was_installed_is_copied_to_the_same_place_and_found() -> None:
    """An environment's scripts name its own path, so that it cannot be moved."""
    (venv,) = [each.words[-1] for each in all_of("RUN", BUILD) if "venv" in each.words]
    places = {each.words[0]: each.words[1] for each in all_of("COPY", RUN)}
    assert places[venv] == venv
    assert environment(RUN)["PATH"].startswith(f"{venv}/bin:")


def test_the_last_stage_takes_files_from_the_first_only() -> None:
    assert the("FROM", BUILD).words[1:] == ["AS", "build"]
    assert {each.flags.get("from") for each in all_of("COPY", RUN)} == {"build"}
    assert all_of("ADD", RUN) == []


def test_nothing_is_fetched_at_run_time() -> None:
    written = " ".join(each.rest for each in RUN if each.word in {"RUN", "CMD", "ENTRYPOINT"})
    assert not re.search(r"\b(?:curl|wget|pip|apt-get|apt|git|npm)\b", written)
    assert environment(RUN)["HF_HUB_OFFLINE"] == environment(RUN)["TRANSFORMERS_OFFLINE"] == "1"


def test_it_runs_what_the_script_runs() -> None:
    last = (ROOT / "scripts" / "serve").read_text(encoding="utf-8").splitlines()[-1]
    assert last == 'exec "$VENV/bin/wenzheng" serve "$@"'
    command = [*the("ENTRYPOINT", RUN).words, *the("CMD", RUN).words]
    assert command[:2] == ["wenzheng", "serve"]
    context = COMMANDS["serve"].make_context("serve", command[2:])
    assert context.params["host"] == "0.0.0.0"
    assert str(context.params["port"]) == the("EXPOSE", RUN).rest


def test_it_runs_as_a_user_of_its_own() -> None:
    user = the("USER", RUN).rest
    assert user not in {"root", "0"}
    (created,) = [each.words for each in all_of("RUN", RUN) if each.words[0] == "useradd"]
    assert created[-1] == user
    after = RUN[RUN.index(the("USER", RUN)) :]
    assert not {each.word for each in after} & {"RUN", "COPY"}
    (data,) = [each for each in all_of("COPY", RUN) if each.words[1] == environment(RUN)["WENZHENG_DATA_DIR"]]
    assert data.flags["chown"] == f"{user}:{user}"


def test_its_health_is_asked_for_at_a_route_there_is() -> None:
    check = the("HEALTHCHECK", RUN)
    url = re.search(r"http://127\.0\.0\.1:(\d+)(/\w+)", check.rest)
    assert url
    assert url[1] == the("EXPOSE", RUN).rest
    assert url[2] in create_app(Settings()).openapi()["paths"]
