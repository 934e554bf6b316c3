import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from knowledge_base.errors import EncoderError
from retrieval.adapter import CONFIG, WEIGHTS, merge, read_adapter
from retrieval.adapter_shelf import PACKAGED
from retrieval.encoder import SentenceEncoder
from retrieval.torch_runtime import load_sentence_transformer

QUERY = "encoder.layer.0.attention.self.query"
OUTPUT = "encoder.layer.1.output.dense"


def write(
    folder: Path, layers: dict[str, tuple[int, int]], *, rank: int = 2, seed: int = 0, **config: object
) -> Path:
    """Write an adapter of random numbers for layers of (outputs, inputs)."""
    folder.mkdir(parents=True)
    draw = np.random.default_rng(seed)
    tensors = {}
    for name, (outputs, inputs) in layers.items():
        tensors[f"base_model.model.{name}.lora_A.weight"] = draw.normal(size=(rank, inputs)).astype(
            np.float16
        )
        tensors[f"base_model.model.{name}.lora_B.weight"] = draw.normal(size=(outputs, rank)).astype(
            np.float16
        )
    save_file(tensors, folder / WEIGHTS)
    kept = {"peft_type": "LORA", "r": rank, "lora_alpha": 2 * rank, **config}
    (folder / CONFIG).write_text(json.dumps(kept), encoding="utf-8")
    return folder


@pytest.mark.slow
def test_an_adapter_adds_its_scaled_product_to_the_weight(
    tmp_path: Path, save_tiny_model: Callable[..., Path]
) -> None:
    model = load_sentence_transformer(str(save_tiny_model("tiny")), 1)
    (weight,) = (weight for name, weight in model.named_parameters() if name.endswith(f"{QUERY}.weight"))
    before = weight.detach().numpy().copy()
    adapter = read_adapter(write(tmp_path / "law", {QUERY: (16, 16)}))
    merge(model, adapter)
    change = weight.detach().numpy() - before
    low_rank = adapter.layers[QUERY]
    assert adapter.scale == 2.0
    np.testing.assert_allclose(change, 2.0 * (low_rank.up @ low_rank.down), atol=1e-5)


@pytest.mark.slow
def test_an_adapted_encoder_has_a_name_a_fingerprint_and_vectors_of_its_own(
    tmp_path: Path, save_tiny_model: Callable[..., Path], models_folder: Path
) -> None:
    base = str(save_tiny_model("tiny"))
    folder = write(tmp_path / "law", {OUTPUT: (16, 32)})
    plain = SentenceEncoder.load(base, models_dir=models_folder)
    adapted = SentenceEncoder.load(base, models_dir=models_folder, adapter=folder)
    by_torch = SentenceEncoder.load(base, models_dir=models_folder, runtime="torch", adapter=folder)
    assert (plain.name, adapted.name) == ("tiny", "tiny+law")
    assert plain.fingerprint != adapted.fingerprint == by_torch.fingerprint
    question = ["东南西北"]
    np.testing.assert_allclose(adapted.encode_queries(question), by_torch.encode_queries(question), atol=1e-5)
    assert np.abs(adapted.encode_queries(question) - plain.encode_queries(question)).max() > 1e-3


def test_another_adapter_has_another_fingerprint(tmp_path: Path) -> None:
    first = read_adapter(write(tmp_path / "a", {QUERY: (16, 16)}, seed=1))
    second = read_adapter(write(tmp_path / "b", {QUERY: (16, 16)}, seed=2))
    assert first.fingerprint != second.fingerprint


@pytest.mark.slow
@pytest.mark.parametrize(
    ("layer", "shape", "message"),
    [
        (QUERY, (16, 8), r"of shape \(16, 8\), the model has one of shape \(16, 16\)"),
        ("encoder.layer.9.output.dense", (16, 32), "the model has no such layer"),
    ],
)
def test_an_adapter_for_another_model_is_refused_by_layer(
    tmp_path: Path, save_tiny_model: Callable[..., Path], layer: str, shape: tuple[int, int], message: str
) -> None:
    model = load_sentence_transformer(str(save_tiny_model("tiny")), 1)
    with pytest.raises(EncoderError, match=message):
        merge(model, read_adapter(write(tmp_path / "law", {layer: shape})))


def test_a_missing_or_damaged_adapter_is_named(tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match=r"the adapter .*nowhere cannot be read"):
        read_adapter(tmp_path / "nowhere")
    folder = write(tmp_path / "law", {QUERY: (16, 16)})
    (folder / WEIGHTS).write_bytes((folder / WEIGHTS).read_bytes()[:-10])
    with pytest.raises(EncoderError, match=r"the adapter .*law cannot be read"):
        read_adapter(folder)


def test_a_variant_of_lora_that_merges_otherwise_is_refused(tmp_path: Path) -> None:
    folder = write(tmp_path / "law", {QUERY: (16, 16)}, use_rslora=True)
    with pytest.raises(EncoderError, match="plain LORA is known"):
        read_adapter(folder)


def test_the_packaged_adapter_is_small_and_says_how_it_was_made() -> None:
    adapter = read_adapter(PACKAGED)
    assert sum(path.stat().st_size for path in PACKAGED.iterdir()) <= 6 * 1024 * 1024
    # twelve layers: query, key, value, output, and the two of the feed-forward part
    assert len(adapter.layers) == 12 * 6
    assert {low_rank.down.shape[0] for low_rank in adapter.layers.values()} == {32}
    card = (PACKAGED / "README.md").read_text(encoding="utf-8")
    assert "license: apache-2.0" in card
    assert "| seed | 20261125 |" in card
    assert f"| strength | {adapter.scale * 32 / 64} |" in card
