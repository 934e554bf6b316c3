"""Answer scores as tables, the worst questions in words, and the folder of a run."""

from collections.abc import Sequence
from pathlib import Path

from eval.answers_run import DEPTH, AnswersResult, Explanation, words_of
from eval.judging import AnswerScores, Rate, Safety
from eval.plots import draw_bars
from eval.reports import Json, Section, Table, percent, save_run, to_json

OVERALL = "合计"


def scores_table(result: AnswersResult) -> Table:
    """Return types by rates, the sum in the last row."""
    header = ("类型", "题数", "首条引用正确", "前三引用正确", "要点齐全", "状态正确", "误拒", "应拒已拒")
    rows = [*result.by_type.items(), (OVERALL, result.overall)]
    return Table(header, tuple((name, *_cells(scores)) for name, scores in rows))


def _cells(scores: AnswerScores) -> tuple[str, ...]:
    rates = (
        scores.right_first,
        scores.right_in_three,
        scores.words_present,
        scores.status_right,
        scores.wrongly_refused,
        scores.rightly_refused,
    )
    return (str(scores.questions), *map(_cell, rates))


def _cell(rate: Rate) -> str:
    return percent(rate.share) if rate.share is None else f"{percent(rate.share)} ({rate.hits}/{rate.of})"


def safety_table(safety: Safety) -> Table:
    """Return the findings that must be zero."""
    return Table(
        ("引用总数", "当日未生效或已失效", "外地文件", "非原文引语"),
        (tuple(map(str, (safety.citations, safety.not_in_force, safety.foreign, safety.not_verbatim))),),
    )


def explain_in_words(explained: Explanation) -> str:
    """Return one worst question as a Markdown list: what was asked, expected, cited, and why."""
    question, judgement = explained.outcome.question, explained.outcome.judgement
    expected = "；".join(f"{one.file} {one.article}".strip() for one in question.expected) or "不应回答"
    if not question.expected:
        retrieval = f"检索首位得分 {_score(explained.best_score)}"
    elif explained.rank is None:
        retrieval = f"应引条文不在检索前 {DEPTH} 位（首位得分 {_score(explained.best_score)}）"
    else:
        retrieval = (
            f"应引条文在检索第 {explained.rank} 位，得分 {_score(explained.score)}"
            f"（向量 {_score(explained.dense)}，词面 {_score(explained.lexical)}；"
            f"首位得分 {_score(explained.best_score)}）"
        )
    lines = [
        f"**{question.id}**（{question.type}）{words_of(question)}",
        f"状态 {judgement.status}，应为 {judgement.expected_status}",
        f"应引：{expected}",
        f"实引：{'；'.join(judgement.cited) or '无'}",
        retrieval,
    ]
    if judgement.words_missing:
        lines.append("缺少要点：" + "；".join("/".join(group) for group in judgement.words_missing))
    for label, names in (
        ("当日无效的引用", judgement.not_in_force),
        ("外地引用", judgement.foreign),
        ("非原文引语", judgement.not_verbatim),
    ):
        if names:
            lines.append(f"{label}：{'；'.join(names)}")
    return "- " + "\n  - ".join(lines)


def _score(value: float | None) -> str:
    return "无" if value is None else f"{value:.3f}"


def report_answers(
    folder: Path, result: AnswersResult, explained: Sequence[Explanation], config: Json
) -> None:
    """Save the run: configuration, every answer with its judgement, report and bars by type."""
    kinds = list(result.by_type)
    scored = list(result.by_type.values())
    draw_bars(
        folder / "by_type.png",
        title=f"Answers by type of question, {result.overall.questions} questions",
        groups=kinds,
        series={
            "citation right at 1": [one.right_first.share for one in scored],
            "citation right at 3": [one.right_in_three.share for one in scored],
            "required words present": [one.words_present.share for one in scored],
            "status right": [one.status_right.share for one in scored],
        },
    )
    sections = [
        Section("分类得分", f"提问日：{result.day}。", (scores_table(result),), ("by_type.png",)),
        Section("安全项（均应为 0）", "", (safety_table(result.safety),)),
    ]
    if explained:
        sections.append(Section(f"最差的 {len(explained)} 题", "\n".join(map(explain_in_words, explained))))
    save_run(folder, title="问答评测", config=config, results=to_json(result), sections=sections)
