"""Rephrase: a language model puts the quotations into words; only what the check lets through is shown.

The answer that comes in is the checked quotation, and it is what goes out wherever the model does not
serve. Sentences are checked as they arrive, and shown when the whole is decided: whether too much of it
fails is known at its end only, and what a citizen has read cannot be taken back.
"""

import logging
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from itertools import groupby

from bot.answer import AnswerStatus, Block, Citation, ModelCredit, ParagraphBlock, RephrasingTrace
from bot.grounding.checking import Fault
from bot.grounding.likeness import SupportLikeness
from bot.grounding.reading import CitedSentence
from bot.grounding.reviewing import Outcome, Review
from bot.pipeline import Step
from bot.responders.contracts import Responder
from bot.responders.prompting import prepare
from bot.turn import Turn
from knowledge_base.errors import ResponderError

_log = logging.getLogger(__name__)


def nothing_blocked(_: str) -> bool:
    """The block list of a service that has none."""
    return False


def rephrase(
    responder: Responder,
    likeness: SupportLikeness,
    *,
    filing: str = "",
    is_blocked: Callable[[str], bool] = nothing_blocked,
) -> Step:
    """Return the step.

    Args:
        filing: The model's 备案号, shown with its name.
        is_blocked: Tells whether a text holds a word of the block list.
    """
    credit = ModelCredit(name=responder.name, filing=filing)

    def step(turn: Turn) -> Turn:
        if turn.status is not AnswerStatus.ANSWERED or turn.curated is not None or not turn.citations:
            return turn
        material = prepare(turn.text, turn.citations)
        if not material.sources or material.sources[0].n != turn.citations[0].n:
            return _quoted(turn, Outcome.FIRST_SOURCE_UNUSED, {})  # it held nothing a model may be shown
        review = Review(material, likeness, is_blocked)
        try:
            with closing(responder.write(material.prompt)) as pieces:
                for piece in pieces:
                    review.read(piece)
                    if review.is_decided:
                        break
                else:
                    review.finish()
        except ResponderError as error:
            # What was read so far is not used: a condition may have been still to come.
            _log.warning("model unavailable", extra={"turn": turn.id, "reason": str(error)})
            return _quoted(turn, Outcome.UNAVAILABLE, {})
        for dropped in review.dropped:
            _log.info(
                "sentence dropped",
                extra={
                    "turn": turn.id,
                    "sentence": dropped.place,
                    "cites": dropped.cites,
                    "fault": dropped.why.fault.value,
                    # New words may be the citizen's own, and those are not logged.
                    "detail": "" if dropped.why.fault is Fault.NEW_WORDS else dropped.why.detail,
                },
            )
        if review.outcome is not Outcome.SHOWN:
            return _quoted(turn, review.outcome, review.faults)
        return _generated(turn, review, credit)

    return step


def _quoted(turn: Turn, outcome: Outcome, faults: dict[str, int]) -> Turn:
    _log.info("quoted instead", extra={"turn": turn.id, "outcome": outcome.value})
    return replace(turn, rephrasing=RephrasingTrace(outcome=outcome.value, dropped=faults))


def _generated(turn: Turn, review: Review, credit: ModelCredit) -> Turn:
    """Put the kept sentences in the place of the quotations; sources nothing rests on are left out."""
    used = {n for sentence in review.kept for n in sentence.cites}
    citations = tuple(citation for citation in turn.citations if citation.n in used)
    places = {citation.n: place for place, citation in enumerate(citations, start=1)}
    return replace(
        turn,
        blocks=_blocks(review.kept, places),
        citations=tuple(_renumbered(citation, places) for citation in citations),
        generated_by=credit,
        rephrasing=RephrasingTrace(outcome=Outcome.SHOWN.value, dropped=review.faults),
    )


def _renumbered(citation: Citation, places: dict[int, int]) -> Citation:
    return citation.model_copy(update={"n": places[citation.n]})


def _blocks(kept: Sequence[CitedSentence], places: dict[int, int]) -> tuple[Block, ...]:
    """Return one paragraph for each run of sentences that rest on the same sources."""
    return tuple(
        ParagraphBlock(
            text="".join(sentence.text for sentence in run),
            cites=tuple(places[n] for n in cites),
            generated=True,
        )
        for cites, run in groupby(kept, key=lambda sentence: sentence.cites)
    )
