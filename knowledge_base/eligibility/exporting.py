"""Writing rules to files; what is written reads the same (see `sheets`)."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from string import ascii_uppercase

from knowledge_base.eligibility.columns import COLUMNS, CONDITIONS, FACTS, OF_LEAF, READABLE, RULES, SEPARATOR
from knowledge_base.eligibility.reading import json_of_book, json_of_leaf
from knowledge_base.eligibility.records import AllOf, AnyOf, Condition, Not, Rule, RuleBook
from knowledge_base.errors import RulesUnreadable
from knowledge_base.services.exporting import write_sheets


def write_rule_file(path: Path, book: RuleBook) -> None:
    """Write rules so that reading them gives the same.

    Raises:
        RulesUnreadable: If the file name ends otherwise, a condition does not fit into rows, or the disk
            refuses.
    """
    suffix = path.suffix.lower()
    try:
        if suffix == ".json":
            text = json.dumps(json_of_book(book), ensure_ascii=False, indent=1)
            path.write_text(f"{text}\n", encoding="utf-8")
        elif suffix == ".xlsx":
            write_sheets(path, [(title, _written(title, book)) for title in COLUMNS])
        else:
            raise RulesUnreadable(f"不能写成 {suffix or '没有扩展名的'} 文件：可以是 {'、'.join(READABLE)}")
    except OSError as error:
        raise RulesUnreadable(f"{path} 无法写入：{error.strerror}") from error


def _written(title: str, book: RuleBook) -> Iterator[Sequence[str]]:
    """Yield the rows of a sheet, the headings first."""
    yield COLUMNS[title]
    if title == RULES:
        for rule in book.rules:
            # （一） right after the title would be read as a document number: say that there is none.
            number = "（）" if rule.law_article.startswith("（") else ""
            days = (rule.effective_from, rule.effective_until)
            yield (
                rule.code,
                rule.title,
                rule.catalog_code,
                rule.kind.value,
                rule.reason,
                f"《{rule.law_title}》{number}{rule.law_article}",
                *(day.isoformat() if day else "" for day in days),
            )
    elif title == CONDITIONS:
        for rule in book.rules:
            yield from _written_condition(rule)
    else:
        for name, fact in FACTS.items():
            yield from ((name, mark) for mark in (book.tags if fact == "tags" else book.enterprise))


def _written_condition(rule: Rule) -> Iterator[Sequence[str]]:
    groups = iter(ascii_uppercase)
    for part in rule.when.parts if isinstance(rule.when, AllOf) else (rule.when,):
        if not isinstance(part, AnyOf):
            yield (rule.code, "", "", *_cells_of(part, rule))
            continue
        group = next(groups, "")
        for n, branch in enumerate(part.parts, 1):
            for leaf in branch.parts if isinstance(branch, AllOf) else (branch,):
                yield (rule.code, group, str(n), *_cells_of(leaf, rule))


def _cells_of(part: Condition, rule: Rule) -> tuple[str, str, str, str]:
    """Return 不, 看什么, 怎么比 and 值 of a leaf, or of one that is excluded."""
    leaf = part.part if isinstance(part, Not) else part
    if isinstance(leaf, AllOf | AnyOf | Not):
        raise RulesUnreadable(f"规则 {rule.code} 的条件套得太深，写不进表格：请导出成 .json")
    written = json_of_leaf(leaf)
    value = written["value"]
    parts = value if isinstance(value, list) else [value]
    if any(SEPARATOR in str(each) for each in parts):
        raise RulesUnreadable(f"规则 {rule.code} 的标签里有“{SEPARATOR}”，写不进表格：请导出成 .json")
    fact, op = OF_LEAF[str(written["fact"]), str(written["op"])]
    return ("是" if isinstance(part, Not) else "", fact, op, SEPARATOR.join(map(str, parts)))
