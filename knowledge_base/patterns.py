"""Lists of patterns kept as data (TOML): one list, one kind of words; any of its entries may match."""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

from knowledge_base.errors import SettingsError

Patterns = Mapping[str, re.Pattern[str]]


class PatternFile:
    """The patterns of one file, compiled.

    Args:
        path: A TOML file whose values are lists of regular expressions, at the top or in tables.

    Raises:
        SettingsError: If it is missing or not TOML, or an expression cannot be compiled.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._kept = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise SettingsError(f"patterns {path} cannot be read: {error}") from error

    def pattern(self, name: str, *, flags: re.RegexFlag = re.NOFLAG) -> re.Pattern[str]:
        """Return what matches any entry of the list of this name."""
        return self._compiled(name, self._kept.get(name), flags)

    def table(self, name: str) -> Patterns:
        """Return the patterns of a table by name, in the order of the file."""
        table = self._kept.get(name)
        if not isinstance(table, dict):
            raise SettingsError(f"patterns {self._path} have no table {name}")
        return {key: self._compiled(f"{name}.{key}", entries) for key, entries in table.items()}

    def words(self, name: str) -> Mapping[str, tuple[str, ...]]:
        """Return the entries of a table as they are, for lists of plain words."""
        return {key: tuple(map(str, entries)) for key, entries in self._kept[name].items()}

    def _compiled(self, name: str, entries: object, flags: re.RegexFlag = re.NOFLAG) -> re.Pattern[str]:
        if not isinstance(entries, list) or not entries:
            raise SettingsError(f"patterns {self._path}: {name} is no list")
        try:
            return re.compile("|".join(map(str, entries)), flags)
        except re.error as error:
            raise SettingsError(f"patterns {self._path}: {name} cannot be compiled: {error}") from error
