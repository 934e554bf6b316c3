"""What Prometheus reads of language models: what became of their answers, and of their sentences."""

from bot.answer import Answer, AnswerStatus, RephrasingTrace, TurnTrace
from channels.metrics import Metrics


def answer_with(rephrasing: RephrasingTrace | None) -> Answer:
    trace = TurnTrace(id="t", timings_ms={}, rephrasing=rephrasing)
    return Answer(status=AnswerStatus.ANSWERED, text="", trace=trace)


def test_outcomes_and_dropped_sentences_are_counted() -> None:
    metrics = Metrics()
    metrics.count("web", answer_with(None))
    metrics.count("web", answer_with(RephrasingTrace(outcome="shown", dropped={"quantity": 2})))
    metrics.count("web", answer_with(RephrasingTrace(outcome="unavailable")))
    text = metrics.exposition().decode()
    assert 'wenzheng_rephrasings_total{outcome="shown"} 1.0' in text
    assert 'wenzheng_rephrasings_total{outcome="unavailable"} 1.0' in text
    assert 'wenzheng_sentences_dropped_total{fault="quantity"} 2.0' in text
    assert 'wenzheng_questions_total{channel="web",status="answered"} 3.0' in text
