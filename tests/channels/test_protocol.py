"""Frames become messages, or faults a citizen can read; nothing else."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.asyncapi import asyncapi_yaml
from channels.protocol import (
    MAX_FRAME_BYTES,
    ErrorCode,
    FeedbackMessage,
    Hello,
    Ping,
    ProtocolFault,
    QuestionMessage,
    parse_client_message,
)

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        ('{"type": "hello"}', Hello()),
        ('{"type": "hello", "resume_token": "t", "last_seq": 4}', Hello(resume_token="t", last_seq=4)),
        (
            '{"type": "question", "client_id": "1", "text": "公积金怎么提取？", "region": null}',
            QuestionMessage(client_id="1", text="公积金怎么提取？"),
        ),
        (
            b'{"type": "feedback", "answer_id": "a", "value": "down", "reason": "old"}',
            FeedbackMessage(answer_id="a", value="down", reason="old"),
        ),
        ('{"type": "ping", "t": 1.5}', Ping(t=1.5)),
    ],
)
def test_reads(frame: str | bytes, message: object) -> None:
    assert parse_client_message(frame) == message


@pytest.mark.parametrize(
    ("frame", "code", "words"),
    [
        ("", "bad_json", "不是有效的 JSON"),
        ("{", "bad_json", "不是有效的 JSON"),
        (b"\x00\xff\xfe", "bad_json", "不是有效的 JSON"),
        ("[" * 200_000, "bad_json", "不是有效的 JSON"),
        (r'{"type": "ping\ud800"}', "bad_json", "不是有效的 JSON"),
        ("[]", "invalid_message", "应为一个 JSON 对象"),
        ("{}", "unknown_type", "hello、question、feedback、ping"),
        ('{"type": "shout"}', "unknown_type", "不认识的消息类型"),
        ('{"type": ["hello"]}', "unknown_type", "不认识的消息类型"),
        ('{"type": "question", "client_id": "1"}', "invalid_message", "缺少字段 text"),
        (
            '{"type": "question", "client_id": "", "text": "x"}',
            "invalid_message",
            "字段 client_id 最短 1 个字",
        ),
        ('{"type": "question", "client_id": "\\u0000", "text": "x"}', "invalid_message", "含有不能用的字符"),
        ('{"type": "hello", "last_seq": -1}', "invalid_message", "字段 last_seq 应不小于 0"),
        ('{"type": "feedback", "answer_id": "a", "value": "meh"}', "invalid_message", "字段 value 应为"),
        ('{"type": "ping", "model": "x"}', "invalid_message", "不认识的字段 model"),
        (json.dumps({"type": "ping", "t": "字" * 200_000}), "too_large", f"最多 {MAX_FRAME_BYTES} 字节"),
    ],
)
def test_refuses(frame: str | bytes, code: str, words: str) -> None:
    with pytest.raises(ProtocolFault) as refused:
        parse_client_message(frame)
    assert refused.value.code == code
    assert words in str(refused.value)


def test_a_refusal_says_which_question_it_is_about() -> None:
    with pytest.raises(ProtocolFault) as refused:
        parse_client_message('{"type": "question", "client_id": "c9"}')
    assert refused.value.client_id == "c9"


def test_a_hundred_thousand_characters_still_are_a_message() -> None:
    frame = json.dumps({"type": "question", "client_id": "1", "text": "问" * 100_000})
    assert isinstance(parse_client_message(frame), QuestionMessage)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
)
FIELDS = st.sampled_from(["type", "client_id", "text", "t", "resume_token", "last_seq", "value", "answer_id"])
KINDS = st.sampled_from(["hello", "question", "feedback", "ping", "other"])


@given(
    st.one_of(
        st.binary(),
        st.text(),
        JSON.map(json.dumps),
        st.dictionaries(FIELDS, JSON | KINDS).map(json.dumps),
    )
)
def test_whatever_arrives_is_a_message_or_a_fault(frame: str | bytes) -> None:
    try:
        parse_client_message(frame)
    except ProtocolFault as fault:
        assert fault.code in {ErrorCode.BAD_JSON, ErrorCode.UNKNOWN_TYPE, ErrorCode.INVALID_MESSAGE}  # noqa: PT017
        assert str(fault).endswith("。")  # noqa: PT017


def test_the_protocol_in_docs_is_the_one_the_models_describe() -> None:
    assert (DOCS / "asyncapi.yaml").read_text(encoding="utf-8") == asyncapi_yaml()
