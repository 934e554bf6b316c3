"""Retrieve: SQL has the last word. The index here is built of passages that may say otherwise."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from bot.assembly import Service
from bot.steps.retrieve import HARDLY_WORSE, LIKENESS_PER_SCORE, SAME_MATTER, nearest_first, retrieve
from bot.turn import Evidence, Turn
from knowledge_base.records import NATIONAL
from retrieval.contracts import ALWAYS, Passage, Vectors
from retrieval.cues import Cue
from retrieval.hybrid import HybridIndex, passage_spans, passage_text
from retrieval.indexing import passage_of
from retrieval.rerank import Reranker
from tests.bot.builders import DAY, READER, chunk_of, evidence_of, turn_of
from tests.bot.conftest import BY_WORDS, CITY, COUNTY
from tests.retrieval.fakes import BigramEncoder

Retrieve = Callable[[Turn], Turn]


def index_of(passages: list[Passage]) -> HybridIndex:
    encoder = BigramEncoder()
    encoded = encoder.encode_passages_with_spans(
        [passage_text(each) for each in passages], [passage_spans(each) for each in passages]
    )
    return HybridIndex.build(
        passages,
        encoded.passages,
        [spans.astype("float16") for spans in encoded.spans],
        encoder=encoder,
        reader=READER,
        ranking=BY_WORDS,
    )


def step_over(service: Service, index: HybridIndex) -> Retrieve:
    step = retrieve(service.store, lambda: frozenset(service.store.regions()))
    return lambda turn: step(turn if turn.query is None else replace(turn, index=index))


@pytest.fixture(scope="module")
def passages(service: Service) -> list[Passage]:
    return [passage_of(chunk) for chunk in service.store.snapshot()[1]]


@pytest.fixture(scope="module")
def fresh(service: Service, passages: list[Passage]) -> Retrieve:
    """The step over an index that is up to date."""
    return step_over(service, index_of(passages))


@pytest.fixture(scope="module")
def stale(service: Service, passages: list[Passage]) -> Retrieve:
    """The step over an index that takes every passage for national and in force for ever."""
    index = index_of([replace(each, region=NATIONAL, from_day=0, to_day=ALWAYS) for each in passages])
    return step_over(service, index)


class LongestFirst:
    """Scores a passage by its length."""

    name = "longest first"

    def __init__(self) -> None:
        self.seen: list[tuple[str, list[str]]] = []

    def score(self, question: str, passages: Sequence[str]) -> Vectors:
        self.seen.append((question, list(passages)))
        return np.array([len(passage) for passage in passages], dtype=np.float32)


def test_a_reranker_decides_the_order_and_nothing_else(service: Service, passages: list[Passage]) -> None:
    scorer = LongestFirst()
    index = index_of(passages)
    searched = retrieve(
        service.store, lambda: frozenset(service.store.regions()), Reranker(scorer, budget_ms=10_000)
    )
    plain = step_over(service, index)(turn_of("养犬登记费每年多少元？", region=CITY))
    turn = searched(replace(turn_of("养犬登记费每年多少元？", region=CITY), index=index))
    question, read = scorer.seen[0]
    assert question == plain.query.encoder_text if plain.query else False
    assert any(text.endswith("第五条 养犬登记费每年免予收取。") for text in read)
    lengths = [len(passage_text(passage_of(each.chunk))) for each in turn.evidence]
    assert lengths == sorted(lengths, reverse=True)
    before = {each.chunk.id: (each.hit.score, each.features) for each in plain.evidence}
    for each in turn.evidence:
        assert before.get(each.chunk.id, (each.hit.score, each.features)) == (each.hit.score, each.features)


def texts(turn: Turn) -> list[str]:
    return [each.text for each in turn.evidence]


def test_the_best_passage_comes_first(fresh: Retrieve) -> None:
    turn = fresh(turn_of("养犬登记费每年多少元？", region=CITY))
    assert texts(turn)[0] == "第五条 养犬登记费每年免予收取。"
    assert turn.evidence[0].hit.score == max(each.hit.score for each in turn.evidence)
    assert any(turn.evidence[0].features)


def test_an_index_that_is_behind_brings_nothing_that_is_not_in_force(stale: Retrieve) -> None:
    for day, fee in ((DAY, "免予收取"), (DAY - timedelta(days=1), "二百元")):
        turn = stale(replace(turn_of("养犬登记费每年多少元？", region=CITY), day=day))
        fees = [text for text in texts(turn) if "登记费" in text]
        assert len(fees) == 1
        assert fee in fees[0]


def test_an_index_that_is_behind_brings_nothing_from_elsewhere(stale: Retrieve) -> None:
    turn = stale(turn_of("养犬登记费每年五百元？", region=CITY))
    assert {each.chunk.document.meta.region for each in turn.evidence} <= {NATIONAL, "云岭省", CITY}


def test_pieces_of_one_article_are_one_piece_of_evidence_with_the_whole_text(fresh: Retrieve) -> None:
    turn = fresh(turn_of("重点管理区内每户限养一只犬，遵守社会公德，不得干扰他人正常生活", region=CITY))
    (seventh,) = [each for each in turn.evidence if each.chunk.draft.article == "第七条"]
    assert len(seventh.text) > 600 > len(seventh.chunk.draft.text)
    assert seventh.text.startswith("第七条")
    shift = seventh.chunk.draft.start - seventh.start
    assert seventh.text[shift:].startswith(seventh.chunk.draft.text)


def test_elsewhere_is_looked_at_only_where_no_region_is_known(fresh: Retrieve) -> None:
    asked = turn_of("养犬登记费每年多少元？")
    nowhere = fresh(asked)
    assert {each.chunk.document.meta.region for each in nowhere.evidence} == {NATIONAL}
    # Of the first few passages none is the province's: its best stands beside them all the same.
    assert set(nowhere.other_regions) == {"云岭省", CITY, COUNTY, "海州省/海州市"}
    assert fresh(replace(asked, region=COUNTY)).elsewhere == ()


def test_what_left_the_knowledge_base_since_is_left_out(service: Service, passages: list[Passage]) -> None:
    gone = step_over(service, index_of([replace(each, id=each.id + 10_000) for each in passages]))
    turn = gone(turn_of("养犬登记费每年多少元？"))
    assert (turn.evidence, turn.elsewhere) == ((), ())


def test_a_turn_that_was_not_rewritten_is_left_alone(fresh: Retrieve) -> None:
    turn = replace(turn_of(), query=None)
    assert fresh(turn) is turn


def rule(text: str, region: str, *, score: float = 0.0, likeness: float = 1.0) -> Evidence:
    return evidence_of(chunk_of(text, region=region), score=score, likeness=likeness)


PROVINCIAL = rule("高龄津贴每人每月不低于50元。", "云岭省")
ALIKE, CLOSE = SAME_MATTER + LIKENESS_PER_SCORE * HARDLY_WORSE, -HARDLY_WORSE + 0.1


def test_the_nearer_rule_on_the_same_matter_comes_first() -> None:
    near = rule("高龄津贴每人每月80元。", CITY, score=CLOSE, likeness=ALIKE)
    other = rule("高龄津贴由民政部门发放。", NATIONAL)
    assert nearest_first((PROVINCIAL, other, near), Cue.AMOUNT) == (near, PROVINCIAL, other)


@pytest.mark.parametrize(
    "other",
    [
        rule("高龄津贴每人每月60元。", NATIONAL, likeness=ALIKE),
        rule("高龄津贴每人每月80元。", CITY, score=-HARDLY_WORSE - 0.1, likeness=ALIKE),
        rule("养犬登记费每年80元。", CITY, likeness=SAME_MATTER - 0.01),
        rule("高龄津贴每人每月80元。", CITY, score=CLOSE, likeness=SAME_MATTER),
        rule("高龄津贴按月发放。", CITY, likeness=ALIKE),
    ],
    ids=[
        "not nearer",
        "matched far worse",
        "another matter",
        "worse and only just alike",
        "no amount, which was asked for",
    ],
)
def test_otherwise_the_best_match_stays_first(other: Evidence) -> None:
    assert nearest_first((PROVINCIAL, other), Cue.AMOUNT) == (PROVINCIAL, other)


def test_of_nothing_nothing_comes_first() -> None:
    assert nearest_first((), Cue(0)) == ()
