"""Every 条 in exactly one group, counted over invented rules."""

from datetime import date

from eval.coverage_run import Loss, coverage_table, measure_coverage
from knowledge_base.records import Chunk, ChunkDraft, ChunkKind, Document, DocumentMeta
from knowledge_base.store import StoredText

RULE = "第一条 养犬应当登记。\n第二条 登记不收费。"


def stored(file: str, text: str, *pieces: tuple[int, str, int, int]) -> StoredText:
    """Store a text with chunks given as group, label, start and end."""
    document = Document(1, file, "", None, DocumentMeta(title="养犬规定"))
    chunks = tuple(
        Chunk(
            number,
            1,
            document,
            ChunkDraft(ChunkKind.ARTICLE, group, label, (), "", start, end, text[start:end]),
            date(2020, 1, 1),
            None,
        )
        for number, (group, label, start, end) in enumerate(pieces)
    )
    return StoredText(document, 1, 1, text, None, None, chunks)


def test_a_law_kept_whole_loses_nothing_and_a_notice_is_no_law() -> None:
    second = RULE.index("第二条")
    whole = stored("a.md", RULE, (0, "第一条", 0, second - 1), (1, "第二条", second, len(RULE)))
    notice = stored("b.md", "一、办理条件\n年满六十周岁。", (0, "一、", 0, 6))
    result = measure_coverage([whole, notice])
    assert (result.documents, result.laws, result.articles, result.in_exactly_one_group) == (2, 1, 2, 2)
    assert result.losses == ()
    assert coverage_table(result).rows == (("2", "1", "2", "2", "0", "0"),)


def test_a_lost_article_is_named() -> None:
    lossy = stored("a.md", RULE, (0, "第一条", 0, 10))
    assert measure_coverage([lossy]).losses == (Loss("a.md", "", ("第二条",), ()),)


def test_two_articles_in_one_group_are_named() -> None:
    second = RULE.index("第二条")
    merged = stored("a.md", RULE, (0, "第一条", 0, second - 1), (0, "第二条", second, len(RULE)))
    result = measure_coverage([merged])
    assert result.losses == (Loss("a.md", "", (), ("第一条", "第二条")),)
    assert coverage_table(result).rows[0][4:] == ("0", "2")
