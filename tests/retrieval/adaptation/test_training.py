"""Training an adapter: the rows it sees, and a model of sixteen dimensions that learns east from north."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from retrieval.adaptation.mining import TrainingQuestion

pytestmark = pytest.mark.slow  # importing torch and the trainer takes seconds

QUESTIONS = [
    TrainingQuestion("东", (1, 2), (3, 4)),
    TrainingQuestion("北", (3,), (1,)),
    TrainingQuestion("西", (5,), ()),
]


def test_each_question_is_seen_so_often_with_its_right_passages_in_turn() -> None:
    from retrieval.adaptation.training import TrainingPlan, training_rows

    rows = training_rows(QUESTIONS, TrainingPlan(rounds=2))
    assert sorted((question, right) for question, right, _ in rows) == [
        ("东", 1),
        ("东", 2),
        ("北", 3),
        ("北", 3),
        ("西", 5),
        ("西", 5),
    ]
    wrong = {question: {w for q, _, w in rows if q == question} for question, _, _ in rows}
    assert wrong["东"] == {3, 4}
    assert wrong["北"] == {1}
    assert wrong["西"] <= {1, 2, 3}  # borrowed: right for others, never for itself


def test_the_same_seed_gives_the_same_rows() -> None:
    from retrieval.adaptation.training import TrainingPlan, training_rows

    assert training_rows(QUESTIONS, TrainingPlan()) == training_rows(QUESTIONS, TrainingPlan())
    assert training_rows(QUESTIONS, TrainingPlan()) != training_rows(QUESTIONS, TrainingPlan(seed=1))


def test_questions_that_all_want_one_passage_teach_nothing() -> None:
    from retrieval.adaptation.training import TrainingPlan, training_rows

    with pytest.raises(ValueError, match="nothing to tell apart"):
        training_rows([TrainingQuestion("东", (1,), ())], TrainingPlan())


@pytest.mark.filterwarnings("ignore")  # the trainer's own, of no concern to the project
def test_an_adapter_is_learned_written_and_merged(
    tmp_path: Path, save_tiny_model: Callable[..., Path], models_folder: Path
) -> None:
    from retrieval.adaptation.training import Look, TrainingPlan, train
    from retrieval.encoder import SentenceEncoder
    from retrieval.torch_runtime import describe, load_sentence_transformer

    base = str(save_tiny_model("learner"))
    passages = {
        1: "东东东",
        2: "北北北",
        3: "西西西",
        4: "南南南",
        5: "西东",
        6: "南北",
        7: "东西",
        8: "北南",
    }
    pairs = [("东北", 1, 5), ("北东", 2, 6), ("西南", 3, 7), ("南西", 4, 8)]
    questions = [TrainingQuestion(text, (right,), (wrong,)) for text, right, wrong in pairs]
    model = load_sentence_transformer(base, 1)
    recipe, _ = describe(model, "learner")
    looks: list[Look] = []
    plan = TrainingPlan(rank=4, alpha=8, strength=0.5, rounds=40, batch=4, rate=0.02, looks=4, patience=9)
    adapter = train(
        model,
        recipe,
        questions,
        questions,
        passages,
        plan=plan,
        target=tmp_path / "law",
        card=lambda: f"{len(looks)} looks",
        on_look=looks.append,
    )
    assert [look.step for look in looks] == [0, 10, 20, 30, 40]
    assert max(look.ndcg_at_10 for look in looks) > looks[0].ndcg_at_10
    assert adapter.scale == 8 * 0.5 / 4
    assert (tmp_path / "law" / "README.md").read_text(encoding="utf-8") == "5 looks"
    adapted = SentenceEncoder.load(base, models_dir=models_folder, adapter=tmp_path / "law")
    cosines = (
        adapted.encode_queries([text for text, _, _ in pairs])
        @ adapted.encode_passages([passages[right] for _, right, _ in pairs]).T
    )
    assert (np.argmax(cosines, axis=1) == np.arange(4)).mean() >= 0.75


def test_training_needs_questions_on_both_sides(tmp_path: Path, save_tiny_model: Callable[..., Path]) -> None:
    from retrieval.adaptation.training import TrainingPlan, train
    from retrieval.torch_runtime import describe, load_sentence_transformer

    model = load_sentence_transformer(str(save_tiny_model("learner")), 1)
    recipe, _ = describe(model, "learner")
    with pytest.raises(ValueError, match="3 questions to train on and 0 held out"):
        train(
            model,
            recipe,
            QUESTIONS,
            [],
            {},
            plan=TrainingPlan(),
            target=tmp_path / "law",
            card=lambda: "",
        )
