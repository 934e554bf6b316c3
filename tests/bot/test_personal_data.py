"""Personal data is masked by form and check digit; what only looks like it is left alone."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.personal_data import PersonalDataKind, is_bank_card, is_credit_code, is_id_card, mask

CHINESE = st.text(alphabet="我的身份证号码是手机：，。请问公积金怎么提取（）《条例》第 ", max_size=12)


def _id_cards() -> st.SearchStrategy[str]:
    def complete(area: str, day: str, order: int) -> str:
        body = f"{area}{day}{order:03d}"
        weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)  # as printed in GB 11643-1999
        return body + "10X98765432"[sum(int(d) * w for d, w in zip(body, weights, strict=True)) % 11]

    days = st.dates(min_value=date(1900, 1, 1), max_value=date(2099, 12, 31))
    return st.builds(
        complete,
        st.sampled_from(["110101", "330203", "440305", "532901", "650102"]),
        days.map(lambda day: day.strftime("%Y%m%d")),
        st.integers(0, 999),
    )


def _bank_cards() -> st.SearchStrategy[str]:
    def complete(body: str) -> str:
        return next(body + digit for digit in "0123456789" if is_bank_card(body + digit))

    return st.text("0123456789", min_size=12, max_size=18).map(lambda digits: complete("6" + digits[1:]))


def _phones() -> st.SearchStrategy[str]:
    return st.builds(
        lambda prefix, three, four, last, gap: f"{prefix}{three}{gap}{four:04d}{gap}{last:04d}",
        st.sampled_from(["", "+86", "+86 ", "86-", "0086 "]),
        st.integers(130, 199),
        st.integers(0, 9999),
        st.integers(0, 9999),
        st.sampled_from(["", " ", "-"]),
    )


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        (
            "身份证11010519491231002X能办吗",
            "身份证［身份证号］能办吗",
        ),  # the example printed in GB 11643-1999
        ("身份证110105 19491231 002x", "身份证［身份证号］"),
        ("１１０１０５１９４９１２３１００２Ｘ", "［身份证号］"),
        ("旧证号110105491231002", "旧证号［身份证号］"),
        ("我的手机号是138 1234 5678，谢谢", "我的手机号是［手机号］，谢谢"),
        ("打+86-13812345678找我", "打［手机号］找我"),
        ("卡号6222 0212 0000 0000 007", "卡号6222 0212 0000 0000 007"),
        ("Visa 4111 1111 1111 1111", "Visa ［银行卡号］"),
        (
            "公司代码91350100M000100Y43",
            "公司代码［统一社会信用代码］",
        ),  # the example printed in GB 32100-2015
        ("发到zhang.san@example.com吧", "发到［电子邮箱］吧"),
        ("护照号码：E12345678", "护照号码：［护照号］"),
        ("13812345678 11010519491231002X", "［手机号］ ［身份证号］"),
    ],
)
def test_masks(text: str, masked: str) -> None:
    assert mask(text).text == masked


@pytest.mark.parametrize(
    "text",
    [
        "云政发〔2026〕3号自2026年1月1日起施行",
        "补贴标准为每月1380元，最高138123456780元",
        "拨打12345或者0571-88887777",
        "事项编码E12345678",
        "身份证110105194912310021的校验位不对",
        "《社会保险法》第十五条、GB 11643-1999",
        "2026-11-23 13:00:00",
        "4111111111111111元",
        "1.4111111111111111",
    ],
)
def test_leaves_alone(text: str) -> None:
    assert mask(text).text == text


def test_says_where_it_stood() -> None:
    (found,) = mask("手机13812345678。").found
    assert (found.kind, found.start, found.end) == (PersonalDataKind.PHONE, 2, 13)


def test_check_digits() -> None:
    assert is_id_card("11010519491231002X")
    assert not is_id_card("110105194912310021")
    assert not is_id_card("110105194902300028"), "30 February is nobody's birthday"
    assert is_bank_card("79927398713")
    assert not is_bank_card("79927398710")
    assert is_credit_code("91350100M000100Y43")
    assert not is_credit_code("91350100M000100Y44")


@given(CHINESE, st.one_of(_id_cards(), _bank_cards(), _phones()), CHINESE)
def test_a_valid_number_is_masked_inside_any_chinese_text(before: str, number: str, after: str) -> None:
    masked = mask(before + number + after).text
    assert number not in masked
    assert not any(char.isdigit() for char in masked)


@given(st.text(alphabet="0123456789Xx +-@.a号Ａ１３８", max_size=60))
def test_masking_twice_is_masking_once(text: str) -> None:
    once = mask(text).text
    assert mask(once).text == once


@given(st.text())
def test_what_is_not_found_stays_as_it_was(text: str) -> None:
    result = mask(text)
    if not result.found:
        assert result.text == text
