"""Training a low-rank adapter by contrast, on the CPU, with sentence-transformers' own trainer.

Each step sees a batch of questions, a right passage for each and a hard negative for each; a question must
tell its right passage from all the others of the batch (InfoNCE, van den Oord et al. 2018, the loss
`MultipleNegativesRankingLoss`). The weights of the model itself, its word vectors above all,
stay as they are.

Needs the extra `adapt`; nothing that serves citizens imports this module.
"""

import json
import random
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from datasets import Dataset
from peft import LoraConfig, inject_adapter_in_model
from safetensors.torch import save_file
from sentence_transformers import (
    SentenceTransformer,
    SentenceTransformerTrainer,
    SentenceTransformerTrainingArguments,
)
from sentence_transformers.sentence_transformer.evaluation import InformationRetrievalEvaluator
from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss
from sentence_transformers.sentence_transformer.training_args import BatchSamplers
from transformers import PrinterCallback, TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from knowledge_base.errors import EncoderError
from retrieval.adaptation.mining import TrainingQuestion
from retrieval.adapter import CONFIG, MEMBERS, WEIGHTS, Adapter, read_adapter
from retrieval.folders import write_folder
from retrieval.runtime import Recipe

_WRITTEN = (*MEMBERS, "README.md")


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """How an adapter is trained.

    Attributes:
        rank: Columns of the low-rank products; the file's size grows with it.
        alpha: Products are scaled by alpha / rank.
        strength: Share of what was learned that is written, in (0, 1]: between the model as it is and as
            trained, where it does best on questions of another kind (WiSE-FT, Wortsman et al. 2022).
        rounds: How often each question is seen, with another right passage and another negative each time.
        batch: Questions a step.
        rate: Highest learning rate, reached after a tenth of the steps, then falling to 0.
        temperature: Cosines are divided by it before the softmax.
        max_tokens: A longer passage is cut while training.
        hardest: Negatives are drawn from so many of the hardest.
        looks: How often the held-out questions are looked at during training.
        patience: Looks without gain after which training stops.
        max_minutes: Training stops then, wherever it is.
    """

    rank: int = 32
    alpha: int = 64
    strength: float = 0.4
    rounds: int = 2
    batch: int = 32
    rate: float = 3e-4
    temperature: float = 0.02
    max_tokens: int = 128
    hardest: int = 12
    looks: int = 4
    patience: int = 2
    max_minutes: float = 120.0
    seed: int = 20261125


@dataclass(frozen=True, slots=True)
class Look:
    """How the held-out questions fared after so many steps; nDCG@10 among their own candidates, in [0, 1]."""

    step: int
    steps: int
    ndcg_at_10: float


def train(
    model: SentenceTransformer,
    recipe: Recipe,
    questions: Sequence[TrainingQuestion],
    held_out: Sequence[TrainingQuestion],
    passages: Mapping[int, str],
    *,
    plan: TrainingPlan,
    target: Path,
    card: Callable[[], str],
    start: Adapter | None = None,
    on_look: Callable[[Look], None] | None = None,
) -> Adapter:
    """Train an adapter and write it; the best of all looks at the held-out questions is kept.

    Args:
        model: The encoder, loaded by torch; it is changed.
        recipe: Its prefixes.
        passages: What is encoded of each passage, by id, without prefix.
        target: Folder to write: the adapter and its card.
        card: Gives the text of `README.md`, once trained: on what it was trained, and how.
        start: An adapter of the model, of the plan's rank, to go on from.

    Raises:
        ValueError: If there are no questions to train on or none held out.
        EncoderError: If the adapter to go on from is of another model or rank.
    """
    if not questions or not held_out:
        raise ValueError(
            f"{len(questions)} questions to train on and {len(held_out)} held out; some are needed"
        )
    random.seed(plan.seed)
    torch.manual_seed(plan.seed)
    rows = training_rows(questions, plan)
    read = _Reader(recipe, passages)
    columns = {
        "anchor": [read.question(question) for question, _, _ in rows],
        "positive": [read.passage(right) for _, right, _ in rows],
        "negative": [read.passage(wrong) for _, _, wrong in rows],
    }
    # Into the module itself: the model stays what it is, with a pair of small layers beside each of its own.
    inject_adapter_in_model(
        LoraConfig(
            r=plan.rank,
            lora_alpha=plan.alpha,
            target_modules="all-linear",
            exclude_modules=["pooler.dense"],
        ),
        _transformer(model),
    )
    if start is not None:
        put_on(model, start, plan)
    model.max_seq_length = plan.max_tokens
    # Drawing the masks of dropout takes a CPU as long as the arithmetic, and a low rank overfits little.
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    steps = len(rows) // plan.batch
    watch = _Watch(model, _evaluator(read, held_out, plan), steps, plan, on_look)
    with tempfile.TemporaryDirectory() as scratch:
        arguments = SentenceTransformerTrainingArguments(
            output_dir=scratch,
            num_train_epochs=1,
            per_device_train_batch_size=plan.batch,
            learning_rate=plan.rate,
            warmup_steps=max(1, steps // 10),
            lr_scheduler_type="linear",
            batch_sampler=BatchSamplers.NO_DUPLICATES,
            dataloader_drop_last=True,
            save_strategy="no",
            eval_strategy="no",
            logging_strategy="no",
            report_to="none",
            disable_tqdm=True,
            use_cpu=True,
            seed=plan.seed,
            data_seed=plan.seed,
        )
        trainer = SentenceTransformerTrainer(
            model=model,
            args=arguments,
            train_dataset=Dataset.from_dict(columns),
            loss=MultipleNegativesRankingLoss(model, scale=1 / plan.temperature),
            callbacks=[watch],
        )
        # It would print a line of Python on stdout, where a command's JSON goes.
        trainer.remove_callback(PrinterCallback)
        trainer.train()
    return write_adapter(watch.best, plan, target, card())


def training_rows(questions: Sequence[TrainingQuestion], plan: TrainingPlan) -> list[tuple[str, int, int]]:
    """Return (question, right passage, wrong passage), each question `rounds` times, shuffled by the seed.

    Rounds go through the right passages in turn and draw another of the hardest negatives each. A question
    without negatives borrows another question's right passage.
    """
    chance = random.Random(plan.seed)  # noqa: S311  (reproducible, not secret)
    rows: list[tuple[str, int, int]] = []
    for question in questions:
        hardest = question.wrong[: plan.hardest]
        drawn = chance.sample(hardest, min(plan.rounds, len(hardest)))
        for turn in range(plan.rounds):
            right = question.right[turn % len(question.right)]
            wrong = drawn[turn % len(drawn)] if drawn else _borrowed(questions, question, chance)
            rows.append((question.text, right, wrong))
    chance.shuffle(rows)
    return rows


def _borrowed(
    questions: Sequence[TrainingQuestion], question: TrainingQuestion, chance: random.Random
) -> int:
    others = [other for each in questions for other in each.right if other not in question.right]
    if not others:
        raise ValueError("all questions have the same right passages: there is nothing to tell apart")
    return chance.choice(others)


@dataclass(frozen=True, slots=True)
class _Reader:
    """Questions and passages as the model reads them, with their prefixes."""

    recipe: Recipe
    passages: Mapping[int, str]

    def question(self, text: str) -> str:
        return self.recipe.query_prefix + text

    def passage(self, passage_id: int) -> str:
        return self.recipe.passage_prefix + self.passages[passage_id]


def _evaluator(
    read: _Reader, held_out: Sequence[TrainingQuestion], plan: TrainingPlan
) -> InformationRetrievalEvaluator:
    """Rank the held-out questions' own candidates, all of them together, for each of the questions."""
    shown = {id_ for question in held_out for id_ in (*question.right, *question.wrong[: plan.hardest])}
    return InformationRetrievalEvaluator(
        queries={str(n): read.question(question.text) for n, question in enumerate(held_out)},
        corpus={str(id_): read.passage(id_) for id_ in sorted(shown)},
        relevant_docs={str(n): {str(id_) for id_ in question.right} for n, question in enumerate(held_out)},
        ndcg_at_k=[10],
        mrr_at_k=[10],
        accuracy_at_k=[10],
        precision_recall_at_k=[10],
        map_at_k=[10],
        batch_size=plan.batch,
        write_csv=False,
    )


class _Watch(TrainerCallback):
    """Looks at the held-out questions now and then, keeps the best adapter, stops when none gets better."""

    def __init__(
        self,
        model: SentenceTransformer,
        evaluator: InformationRetrievalEvaluator,
        steps: int,
        plan: TrainingPlan,
        on_look: Callable[[Look], None] | None,
    ) -> None:
        self._model = model
        self._evaluator = evaluator
        self._steps = steps
        self._every = max(1, steps // plan.looks)
        self._patience = plan.patience
        self._until_s = time.monotonic() + 60 * plan.max_minutes
        self._on_look = on_look
        self._best_ndcg = -1.0
        self._since_best = 0
        self.best: dict[str, torch.Tensor] = {}

    def on_train_begin(self, *_: object, **__: object) -> None:
        self._look(0)

    def on_step_end(
        self,
        args: TrainingArguments,  # noqa: ARG002  (the trainer's signature)
        state: TrainerState,
        control: TrainerControl,
        **_: object,
    ) -> None:
        is_late = time.monotonic() > self._until_s
        if state.global_step % self._every == 0 or is_late:
            self._look(state.global_step)
            control.should_training_stop |= is_late or self._since_best >= self._patience

    def _look(self, step: int) -> None:
        was_training = self._model.training
        self._model.eval()
        found = self._evaluator(self._model)
        self._model.train(was_training)
        ndcg = float(found[str(self._evaluator.primary_metric)])
        if ndcg > self._best_ndcg:
            self._best_ndcg, self._since_best = ndcg, 0
            self.best = adapter_tensors(self._model)
        else:
            self._since_best += 1
        if self._on_look is not None:
            self._on_look(Look(step, self._steps, ndcg))


def _transformer(model: SentenceTransformer) -> torch.nn.Module:
    inner = model[0].auto_model
    if not isinstance(inner, torch.nn.Module):
        raise TypeError(f"the model begins with {type(model[0]).__name__}, a transformer is needed")
    return inner


def put_on(model: SentenceTransformer, start: Adapter, plan: TrainingPlan) -> None:
    """Give the model's small layers the numbers of an adapter.

    Raises:
        EncoderError: If they are other layers, or of another rank.
    """
    tensors = {
        f"{layer}.lora_{part}": values
        for layer, low_rank in start.layers.items()
        for part, values in (("A", low_rank.down), ("B", low_rank.up))
    }
    small = {
        name.removesuffix(".default.weight"): tensor
        for name, tensor in _transformer(model).named_parameters()
        if ".lora_" in name
    }
    shapes = {name: tuple(tensor.shape) for name, tensor in small.items()}
    if shapes != {name: values.shape for name, values in tensors.items()}:
        raise EncoderError(
            f"the adapter {start.name} has {len(tensors)} tensors that do not fit the {len(small)} of rank"
            f" {plan.rank} to be trained"
        )
    # A product of an adapter with another scale is the same product, scaled on one side.
    scale = start.scale * plan.rank / plan.alpha
    for name, tensor in small.items():
        values = tensors[name] * (scale if name.endswith("B") else 1.0)
        with torch.no_grad():
            tensor.copy_(torch.from_numpy(values))


def adapter_tensors(model: SentenceTransformer) -> dict[str, torch.Tensor]:
    """Return a copy of the adapter's tensors, by the names `peft` gives them in a file."""
    return {
        f"base_model.model.{name.replace('.default.', '.')}": tensor.detach().clone()
        for name, tensor in _transformer(model).named_parameters()
        if ".lora_" in name
    }


def write_adapter(
    tensors: Mapping[str, torch.Tensor], plan: TrainingPlan, target: Path, card: str
) -> Adapter:
    """Write an adapter as `peft` reads it, in float16: half the bytes, and finer than the training noise."""
    layers = sorted({name.rpartition(".lora_")[0].removeprefix("base_model.model.") for name in tensors})
    config = {
        "peft_type": "LORA",
        "r": plan.rank,
        "lora_alpha": plan.alpha * plan.strength,
        "target_modules": layers,
        "bias": "none",
        "lora_dropout": 0.0,
        "inference_mode": True,
    }

    def fill(folder: Path) -> None:
        halves = {name: tensor.to(torch.float16).contiguous() for name, tensor in sorted(tensors.items())}
        save_file(halves, folder / WEIGHTS, metadata={"format": "pt"})
        # safetensors makes its file private, and the service may run under another name than the trainer.
        (folder / WEIGHTS).chmod(0o644)
        (folder / CONFIG).write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")
        (folder / "README.md").write_text(card, encoding="utf-8")

    return read_adapter(write_folder(target, _WRITTEN, fill))
