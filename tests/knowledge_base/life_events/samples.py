"""A small invented life event: a dog comes to live with a family."""

from collections.abc import Mapping

from knowledge_base.life_events.records import LifeEvent
from knowledge_base.services.inheriting import EffectiveItem, inherit
from knowledge_base.services.records import ServiceItem

CITY = "云岭省/云州市"
DOG: dict[str, object] = {
    "code": "dog",
    "name": "养犬一件事",
    "aliases": ["刚养了狗要办哪些手续", "领养小狗"],
    "region": CITY,
    "intro": "从免疫到登记，按顺序办。",
    "questions": [
        {
            "id": "from",
            "text": "狗是从哪里来的？",
            "options": [{"value": "shop", "label": "买的"}, {"value": "adopted", "label": "领养的"}],
        },
        {
            "id": "paid",
            "text": "领养时交过押金吗？",
            "help": "救助站收的押金，登记以后退。",
            "options": [{"value": "yes", "label": "交过"}, {"value": "no", "label": "没有"}],
            "ask_when": {"answer": "from", "is": "adopted"},
        },
        {
            "id": "spayed",
            "text": "做过绝育吗？",
            "options": [{"value": "yes", "label": "做过"}, {"value": "no", "label": "没做过"}],
        },
    ],
    "steps": [
        {"catalog_code": "REGISTER", "after": ["VACCINE"], "note": "30日内办理。"},
        {"catalog_code": "VACCINE"},
        {
            "catalog_code": "REFUND",
            "when": {"all": [{"answer": "from", "is": "adopted"}, {"answer": "paid", "is": "yes"}]},
            "after": ["REGISTER"],
        },
        {"catalog_code": "SPAY", "when": {"not": {"answer": "spayed", "is": "yes"}}},
    ],
    "by_law": [{"title": "云州市养犬管理办法", "article": "第六条"}],
}
EVENT = LifeEvent.model_validate(DOG)


def changed(**fields: object) -> LifeEvent:
    """Return the event with other fields."""
    return LifeEvent.model_validate({**DOG, **fields})


def item(code: str, name: str, **fields: object) -> ServiceItem:
    return ServiceItem.model_validate(
        {"catalog_code": code, "task_code": f"{code}-1", "task_name": name, "region": CITY, **fields}
    )


REGISTER = item(
    "REGISTER",
    "养犬登记",
    aliases=["办狗证"],
    fees=[{"name": "登记费", "stand": "每只100元", "by_law": "云州市养犬管理办法第五条"}],
    materials=[
        {"name": "居民身份证", "type": "原件和复印件", "copies": 2},
        {"name": "犬只免疫证明", "type": "原件", "waived": True, "waived_reason": "与农业农村部门共享核验"},
        {"name": "房屋租赁合同", "type": "复印件", "condition": "租房的"},
    ],
)
VACCINE = item(
    "VACCINE", "犬只免疫", fees=[], materials=[{"name": "居民身份证", "type": "原件", "copies": 1}]
)
REFUND = item("REFUND", "领养押金退还", materials=[{"name": "犬只免疫证明", "type": "复印件"}])
ITEMS: Mapping[str, EffectiveItem] = {
    each.catalog_code: inherit([each]) for each in (REGISTER, VACCINE, REFUND)
}
