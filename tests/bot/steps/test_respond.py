"""Respond: each quotation is introduced by where it stands and bears its citation."""

from datetime import date, timedelta

import pytest

from bot.answer import AnswerStatus, ListBlock, ParagraphBlock
from bot.steps.respond import CITED, RELATED_WITHIN, respond
from bot.turn import Evidence
from knowledge_base.records import ChunkKind
from tests.bot.builders import DAY, STARTS_AT, chunk_of, evidence_of, turn_of

REGISTRATION = chunk_of(
    "第五条　养犬登记应当在三十日内办理。",
    article="第五条",
    number="云政发〔2026〕1号",
    region="云岭省/云州市",
)


def test_the_answer_says_where_it_stands_and_quotes() -> None:
    turn = respond(turn_of("养犬登记要多久？", evidence_of(REGISTRATION)))
    assert turn.status is AnswerStatus.ANSWERED
    assert turn.blocks == (
        ParagraphBlock(text="根据《云州市养犬管理条例》（云政发〔2026〕1号）第五条："),
        ParagraphBlock(text="养犬登记应当在三十日内办理。", quoted=True, cites=(1,)),
    )
    (citation,) = turn.citations
    assert (citation.n, citation.article, citation.quote) == (1, "第五条", "养犬登记应当在三十日内办理。")
    assert (citation.span.start, citation.span.end) == (STARTS_AT + 4, STARTS_AT + 18)
    assert (citation.document.region, citation.document.source_file) == (
        "云岭省/云州市",
        "云州市养犬管理条例.md",
    )


def test_a_list_stays_a_list() -> None:
    text = "第六条　提交下列材料：\n（一）身份证；\n（二）免疫证。"
    turn = respond(turn_of("要什么材料？", evidence_of(chunk_of(text, article="第六条"))))
    assert turn.blocks[1] == ListBlock(
        lead="提交下列材料：", items=("（一）身份证；", "（二）免疫证。"), quoted=True, cites=(1,)
    )
    assert turn.citations[0].quote == "提交下列材料：\n（一）身份证；\n（二）免疫证。"


def test_a_table_row_is_shown_with_its_columns_but_quoted_as_it_stands() -> None:
    row = chunk_of("小型犬 | 100元", kind=ChunkKind.TABLE_ROW, lead="犬种 | 每年")
    turn = respond(turn_of("多少钱？", evidence_of(row)))
    assert turn.blocks[1] == ListBlock(items=("犬种：小型犬", "每年：100元"), quoted=False, cites=(1,))
    assert turn.citations[0].quote == "小型犬 | 100元"


def rule(group: int, *, article: str = "", score: float = 0.0, headings: tuple[str, ...] = ()) -> Evidence:
    chunk = chunk_of(f"第{group}项规定。", group=group, article=article, headings=headings, start=group * 100)
    return evidence_of(chunk, score=score)


def test_at_most_three_rules_are_cited_the_others_as_related() -> None:
    turn = respond(turn_of("登记", *(rule(group) for group in range(6))))
    assert [citation.n for citation in turn.citations] == [1, 2, 3]
    assert len(turn.citations) == CITED
    assert [block.text[:4] for block in turn.blocks if isinstance(block, ParagraphBlock)][::2] == [
        "根据《云",
        "相关规定",
        "相关规定",
    ]


def test_what_matches_far_worse_is_not_mentioned() -> None:
    far = rule(2, score=-RELATED_WITHIN - 0.1)
    near = rule(3, score=-RELATED_WITHIN)
    turn = respond(turn_of("登记", rule(1), near, far))
    assert [citation.quote for citation in turn.citations] == ["第1项规定。", "第3项规定。"]


def test_the_same_article_is_cited_once_and_the_next_takes_its_place() -> None:
    """An item of a circular that goes on in paragraphs of its own is two groups under one label."""
    evidence = [rule(n, article=label) for n, label in enumerate(("（二）", "（二）", "（三）", "（四）"))]
    assert [c.article for c in respond(turn_of("登记", *evidence)).citations] == [
        "（二）",
        "（三）",
        "（四）",
    ]


def test_equal_labels_under_other_headings_are_other_articles() -> None:
    evidence = [rule(n, article="（一）", headings=(f"第{n}章",)) for n in range(2)]
    assert len(respond(turn_of("登记", *evidence)).citations) == 2


@pytest.mark.parametrize(
    ("begins", "ends", "in_force"),
    [
        (None, None, True),
        (DAY, None, True),
        (DAY + timedelta(1), None, False),
        (date(2020, 1, 1), DAY, False),
        (date(2020, 1, 1), DAY + timedelta(1), True),
    ],
)
def test_a_rule_is_in_force_from_its_first_day_until_before_its_end(
    begins: date | None, ends: date | None, in_force: bool
) -> None:
    turn = respond(turn_of("登记", evidence_of(chunk_of("养犬应当登记。", begins=begins, ends=ends))))
    assert turn.citations[0].in_force is in_force


def test_a_turn_that_has_ended_is_left_alone() -> None:
    turn = turn_of("登记")
    assert respond(turn) is turn
