"""The encoder learns what people ask here, and is changed only where the questions held out fare better."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bot import adapting
from bot.adapting import LEAST_QUESTIONS, Scores, adapt, measure, split
from bot.assembly import Service
from bot.consultation import Consultation
from bot.models import adapter_of, adapter_shelf, load_encoder
from bot.question_log import KnownQuestion
from bot.settings import Settings
from knowledge_base.database import open_database
from knowledge_base.errors import QuestionLogError
from knowledge_base.faq.records import CitedPassage
from tests.bot.builders import DAY
from tests.bot.conftest import BY_WORDS, CITY


def known(question: str, place: int, *, answers: bool = True) -> KnownQuestion:
    passage = CitedPassage(1, place, "条文", (place,))
    return KnownQuestion(question, "", (passage,) if answers else ())


def scores(
    first: int, refused: int = 0, among_three: int = 0, answered: int = 0, ndcg: float = 0.5
) -> Scores:
    return Scores(10, first, max(first, among_three), refused, 4, answered, ndcg)


def test_what_is_held_out_asks_for_places_that_are_not_taught() -> None:
    questions = [known(f"问题{n}", n % 12) for n in range(60)]
    learned, held_out = split([*questions, known("没有答案", 0, answers=False)], 0.2, seed=1)
    assert len(learned) + len(held_out) == 61
    assert 12 <= len([each for each in held_out if each.answers]) <= 12 + 4
    assert {each.answers for each in learned}.isdisjoint({each.answers for each in held_out})
    assert held_out[-1].question == "没有答案"


def test_too_few_questions_teach_nothing() -> None:
    few = [known(f"问题{n}", n) for n in range(LEAST_QUESTIONS - 1)]
    with pytest.raises(QuestionLogError, match="只有 39 个问题找得到依据，至少要 40 个"):
        split([*few, known("没有答案", 0, answers=False)], 0.2, seed=1)
    with pytest.raises(QuestionLogError, match="依据都是同一处"):
        split([known(f"问题{n}", 1) for n in range(50)], 0.2, seed=1)


def test_a_wrong_answer_weighs_more_than_a_refusal() -> None:
    # 6 right first, 2 refused, so 2 wrong; 4 unanswerable refused: 10 right less 2 wrong
    assert scores(6, refused=2).balance == 8
    assert scores(6, refused=4).is_better_than(scores(6, refused=2))
    assert scores(7, refused=2).is_better_than(scores(6, refused=2))
    assert not scores(8, refused=2, answered=2).is_better_than(scores(8, refused=2))
    # a right citation among three keeps an answer from being wrong
    assert scores(6, refused=2, among_three=8).balance == 10


def test_the_ranking_decides_between_equals_and_nothing_gained_is_not_better() -> None:
    assert scores(6, ndcg=0.61).is_better_than(scores(6, ndcg=0.6))
    assert not scores(6).is_better_than(scores(6))


def test_questions_are_asked_as_a_citizen_would(service: Service, consultation: Consultation) -> None:
    fee = service.faq.passage_of("《云州市养犬管理办法》第五条", region=CITY, day=DAY)
    tag = service.faq.passage_of("《动物防疫法》第三十一条", region=CITY, day=DAY)
    found = measure(
        consultation,
        service.store,
        service.index.get(),
        [
            KnownQuestion("养犬登记费每年多少", CITY, (fee,)),
            KnownQuestion("养犬登记费每年收多少", CITY, (tag,)),
            KnownQuestion("太空旅行怎么报名", CITY, ()),
        ],
        day=DAY,
    )
    assert (found.answerable, found.unanswerable) == (2, 1)
    assert found.first == 1
    assert found.answered == 0
    assert 0.5 <= found.ndcg_at_10 < 1  # first for one of two, and low or absent for the other


PLACES = ("东", "南", "西", "北")
BOOK = "\n".join(f"第{'一二三四五六七八'[n]}条　{PLACES[n % 4] * (n + 1)}。" for n in range(8))


@pytest.fixture
def tiny(tmp_path: Path, save_tiny_model: Callable[..., Path], models_folder: Path) -> Iterator[Service]:
    """A service over eight rules of compass letters, with a model small enough to train in a moment."""
    del models_folder  # makes the conversion run in this process
    settings = Settings(
        data_dir=tmp_path / "data", encoder=str(save_tiny_model("learner")), encoder_threads=1
    )
    (tmp_path / "方位办法.md").write_text(f"# 方位办法\n\n{BOOK}\n", encoding="utf-8")
    encoder = load_encoder(settings)
    service = Service(settings, open_database(settings.sqlalchemy_url), encoder, ranking=BY_WORDS)
    assert service.ingest(tmp_path / "方位办法.md").ok
    yield service
    service.close()


def questions_for(service: Service) -> list[KnownQuestion]:
    passages = [
        service.faq.passage_of(f"《方位办法》第{'一二三四五六七八'[n]}条", region="", day=DAY)
        for n in range(8)
    ]
    return [
        KnownQuestion(PLACES[(n + 1) % 4] * (n + 1) + "问" * ask, "", (passages[n],))
        for n in range(8)
        for ask in range(6)
    ]


def conversions(service: Service) -> list[Path]:
    return list(service.settings.models_dir.glob("*-openvino-v1"))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # the trainer's own, of no concern to the project
@pytest.mark.parametrize("gains", [1, 0])
def test_the_encoder_is_changed_while_it_serves_only_if_it_is_better(
    tiny: Service, monkeypatch: pytest.MonkeyPatch, gains: int
) -> None:
    from retrieval.adaptation.training import TrainingPlan

    told = iter([scores(5), scores(5 + gains)])
    monkeypatch.setattr(adapting, "measure", lambda *_, **__: next(told))
    plan = TrainingPlan(rank=4, alpha=8, batch=4, rate=0.02, looks=2, patience=9)
    before = tiny.encoder.fingerprint
    assert tiny.index.get().search(["东"])[0]
    outcome = adapt(tiny, questions_for(tiny), day=DAY, plan=plan)
    assert outcome.switched == bool(gains)
    assert outcome.trained_on + outcome.held_out == 48
    shelf = adapter_shelf(tiny.settings)
    if not gains:
        assert adapter_of(tiny.settings) is None
        assert not shelf.place(outcome.name).exists()
        assert len(conversions(tiny)) == 1  # that of the model as it is; half a gigabyte each, for a real one
        return
    assert len(conversions(tiny)) == 2
    assert adapter_of(tiny.settings) == shelf.place(outcome.name)
    tiny.follow_adapter()
    assert tiny.encoder.fingerprint != before
    assert tiny.encoder.name == f"learner+{outcome.name}"
    # Until its index is built, the one there is goes on serving; then it is followed.
    monkeypatch.setattr("retrieval.live_index._LOOK_EVERY_S", 0.0)
    assert tiny.index.get().search(["东"])[0]
    tiny.catch_up()
    assert (
        tiny.index.get().encode([tiny.indexer.reader().read("东")]).tolist()
        == tiny.encoder.encode_queries(["东"]).tolist()
    )
    shelf.undo()
    tiny.follow_adapter()
    assert tiny.encoder.fingerprint == before
    tiny.catch_up()
    assert tiny.index.get().search(["东"])[0]
