"""What stands before publishing a curated entry: `wenzheng eval gate` of this installation."""

import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from pathlib import Path

import typer

from knowledge_base.errors import FaqError

_WITHOUT = "确需不经评测发布的，用 --no-gate 并以 --reason 写明理由"


def require_open_gate(context: typer.Context, faq_ids: Sequence[int], data_dir: Path | None) -> None:
    """Run the command `eval gate` on entries; what it finds is told on stderr.

    The command is looked up by name among those registered: this layer does not know what measures it.

    Raises:
        FaqError: If answers would be worse, or what measures them is not installed.
    """
    root = context.find_root()
    gate = root.command
    for name in ("eval", "gate"):
        found = getattr(gate, "commands", {}).get(name)
        if found is None:
            raise FaqError(f"没有发布：这里没有装评测程序（eval），无法先评测。{_WITHOUT}")
        gate = found
    arguments = [*map(str, faq_ids), *(["--data-dir", str(data_dir)] if data_dir else [])]
    with redirect_stdout(sys.stderr):
        code = gate.main(arguments, prog_name="wenzheng eval gate", standalone_mode=False)
    if code:
        raise FaqError(f"没有发布：发布之后评测题的回答会变差，见上面列出的题。请修改后再发布。{_WITHOUT}")
