"""Canned replies: what is said where no document is quoted, in the languages citizens write in.

The project's replies are the defaults; operators put their own in the place of any, in SQL, and can go back.
A reply is plain text. A line `tel:119 火警` is a number that can be tapped to call; `{hotline}` and such are
filled in when it is said.
"""

import re
import string
import time
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from sqlalchemy import Engine, Index, Text, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from knowledge_base.database import Base, UtcDateTime, database_faults
from knowledge_base.errors import ReplyRejected, SettingsError
from knowledge_base.following import Followed
from knowledge_base.languages import Language
from knowledge_base.revision import REPLIES, raise_revision, revision_of

PACKAGED_FILE = Path(__file__).parent / "data" / "replies.toml"
MAX_CHARS = 1000

_IN_USE = text("removed_at IS NULL")
_PHONE_LINE = re.compile(r"tel:(?P<number>\{hotline\}|[0-9][0-9-]{2,19})(?: +(?P<label>\S.*))?")
_MUST_CALL = ("emergency_", "self_harm")


@dataclass(frozen=True, slots=True)
class PhoneLine:
    """A telephone number and what it is for."""

    number: str
    label: str


@dataclass(frozen=True, slots=True)
class PackagedReply:
    """A reply that comes with the project.

    Attributes:
        about: When it is said, for operators.
    """

    about: str
    texts: Mapping[Language, str]

    @property
    def placeholders(self) -> frozenset[str]:
        """What is filled in when it is said."""
        return frozenset().union(*(_placeholders(each) for each in self.texts.values()))


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply as it counts now; `changed_at` is None for one as it came with the project."""

    key: str
    language: Language
    about: str
    text: str
    changed_at: datetime | None = None
    changed_by: str = ""


class ReplyRow(Base):
    """An operators' reply; a row is never changed but for being removed, so that the table is its history."""

    __tablename__ = "canned_replies"
    __table_args__ = (
        Index(
            "uq_canned_replies_in_use",
            "key",
            "language",
            unique=True,
            sqlite_where=_IN_USE,
            postgresql_where=_IN_USE,
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str]
    language: Mapped[str]
    text: Mapped[str] = mapped_column(Text)
    added_at: Mapped[datetime] = mapped_column(UtcDateTime, default=lambda: datetime.now(UTC))
    added_by: Mapped[str]
    removed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    removed_by: Mapped[str] = mapped_column(default="")


class ReplyStore:
    """The canned replies in the database. Safe to share between threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.packaged = packaged_replies()

    def revision(self) -> int:
        """Return the number of the last change; 0 before the first.

        Raises:
            StoreError: If the database refuses.
        """
        with database_faults("固定答复无法读取"), Session(self._engine) as session:
            return revision_of(session, REPLIES)

    def all(self) -> tuple[Reply, ...]:
        """Return every reply as it counts, in the order of the packaged file.

        Raises:
            StoreError: If the database refuses.
        """
        with database_faults("固定答复无法读取"), Session(self._engine) as session:
            own = {(row.key, row.language): row for row in session.scalars(select(ReplyRow).where(_IN_USE))}
        replies = []
        for key, packaged in self.packaged.items():
            for language, words in packaged.texts.items():
                row = own.get((key, language.value))
                if row is None:
                    replies.append(Reply(key, language, packaged.about, words))
                else:
                    replies.append(Reply(key, language, packaged.about, row.text, row.added_at, row.added_by))
        return tuple(replies)

    def set(self, key: str, language: Language, words: str, *, by: str) -> None:
        """Put the operators' words in the place of a reply.

        Raises:
            ReplyRejected: If there is no such reply, or the words do not hold; says why.
            StoreError: If the database refuses.
        """
        words = words.replace("\r\n", "\n").strip()
        self._check(key, words)
        with database_faults("固定答复未能保存"), Session(self._engine) as session, session.begin():
            raise_revision(session, REPLIES)
            _retire(session, key, language, by)
            session.add(ReplyRow(key=key, language=language.value, text=words, added_by=by))

    def reset(self, key: str, language: Language | None = None, *, by: str) -> bool:
        """Go back to the project's words, in one language or in all; tell whether there was anything.

        Raises:
            ReplyRejected: If there is no such reply.
            StoreError: If the database refuses.
        """
        self._known(key)
        with database_faults("固定答复未能保存"), Session(self._engine) as session, session.begin():
            raise_revision(session, REPLIES)
            wanted = tuple(Language) if language is None else (language,)
            return sum(_retire(session, key, each, by) for each in wanted) > 0

    def _known(self, key: str) -> PackagedReply:
        if key not in self.packaged:
            raise ReplyRejected(f"没有“{key}”这条固定答复；有的是 {'、'.join(self.packaged)}")
        return self.packaged[key]

    def _check(self, key: str, words: str) -> None:
        packaged = self._known(key)
        if not words or len(words) > MAX_CHARS:
            raise ReplyRejected(f"内容有 {len(words)} 个字，要有 1 到 {MAX_CHARS} 个")
        try:
            unknown = _placeholders(words) - packaged.placeholders
        except ValueError as error:
            raise ReplyRejected(f"花括号不成对（{error}）；要写花括号本身，请写两个") from error
        if unknown:
            allowed = "、".join(f"{{{each}}}" for each in sorted(packaged.placeholders)) or "没有"
            raise ReplyRejected(f"{{{min(unknown)}}} 填不进内容；这条可用的是：{allowed}")
        lines = [line.strip() for line in words.split("\n")]
        phones = [line for line in lines if line.startswith("tel:")]
        if broken := next((line for line in phones if not _PHONE_LINE.fullmatch(line)), ""):
            raise ReplyRejected(f"“{broken}”不是电话；写作 tel:119 火警")
        if key.startswith(_MUST_CALL) and not phones:
            raise ReplyRejected("紧急的答复至少要有一行电话，写作 tel:120 医疗急救")


class LiveReplies:
    """The replies of this moment, read again when an operator anywhere has changed one."""

    def __init__(self, store: ReplyStore, *, monotonic_s: Callable[[], float] = time.monotonic) -> None:
        self._texts = Followed(
            "the canned replies",
            {
                (key, language): words
                for key, packaged in store.packaged.items()
                for language, words in packaged.texts.items()
            },
            revision=store.revision,
            read=lambda: {(each.key, each.language): each.text for each in store.all()},
            monotonic_s=monotonic_s,
        )

    def text(self, key: str, language: Language) -> str:
        """Return a reply; where the database cannot be read, the last one goes on serving.

        Raises:
            KeyError: If there is no such reply.
        """
        return self._texts.get()[key, language]


def parts_of(words: str, filled: Mapping[str, str]) -> tuple[str | tuple[PhoneLine, ...], ...]:
    """Return a reply filled in: stretches of text, and runs of telephone numbers between them."""
    parts: list[str | tuple[PhoneLine, ...]] = []
    for line in words.split("\n"):
        phone = _PHONE_LINE.fullmatch(line.strip())
        before = parts[-1] if parts else None
        if phone is not None:
            said = PhoneLine(
                phone["number"].format_map(filled), (phone["label"] or "").strip().format_map(filled)
            )
            if isinstance(before, tuple):
                parts[-1] = (*before, said)
            else:
                parts.append((said,))
        elif line.strip():
            said_line = line.strip().format_map(filled)
            if isinstance(before, str):
                parts[-1] = f"{before}\n{said_line}"
            else:
                parts.append(said_line)
    return tuple(parts)


@cache
def packaged_replies(path: Path = PACKAGED_FILE) -> Mapping[str, PackagedReply]:
    """Return the replies that come with the project, by key.

    Raises:
        SettingsError: If the file is missing or damaged, or a reply lacks a language.
    """
    try:
        kept = tomllib.loads(path.read_text(encoding="utf-8"))
        return {
            key: PackagedReply(
                str(of["about"]), {language: str(of[language.value]).strip() for language in Language}
            )
            for key, of in kept.items()
        }
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SettingsError(f"the packaged replies {path} cannot be read: {error}") from error


def _placeholders(words: str) -> frozenset[str]:
    return frozenset(name for _, name, _, _ in string.Formatter().parse(words) if name is not None)


def _retire(session: Session, key: str, language: Language, by: str) -> bool:
    row = session.scalar(select(ReplyRow).where(_IN_USE).filter_by(key=key, language=language.value))
    if row is None:
        return False
    row.removed_at, row.removed_by = datetime.now(UTC), by
    session.flush()  # before another takes its place: one is in use once
    return True
