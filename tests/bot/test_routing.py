"""Who wants a person, what cues a question holds, and the learned model as it is kept."""

import json
from pathlib import Path

import numpy as np
import pytest

from bot.routes import Route
from bot.routing import Router, cue_names, cues_of, wants_person
from knowledge_base.errors import SettingsError

DIM = 3


def router(**weights: float) -> Router:
    """A model that goes by cues alone: policy, unless a cue that is named speaks for a chat."""
    cue_weights = np.zeros((len(Route), len(cue_names())), np.float32)
    for cue, weight in weights.items():
        cue_weights[tuple(Route).index(Route.SMALLTALK), cue_names().index(cue)] = weight
    bias = np.array([1.0 if route is Route.POLICY else 0.0 for route in Route], np.float32)
    zeros = np.zeros((len(Route), DIM), np.float32)
    return Router("bigram-3", np.zeros(DIM, np.float32), zeros, cue_weights, bias)


@pytest.mark.parametrize(
    "text",
    [
        "转人工",
        "人工客服在吗",
        "我要和真人说话",
        "有冇人工客服呀",
        "轉真人客服",
        "I want to talk to a real person",
        "请找个人来帮我",
        "转人工！！！",
        "找人工",
        "人工",
        "人工客服",
        "我要人工客服",
        "帮我转接人工服务",
        "怎么转人工啊",
        "能不能转人工？",
        "请接一下人工坐席",
        "我要跟人说",
        "我想和真人说话",
        "给我找个真人",
        "换个人来说",
        "叫个工作人员来",
        "有人工吗",
        "有没有人工客服？",
        "别让机器人回答",
        "不想跟机器人说了",
        "联系客服",
        "客服在吗",
        "转 人 工",
        "我要找真人客服",
        "想跟工作人员沟通一下",
        "I want to talk to a human",
        "speak with a real person please",
        "human agent",
    ],
)
def test_a_person_is_asked_for(text: str) -> None:
    assert wants_person(text)


@pytest.mark.parametrize(
    "text",
    [
        "人工流产能报销吗",
        "人工智能企业有补贴吗",
        "人工费占工程款多少",
        "给领导提条意见",
        "你是真人还是电脑",
        "残疾人证怎么办理",
        "找人工作要签合同吗，多久之内签，不签怎么赔，去哪里告",
        "are there human resources offices",
        "人工智能企业有什么补贴？",
        "人工授精能报销吗？",
        "人工费怎么算？",
        "人工湿地保护有什么规定",
        "人工耳蜗可以用医保吗？",
        "找工作人员要带什么材料吗",
        "转基因食品要标识吗？",
        "人工客服几点上班？",
        "12345人工客服招聘条件是什么",
        "工作人员不给办怎么办？",
        "客服电话号码是多少",
        "我要找工作",
        "找人代办公积金可以吗",
        "换个人名下的车怎么过户",
        "和人签了合同不履行怎么办",
        "劳务派遣人员转正有什么规定",
        "要人工种植许可证吗",
        "人工影响天气作业",
        "公积金怎么提取？",
        "What documents does a foreign worker need?",
    ],
)
def test_nobody_is_asked_for(text: str) -> None:
    assert not wants_person(text)


def test_cues_are_told_from_the_words_in_any_script() -> None:
    assert dict(zip(cue_names(), cues_of("謝謝"), strict=True))["chat"] == 1.0
    found = dict(zip(cue_names(), cues_of("居住证怎么办理，要带什么材料"), strict=True))
    assert (found["handling"], found["chat"], found["short"]) == (1.0, 0.0, 0.0)


def test_the_likeliest_route_with_its_probability() -> None:
    guess = router(chat=4.0).guess("谢谢你", np.zeros(DIM, np.float32))
    # exp(4) against exp(1) and six times exp(0)
    assert guess.route is Route.SMALLTALK
    assert guess.probability == pytest.approx(np.exp(4) / (np.exp(4) + np.exp(1) + 6), abs=1e-5)


def test_what_is_kept_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "routes.json"
    path.write_text(json.dumps(router(chat=4.0).kept()), encoding="utf-8")
    again = Router.load(path)
    assert again.encoder == "bigram-3"
    assert np.array_equal(again.cue_weights, router(chat=4.0).cue_weights)


def test_the_packaged_weights_load() -> None:
    assert Router.load().centre.shape == (384,)


@pytest.mark.parametrize(
    ("change", "why"),
    [({"cues": ["one"]}, "for routes"), ({"bias": [0.0]}, "shapes"), ({"centre": "x"}, "cannot be read")],
)
def test_other_weights_are_refused(tmp_path: Path, change: dict[str, object], why: str) -> None:
    path = tmp_path / "routes.json"
    path.write_text(json.dumps({**router().kept(), **change}), encoding="utf-8")
    with pytest.raises(SettingsError, match=why):
        Router.load(path)
