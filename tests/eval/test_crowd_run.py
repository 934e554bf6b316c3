"""Writers and readers at once at a small size; and that the judge sees a mixed and a half answer."""

from pathlib import Path

import pytest

from bot.answer import Answer, AnswerStatus, Citation, CitedDocument, QuoteSpan, TurnTrace
from eval import invented
from eval.crowd_run import _half, _judge, run_crowd
from eval.kill_worker import Operation, Site


def cited(site: Site, document: int, version_id: int, start: int, end: int) -> Citation:
    stored = site.store.document_text(document, version_id)
    assert stored is not None
    return Citation(
        n=1,
        document=CitedDocument(
            id=document, title="", doc_number="", issuer="", level="", region="", source_file=""
        ),
        version_id=version_id,
        article="",
        quote=stored.text[start:end],
        span=QuoteSpan(start=start, end=end),
        effective_from=None,
        effective_to=None,
        in_force=True,
        url="",
    )


def answer(*citations: Citation) -> Answer:
    return Answer(
        status=AnswerStatus.ANSWERED, text="", citations=citations, trace=TurnTrace(id="", timings_ms={})
    )


@pytest.mark.slow
def test_the_judge_sees_two_drafts_in_one_answer_and_words_that_do_not_stand_there(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.apply(Operation("ingest", 0, draft=1))
    site.apply(Operation("ingest", 0, draft=2))
    old, new = cited(site, 1, 1, 20, 40), cited(site, 1, 2, 20, 40)
    assert _judge(answer(new, new), site.store, 0) == ([], {2})
    faults, drafts = _judge(answer(old, new), site.store, 0)
    assert drafts == {1, 2}
    assert faults[0].startswith("mixed: drafts")
    shifted = new.model_copy(update={"span": QuoteSpan(start=21, end=41)})
    assert "is not the stored text" in _judge(answer(shifted), site.store, 0)[0][0]
    site.close()


def test_half_a_text_is_seen() -> None:
    main, form = invented.text(1, 1).split("\n附件1\n")
    assert _half(main, "") == []
    assert _half(form, "附件1") == []
    assert _half(main[: len(main) // 2], "")[0].startswith("half")


@pytest.mark.slow
@pytest.mark.server
def test_readers_beside_writers_see_no_error_and_no_mixture(tmp_path: Path) -> None:
    result = run_crowd(tmp_path / "data", seconds=5, writers=2, readers=6, documents=4, settled_s=10)
    assert result.faults == []
    assert result.answered > 0
    assert result.writes.total() > 0
