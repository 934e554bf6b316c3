"""What an item can state: blank says nothing, an empty list says none, and text loses only stray spaces."""

import pytest
from pydantic import ValidationError

from knowledge_base.services.records import Hours, LegalBasis, ServiceItem, web_links
from tests.knowledge_base.services.samples import CITY, REPLACE, changed

CODES = {"catalog_code": "C", "task_code": "T", "region": CITY}


def test_a_blank_is_not_stated_and_an_empty_list_is() -> None:
    item = ServiceItem.model_validate(
        {**CODES, "task_name": "  ", "project_type": "", "fees": [], "aliases": []}
    )
    assert (item.task_name, item.project_type, item.fees, item.aliases) == (None, None, (), ())
    assert item.materials is None


def test_spaces_and_doublets_go() -> None:
    item = ServiceItem.model_validate(
        {**CODES, "aliases": [" 补办\n 社保卡 ", "补办 社保卡", ""], "region": f"/{CITY}/"}
    )
    assert item.aliases == ("补办 社保卡",)
    assert item.region == CITY


def test_a_title_is_kept_without_its_brackets() -> None:
    assert LegalBasis(title="《社会保险法》").title == "社会保险法"
    with pytest.raises(ValidationError, match="brackets"):
        LegalBasis(title="《》")
    inner = "关于印发《高龄津贴办法》的通知"
    assert LegalBasis(title=inner).title == inner
    assert (
        str(LegalBasis(title="甲", doc_number="云政发〔2026〕1号", article="第一条"))
        == "《甲》（云政发〔2026〕1号）第一条"
    )


@pytest.mark.parametrize(
    "wrong", [{"use_level": "街道"}, {"promise_day": -1}, {"online_handle_depth": 5}, {"color": "red"}]
)
def test_what_the_standard_does_not_know_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        ServiceItem.model_validate({**CODES, **wrong})


def test_an_office_closes_after_it_opens() -> None:
    assert Hours(days=(5, 1, 1), open="09:00", close="24:00").days == (1, 5)
    with pytest.raises(ValidationError):
        Hours(days=(1,), open="12:00", close="09:00")


def test_only_web_addresses_are_links_to_check() -> None:
    materials = [{"name": "申请表", "form_guid": "https://a.example/form.docx", "example_guid": "FORM-0012"}]
    item = changed(REPLACE, {"app_link": "yunling://replace", "materials": materials})
    assert web_links(item) == ("https://zwfw.yunling.example/replace", "https://a.example/form.docx")
