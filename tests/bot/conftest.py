"""A small invented library: dog keeping in a nation, a province, a city and a county, and what is next to it.

The city's rule of 2021 gives way to that of 2026 on the day the tests take place (`DAY`).
"""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from bot.assembly import Service
from bot.confidence import SIGNALS, Confidence
from bot.consultation import Consultation
from bot.settings import Settings
from knowledge_base.database import open_database
from retrieval.ranking import FEATURES, Ranking
from tests.bot.builders import DAY
from tests.retrieval.fakes import BigramEncoder

CITY = "云岭省/云州市"
COUNTY = "云岭省/云州市/青岚县"
DOCUMENTS = {
    "全国/动物防疫法.md": (
        {"title": "动物防疫法", "level": "法律", "region": "全国", "effective": "2021-05-01"},
        "第一条　为了加强动物防疫，制定本法。\n"
        "第三十条　单位和个人饲养犬只，应当按照规定定期免疫接种狂犬病疫苗。\n"
        "第三十一条　携带犬只出户的，应当佩戴犬牌并系犬绳。",
    ),
    "全国/住房公积金管理条例.md": (
        {"title": "住房公积金管理条例", "level": "行政法规", "region": "全国", "effective": "2019-03-24"},
        "第二十四条　职工有下列情形之一的，可以提取住房公积金账户内的存储余额：\n"
        "（一）购买、建造、翻建、大修自住住房的；\n（二）离休、退休的；\n（三）房租超出家庭工资收入的规定比例的。\n"
        "第二十五条　职工提取住房公积金的，应当自受理申请之日起三日内作出准予提取或者不准提取的决定。",
    ),
    "云岭省/养犬条例.md": (
        {"title": "云岭省养犬条例", "level": "地方性法规", "region": "云岭省", "effective": "2020-01-01"},
        "第二条　养犬实行属地管理，经费由各市承担。\n第三条　禁止在校园内饲养烈性犬。",
    ),
    "云岭省/云州市/养犬管理办法(2021).md": (
        {
            "title": "云州市养犬管理办法",
            "level": "政府规章",
            "region": CITY,
            "doc_number": "云政发〔2021〕5号",
            "effective": "2021-06-01",
            "superseded_by": "云岭省/云州市/养犬管理办法(2026).md",
        },
        "第五条　养犬登记费每年二百元。\n第六条　养犬人应当在取得犬只之日起十日内办理养犬登记。",
    ),
    "云岭省/云州市/养犬管理办法(2026).md": (
        {
            "title": "云州市养犬管理办法",
            "level": "政府规章",
            "region": CITY,
            "doc_number": "云政发〔2026〕9号",
            "effective": DAY.isoformat(),
        },
        "第五条　养犬登记费每年免予收取。\n"
        "第六条　养犬人应当在取得犬只之日起三十日内办理养犬登记。办理养犬登记应当提交下列材料：\n"
        "（一）养犬人身份证件；\n（二）犬只免疫证明。\n"
        "第七条　重点管理区内每户限养一只犬。" + "养犬人应当遵守社会公德，不得干扰他人正常生活。" * 30,
    ),
    "云岭省/云州市/青岚县/养犬登记通告.md": (
        {"title": "青岚县养犬登记通告", "level": "规范性文件", "region": COUNTY, "effective": "2024-01-01"},
        "一、养犬登记费减半收取，每年一百元。\n二、登记点设在各派出所。",
    ),
    "海州省/海州市/养犬管理规定.md": (
        {
            "title": "海州市养犬管理规定",
            "level": "政府规章",
            "region": "海州省/海州市",
            "effective": "2018-01-01",
        },
        "第八条　养犬登记费每年五百元。",
    ),
    "云岭省/云州市/犬只绝育补贴办法.md": (
        {"title": "云州市犬只绝育补贴办法", "level": "规范性文件", "region": CITY, "effective": "2027-01-01"},
        "第二条　犬只绝育手术每只补贴三百元。",
    ),
}
# The words decide: what the tests show is the steps at work, not how well a made-up encoder understands.
BY_WORDS = Ranking(
    np.array([{"lexical": 3.0, "coverage": 6.0}.get(name, 0.0) for name in FEATURES], np.float32)
)
COVERED = Confidence(tuple({"coverage": 20.0}.get(name, 0.0) for name in SIGNALS), -8.0, 0.5)


@pytest.fixture(scope="session")
def documents(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library as a folder with its manifest."""
    folder = tmp_path_factory.mktemp("documents")
    for name, (_, text) in DOCUMENTS.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    manifest = [{"file": name, **given} for name, (given, _) in DOCUMENTS.items()]
    (folder / "manifest.json").write_text(json.dumps(manifest, ensure_ascii=False), encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def service(documents: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The library taken in and indexed; for reading only."""
    settings = Settings(data_dir=tmp_path_factory.mktemp("data"))
    service = Service(settings, open_database(settings.sqlalchemy_url), BigramEncoder(), ranking=BY_WORDS)
    assert service.ingest(documents).ok
    yield service
    service.close()


@pytest.fixture
def consultation(service: Service) -> Consultation:
    """A consultation over the library that takes place on `DAY` and answers where the words are covered."""
    return Consultation(
        service.store,
        service.index,
        service.settings,
        faq=service.faq,
        confidence=COVERED,
        clock=lambda: DAY,
    )
