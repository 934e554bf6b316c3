"""Somebody in danger is told from somebody who asks about the rules on it, before anything is searched."""

import json
from pathlib import Path

import pytest

import eval.datasets
from bot.emergencies import Emergency, emergency_of

DATA = Path(eval.datasets.__file__).parent / "data"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("有人要跳楼", Emergency.RESCUE),
        ("家里煤气味好重", Emergency.GAS),
        ("老人晕倒没反应", Emergency.MEDICAL),
        ("着火了", Emergency.FIRE),
        ("昨晚着的火现在又烧起来了", Emergency.FIRE),
        ("昨天孩子走丢了还没找到", Emergency.RESCUE),
        ("被家暴正在打我", Emergency.VIOLENCE),
        ("我不想活了", Emergency.SELF_HARM),
        ("我刚给骗子转了八万，能拦住吗", Emergency.SCAM),
        ("家裡瓦斯外洩", Emergency.GAS),
        ("着 火 ！了", Emergency.FIRE),
        ("着货了", Emergency.FIRE),
        ("老人韵倒了没反映", Emergency.MEDICAL),
        ("there's a fire in my building", Emergency.FIRE),
        ("My mom is unconscious", Emergency.MEDICAL),
        ("I want to kill myself", Emergency.SELF_HARM),
        ("他正在打我，怎么处罚他", Emergency.VIOLENCE),
        ("我闺蜜发消息说跟世界告别了，电话打不通", Emergency.RESCUE),
    ],
)
def test_what_is_happening_now(text: str, kind: Emergency) -> None:
    assert emergency_of(text) is kind


@pytest.mark.parametrize(
    "text",
    [
        "火灾保险怎么理赔",
        "昨晚家里着火啥都烧没了 急着用钱 政府能帮一把吗",
        "突发车祸家里揭不开锅，街道救急的钱最快多久给",
        "我爸中风半边不能动了 想办个残疾的证 要照片吗",
        "报警记录怎么查",
        "120收费标准",
        "自杀险赔吗",
        "打人怎么处罚",
        "煤气中毒能报销吗",
        "家暴告诫书怎么申请",
        "灭火器几年换",
        "想死你们了",
        "我今天高兴死了",
        "这批货运到了",
        "what is the penalty for fire safety violations",
        "",
    ],
)
def test_what_asks_about_it(text: str) -> None:
    assert emergency_of(text) is None


def test_hardly_an_ordinary_question_is_taken_for_one() -> None:
    questions = [
        json.loads(line)["question"]
        for name in (
            "sample-questions",
            "law-questions",
            "faq-questions",
            "odd-questions",
            "service-questions",
        )
        for line in (DATA / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    taken = [question for question in questions if emergency_of(question)]
    assert len(taken) <= len(questions) / 500, taken
