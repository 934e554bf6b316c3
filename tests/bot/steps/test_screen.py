"""Nothing with a block-listed word leaves: a quotation goes whole, the service's own words are struck out."""

from dataclasses import replace

from bot.answer import AnswerStatus, ListBlock, ParagraphBlock
from bot.steps.respond import respond
from bot.steps.screen import screen
from bot.turn import Turn
from knowledge_base.blocking.matching import BlockMatcher
from knowledge_base.blocking.records import BlockLevel, BlockWord
from tests.bot.builders import chunk_of, evidence_of, turn_of


def listed(level: BlockLevel) -> BlockMatcher:
    return BlockMatcher([BlockWord("领狗证的张某", level)])


def answered() -> Turn:
    first = evidence_of(chunk_of("第五条　养犬登记费每年二百元。", version=1, article="第五条"), score=1.0)
    second = evidence_of(
        chunk_of("第六条　养犬登记由领狗证的张某经办。", version=2, article="第六条", title="云州市公告"),
        score=0.9,
    )
    return respond(turn_of("养犬登记费多少", first, second))


def test_a_quotation_that_holds_a_refused_or_masked_word_is_not_given() -> None:
    for level in (BlockLevel.REFUSE, BlockLevel.MASK):
        turn = screen(lambda level=level: listed(level))(answered())  # type: ignore[misc]
        assert [citation.quote for citation in turn.citations] == ["养犬登记费每年二百元。"]
        assert "张某" not in str(turn.blocks)
        assert "云州市公告" not in str(turn.blocks)
        assert turn.alerts


def test_with_nothing_left_there_is_no_answer() -> None:
    only = evidence_of(chunk_of("第六条　养犬登记由领狗证的张某经办。", article="第六条"))
    turn = screen(lambda: listed(BlockLevel.REFUSE))(respond(turn_of("养犬登记谁办", only)))
    assert (turn.status, turn.blocks, turn.citations) == (None, (), ())


def test_an_alert_is_told_and_nothing_else() -> None:
    before = answered()
    turn = screen(lambda: listed(BlockLevel.ALERT))(before)
    assert (turn.blocks, turn.citations) == (before.blocks, before.citations)
    assert [alert.kind for alert in turn.alerts] == ["领狗证的张某"]


def test_words_that_are_no_quotation_are_struck_out() -> None:
    own = (
        ParagraphBlock(text="请找领狗证的张某。"),
        ListBlock(lead="材料：", items=("领 狗 证 的 张 某开的条子",), cites=(1,)),
    )
    before = answered()
    turn = screen(lambda: listed(BlockLevel.MASK))(
        replace(before, blocks=own, citations=before.citations[:1])
    )
    assert turn.blocks[0] == ParagraphBlock(text="请找＊＊＊＊＊＊。")
    assert isinstance(turn.blocks[1], ListBlock)
    assert "张" not in turn.blocks[1].items[0]


def test_what_is_no_answer_passes_through() -> None:
    turn = replace(turn_of(), status=AnswerStatus.NO_ANSWER)
    assert screen(lambda: listed(BlockLevel.REFUSE))(turn) is turn
