import logging
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge_base.errors import EncoderError
from retrieval import encoder as encoder_module
from retrieval.contracts import Encoder, Span, Vectors
from retrieval.encoder import SentenceEncoder, average_spans, plan_batches
from retrieval.runtime import Recipe, TokenBatch, TokenVectors, unit_rows
from retrieval.torch_runtime import choose_prefixes
from tests.retrieval.letters import ALPHABET, letter_tokenizer

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer


class CompassRuntime:
    """Points 东 along x and 北 along y, 西 and 南 against them; every other token is a zero."""

    def __init__(self) -> None:
        self.batches: list[TokenBatch] = []
        self.table = np.zeros((len(ALPHABET), 2), np.float32)
        self.table[[ALPHABET.index(c) for c in "东西北南"]] = [(1, 0), (-1, 0), (0, 1), (0, -1)]

    def run(self, batch: TokenBatch) -> TokenVectors:
        self.batches.append(batch)
        tokens = self.table[batch.ids]
        weights = batch.mask[:, :, None].astype(np.float32)
        return TokenVectors(tokens, (tokens * weights).sum(axis=1) / weights.sum(axis=1))

    def run_many(self, batches: Iterable[TokenBatch]) -> Iterator[TokenVectors]:
        return map(self.run, batches)

    def finish(self, means: Vectors) -> Vectors:
        return means


def compass(max_tokens: int = 512) -> tuple[SentenceEncoder, CompassRuntime]:
    runtime = CompassRuntime()
    recipe = Recipe(
        "compass", 2, max_tokens, "mean", 1, query_prefix="问：", passage_prefix="文：", fingerprint="f0"
    )
    return SentenceEncoder(recipe, letter_tokenizer(), runtime), runtime


def test_is_an_encoder() -> None:
    encoder: Encoder = compass()[0]
    assert (encoder.name, encoder.dim, encoder.fingerprint) == ("compass", 2, "f0")


def test_questions_and_passages_carry_their_own_prefix() -> None:
    encoder, runtime = compass()
    encoder.encode_queries(["东"])
    encoder.encode_passages(["东"])
    ids = [[ALPHABET[i] for i in batch.ids[0]] for batch in runtime.batches]
    assert ids == [["<s>", "问", "：", "东", "</s>"], ["<s>", "文", "：", "东", "</s>"]]


def test_vectors_are_float32_of_unit_length() -> None:
    vectors = compass()[0].encode_passages(["东东北", "南"])
    # 东东北 adds up to (2, 1), of length √5.
    np.testing.assert_allclose(vectors, np.array([[2 / 5**0.5, 1 / 5**0.5], [0, -1]]), rtol=1e-6)
    assert vectors.dtype == np.float32


def test_a_span_is_the_mean_of_its_own_tokens() -> None:
    vectors = compass()[0].encode_passages_with_spans(["东东北 西"], [[(0, 2), (1, 3), (4, 5), (0, 5)]])
    half = 2**-0.5
    expected = np.array([[1, 0], [half, half], [-1, 0], [half, half]])
    np.testing.assert_allclose(vectors.spans[0], expected, atol=1e-6)


def test_a_span_without_a_token_gets_the_vector_of_its_passage() -> None:
    encoder, _ = compass(max_tokens=6)
    text = "东北 东西西西"
    # Blank, empty, and beyond the six tokens <s> 文 ： 东 北 </s> that are read.
    vectors = encoder.encode_passages_with_spans([text], [[(2, 3), (1, 1), (4, 7)]])
    np.testing.assert_allclose(vectors.passages, [[2**-0.5, 2**-0.5]], rtol=1e-6)
    np.testing.assert_array_equal(vectors.spans[0], np.repeat(vectors.passages, 3, axis=0))


def test_a_passage_without_spans_has_none() -> None:
    vectors = compass()[0].encode_passages_with_spans(["东", "北"], [[], [(0, 1)]])
    assert [spans.shape for spans in vectors.spans] == [(0, 2), (1, 2)]


def test_passages_and_their_spans_come_from_one_forward_pass() -> None:
    encoder, runtime = compass()
    encoder.encode_passages_with_spans(["东北" * 5, "西"], [[(0, 3), (3, 10)], [(0, 1)]])
    assert sum(len(batch.ids) for batch in runtime.batches) == 2


@pytest.mark.parametrize(
    ("spans", "message"),
    [
        ([[(0, 1)], []], "2 lists of spans for 1 passages"),
        ([[(0, 3)]], r"span 0\.\.3 leaves passage 0 of 2 characters"),
        ([[(2, 1)]], r"span 2\.\.1 leaves passage 0 of 2 characters"),
        ([[(-1, 1)]], r"span -1\.\.1 leaves passage 0 of 2 characters"),
    ],
)
def test_a_span_outside_its_passage_is_refused(spans: list[list[Span]], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        compass()[0].encode_passages_with_spans(["东北"], spans)


@pytest.mark.parametrize("count", [0, 1, 3, 5, 40])
def test_vectors_come_in_the_order_of_the_texts(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    monkeypatch.setattr(encoder_module, "WINDOW", 16)
    monkeypatch.setattr(encoder_module, "BATCH_TOKENS", 64)
    texts = ["东西南北"[i % 4] * (1 + i * 7 % 11) for i in range(count)]
    expected = np.array([[(1, 0), (-1, 0), (0, -1), (0, 1)][i % 4] for i in range(count)], np.float32)
    encoder, _ = compass()
    np.testing.assert_allclose(encoder.encode_passages(texts), expected.reshape(count, 2), atol=1e-6)
    np.testing.assert_allclose(encoder.encode_queries(texts), expected.reshape(count, 2), atol=1e-6)


def test_progress_counts_up_to_the_number_of_passages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoder_module, "WINDOW", 4)
    monkeypatch.setattr(encoder_module, "BATCH_TOKENS", 10)
    seen: list[int] = []
    compass()[0].encode_passages(["东"] * 9, seen.append)
    # Each passage is 5 tokens, so 2 fit a batch, and windows of 4, 4 and 1 close batches.
    assert seen == [2, 4, 6, 8, 9]


@given(st.lists(st.integers(1, 600), max_size=60), st.integers(1, 1024))
def test_batches_hold_every_text_once_within_the_budget(lengths: list[int], max_tokens: int) -> None:
    batches = plan_batches(lengths, max_tokens)
    assert sorted(i for batch in batches for i in batch) == list(range(len(lengths)))
    for batch in batches:
        assert len(batch) == 1 or max(lengths[i] for i in batch) * len(batch) <= max_tokens


def test_batches_take_texts_of_like_length_the_longest_first() -> None:
    assert plan_batches([10, 100, 12, 90], 200) == [[1, 3], [2, 0]]


def test_a_token_across_the_edge_of_a_span_counts_for_both_sides() -> None:
    tokens = np.array([[9, 9], [1, 0], [0, 1], [0, 3]], np.float32)
    offsets = np.array([[0, 0], [0, 2], [2, 4], [4, 6]])
    means, is_found = average_spans(tokens, offsets, [(0, 3), (3, 6), (6, 7)])
    np.testing.assert_array_equal(means, [[0.5, 0.5], [0, 2], [0, 0]])
    assert is_found.tolist() == [True, True, False]


@given(st.lists(st.integers(1, 4), min_size=1, max_size=30), st.data())
def test_neighbouring_spans_on_token_edges_average_to_the_whole(
    widths: list[int], data: st.DataObject
) -> None:
    ends = np.cumsum(widths)
    offsets = np.stack([ends - widths, ends], axis=1)
    tokens = np.arange(len(widths), dtype=np.float32)[:, None]
    cut = data.draw(st.integers(1, len(widths)))
    end = int(ends[-1])
    means, is_found = average_spans(
        tokens, offsets, [(0, int(ends[cut - 1])), (int(ends[cut - 1]), end), (0, end)]
    )
    left, right, whole = means[:, 0]
    assert np.isclose(left * cut + right * (len(widths) - cut), whole * len(widths))
    assert is_found.tolist() == [True, cut < len(widths), True]


def test_a_row_of_zeros_has_no_direction() -> None:
    np.testing.assert_array_equal(
        unit_rows(np.array([[0, 0], [3, 4]], np.float32)), np.array([[0, 0], [0.6, 0.8]], np.float32)
    )


@pytest.mark.parametrize(
    ("name", "prompts", "expected"),
    [
        ("multilingual-e5-small", {}, ("query: ", "passage: ")),
        ("intfloat/e5-base-v2", {"query": "", "document": ""}, ("query: ", "passage: ")),
        ("intfloat/multilingual-e5-large-instruct", {}, ("", "")),
        ("BAAI/bge-small-zh-v1.5", {}, ("为这个句子生成表示以用于检索相关文章：", "")),
        (
            "Qwen/Qwen3-Embedding-0.6B",
            {"query": "Instruct: find\nQuery:", "document": ""},
            ("Instruct: find\nQuery:", ""),
        ),
        ("own/e5-tuned", {"query": "问：", "passage": "文："}, ("问：", "文：")),
        ("BAAI/bge-m3", {}, ("", "")),
        ("shibing624/text2vec-base-chinese", {}, ("", "")),
    ],
)
def test_prefixes_are_the_models_own_before_its_familys(
    name: str, prompts: dict[str, str | None], expected: tuple[str, str]
) -> None:
    assert choose_prefixes(name, prompts) == expected


def sentences(model: "SentenceTransformer", texts: Sequence[str]) -> Vectors:
    vectors: Vectors = model.encode(list(texts), prompt="", normalize_embeddings=True)
    return vectors


TEXTS = ["东", "东南西北" * 3, "北 北东", "西西" * 30]


@pytest.mark.model
def test_converting_warns_of_nothing(
    save_tiny_model: Callable[..., Path], models_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a loss it has no use for, transformers would warn an operator at the first start."""
    warned: list[str] = []
    logger = "transformers.modeling_utils.logger"
    monkeypatch.setattr(f"{logger}.warning_once", lambda message, *_: warned.append(message))
    SentenceEncoder.load(str(save_tiny_model("quiet")), models_dir=models_folder)
    assert len(list(models_folder.iterdir())) == 1
    assert warned == []


@pytest.mark.model
@pytest.mark.parametrize("pooling", ["mean", "cls"])
def test_openvino_gives_the_vectors_of_sentence_transformers(
    save_tiny_model: Callable[..., Path], models_folder: Path, pooling: str
) -> None:
    from sentence_transformers import SentenceTransformer

    source = save_tiny_model("tiny", pooling)
    encoder = SentenceEncoder.load(str(source), models_dir=models_folder, threads=1)
    (converted,) = models_folder.iterdir()
    expected = sentences(SentenceTransformer(str(source), device="cpu"), TEXTS)
    assert (encoder.encode_passages(TEXTS) * expected).sum(axis=1).min() >= 0.99999
    assert (encoder.encode_queries(TEXTS) * expected).sum(axis=1).min() >= 0.99999

    again = SentenceEncoder.load(str(source), models_dir=models_folder, threads=1)
    assert list(models_folder.iterdir()) == [converted]
    assert again.fingerprint == encoder.fingerprint
    np.testing.assert_array_equal(again.encode_queries(TEXTS), encoder.encode_queries(TEXTS))


@pytest.mark.model
def test_runtimes_agree_on_spans_and_fingerprint(
    save_tiny_model: Callable[..., Path], models_folder: Path
) -> None:
    source = str(save_tiny_model("tiny"))
    spans: list[list[Span]] = [[(0, 1)], [(0, 5), (5, 12)], [(1, 2), (3, 4)], [(0, 10), (50, 60)]]
    fast = SentenceEncoder.load(source, models_dir=models_folder, runtime="openvino", threads=1)
    reference = SentenceEncoder.load(source, models_dir=models_folder, runtime="torch", threads=1)
    assert fast.fingerprint == reference.fingerprint
    found = fast.encode_passages_with_spans(TEXTS, spans)
    expected = reference.encode_passages_with_spans(TEXTS, spans)
    for one, other in zip([found.passages, *found.spans], [expected.passages, *expected.spans], strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


@pytest.mark.model
@pytest.mark.parametrize(("pooling", "dense"), [("max", 0), ("mean", 8)])
def test_what_openvino_cannot_run_exactly_is_run_by_torch(
    save_tiny_model: Callable[..., Path],
    models_folder: Path,
    caplog: pytest.LogCaptureFixture,
    pooling: str,
    dense: int,
) -> None:
    from sentence_transformers import SentenceTransformer

    source = save_tiny_model("tiny", pooling, dense=dense)
    with caplog.at_level(logging.WARNING, "retrieval.encoder"):
        encoder = SentenceEncoder.load(str(source), models_dir=models_folder, threads=1)
    assert "running tiny by torch" in caplog.text
    assert not models_folder.exists() or not list(models_folder.iterdir())
    expected = sentences(SentenceTransformer(str(source), device="cpu"), TEXTS)
    vectors = encoder.encode_passages_with_spans(TEXTS, [[(0, 1)]] * 4)
    np.testing.assert_allclose(vectors.passages, expected, atol=1e-6)
    assert vectors.spans[0].shape == (1, dense or 16) == (1, encoder.dim)


@pytest.mark.model
def test_other_weights_have_another_fingerprint(
    save_tiny_model: Callable[..., Path], models_folder: Path
) -> None:
    one, other = (
        SentenceEncoder.load(str(save_tiny_model("tiny", seed=seed)), models_dir=models_folder, threads=1)
        for seed in (0, 1)
    )
    assert one.fingerprint != other.fingerprint


@pytest.mark.model
def test_a_damaged_conversion_is_made_again(
    save_tiny_model: Callable[..., Path], models_folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    source = str(save_tiny_model("tiny"))
    before = SentenceEncoder.load(source, models_dir=models_folder, threads=1).encode_queries(TEXTS)
    (converted,) = models_folder.iterdir()
    (converted / "model.bin").write_bytes(b"")
    with caplog.at_level(logging.WARNING, "retrieval.encoder"):
        encoder = SentenceEncoder.load(source, models_dir=models_folder, threads=1)
    assert "converted model is damaged" in caplog.text
    np.testing.assert_array_equal(encoder.encode_queries(TEXTS), before)


@pytest.mark.model
def test_a_model_that_is_not_there_is_named(tmp_path: Path, models_folder: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(EncoderError, match=r"encoder '.*empty' cannot be loaded"):
        SentenceEncoder.load(str(tmp_path / "empty"), models_dir=models_folder, threads=1)


@pytest.fixture(scope="module")
def default_encoder(models_dir: Path) -> SentenceEncoder:
    return SentenceEncoder.load(models_dir=models_dir)


@pytest.mark.model
def test_the_default_finds_the_passage_that_answers(default_encoder: SentenceEncoder) -> None:
    passages = [
        "失业人员失业前累计缴费满一年不足五年的，领取失业保险金的期限最长为十二个月。",
        "新生儿出生后一个月以内，由父亲或者母亲向户口所在地派出所申报出生登记。",
        "缴存人购买自住住房的，可以申请提取住房公积金账户内的存储余额。",
    ]
    vectors = default_encoder.encode_passages(passages)
    assert default_encoder.dim == 384
    for question, expected in (
        ("失业金最多能领几个月", 0),
        ("How do I register the birth of my baby?", 1),
        ("買房可以提取公積金嗎", 2),
    ):
        scores = vectors @ default_encoder.encode_queries([question])[0]
        assert int(scores.argmax()) == expected, question


@pytest.mark.model
def test_the_default_runs_exactly_as_sentence_transformers_would(
    default_encoder: SentenceEncoder, models_dir: Path
) -> None:
    reference = SentenceEncoder.load(models_dir=models_dir, runtime="torch")
    texts = [
        "（一）申请人身份证件；",
        "用人单位应当自用工之日起三十日内申请办理社会保险登记。" * 40,
        "What is the fee?",
    ]
    spans: list[list[Span]] = [[(3, 10)], [(0, 27), (27, 54)], [(0, 4)]]
    assert default_encoder.fingerprint == reference.fingerprint
    found = default_encoder.encode_passages_with_spans(texts, spans)
    expected = reference.encode_passages_with_spans(texts, spans)
    for one, other in zip([found.passages, *found.spans], [expected.passages, *expected.spans], strict=True):
        assert (one * other).sum(axis=1).min() >= 0.99999


@pytest.mark.model
def test_threads_share_one_encoder(default_encoder: SentenceEncoder) -> None:
    questions = [f"第{i}条规定了什么？" for i in range(12)]
    expected = np.concatenate([default_encoder.encode_queries([question]) for question in questions])
    with ThreadPoolExecutor(6) as pool:
        ingest = pool.submit(default_encoder.encode_passages, questions * 4)
        answers = list(pool.map(lambda question: default_encoder.encode_queries([question]), questions))
    np.testing.assert_allclose(np.concatenate(answers), expected, atol=1e-6)
    assert ingest.result().shape == (48, 384)


@pytest.mark.model
def test_a_converted_model_starts_without_torch_or_a_call_home(
    default_encoder: SentenceEncoder, models_dir: Path
) -> None:
    script = (
        "import sys; from pathlib import Path; from retrieval.encoder import SentenceEncoder;"
        "encoder = SentenceEncoder.load(models_dir=Path(sys.argv[1]));"
        "encoder.encode_queries(['社保']);"
        "print(encoder.fingerprint, 'torch' in sys.modules, bool(sys.modules.get('openvino_telemetry')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(models_dir)],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    assert done.stdout.split() == [default_encoder.fingerprint, "False", "False"]
