"""One folder for each run: its configuration, results, a readable report and plots.

<runs>/<utc time>-<name>/config.json    settings, package versions, encoder, corpus, machine, commit
                         results.json   what was measured
                         report.md      the same to read, with the plots
                         *.png
"""

import hashlib
import json
import os
import platform
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import UTC, date, datetime
from importlib.metadata import distributions
from pathlib import Path

from pydantic import BaseModel
from sqlalchemy import make_url

from bot.settings import Settings

RUNS = Path("runs")

Json = None | bool | int | float | str | Sequence["Json"] | Mapping[str, "Json"]


@dataclass(frozen=True, slots=True)
class Table:
    """A table of a report; cells are text already."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def markdown(self) -> str:
        lines = [self.header, ("---",) * len(self.header), *self.rows]
        return "\n".join(
            "| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines
        )


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with text, tables and the file names of plots, in this order."""

    title: str
    text: str = ""
    tables: tuple[Table, ...] = ()
    plots: tuple[str, ...] = ()

    def markdown(self) -> str:
        parts = [f"## {self.title}", self.text, *(table.markdown() for table in self.tables)]
        parts += [f"![{plot.removesuffix('.png')}]({plot})" for plot in self.plots]
        return "\n\n".join(part for part in parts if part)


def open_run(name: str, runs: Path | None = None) -> Path:
    """Make and return the folder of a new run, under `runs` (`RUNS` in the working directory by default)."""
    parent = runs or RUNS
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    for attempt in range(100):
        folder = parent / (f"{stamp}-{name}" if attempt == 0 else f"{stamp}-{name}-{attempt + 1}")
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            continue
        return folder
    raise FileExistsError(f"{parent / stamp}-{name}: 100 runs in one second")


def save_run(folder: Path, *, title: str, config: Json, results: Json, sections: Sequence[Section]) -> None:
    """Write config.json, results.json and report.md; plots are in the folder already."""
    (folder / "config.json").write_text(_dump(config), encoding="utf-8")
    (folder / "results.json").write_text(_dump(results), encoding="utf-8")
    body = "\n\n".join(section.markdown() for section in sections)
    (folder / "report.md").write_text(f"# {title}\n\n{body}\n", encoding="utf-8")


def to_json(value: object) -> Json:
    """Return records as JSON values: dataclasses and models as objects, dates and paths as text."""
    if is_dataclass(value) and not isinstance(value, type):
        return {one.name: to_json(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, BaseModel):
        return to_json(value.model_dump(mode="json"))
    if isinstance(value, Mapping):
        return {str(key): to_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [to_json(item) for item in value]
    if isinstance(value, date | Path):
        return str(value)
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise TypeError(f"{type(value).__name__} has no JSON form")


def describe_run(
    settings: Settings, *, encoder: str, fingerprint: str, corpus_sha256: str, options: Mapping[str, Json]
) -> dict[str, Json]:
    """Return what is needed to repeat a run; passwords in the database URL are hidden."""
    kept = settings.model_dump(mode="json")
    kept["database_url"] = make_url(settings.sqlalchemy_url).render_as_string(hide_password=True)
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "options": dict(options),
        "settings": kept,
        "encoder": {"name": encoder, "fingerprint": fingerprint},
        "corpus_sha256": corpus_sha256,
        "machine": describe_machine(),
        "git": _git_commit(),
        "packages": {
            found.name: found.version for found in sorted(distributions(), key=lambda one: one.name.lower())
        },
    }


def describe_machine() -> dict[str, Json]:
    """Return processor, cores, memory in GiB, load of the last minute, system and Python."""
    import psutil

    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "load_1min": round(psutil.getloadavg()[0], 2),
        "system": platform.platform(),
        "python": platform.python_version(),
    }


def files_sha256(folder: Path) -> str:
    """Return the checksum of all files of a folder, names included, or of one file."""
    sha = hashlib.sha256()
    for path in sorted(path for path in [folder, *folder.rglob("*")] if path.is_file()):
        sha.update(f"{path.relative_to(folder).as_posix()}\0".encode() + path.read_bytes() + b"\0")
    return sha.hexdigest()


def percent(share: float | None) -> str:
    """Return a share as text for a table: 0.5833 is `58.3%`, None is `–`."""
    return "–" if share is None else f"{share:.1%}"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor())


def _git_commit() -> str | None:
    """Return the commit of the source tree, with `+` where files differ from it; None outside a clone."""
    tree = Path(__file__).parent
    try:
        head = _git(tree, "rev-parse", "HEAD")
        return head + ("+" if _git(tree, "status", "--porcelain") else "")
    except (OSError, subprocess.SubprocessError):
        return None


def _git(tree: Path, *arguments: str) -> str:
    command = ["git", "-C", str(tree), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=10).stdout.strip()  # noqa: S603


def _dump(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"
