"""`wenzheng eval adapter`: train a low-rank adapter on public questions and the project's own, over a corpus.

Encoding a whole corpus costs more than training does. Only passages that the words of some question find
are worth telling apart, so those alone are encoded: the best few by BM25, and the right ones.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from eval.datasets import ArticleQuestion, BeirSet, DatasetError
from eval.retrieval_run import as_passages
from retrieval import embedded_model
from retrieval.adaptation.mining import TrainingQuestion, mine
from retrieval.adaptation.training import Look, TrainingPlan, train
from retrieval.adapter import Adapter
from retrieval.contracts import Encoder, Passage
from retrieval.encoder import load_model
from retrieval.hybrid import build_hybrid, passage_text
from retrieval.lexical import Bm25Index
from retrieval.lexicon import load_lexicon
from retrieval.query import Query, QueryReader
from retrieval.tokenize import Tokenizer
from retrieval.torch_runtime import describe

BY_WORDS = 8


@dataclass(frozen=True, slots=True)
class TrainingSet:
    """What an adapter is trained on: questions with candidates, and what is encoded of each passage.

    Attributes:
        origin: Where the questions come from, for the card.
    """

    questions: list[TrainingQuestion]
    passages: dict[int, str]
    origin: str


def gather(
    beir: BeirSet,
    own: Sequence[ArticleQuestion],
    encoder: Encoder,
    *,
    on_progress: Callable[[int, int], None] | None = None,
) -> TrainingSet:
    """Put the questions of a BEIR split and the project's own together, with hard negatives from the ranking.

    Raises:
        DatasetError: If an article that answers is not in the corpus.
    """
    passages = as_passages(beir)
    lexicon = load_lexicon()
    reader = QueryReader(lexicon)
    asked = _asked(beir, own, passages, reader)
    chosen = _worth_encoding(passages, asked, reader.tokenizer)
    encoding = None if on_progress is None else lambda done: on_progress(done, len(chosen))
    index = build_hybrid([passages[row] for row in chosen], encoder, on_progress=encoding)
    mined = mine(index, asked)
    origin = (
        f"{len(beir.queries)} questions of the BEIR set `{beir.name}`, split `{beir.split}`,"
        f" and {len(own)} written for this project"
    )
    return TrainingSet(mined, {row: passage_text(passages[row]) for row in chosen}, origin)


def train_on(
    gathered: TrainingSet,
    models_dir: Path,
    target: Path,
    *,
    held_out: int,
    plan: TrainingPlan,
    threads: int,
    on_look: Callable[[Look], None] | None = None,
) -> Adapter:
    """Train an adapter of the embedded default and write it with its card.

    Args:
        held_out: Questions, drawn by the plan's seed, that are looked at but never trained on.
        target: The adapter's folder.
    """
    questions = list(gathered.questions)
    random.Random(plan.seed).shuffle(questions)  # noqa: S311  (reproducible, not secret)
    model = load_model("", models_dir, threads)
    recipe, _ = describe(model, embedded_model.NAME)
    looks: list[Look] = []

    def see(look: Look) -> None:
        looks.append(look)
        if on_look is not None:
            on_look(look)

    return train(
        model,
        recipe,
        questions[held_out:],
        questions[:held_out],
        gathered.passages,
        plan=plan,
        target=target,
        card=lambda: _card(gathered.origin, len(questions) - held_out, held_out, plan, looks),
        on_look=see,
    )


def _card(origin: str, trained_on: int, held_out: int, plan: TrainingPlan, looks: Sequence[Look]) -> str:
    seen = "\n".join(f"| {look.step} | {look.ndcg_at_10:.4f} |" for look in looks)
    recipe = "\n".join(f"| {name} | {value} |" for name, value in asdict(plan).items())
    return f"""---
license: apache-2.0
library_name: peft
base_model: {embedded_model.NAME}
language: zh
---
# A low-rank adapter of {embedded_model.NAME} for questions on Chinese law and policy

Trained by `wenzheng eval adapter` on {trained_on} questions, each with the articles that answer it and hard
negatives from the hybrid ranking; {held_out} more were held out and looked at.

Data: {origin}; articles of laws and regulations, which are in the public domain. Use: ranking passages for
questions, with the prefixes and the pooling of the base model; it tells nothing about who asks.

| step | nDCG@10 of the questions held out, among their own candidates |
|---|---|
{seen}

| recipe | |
|---|---|
{recipe}
"""


def _asked(
    beir: BeirSet, own: Sequence[ArticleQuestion], passages: Sequence[Passage], reader: QueryReader
) -> dict[Query, list[int]]:
    """Return every question with the rows of the articles that answer it."""
    rows = {document.id: row for row, document in enumerate(beir.documents)}
    by_article: dict[tuple[str, str], int] = {}
    for passage in passages:
        by_article.setdefault((passage.title, passage.heading), passage.id)
    asked: dict[Query, list[int]] = {}
    for id_, text in beir.queries.items():
        right = [rows[document] for document, relevance in beir.qrels[id_].items() if relevance > 0]
        asked.setdefault(reader.read(text), []).extend(right)
    for question in own:
        row = by_article.get((question.law, question.article))
        if row is None:
            raise DatasetError(f"《{question.law}》{question.article} is not in the corpus {beir.name}")
        asked.setdefault(reader.read(question.question), []).append(row)
    return asked


def _worth_encoding(
    passages: Sequence[Passage], asked: dict[Query, list[int]], tokenizer: Tokenizer
) -> list[int]:
    """Return, in order, the rows that answer a question or are among the best few by its words."""
    words = [tokenizer.words(f"{each.title} {each.heading} {each.text}") for each in passages]
    index = Bm25Index.build(words)
    chosen = {row for right in asked.values() for row in right}
    for query in asked:
        scores = index.scores((*query.words, *query.official))
        chosen.update(int(row) for row in np.argsort(-scores, kind="stable")[:BY_WORDS])
    return sorted(chosen)
