"""`wenzheng eval coverage`: is every 条 of every stored law in exactly one chunk group."""

from collections.abc import Iterable
from dataclasses import dataclass

from eval.reports import Table
from knowledge_base.coverage import article_coverage
from knowledge_base.store import StoredText


@dataclass(frozen=True, slots=True)
class Loss:
    """A document with labels that no group holds, or that do not stand alone in one."""

    file: str
    part: str
    missing: tuple[str, ...]
    doubled: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CoverageResult:
    """Sums over the documents of law form, that is with at least one 条; `documents` counts all."""

    documents: int
    laws: int
    articles: int
    in_exactly_one_group: int
    losses: tuple[Loss, ...]


def measure_coverage(texts: Iterable[StoredText]) -> CoverageResult:
    """Compare the 条 labels of each raw text with its chunk groups."""
    documents = laws = articles = kept = 0
    losses = []
    for stored in texts:
        documents += 1
        coverage = article_coverage(stored.text, [chunk.draft for chunk in stored.chunks])
        if not coverage.found:
            continue
        laws += 1
        articles += coverage.found
        kept += coverage.in_exactly_one_group
        if coverage.missing or coverage.doubled:
            document = stored.document
            losses.append(Loss(document.source_file, document.part, coverage.missing, coverage.doubled))
    return CoverageResult(documents, laws, articles, kept, tuple(losses))


def coverage_table(result: CoverageResult) -> Table:
    """Return the sums in one row."""
    lost = sum(len(one.missing) for one in result.losses)
    doubled = sum(len(one.doubled) for one in result.losses)
    return Table(
        ("文件", "法规体文件", "条文", "恰在一组", "缺失", "重复"),
        (
            tuple(
                map(
                    str,
                    (
                        result.documents,
                        result.laws,
                        result.articles,
                        result.in_exactly_one_group,
                        lost,
                        doubled,
                    ),
                )
            ),
        ),
    )
