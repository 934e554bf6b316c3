"""Bad data is named by file and line."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.answer import AnswerStatus
from eval.datasets import DatasetError, LabelledQuestion, read_answer_set, read_beir

GOOD = {
    "id": "s1",
    "type": "fact",
    "question": "养犬登记几天内办？",
    "status": "answered",
    "expected": [{"file": "云州/养犬规定.md", "article": "第五条"}],
    "must_include": [["30日", "三十日"]],
}


def write_beir(folder: Path, **files: str) -> Path:
    texts = {
        "corpus.jsonl": '{"_id": "d1", "title": "规定", "text": "办证"}\n{"_id": "d2", "text": "退休"}\n',
        "queries.jsonl": '{"_id": "q1", "text": "怎么办证"}\n{"_id": "q2", "text": "何时退休"}\n',
        "qrels/test.tsv": "query-id\tcorpus-id\tscore\nq2\td2\t1\n",
    } | {name.replace("__", "."): text for name, text in files.items()}
    for name, text in texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def test_a_beir_folder_is_read_for_the_queries_its_split_judges(tmp_path: Path) -> None:
    beir = read_beir(write_beir(tmp_path / "tiny"))
    assert beir.name == "tiny"
    assert [(one.id, one.title, one.text) for one in beir.documents] == [
        ("d1", "规定", "办证"),
        ("d2", "", "退休"),
    ]
    assert beir.queries == {"q2": "何时退休"}
    assert beir.qrels == {"q2": {"d2": 1}}


@pytest.mark.parametrize(
    ("name", "text", "fault"),
    [
        (
            "corpus.jsonl",
            '{"_id": "d1", "text": "甲"}\n{"_id": "d1", "text": "乙"}\n',
            r"corpus.jsonl:2: .*twice",
        ),
        ("corpus.jsonl", '{"_id": "d1"}\n', r"corpus.jsonl:1: text: Field required"),
        ("corpus.jsonl", '\n{"_id": "d1", "text"', r"corpus.jsonl:2: not JSON: .* at column 21"),
        ("corpus.jsonl", "", r"corpus.jsonl: holds no line"),
        ("queries.jsonl", '{"_id": "q1", "text": " "}\n', r"queries.jsonl:1: query 'q1' is blank"),
        ("queries.jsonl", "[]\n", r"queries.jsonl:1: line: "),
        ("qrels/test.tsv", "q2\td2\t1\n", r"test.tsv:1: no header"),
        ("qrels/test.tsv", "query-id\tcorpus-id\tscore\nq2\td2\n", r"test.tsv:2: 2 columns, expected 3"),
        ("qrels/test.tsv", "query-id\tcorpus-id\tscore\nq2\td2\tx\n", r"test.tsv:2: score 'x'"),
        (
            "qrels/test.tsv",
            "query-id\tcorpus-id\tscore\nq9\td2\t1\n",
            r"test.tsv:2: query 'q9' is not in queries",
        ),
        (
            "qrels/test.tsv",
            "query-id\tcorpus-id\tscore\nq2\td9\t1\n",
            r"test.tsv:2: document 'd9' is not in corpus",
        ),
        ("qrels/test.tsv", "query-id\tcorpus-id\tscore\n" + "q2\td2\t1\n" * 2, r"test.tsv:3: .* twice"),
        ("qrels/test.tsv", "query-id\tcorpus-id\tscore\n", r"test.tsv: judges no query"),
    ],
)
def test_a_bad_beir_folder_is_refused(tmp_path: Path, name: str, text: str, fault: str) -> None:
    write_beir(tmp_path)
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(DatasetError, match=fault):
        read_beir(tmp_path)


def test_a_missing_split_names_those_there(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"dev.tsv: no such file; splits there: test"):
        read_beir(write_beir(tmp_path), split="dev")


def test_a_missing_corpus_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"corpus.jsonl: no such file"):
        read_beir(tmp_path)


def test_an_answer_set_is_read_with_history_and_unknown_keys_ignored(tmp_path: Path) -> None:
    follow_up = GOOD | {"id": "s2", "history": [{"role": "user", "text": "养狗要登记吗"}], "note": "追问"}
    refused = GOOD | {"id": "s3", "status": "no_answer", "expected": [], "must_include": []}
    path = tmp_path / "set.jsonl"
    path.write_text("\n\n".join(map(json.dumps, (GOOD, follow_up, refused))), encoding="utf-8-sig")
    first, second, third = read_answer_set(path)
    assert first.must_include == (("30日", "三十日"),)
    assert second.history[0].text == "养狗要登记吗"
    assert (first.answerable, third.answerable) == (True, False)
    assert third.status is AnswerStatus.NO_ANSWER


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"status": "maybe"}, r"set.jsonl:2: status: Input should be"),
        ({"question": "  "}, r"set.jsonl:2: .*question is blank"),
        ({"expected": []}, r"set.jsonl:2: .*status is answered but expected names no article"),
        ({"status": "no_answer"}, r"set.jsonl:2: .*status is no_answer but expected names 1"),
        (
            {"expected": [{"file": "a.md", "artcle": "第一条"}]},
            r"set.jsonl:2: expected.0.article: Field required",
        ),
        ({"must_include": [[]]}, r"set.jsonl:2: .*group without alternatives"),
        ({"id": "s1"}, r"set.jsonl:2: id 's1' comes twice"),
    ],
)
def test_a_bad_line_of_an_answer_set_is_named(tmp_path: Path, change: dict[str, object], fault: str) -> None:
    path = tmp_path / "set.jsonl"
    path.write_text("\n".join(map(json.dumps, (GOOD, GOOD | {"id": "s2"} | change))), encoding="utf-8")
    with pytest.raises(DatasetError, match=fault):
        read_answer_set(path)


def test_a_file_in_another_encoding_is_named_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "set.jsonl"
    path.write_bytes(json.dumps(GOOD).encode() + b"\n" + '{"id": "养犬"}'.encode("gb18030"))
    with pytest.raises(DatasetError, match=r"set.jsonl:2: not UTF-8 at byte 8"):
        read_answer_set(path)


@given(st.binary(max_size=200))
def test_whatever_the_bytes_the_fault_is_a_dataset_error(
    tmp_path_factory: pytest.TempPathFactory, raw: bytes
) -> None:
    path = tmp_path_factory.mktemp("sets") / "set.jsonl"
    path.write_bytes(raw)
    with pytest.raises(DatasetError):
        read_answer_set(path)


@given(st.text(min_size=1).filter(str.strip))
def test_a_question_is_read_back_as_written(tmp_path_factory: pytest.TempPathFactory, words: str) -> None:
    path = tmp_path_factory.mktemp("sets") / "set.jsonl"
    question = LabelledQuestion.model_validate(GOOD | {"question": words})
    path.write_text(question.model_dump_json(), encoding="utf-8")
    assert read_answer_set(path) == (question,)
