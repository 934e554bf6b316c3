"""Derived folders and small files appear whole or not at all."""

import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

ABANDONED_AFTER_S = 3600.0


def is_complete(folder: Path, members: Iterable[str]) -> bool:
    """Return whether every named member of the folder is there."""
    return all((folder / member).is_file() for member in members)


def write_folder(target: Path, members: Iterable[str], fill: Callable[[Path], None]) -> Path:
    """Write `target` in one step: `fill` a hidden sibling, then rename it into place.

    Processes that race each fill their own sibling; one rename wins, the others discard theirs.

    Args:
        target: The folder that shall exist afterwards. One that lacks a member is replaced.
        members: File names, relative to the folder, that `fill` writes.
        fill: Writes the members into the empty folder it is given.

    Returns:
        `target`, complete.

    Raises:
        OSError: If the disk refuses, or `fill` left a member out.
    """
    wanted = tuple(members)
    if is_complete(target, wanted):
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    _sweep_abandoned(target)
    # Not tempfile.mkdtemp: its 0700 would survive the rename and shut out a service user of another name.
    partial = _sibling(target)
    partial.mkdir()
    try:
        fill(partial)
        if not is_complete(partial, wanted):
            missing = [member for member in wanted if not (partial / member).is_file()]
            raise FileNotFoundError(f"{target.name} was written without {', '.join(missing)}")
        _install(partial, target, wanted)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return target


def write_file(target: Path, text: str) -> None:
    """Write a small file in one step, safe on the disk when this returns; its folder must be there."""
    swap = target.with_name(f"{target.name}.{os.getpid()}")
    try:
        swap.write_text(text, encoding="utf-8")
        sync(swap)
        swap.replace(target)
    except BaseException:
        swap.unlink(missing_ok=True)
        raise
    sync(target.parent)


def sync(path: Path) -> None:
    """Have a file or folder written to the disk before anything else goes on."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _install(partial: Path, target: Path, members: tuple[str, ...]) -> None:
    """Rename `partial` to `target` unless a complete one is there; move an incomplete one out of the way."""
    try:
        partial.rename(target)
    except OSError:
        if is_complete(target, members):
            return
        broken = _sibling(target)
        with suppress(FileNotFoundError):
            target.rename(broken)
        shutil.rmtree(broken, ignore_errors=True)
        partial.rename(target)


def _sibling(target: Path) -> Path:
    return target.with_name(f".{target.name}.{os.getpid()}-{secrets.token_hex(4)}.partial")


def _sweep_abandoned(target: Path) -> None:
    """Remove what a killed process left; an hour is far longer than any fill takes."""
    for leftover in target.parent.glob(f".{target.name}.*.partial"):
        with suppress(FileNotFoundError):
            if time.time() - leftover.stat().st_mtime > ABANDONED_AFTER_S:
                shutil.rmtree(leftover, ignore_errors=True)
