"""How words and explanations show themselves on a terminal."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.text import Text

from channels.terminal import plain_table
from knowledge_base.words import Word, WordKind, WordRecord
from retrieval.cutting import Source

if TYPE_CHECKING:
    from bot.explaining import Explanation, RankedPassage, Replacement, Segment, Trial

_KINDS = {
    WordKind.DICTIONARY: "词典",
    WordKind.SYNONYM: "同义词",
    WordKind.STOP: "停用词",
    WordKind.TYPO: "错字",
}
_SOURCES = {
    "synonyms": "自带同义词",
    "own_synonyms": "自己的同义词",
    "own_typos": "自己的错字表",
    "sound": "读音相同",
}
_TIME = "%Y-%m-%d %H:%M"
_SHANGHAI = ZoneInfo("Asia/Shanghai")


def shown(word: Word) -> str:
    """Return a word in one line, its kind first."""
    if word.hides:
        return f"{_KINDS[word.kind]} {word.word}（停用自带的）"
    about = f" {word.frequency}" if word.frequency is not None else ""
    about += f" {word.tag}" if word.tag else ""
    arrow = "⇄" if word.two_way else "→"
    terms = f" {arrow} {'、'.join(word.terms)}" if word.terms else ""
    return f"{_KINDS[word.kind]} {word.word}{about}{terms}"


def print_records(records: Sequence[WordRecord]) -> None:
    """Print words with who added and removed them, and when (Asia/Shanghai)."""
    console = Console(highlight=False)
    if not records:
        console.print("没有")
        return
    table = plain_table("词", "加入", "谁", "移除", "谁")
    for record in records:
        removed = record.removed_at.astimezone(_SHANGHAI).strftime(_TIME) if record.removed_at else ""
        table.add_row(
            Text(shown(record.word)),
            record.added_at.astimezone(_SHANGHAI).strftime(_TIME),
            Text(record.added_by),
            removed,
            Text(record.removed_by),
        )
    console.print(table)


def print_explanation(explanation: "Explanation", console: Console | None = None) -> None:
    """Print an explanation in the order things happen."""
    console = console or Console(highlight=False)
    _heading(console, "读题")
    console.print(Text(f"问题　　{explanation.question}"))
    if explanation.context:
        console.print(Text(f"承接　　{explanation.context}"))
    console.print(Text(f"读作　　{explanation.read_as}"))
    console.print(Text("切词　　") + _segments(explanation.segments))
    console.print(Text("　　　　[自] 自己的词　[典] 自带词典　加删除线的是停用词，不参与检索", style="dim"))
    for label, found in (("改错", explanation.mendings), ("扩展", explanation.expansions)):
        for each in found:
            console.print(Text(f"{label}　　{_replacement(each)}"))
    if explanation.official_words:
        console.print(Text(f"另查　　{' '.join(explanation.official_words)}"))

    _heading(console, "过滤")
    scope = explanation.filter
    console.print(
        Text(
            f"地区 {scope.region or '未选定'}（可见 {'、'.join(scope.regions)}），{scope.day} 有效："
            f"{scope.passages} 段中 {scope.allowed} 段可用"
        )
    )
    _rankings(console, explanation)

    if explanation.curated:
        _heading(console, "问答")
        for near in explanation.curated:
            verdict = "用来回答" if near.is_answered_from else f"不用（阈值 {near.threshold:.3f}）"
            console.print(
                Text(f"{near.faq_id}　{near.question}　{near.region}　把握 {near.probability:.3f}，{verdict}")
            )

    _heading(console, "判断")
    judgement = explanation.judgement
    answers = judgement.confidence >= judgement.threshold
    verdict = "达到" if answers else "未达到"
    console.print(
        Text(
            f"把握 {judgement.confidence:.3f}，{verdict}阈值 {judgement.threshold:.3f}"
            f" → {explanation.status.value}"
        )
    )
    if judgement.signals:
        console.print(Text(_numbers(judgement.signals), style="dim"))
    if explanation.citations:
        console.print(Text("引用　　" + "；".join(explanation.citations)))
    console.print(Text(explanation.answer))


def print_trials(trials: "Sequence[Trial]") -> None:
    """Print what words that are not saved would change, question by question."""
    console = Console(highlight=False)
    for trial in trials:
        before, after = trial.before, trial.after
        _heading(console, before.question)
        for label, one in (("之前", before), ("之后", after)):
            console.print(Text(f"{label}切词　") + _segments(one.segments))
            found = [*one.mendings, *one.expansions]
            if found:
                console.print(Text(f"{label}读作　" + "；".join(map(_replacement, found))))
        places = {each.passage_id: rank for rank, each in enumerate(before.fused, start=1)}
        table = plain_table("名次", "之前", "条款", "得分", "BM25")
        for rank, each in enumerate(after.fused, start=1):
            table.add_row(
                str(rank),
                str(places.get(each.passage_id, "–")),
                Text(each.place),
                f"{each.score:.2f}",
                f"{each.lexical:.2f}",
            )
        console.print(table)
        console.print(
            Text(
                f"结果　　{before.status.value}（{before.judgement.confidence:.3f}）→ "
                f"{after.status.value}（{after.judgement.confidence:.3f}）"
            )
        )
        if before.answer == after.answer:
            console.print(Text("回答　　没有变化"))
        else:
            console.print(Text(f"之前　　{before.answer}"))
            console.print(Text(f"之后　　{after.answer}"))
    console.print(Text("以上只是试算，什么也没有保存。", style="dim"))


def _rankings(console: Console, explanation: "Explanation") -> None:
    both: tuple[tuple[str, str, tuple[RankedPassage, ...]], ...] = (
        ("按意思（余弦）", "余弦", explanation.dense),
        ("按词（BM25，含公文用语）", "BM25", explanation.lexical),
    )
    for title, unit, ranking in both:
        _heading(console, title)
        table = plain_table("名次", unit, "条款")
        for rank, each in enumerate(ranking, start=1):
            table.add_row(str(rank), f"{each.score:.3f}", Text(each.place))
        console.print(table)
    _heading(console, "融合")
    table = plain_table("名次", "得分", "条款", "特征")
    for rank, fused in enumerate(explanation.fused, start=1):
        features = Text(_numbers(fused.features), style="dim")
        table.add_row(str(rank), f"{fused.score:.3f}", Text(fused.place), features)
    console.print(table)


def _heading(console: Console, text: str) -> None:
    console.print()
    console.print(Text(text, style="bold"))


def _segments(segments: "Sequence[Segment]") -> Text:
    line = Text()
    for segment in segments:
        mark = (
            {Source.OPERATORS: "[自]", Source.PACKAGED: "[典]"}.get(segment.source, "")
            if segment.source
            else ""
        )
        mark = mark if segment.is_searched or segment.source is Source.OPERATORS else ""
        line.append(f"{segment.word}{mark}", style="" if segment.is_searched else "strike dim").append(" ")
    return line


def _replacement(each: "Replacement") -> str:
    doubt = "" if each.is_certain or each.source.endswith("synonyms") else "（未改，另查）"
    return f"{each.typed} → {'、'.join(each.read_as)}{doubt}（{_SOURCES[each.source]}）"


def _numbers(values: Mapping[str, float]) -> str:
    return "　".join(f"{name} {value:.3f}" for name, value in values.items() if value)
