"""The questions on the sample knowledge are what `eval/data/README.md` says of them."""

import re
from collections import Counter
from functools import cache
from pathlib import Path

from eval.datasets import LabelledQuestion, read_answer_set
from knowledge_base.attachments import split_attachments
from knowledge_base.chunking import chunk
from knowledge_base.loaders import load
from knowledge_base.normalising import assemble

ROOT = Path(__file__).parents[2]
DATA = ROOT / "eval" / "data"
QUESTIONS = read_answer_set(DATA / "sample-questions.jsonl")


@cache
def places_of(file: str) -> tuple[tuple[str, str], ...]:
    """Every chunk of a sample document as its article label or last heading, and its words."""
    parts = split_attachments(assemble(load(ROOT / "knowledge_base" / "sample" / "documents" / file)))
    sources = [(parts.main, ""), *((each.source, each.title) for each in parts.attachments)]
    return tuple(
        (label, "\n".join((draft.lead, *draft.heading_path, draft.text)))
        for source, title in sources
        for draft in chunk(source, title=title)
        for label in {draft.article, *draft.heading_path[-1:]}
    )


def test_the_readme_counts_them_right() -> None:
    counts = Counter(question.type for question in QUESTIONS)
    readme = (DATA / "README.md").read_text("utf-8")
    assert f"`sample-questions.jsonl`: {len(QUESTIONS)} questions" in readme
    for names, numbers in re.findall(r"^\| ((?:`\w+`(?:, )?)+) \| ([\d, ]+) \|", readme, re.MULTILINE):
        for name, number in zip(re.findall(r"\w+", names), numbers.split(", "), strict=True):
            assert counts.pop(name) == int(number)
    assert not counts


def test_the_expected_place_of_each_holds_the_required_words() -> None:
    faults = {question.id: found for question in QUESTIONS if (found := faults_of(question))}
    assert not faults


def faults_of(question: LabelledQuestion) -> list[object]:
    expected = {(one.file, one.article) for one in question.expected}
    words = [
        text
        for file in {file for file, _ in expected}
        for label, text in places_of(file)
        if (file, label) in expected
    ]
    missing = [
        group for group in question.must_include if not any(w in text for w in group for text in words)
    ]
    return [*missing, *(["answerable"] if bool(words) != question.answerable else [])]
