"""An explanation says what happened, in the records that were used; a trial saves nothing."""

import pytest
from pydantic_core import to_jsonable_python

from bot.answer import Question
from bot.assembly import Service
from bot.confidence import SIGNALS
from bot.explaining import Explanation, explain, try_words
from knowledge_base.errors import WordsRejected
from knowledge_base.words import Word, WordDraft, WordKind
from retrieval.ranking import FEATURES
from tests.bot.builders import DAY
from tests.bot.conftest import CITY


def asked(text: str, region: str | None = CITY) -> Question:
    return Question(question=text, region=region, as_of=DAY)


@pytest.fixture(scope="module")
def explained(service: Service) -> Explanation:
    return explain(service, asked("请问养狗的公级金怎么取"), top=3)


def test_the_question_is_shown_as_it_was_read(explained: Explanation) -> None:
    assert explained.read_as == "请问养狗的公积金怎么取"
    assert [(each.typed, each.read_as, each.source, each.is_certain) for each in explained.mendings] == [
        ("公级金", ("公积金",), "sound", True)
    ]
    assert {each.source for each in explained.expansions} == {"synonyms"}
    words = {each.word: each for each in explained.segments}
    assert not words["请问"].is_searched
    assert words["公积金"].is_searched
    assert words["公积金"].source == "packaged"
    assert words["取"].source is None


def test_the_filter_counts_what_it_lets_through(service: Service) -> None:
    city, nation = (explain(service, asked("养犬登记费", region)).filter for region in (CITY, None))
    assert city.regions == ("云岭省", CITY, "全国")
    assert nation.regions == ("全国",)
    assert nation.allowed < city.allowed < city.passages
    assert city.day == DAY


def test_rankings_are_in_order_and_the_first_piece_of_evidence_has_all_its_features(
    service: Service,
) -> None:
    explained = explain(service, asked("养犬登记费每年多少"), top=3)
    for ranking in (explained.dense, explained.lexical, explained.fused):
        assert 1 <= len(ranking) <= 3
        scores = [each.score for each in ranking]
        assert scores == sorted(scores, reverse=True)
    assert "养犬管理办法》（云政发〔2026〕9号）第五条" in explained.lexical[0].place
    assert set(explained.fused[0].features) == set(FEATURES)
    assert set(explained.judgement.signals) == set(SIGNALS)
    assert explained.judgement.threshold == service.consultation.confidence.threshold


def test_it_tells_the_same_as_the_answer(service: Service) -> None:
    question = asked("养犬登记费每年多少")
    answer = service.consultation.answer(question)
    explained = explain(service, question)
    assert (explained.status, explained.answer) == (answer.status, answer.text)


def test_records_are_json(explained: Explanation) -> None:
    assert to_jsonable_python(explained)["filter"]["day"] == DAY.isoformat()


def test_a_synonym_is_tried_without_being_saved(service: Service) -> None:
    word = Word(WordKind.SYNONYM, "薅羊毛", ("登记费",))
    (trial,) = try_words(service, [WordDraft(1, word)], [asked("薅羊毛")])
    assert trial.before.official_words == ()
    assert trial.after.official_words == ("登记", "登记费")
    assert [each.source for each in trial.after.expansions] == ["own_synonyms"]
    assert trial.before.lexical == ()
    assert "养犬" in trial.after.lexical[0].place
    assert service.words.in_use() == ()
    assert explain(service, asked("薅羊毛")) == trial.before


def test_a_dictionary_word_is_tried_on_passages_cut_anew(service: Service) -> None:
    word = Word(WordKind.DICTIONARY, "养犬登记费", frequency=900)
    before_index = service.indexer.current()
    (trial,) = try_words(service, [WordDraft(1, word)], [asked("养犬登记费")])
    assert "养犬登记费" not in {each.word for each in trial.before.segments}
    own = {each.word: each.source for each in trial.after.segments}
    assert own["养犬登记费"] == "operators"
    assert trial.after.lexical[0].score > trial.before.lexical[0].score
    assert service.indexer.current() == before_index


def test_words_that_do_not_hold_are_not_tried(service: Service) -> None:
    with pytest.raises(WordsRejected, match="也是停用词"):
        try_words(service, [WordDraft(1, Word(WordKind.SYNONYM, "请问", ("咨询",)))], [asked("养犬")])
