"""Which adapter an encoder wears: the packaged one, or one trained here, and the one before it.

    <folder>/IN_USE           JSON: the adapter in use and the one before; absent while it is the packaged one
    <folder>/<name>/          an adapter trained here, as `retrieval.adapter` reads it

Adapters are kept apart by the model they were trained on, as they fit no other.
"""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

from knowledge_base.errors import EncoderError
from retrieval.adapter import MEMBERS
from retrieval.folders import is_complete, write_file

PACKAGED = Path(__file__).parent / "data" / "adapters" / "policy-zh-v1"
"""The adapter of the embedded default that comes with the project."""

_POINTER = "IN_USE"
_NO_NAME = ""  # the packaged adapter, or none where the model has none


@dataclass(frozen=True, slots=True)
class AdapterShelf:
    """The adapters of one model.

    Attributes:
        packaged: The one that came with it; None where the model is used as it is.
    """

    folder: Path
    packaged: Path | None

    def in_use(self) -> Path | None:
        """Return the folder of the adapter in use; None means the model as it is.

        Raises:
            EncoderError: If one trained here is said to be in use and is not there.
        """
        return self._place(self._names()[0])

    def before(self) -> Path | None:
        """Return what `undo` would go back to; None means the model as it is."""
        return self._place(self._names()[1])

    def can_undo(self) -> bool:
        """Tell whether an adapter trained here is, or was just now, in use."""
        in_use, before = self._names()
        return in_use != before

    def place(self, name: str) -> Path:
        """Return where an adapter of that name is written."""
        return self.folder / name

    def switch(self, name: str) -> None:
        """Put the adapter of that name to use; the one in use until now is kept, older ones are removed.

        Raises:
            EncoderError: If it is not on the shelf.
        """
        self._place(name)
        before = self._names()[0]
        self._write(name, before)
        for old in self.folder.iterdir():
            if old.is_dir() and old.name not in (name, before):
                shutil.rmtree(old, ignore_errors=True)

    def remove(self, name: str) -> None:
        """Remove an adapter that was not put to use."""
        if name not in self._names():
            shutil.rmtree(self.folder / name, ignore_errors=True)

    def undo(self) -> None:
        """Go back to the adapter before; a second time undoes the first."""
        in_use, before = self._names()
        self._place(before)
        self._write(before, in_use)

    def _place(self, name: str) -> Path | None:
        if name == _NO_NAME:
            return self.packaged
        folder = self.folder / name
        if not is_complete(folder, MEMBERS):
            raise EncoderError(
                f"the adapter {folder} is not there: put it back, or remove {self.folder / _POINTER},"
                " if that names it, to return to the packaged one"
            )
        return folder

    def _names(self) -> tuple[str, str]:
        pointer = self.folder / _POINTER
        try:
            kept = json.loads(pointer.read_text(encoding="utf-8"))
            return str(kept["in_use"]), str(kept["before"])
        except FileNotFoundError:
            return _NO_NAME, _NO_NAME
        except (ValueError, KeyError, TypeError) as error:
            raise EncoderError(
                f"{pointer} cannot be read ({error}): remove it to return to the packaged adapter"
            ) from error

    def _write(self, in_use: str, before: str) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        write_file(self.folder / _POINTER, json.dumps({"in_use": in_use, "before": before}))
