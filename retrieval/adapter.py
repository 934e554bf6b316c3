"""A low-rank adapter (LoRA, Hu et al. 2021) over an encoder: a few megabytes that move a model to a field.

An adapter is a folder as the library `peft` writes it: `adapter_config.json` and
`adapter_model.safetensors`. It is merged into the weights when a model is loaded or converted, so that
encoding costs what it cost without it, and nothing but numbers is needed to use one.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from knowledge_base.errors import EncoderError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

CONFIG = "adapter_config.json"
WEIGHTS = "adapter_model.safetensors"
MEMBERS = (CONFIG, WEIGHTS)

_PREFIX = "base_model.model."


@dataclass(frozen=True, slots=True)
class LowRank:
    """What is added to the weight of one linear layer: `scale * up @ down`.

    Attributes:
        down: float32 of shape (rank, inputs).
        up: float32 of shape (outputs, rank).
    """

    down: NDArray[np.float32]
    up: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Adapter:
    """A low-rank change of some layers of one model, by the layer's name in it.

    Attributes:
        name: Name of its folder.
        fingerprint: 12 hexadecimal digits over its two files.
        scale: Factor of every product, `lora_alpha / rank`.
    """

    name: str
    fingerprint: str
    scale: float
    layers: Mapping[str, LowRank]


def read_adapter(folder: Path) -> Adapter:
    """Read an adapter.

    Raises:
        EncoderError: If a file is missing or damaged, or it is not a plain LoRA adapter.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        kept = [(folder / member).read_bytes() for member in MEMBERS]
        config = json.loads(kept[0])
        scale = float(config["lora_alpha"]) / int(config["r"])
        tensors = load_file(folder / WEIGHTS)
    except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
        raise EncoderError(f"the adapter {folder} cannot be read: {error}") from error
    if config.get("peft_type") != "LORA" or config.get("use_dora") or config.get("use_rslora"):
        raise EncoderError(f"the adapter {folder} is of type {config.get('peft_type')}, plain LORA is known")
    downs = {name.removesuffix(".lora_A.weight") for name in tensors if name.endswith(".lora_A.weight")}
    ups = {name.removesuffix(".lora_B.weight") for name in tensors if name.endswith(".lora_B.weight")}
    if not downs or downs != ups or len(tensors) != 2 * len(downs):
        raise EncoderError(f"the adapter {folder} holds {len(tensors)} tensors that are not pairs of A and B")
    return Adapter(
        name=folder.name,
        fingerprint=hashlib.sha256(b"".join(kept)).hexdigest()[:12],
        scale=scale,
        layers={
            layer.removeprefix(_PREFIX): LowRank(
                tensors[f"{layer}.lora_A.weight"].astype(np.float32),
                tensors[f"{layer}.lora_B.weight"].astype(np.float32),
            )
            for layer in sorted(downs)
        },
    )


def merge(model: "SentenceTransformer", adapter: Adapter) -> None:
    """Add an adapter to the weights of a loaded model, for good.

    Raises:
        EncoderError: If the model lacks one of the layers, or a layer has another shape; names it.
    """
    import torch

    # A parameter is named <place of the module>.<its model>.<layer>.weight; the transformer comes first.
    weights = {
        name.split(".", 2)[-1]: weight for name, weight in model.named_parameters() if name[:2] == "0."
    }
    for layer, low_rank in adapter.layers.items():
        weight = weights.get(f"{layer}.weight")
        shape = (low_rank.up.shape[0], low_rank.down.shape[1])
        if weight is None or tuple(weight.shape) != shape:
            found = "no such layer" if weight is None else f"one of shape {tuple(weight.shape)}"
            raise EncoderError(
                f"the adapter {adapter.name} changes {layer} of shape {shape}, the model has {found}"
            )
        with torch.no_grad():
            weight.add_(torch.from_numpy(adapter.scale * (low_rank.up @ low_rank.down)))
