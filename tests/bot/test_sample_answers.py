"""The packaged sample knowledge answers with the real encoder: the whole path as a citizen meets it."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

import knowledge_base
from bot.answer import Answer, AnswerStatus, Question
from bot.assembly import Service, open_service
from bot.settings import Settings

pytestmark = pytest.mark.model

SAMPLE = Path(knowledge_base.__file__).parent / "sample" / "documents"
CITY = "云岭省/云州市"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, models_dir: Path) -> Iterator[Service]:
    data_dir = tmp_path_factory.mktemp("sample")
    (data_dir / "models").symlink_to(models_dir)
    service = open_service(Settings(data_dir=data_dir))
    assert service.ingest(SAMPLE).ok
    yield service
    service.close()


def ask(service: Service, question: str) -> Answer:
    return service.consultation.answer(Question(question=question, region=CITY, as_of=date(2026, 11, 23)))


@pytest.mark.parametrize(
    ("question", "file"),
    [
        ("租房提取住房公积金，一年最多能取多少？", "云州市住房公积金提取管理办法(2025).md"),
        ("申领失业保险金需要什么材料？", "失业保险金申领办事指南.md"),
        ("生育津贴怎么申领，要什么材料？", "生育津贴申领办事指南.md"),
        ("个体工商户注册要准备哪些材料？", "个体工商户设立登记办事指南.txt"),
        ("城区停车一小时多少钱？", "云州市城区机动车停车收费标准的通知.pdf"),
        ("存量房过户登记要几个工作日？", "存量房转移登记办事指南.html"),
        ("残疑人两项补贴每月多少钱", "云州市残疾人两项补贴发放工作的通知.md"),
        ("養犬登記要交哪些材料？", "云州市养犬管理条例.md"),
        ("烟花爆竹在哪里不能放？", "云州市烟花爆竹燃放管理规定.txt"),
        ("公租房申请条件是什么？", "云州市公共租赁住房管理办法.md"),
    ],
)
def test_the_right_document_comes_first(service: Service, question: str, file: str) -> None:
    answer = ask(service, question)
    assert answer.status is AnswerStatus.ANSWERED
    assert answer.citations[0].document.source_file == f"{CITY}/{file}"


@pytest.mark.parametrize(
    "question", ["今天云州市天气怎么样？", "帮我写一首关于春天的诗", "去日本旅游的签证怎么办？"]
)
def test_what_the_documents_do_not_say_is_not_answered(service: Service, question: str) -> None:
    answer = ask(service, question)
    assert answer.status in {AnswerStatus.NO_ANSWER, AnswerStatus.OUT_OF_SCOPE}
    assert answer.citations == ()
