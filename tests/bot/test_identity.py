"""Who a citizen says to be, whom an item is for, and when that has to be asked."""

import pytest

from bot.identity import (
    Identity,
    deciding_sides,
    identity_of,
    is_for,
    read_identities,
    says_who,
    sides_of,
    twin_of,
)
from bot.wording import ASK_SIDE, SIDE_LABELS, SIDE_SAID
from knowledge_base.services.records import ServiceItem


def item(name: str, **fields: object) -> ServiceItem:
    return ServiceItem.model_validate(
        {"catalog_code": name, "task_code": name, "task_name": name, "region": "全国", **fields}
    )


COMPANY = item("公司注销登记", serves=["法人"])
BUSINESS = item("个体工商户注销登记", serves=["自然人"])
SCHOOL = item("小学新生入学报名", serves=["自然人"], accept_condition=["本市户籍适龄儿童"])
MIGRANT = item("随迁子女入学", serves=["自然人"], audience=["学生", "外地户籍"])
RENT = item("公租房申请", audience=["本地户籍", "外地户籍"])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("企业的", {Identity.ENTERPRISE}),
        ("我们公司要注销", {Identity.ENTERPRISE}),
        ("个体的", {Identity.PERSON}),
        ("我是外地户口", {Identity.OUTSIDER}),
        ("戶口不在本市", {Identity.OUTSIDER}),
        ("本市户籍", {Identity.LOCAL}),
        ("非本市户籍能领吗", {Identity.OUTSIDER}),
        ("公司注册要多久", set()),
        ("异地就医怎么备案", set()),
        ("在外地住院怎么报销", set()),
        ("我是本地人，老婆是外地户口", set()),
    ],
)
def test_who_is_asking(text: str, said: set[Identity]) -> None:
    assert identity_of(text) == said


@pytest.mark.parametrize("side", list(Identity))
def test_an_option_says_what_its_label_says(side: Identity) -> None:
    assert identity_of(SIDE_SAID[side].format(question="注销要多久")) == {side}
    assert identity_of(SIDE_LABELS[side]) == {side}


def test_every_question_of_identity_has_its_words() -> None:
    assert {side for pair in ASK_SIDE for side in pair} == set(Identity)


def test_whom_an_item_is_for() -> None:
    assert sides_of(COMPANY) == {Identity.ENTERPRISE, Identity.LOCAL, Identity.OUTSIDER}
    assert sides_of(SCHOOL) == {Identity.PERSON, Identity.LOCAL}
    assert sides_of(MIGRANT) == {Identity.PERSON, Identity.OUTSIDER}
    assert sides_of(RENT) == set(Identity)
    assert is_for(MIGRANT, frozenset({Identity.OUTSIDER}))
    assert not is_for(MIGRANT, frozenset({Identity.LOCAL}))
    assert is_for(MIGRANT, frozenset())


def test_identity_is_asked_only_where_it_parts_the_items() -> None:
    assert deciding_sides([COMPANY, BUSINESS]) == (Identity.PERSON, Identity.ENTERPRISE)
    assert deciding_sides([SCHOOL, MIGRANT]) == (Identity.LOCAL, Identity.OUTSIDER)
    assert deciding_sides([COMPANY, RENT]) is None
    assert deciding_sides([BUSINESS, SCHOOL]) is None


def test_the_same_for_the_other_side() -> None:
    assert twin_of(COMPANY, [SCHOOL, COMPANY, BUSINESS]) is BUSINESS
    assert twin_of(COMPANY, [SCHOOL, COMPANY]) is None
    assert twin_of(SCHOOL, [MIGRANT, COMPANY]) is None


def test_words_that_name_a_side_leave_nothing_to_ask() -> None:
    assert says_who("公司注销要多久")
    assert says_who("我的小店不开了怎么注销")
    assert not says_who("注销要多久")


def test_what_a_later_release_kept_is_left_aside() -> None:
    assert read_identities(("enterprise", "veteran")) == {Identity.ENTERPRISE}
