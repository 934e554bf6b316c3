"""Mention: a policy that a consenting citizen may fit, where the answer rests on its document or service."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date

from bot.answer import AnswerStatus, PolicyBlock
from bot.pipeline import Step
from bot.profiles.policies import reasons_of
from bot.turn import Turn
from knowledge_base.eligibility.judging import Truth, judge
from knowledge_base.eligibility.records import Rule
from knowledge_base.legal_effect import normalise_title

MOST = 2
_WORDS = "您可能符合“{title}”（{kind}）：{because}。是否符合由办理部门核定。"
_MENTIONED_WITH = (AnswerStatus.ANSWERED, AnswerStatus.ANSWERED_FROM_SERVICE)


def mention(rules: Callable[[], tuple[Rule, ...]], today: Callable[[], date]) -> Step:
    """Return the step; it has work only where the question came with what a citizen told with consent.

    Args:
        rules: Those in force now. A question about the law of another day is left alone.
    """

    def step(turn: Turn) -> Turn:
        person = turn.asked.person
        if person is None or turn.status not in _MENTIONED_WITH or turn.day != today():
            return turn
        cited = [(normalise_title(each.document.title), each.article) for each in turn.citations]
        titles = {title for title, _ in cited}
        service = turn.service.effective.item.catalog_code if turn.service else None
        found: list[tuple[bool, PolicyBlock]] = []
        for rule in rules():
            law = normalise_title(rule.law_title)
            if law not in titles and rule.catalog_code != service:
                continue
            judgement = judge(rule.when, person, turn.day)
            if judgement.truth is Truth.YES:
                because = "；".join(reasons_of(judgement))
                text = _WORDS.format(title=rule.title, kind=rule.kind, because=because)
                is_cited = (law, rule.law_article) in cited or rule.catalog_code == service
                found.append((not is_cited, PolicyBlock(code=rule.code, text=text)))
        # Those whose very article is cited first; the order of the book within.
        found.sort(key=lambda each: each[0])
        return replace(turn, blocks=(*turn.blocks, *(block for _, block in found[:MOST])))

    return step
