"""Learning and judging routes: what is counted, what is kept, what is refused."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import pytest

from bot.routes import Route
from bot.routing import Router
from eval.datasets import DatasetError
from eval.route_run import (
    LabelledTurn,
    RouteScores,
    keep_router,
    macro_f1,
    read_turns,
    run_routes,
    score_routes,
)
from retrieval.contracts import Vectors

DATA = Path(__file__).parents[2] / "eval" / "data"
WORDS = {
    Route.POLICY: "养犬标准是多少",
    Route.SERVICE: "养犬证怎么办理",
    Route.OWN_RECORD: "查我的余额",
    Route.COMPLAINT: "我要投诉扰民",
    Route.PERSON: "转人工",
    Route.EMERGENCY: "着火了",
    Route.SMALLTALK: "你好",
    Route.OUT_OF_SCOPE: "讲个笑话",
}


def turns() -> list[LabelledTurn]:
    halves: list[tuple[Literal["tune", "test"], int]] = [("tune", 10), ("test", 2)]
    return [
        LabelledTurn(id=f"{split}-{route}-{n}", split=split, route=route, text=words + "。" * n + split)
        for split, count in halves
        for route, words in WORDS.items()
        for n in range(count)
    ]


def encode(asked: Sequence[LabelledTurn]) -> Vectors:
    """A vector that gives the route away, as a good encoder nearly does."""
    vectors = np.zeros((len(asked), len(Route)), np.float32)
    for row, turn in enumerate(asked):
        vectors[row, list(Route).index(turn.route)] = 1.0
    return vectors


def test_recall_precision_and_f1_by_hand() -> None:
    pairs = [
        (Route.POLICY, Route.POLICY),
        (Route.POLICY, Route.SERVICE),
        (Route.SERVICE, Route.SERVICE),
        (Route.SMALLTALK, Route.SERVICE),
    ]
    scores = {each.route: each for each in score_routes(pairs)}
    assert (scores[Route.POLICY].recall, scores[Route.POLICY].precision) == (0.5, 1.0)
    assert scores[Route.SERVICE].precision == pytest.approx(1 / 3)
    assert scores[Route.SERVICE].f1 == 0.5
    # (2/3 + 1/2 + 0) / 3: routes that are not labelled do not count
    assert macro_f1(list(scores.values())) == pytest.approx(7 / 18)
    assert RouteScores(Route.PERSON, 0, 0, 0).f1 == 0.0


def test_what_is_learned_is_judged_on_the_other_half_and_kept(tmp_path: Path) -> None:
    labelled = turns()
    result, router = run_routes(labelled, encode, "given-away", learn=True)
    assert result.macro_f1 == 1.0
    assert sum(each.labelled for each in result.by_route) == 16
    assert result.emergencies_by_pattern == 2
    assert "宏平均 F1" in result.tables()[0].markdown()
    kept, file = tmp_path / "routes.json", tmp_path / "set.jsonl"
    file.write_text("{}", encoding="utf-8")
    keep_router(router, result, file, kept)
    assert Router.load(kept).encoder == "given-away"


def test_weights_of_another_encoder_are_not_judged() -> None:
    with pytest.raises(DatasetError, match="learn with --write"):
        run_routes(turns(), encode, "another")


def test_a_text_that_comes_twice_is_told(tmp_path: Path) -> None:
    line = json.dumps({"id": "a", "split": "tune", "route": "policy", "text": "甲"}, ensure_ascii=False)
    file = tmp_path / "set.jsonl"
    file.write_text("\n".join([line, line.replace('"a"', '"b"')]), encoding="utf-8")
    with pytest.raises(DatasetError, match="comes twice"):
        read_turns(file)


def test_the_labelled_set_is_large_and_even_enough() -> None:
    labelled = read_turns(DATA / "routes.jsonl")
    for split in ("tune", "test"):
        for route in Route:
            assert sum(turn.split == split and turn.route is route for turn in labelled) >= 45
