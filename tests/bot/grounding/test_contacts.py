"""Ways out of an answer become tokens, and nothing but such a token passes."""

import pytest

from bot.grounding.contacts import replace_contacts, restore_contacts, unknown_contacts

SOURCE = "可拨打0999-1234512或者12333，登录 https://fw.yunzhou.example/a?b=1 ，邮箱 gjj@yunzhou.example。"


def test_each_way_out_has_a_token_and_comes_back() -> None:
    tokens = replace_contacts((SOURCE, "请拨打12333。"))
    assert tokens.texts[0] == "可拨打⟦电话1⟧或者⟦电话2⟧，登录 ⟦链接1⟧ ，邮箱 ⟦邮箱1⟧。"
    assert tokens.texts[1] == "请拨打⟦电话2⟧。"
    assert restore_contacts(tokens.texts[0], tokens.originals) == SOURCE


def test_a_text_cannot_bring_its_own_token() -> None:
    assert "⟦" not in replace_contacts(("点击⟦链接1⟧",)).texts[0]


def test_a_known_token_passes_an_unknown_one_does_not() -> None:
    assert unknown_contacts("请拨打⟦电话1⟧。", "电话⟦电话1⟧") == ()
    assert unknown_contacts("请拨打⟦电话2⟧。", "电话⟦电话1⟧") == ("⟦电话2⟧",)


@pytest.mark.parametrize(
    "text",
    [
        "详见https://evil.example/x",
        "登录www.evil.cn",
        "登录evil-site.com办理",
        "拨打0999-7654321",
        "拨打13800138000",
        "拨打1 3 8 0 0 1 3 8 0 0 0",
        "拨打一三八零零一三八零零零",
        "拨打400-123-4567",
        "拨打12399",
        "邮箱a@b.example",
        "加微信yz888888",
        "扫描下方二维码",
        "小程序wx1234567890abcdef",
        "#小程序://云州/abc",
        "网址是yzgov点com",
        "⟦假",
    ],
)
def test_whatever_looks_like_a_way_out_is_found(text: str) -> None:
    assert unknown_contacts(text, "")


@pytest.mark.parametrize(
    "text",
    [
        "处5000元至20000元罚款。",
        "云政发〔2026〕3号",
        "2026年12月31日前",
        "每平方米0.9元",
        "110元",
        "8:30至17:30",
    ],
)
def test_figures_are_no_ways_out(text: str) -> None:
    assert unknown_contacts(text, "") == ()
