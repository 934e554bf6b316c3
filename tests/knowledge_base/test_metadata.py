from datetime import date

import pytest

from knowledge_base.manifest import ManifestRow
from knowledge_base.metadata import describe, read_metadata
from knowledge_base.normalising import SourceText, assemble
from knowledge_base.records import Block, BlockKind
from knowledge_base.regions import load_gazetteer

GAZETTEER = load_gazetteer().with_regions(["云岭省/云州市/青岚县"])

NOTICE = """云州市人民政府文件
云政发〔2026〕3号
云州市人民政府关于提高高龄津贴标准
有关事项的通知
各县区人民政府：
现将有关事项通知如下：
一、标准每人每月一百元。
本通知自2026年4月1日起施行。
云州市人民政府
二〇二六年三月五日"""

REGULATION = """# 云州市公园条例
2019年12月27日 云州市第九届人民代表大会常务委员会第三次会议通过
2020年3月26日 云岭省第十三届人民代表大会常务委员会第五次会议批准
2020年7月1日 施行
第一条 为了加强公园管理，制定本条例。
第二条 本条例自2020年7月1日起施行。"""

ORDER = """云州市烟花管理规定
（2023年11月20日云州市人民政府令第38号公布 自2024年1月1日起施行）
第一条 甲。"""

GUIDE = """居民身份证办理指南
发布机构：青岚县公安局
发布日期：2025-06-01
申请条件：
年满十六周岁。"""


def written(text: str) -> SourceText:
    blocks = [
        Block(BlockKind.HEADING, line[2:], 1) if line.startswith("# ") else Block(BlockKind.PARAGRAPH, line)
        for line in text.split("\n")
    ]
    return assemble(blocks)


def test_a_circular() -> None:
    meta = read_metadata(written(NOTICE), "通知.txt", GAZETTEER)
    assert meta.title == "云州市人民政府关于提高高龄津贴标准有关事项的通知"
    assert (meta.doc_number, meta.issuer) == ("云政发〔2026〕3号", "云州市人民政府")
    assert (meta.published, meta.level, meta.region) == (date(2026, 3, 5), "规范性文件", "云岭省/云州市")


def test_a_local_regulation_is_passed_by_the_city_and_approved_by_the_province() -> None:
    meta = read_metadata(written(REGULATION), "条例.md", GAZETTEER)
    assert (meta.title, meta.level) == ("云州市公园条例", "地方性法规")
    assert meta.issuer == "云州市人民代表大会常务委员会"
    assert (meta.region, meta.published) == ("云岭省/云州市", date(2020, 3, 26))


def test_an_order() -> None:
    meta = read_metadata(written(ORDER), "规定.txt", GAZETTEER)
    assert (meta.doc_number, meta.issuer) == ("云州市人民政府令第38号", "云州市人民政府")
    assert (meta.level, meta.published) == ("地方政府规章", date(2023, 11, 20))


def test_fields_written_out() -> None:
    meta = read_metadata(written(GUIDE), "指南.txt", GAZETTEER)
    assert (meta.title, meta.level) == ("居民身份证办理指南", "办事指南")
    assert (meta.issuer, meta.published) == ("青岚县公安局", date(2025, 6, 1))
    assert meta.region == "云岭省/云州市/青岚县"


@pytest.mark.parametrize(
    ("title", "history", "level"),
    [
        ("中华人民共和国公园法", "2020年1月1日 第十三届全国人民代表大会常务委员会第一次会议通过", "法律"),
        ("公园条例", "2020年1月1日 中华人民共和国国务院令第700号公布", "行政法规"),
        ("公园管理办法", "2020年1月1日 住房和城乡建设部令第50号公布", "部门规章"),
        ("公园条例", "", "行政法规"),
        ("云州市公园条例", "", "地方性法规"),
    ],
)
def test_levels(title: str, history: str, level: str) -> None:
    text = "\n".join(filter(None, (f"# {title}", history, "第一条 甲。")))
    assert read_metadata(written(text), "甲.md", GAZETTEER).level == level


def test_the_file_name_helps_where_the_text_is_silent() -> None:
    meta = read_metadata(written("第一条 甲。"), "云岭省/云州市/公园办法(2021-05-06).md", GAZETTEER)
    assert (meta.title, meta.published, meta.region) == ("公园办法", date(2021, 5, 6), "云岭省/云州市")


def test_an_unknown_place_is_not_taken_for_the_whole_country() -> None:
    assert read_metadata(written("# 碧溪市公园办法\n第一条 甲。"), "甲.md").region == "碧溪市"
    assert read_metadata(written("# 国家市场监管办法\n第一条 甲。"), "甲.md").region == "全国"


def test_everything_read_is_listed_with_its_evidence() -> None:
    inferred = {each.field: each for each in read_metadata(written(NOTICE), "通知.txt", GAZETTEER).inferred}
    assert set(inferred) == {"title", "doc_number", "issuer", "published", "level", "region"}
    assert (inferred["published"].value, inferred["published"].evidence) == (
        "2026-03-05",
        "二〇二六年三月五日",
    )


def test_describe_joins_text_manifest_and_effect() -> None:
    row = ManifestRow("通知.txt", title="高龄津贴通知", region="云岭省/云州市")
    meta = describe(written(NOTICE), "通知.txt", row, GAZETTEER)
    assert (meta.title, meta.effective_from) == ("高龄津贴通知", date(2026, 4, 1))
    assert "title" not in {each.field for each in meta.inferred}


def test_from_publication_uses_the_manifest_date() -> None:
    source = written("# 公园办法\n第一条 本办法自公布之日起施行。")
    row = ManifestRow("甲.md", published=date(2022, 2, 2))
    assert describe(source, "甲.md", row).effective_from == date(2022, 2, 2)


def test_an_empty_text_has_the_name_of_its_file() -> None:
    assert read_metadata(assemble([]), "a/公园说明.txt").title == "公园说明"
