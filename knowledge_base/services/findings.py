"""What is wrong with a catalogue, and where: each finding names its place and its cure, in Chinese."""

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """An error keeps its row out; a warning does not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a record stands.

    Attributes:
        file: Name of the file; empty for what is in the database.
        sheet: Worksheet, CSV file of a folder, or list of a JSON file, such as `items`.
        row: As the sheet counts it, from 1, its header included; in JSON, place in the list from 1.
    """

    file: str
    sheet: str
    row: int

    def __str__(self) -> str:
        sheet = f"“{self.sheet}”" if self.sheet and self.sheet != self.file.rsplit(".", 1)[0] else ""
        where = " ".join(filter(None, (self.file, sheet)))
        unit = "项" if self.file.endswith(".json") else "行"
        return f"{where} 第 {self.row} {unit}" if self.row else where


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong.

    Attributes:
        column: The sheet's heading, such as `到现场次数`; empty for the whole row.
        message: What is wrong and what to do.
        code: 实施编码 or 地点编号 of the record; empty where it has none.
    """

    place: Place
    column: str
    message: str
    severity: Severity = Severity.WARNING
    code: str = ""

    def __str__(self) -> str:
        code = f"（{self.code}）" if self.code else ""
        return f"{self.place}{code}“{self.column or '整行'}”：{self.message}"
