"""A log of questions is read line by line; what cannot be used is told with its line, the rest is used."""

import json
from pathlib import Path

import pytest

from bot.assembly import Service
from bot.question_log import read_question_log
from knowledge_base.errors import QuestionLogError
from tests.bot.builders import DAY
from tests.bot.conftest import CITY

FEE = "《云州市养犬管理办法》第五条"


def log(tmp_path: Path, *lines: object) -> Path:
    file = tmp_path / "questions.jsonl"
    texts = [line if isinstance(line, str) else json.dumps(line, ensure_ascii=False) for line in lines]
    file.write_text("\n".join(texts), encoding="utf-8")
    return file


def test_a_source_is_found_in_the_version_in_force(service: Service, tmp_path: Path) -> None:
    file = log(tmp_path, {"question": "养狗要交钱吗", "sources": [FEE], "region": CITY})
    (known,) = read_question_log(file, service.faq, day=DAY).questions
    assert (known.question, known.region) == ("养狗要交钱吗", CITY)
    assert [passage.text for passage in known.answers] == ["第五条 养犬登记费每年免予收取。"]
    chunks = service.store.chunks(known.answers[0].chunk_ids)
    assert [chunk.draft.article for chunk in chunks.values()] == ["第五条"]


def test_without_sources_nothing_answers(service: Service, tmp_path: Path) -> None:
    (known,) = read_question_log(log(tmp_path, {"question": "猫要不要登记"}), service.faq, day=DAY).questions
    assert known.answers == ()


def test_what_cannot_be_used_is_told_with_its_line(service: Service, tmp_path: Path) -> None:
    file = log(
        tmp_path,
        {"question": "养狗要交钱吗", "sources": [FEE]},
        "",
        "养狗要交钱吗",
        {"question": "公交卡怎么退", "sources": ["《云州市公交办法》第二条"]},
        {"question": " ", "sources": [FEE]},
        {"question": "登记费", "sources": [FEE, "《云州市公交办法》第二条"]},
        {"question": "养狗要交钱吗", "sources": [FEE]},
    )
    read = read_question_log(file, service.faq, day=DAY)
    assert [known.question for known in read.questions] == ["养狗要交钱吗", "登记费"]
    assert [fault.partition("：")[0] for fault in read.faults] == ["第 3 行", "第 4 行", "第 5 行"]
    assert "知识库里没有《云州市公交办法》" in read.faults[1]


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", "不是 JSON".encode()])
def test_a_file_of_no_use_is_refused(service: Service, tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "questions.jsonl"
    file.write_bytes(content)
    with pytest.raises(QuestionLogError, match=r"questions\.jsonl"):
        read_question_log(file, service.faq, day=DAY)
