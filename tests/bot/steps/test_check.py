"""Check: the last look before an answer leaves. What respond made is spoilt in each way not to pass."""

from dataclasses import replace

import pytest

from bot.answer import AnswerStatus, Citation, ParagraphBlock, QuoteSpan
from bot.steps.check import check
from bot.steps.respond import respond
from bot.turn import Turn
from tests.bot.builders import chunk_of, evidence_of, turn_of

FIRST = evidence_of(chunk_of("第五条　养犬登记应当在三十日内办理。", article="第五条", group=1))
SECOND = evidence_of(chunk_of("第六条　登记不收费。", article="第六条", group=2, start=2000))


def answered() -> Turn:
    return respond(turn_of("养犬登记要多久？", FIRST, SECOND))


def spoilt(turn: Turn, n: int, **changes: object) -> Turn:
    citations = [
        citation.model_copy(update=changes) if citation.n == n else citation for citation in turn.citations
    ]
    return replace(turn, citations=tuple(citations))


def test_a_sound_answer_passes_unchanged() -> None:
    turn = answered()
    assert check(turn) is turn


FOREIGN = answered().citations[0].document.model_copy(update={"region": "浙江省/宁波市"})


@pytest.mark.parametrize(
    "changes",
    [
        {"quote": "养犬登记应当在三百日内办理。"},
        {"span": QuoteSpan(start=1005, end=1019)},
        {"span": QuoteSpan(start=1004, end=1015)},
        {"span": QuoteSpan(start=9000, end=9014)},
        {"version_id": 77},
        {"in_force": False},
        {"document": FOREIGN},
        {"quote": ""},
    ],
    ids=["tampered", "misplaced", "cut", "nowhere", "other version", "not in force", "foreign", "empty"],
)
def test_what_does_not_hold_goes_with_all_that_rests_on_it(changes: dict[str, object]) -> None:
    turn = check(spoilt(answered(), 1, **changes))
    assert turn.status is AnswerStatus.ANSWERED
    assert [citation.n for citation in turn.citations] == [2]
    assert turn.blocks == (
        ParagraphBlock(text="相关规定：《云州市养犬管理条例》第六条："),
        ParagraphBlock(text="登记不收费。", quoted=True, cites=(2,)),
    )


def test_with_nothing_left_the_turn_is_open_again_without_an_answer() -> None:
    turn = check(spoilt(spoilt(answered(), 1, in_force=False), 2, quote="登记费二百元。"))
    assert (turn.status, turn.blocks, turn.citations) == (None, (), ())


def test_a_citizen_sees_the_rules_of_what_holds_their_region() -> None:
    turn = spoilt(answered(), 1, document=FOREIGN)
    assert [c.n for c in check(replace(turn, region="浙江省/宁波市/鄞州区")).citations] == [1, 2]


def test_a_refusal_has_nothing_to_check() -> None:
    turn = replace(turn_of("登记"), status=AnswerStatus.NO_ANSWER)
    assert check(turn) is turn


def test_every_citation_is_named_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    check(spoilt(answered(), 1, in_force=False))
    assert "turn turn: dropped citations {1: 'not in force on 2026-11-23'}" in caplog.text


def test_citation_numbers_stay_as_the_blocks_name_them() -> None:
    citations: tuple[Citation, ...] = check(spoilt(answered(), 2, in_force=False)).citations
    assert [citation.n for citation in citations] == [1]
