"""Rules in SQL, with every version they have had, and who put it there and took it away."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from pydantic import JsonValue
from sqlalchemy import JSON, Engine, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from knowledge_base.database import Base, UtcDateTime
from knowledge_base.eligibility.reading import book_of, json_of_rule
from knowledge_base.eligibility.records import Rule, RuleBook
from knowledge_base.errors import UnknownRule
from knowledge_base.revision import ELIGIBILITY, RevisedStore, raise_revision


class EligibilityRuleRow(Base):
    """One version of a rule; only `withdrawn_at` and `withdrawn_by` ever change."""

    __tablename__ = "eligibility_rules"
    __table_args__ = (UniqueConstraint("code", "version"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str]
    version: Mapped[int]
    content: Mapped[dict[str, JsonValue]] = mapped_column(JSON)
    added_at: Mapped[datetime] = mapped_column(UtcDateTime, default=lambda: datetime.now(UTC))
    added_by: Mapped[str]
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    withdrawn_by: Mapped[str] = mapped_column(default="")


class EligibilityMarkRow(Base):
    """A mark that rules may speak of; `fact` is `tags` or `enterprise`."""

    __tablename__ = "eligibility_marks"
    __table_args__ = (UniqueConstraint("fact", "mark"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    fact: Mapped[str]
    mark: Mapped[str]


@dataclass(frozen=True, slots=True)
class RuleVersion:
    """A version of a rule, and who put it there and took it away."""

    rule: Rule
    version: int
    added_at: datetime
    added_by: str
    withdrawn_at: datetime | None
    withdrawn_by: str


@dataclass(frozen=True, slots=True)
class RuleHistory:
    """Every version of every rule, in the order they were added."""

    versions: tuple[RuleVersion, ...]

    def at(self, moment: datetime) -> tuple[Rule, ...]:
        """Return the rules as they stood: the newest version of each then, if not withdrawn."""
        newest = {each.rule.code: each for each in self.versions if each.added_at <= moment}
        return tuple(
            each.rule for each in newest.values() if each.withdrawn_at is None or each.withdrawn_at > moment
        )


@dataclass(frozen=True, slots=True)
class RuleChange:
    """What an import did, by code."""

    added: tuple[str, ...]
    changed: tuple[str, ...]
    unchanged: tuple[str, ...]


class EligibilityStore(RevisedStore):
    """The rules in one SQL database. Safe to share between threads."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine, ELIGIBILITY, "eligibility rules")

    def take_in(self, book: RuleBook, *, by: str) -> RuleChange:
        """Store what has changed as the next version of each, all or nothing; what is not there stays.

        Raises:
            StoreError: If the database refuses.
        """
        done: dict[str, list[str]] = {"added": [], "changed": [], "unchanged": []}
        with self._writing("eligibility rules could not be stored") as session:
            known = {(row.fact, row.mark) for row in session.scalars(select(EligibilityMarkRow))}
            for fact, marks in (("tags", book.tags), ("enterprise", book.enterprise)):
                session.add_all(
                    EligibilityMarkRow(fact=fact, mark=mark)
                    for mark in dict.fromkeys(marks)
                    if (fact, mark) not in known
                )
            newest = _newest(session)
            for rule in book.rules:
                last, content = newest.get(rule.code), json_of_rule(rule)
                if last is not None and last.content == content and last.withdrawn_at is None:
                    done["unchanged"].append(rule.code)
                    continue
                done["added" if last is None else "changed"].append(rule.code)
                version = 1 if last is None else last.version + 1
                session.add(EligibilityRuleRow(code=rule.code, version=version, content=content, added_by=by))
            if done["added"] or done["changed"]:
                raise_revision(session, ELIGIBILITY)
        return RuleChange(*(tuple(done[name]) for name in ("added", "changed", "unchanged")))

    def book(self) -> RuleBook:
        """Return the newest version of each rule that is not withdrawn, and all marks."""
        with self._reading() as session:
            marks = session.scalars(select(EligibilityMarkRow).order_by(EligibilityMarkRow.id)).all()
            rows = [row for row in _newest(session).values() if row.withdrawn_at is None]
            return RuleBook(
                tuple(row.mark for row in marks if row.fact == "tags"),
                tuple(row.mark for row in marks if row.fact == "enterprise"),
                _rules(rows),
            )

    def everything(self) -> RuleHistory:
        """Return every version of every rule."""
        with self._reading() as session:
            rows = session.scalars(select(EligibilityRuleRow).order_by(EligibilityRuleRow.id)).all()
            return RuleHistory(
                tuple(_version(row, rule) for row, rule in zip(rows, _rules(rows), strict=True))
            )

    def history(self, code: str) -> tuple[RuleVersion, ...]:
        """Return the versions of a rule, oldest first.

        Raises:
            UnknownRule: If there is none of this code.
        """
        wanted = select(EligibilityRuleRow).filter_by(code=code).order_by(EligibilityRuleRow.version)
        with self._reading() as session:
            rows = session.scalars(wanted).all()
            if not rows:
                raise UnknownRule(_no_rule(code))
            return tuple(_version(row, rule) for row, rule in zip(rows, _rules(rows), strict=True))

    def withdraw(self, codes: Sequence[str], *, by: str) -> None:
        """Take rules out of use at once, all or none; importing them again brings them back.

        Raises:
            UnknownRule: If one is not there; names it.
        """
        with self._writing("eligibility rules could not be withdrawn") as session:
            newest = _newest(session)
            for code in dict.fromkeys(codes):
                if code not in newest:
                    raise UnknownRule(_no_rule(code))
                newest[code].withdrawn_at = datetime.now(UTC)
                newest[code].withdrawn_by = by
            raise_revision(session, ELIGIBILITY)


def _version(row: EligibilityRuleRow, rule: Rule) -> RuleVersion:
    return RuleVersion(rule, row.version, row.added_at, row.added_by, row.withdrawn_at, row.withdrawn_by)


def _no_rule(code: str) -> str:
    return f"没有编码为 {code} 的资格规则：wenzheng eligibility list 列出全部"


def _newest(session: Session) -> dict[str, EligibilityRuleRow]:
    rows = session.scalars(select(EligibilityRuleRow).order_by(EligibilityRuleRow.id))
    return {row.code: row for row in rows}


def _rules(rows: Sequence[EligibilityRuleRow]) -> tuple[Rule, ...]:
    return book_of({"rules": [row.content for row in rows]}, "数据库").rules
