import time

import pytest

from knowledge_base.regions import common_region, load_gazetteer, specificity, visible

GAZETTEER = load_gazetteer().with_regions(["云岭省/云州市/青岚县", "浙江省/宁波市"])


def test_a_citizen_sees_every_level_above() -> None:
    assert visible("云岭省/云州市/青岚县") == {"全国", "云岭省", "云岭省/云州市", "云岭省/云州市/青岚县"}
    assert visible(None) == visible("全国") == {"全国"}


def test_the_nearest_is_the_most_specific() -> None:
    assert [
        specificity(region) for region in ("全国", "云岭省", "云岭省/云州市", "云岭省/云州市/青岚县")
    ] == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("region", "part"),
    [
        ("全国", ""),
        ("浙江省", ""),
        ("浙江省/宁波市", ""),
        ("浙江省/宁波市/某县/某镇", ""),
        ("云岭省/云州市/松溪区", ""),
        ("浙江省/宁波", "浙江省/宁波"),
        ("浙江省宁波市", "浙江省宁波市"),
        ("浙江/宁波市/余姚市", "浙江"),
    ],
)
def test_the_part_of_a_region_that_is_not_known(region: str, part: str) -> None:
    assert GAZETTEER.unknown_part(region) == part


@pytest.mark.parametrize(
    ("regions", "home"),
    [
        (
            ["全国", "云岭省", "云岭省/云州市", "云岭省/云州市/青岚县", "云岭省/云州市/松溪区"],
            "云岭省/云州市",
        ),
        (["全国", "云岭省", "云岭省/云州市"], "云岭省/云州市"),
        (["云岭省/云州市", "云岭省/海州市"], "云岭省"),
        (["云岭省/云州市/青岚县"], "云岭省/云州市/青岚县"),
        (["云岭省", "浙江省/宁波市"], ""),
        (["全国"], ""),
        ([], ""),
    ],
)
def test_documents_of_one_line_have_a_region_in_common(regions: list[str], home: str) -> None:
    assert common_region(regions) == home


@pytest.mark.parametrize(
    ("text", "path", "words"),
    [
        ("宁波的公积金怎么提取", "浙江省/宁波市", "宁波"),
        ("浙江省宁波市鄞州区养犬登记", "浙江省/宁波市/鄞州区", "浙江省宁波市鄞州区"),
        ("广西南宁怎么落户", "广西壮族自治区/南宁市", "广西南宁"),
        ("内蒙的补贴", "内蒙古自治区", "内蒙"),
        ("吉林市的公积金", "吉林省/吉林市", "吉林市"),
        ("吉林的公积金", "吉林省", "吉林"),
        ("海南省海口市落户", "海南省/海口市", "海南省海口市"),
        ("青岚县高龄津贴", "云岭省/云州市/青岚县", "青岚县"),
        ("云州路边停车收费", "云岭省/云州市", "云州"),
        ("上海南站附近停车", "上海市", "上海"),
        ("上海大学生落户", "上海市", "上海"),
        ("天津和平区怎么落户", "天津市/和平区", "天津和平区"),
    ],
)
def test_a_place_named(text: str, path: str, words: str) -> None:
    (region,) = GAZETTEER.named_regions(text)
    assert (region.path, text[region.start : region.end], region.foreign) == (path, words, False)


@pytest.mark.parametrize(
    "text",
    [
        "按北京时间几点截止",
        "南京东路能停车吗",
        "上海路养犬",
        "浙江大学的学费",
        "周六安排补考",
        "八十四平方米的房子",
        "三明治店的执照",
        "天水费怎么交",
        "祝您平安顺利",
        "初中卫生检查",
        "工厂随身东西安全检查",
        "大理石加工",
        "长治久安",
        "大同小异",
        "我老公是日本人能落户吗",
        "去美国的签证",
        "香港居民社保",
        "和平区怎么落户",
        "朝阳区落户",
    ],
)
def test_what_names_no_place(text: str) -> None:
    assert GAZETTEER.named_regions(text) == ()


def test_a_shared_name_is_clear_at_home() -> None:
    (region,) = GAZETTEER.named_regions("朝阳区落户", home="北京市/海淀区")
    assert region.path == "北京市/朝阳区"


def test_places_outside_the_service_are_marked() -> None:
    (region,) = GAZETTEER.named_regions("在日本开餐馆要什么证")
    assert (region.path, region.foreign) == ("境外/日本", True)


def test_several_places_come_in_order() -> None:
    regions = GAZETTEER.named_regions("户口从合肥迁到杭州余杭区")
    assert [region.path for region in regions] == ["安徽省/合肥市", "浙江省/杭州市/余杭区"]


def test_every_province_and_prefecture_is_known_by_its_full_name() -> None:
    for name in (
        "北京市",
        "新疆维吾尔自治区",
        "西藏自治区",
        "延边朝鲜族自治州",
        "兴安盟",
        "阿里地区",
        "三沙市",
    ):
        (region,) = GAZETTEER.named_regions(name)
        assert region.path.rsplit("/", 1)[-1] == name


def test_naming_is_fast_enough_for_every_question() -> None:
    question = "我在宁波交了五年社保，现在想把户口从安徽省合肥市迁到浙江省杭州市余杭区，需要带哪些材料"
    best = min(_seconds(question) for _ in range(20))
    assert best < 0.0005


def _seconds(question: str) -> float:
    began = time.perf_counter()
    GAZETTEER.named_regions(question)
    return time.perf_counter() - began
