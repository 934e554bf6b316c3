"""How sources and places are called on screen."""

import pytest

from bot.wording import place_name, scope_of, source_name
from tests.bot.builders import chunk_of


@pytest.mark.parametrize(
    ("number", "article", "headings", "name"),
    [
        (
            "云政发〔2026〕9号",
            "第五条",
            ("第二章 登记",),
            "《云州市养犬管理条例》（云政发〔2026〕9号）第五条",
        ),
        ("", "二、（一）", (), "《云州市养犬管理条例》二、（一）"),
        ("", "二、", ("二、登记",), "《云州市养犬管理条例》二、登记"),
        ("", "二、（一）", ("二、登记",), "《云州市养犬管理条例》二、登记（一）"),
        ("", "", ("办理材料",), "《云州市养犬管理条例》“办理材料”"),
        ("", "", (), "《云州市养犬管理条例》"),
    ],
)
def test_a_source_is_cited_as_the_field_does(
    number: str, article: str, headings: tuple[str, ...], name: str
) -> None:
    assert source_name(chunk_of("养犬应当登记。", number=number, article=article, headings=headings)) == name


def test_a_region_is_called_by_its_own_name() -> None:
    assert place_name("云岭省/云州市/青岚县") == "青岚县"
    assert scope_of("云岭省/云州市") == "云州市"
    assert scope_of("全国") == "全国统一"
