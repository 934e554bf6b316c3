"""A small invented catalogue: a card replaced and activated, an allowance that a county pays otherwise."""

from collections.abc import Mapping

from knowledge_base.services.records import Batch, Office, ServiceItem

PROVINCE, CITY, COUNTY = "云岭省", "云岭省/云州市", "云岭省/云州市/青岚县"

REPLACE = ServiceItem.model_validate(
    {
        "catalog_code": "C-REPLACE",
        "task_code": "P-REPLACE",
        "task_name": "社会保障卡补领",
        "aliases": ["社保卡丢了补办", "社保卡遗失重办"],
        "task_type": "公共服务",
        "task_state": "在用",
        "use_level": "省级",
        "region": PROVINCE,
        "dept_name": "云岭省人力资源和社会保障厅",
        "by_law": [
            {"title": "社会保障卡管理办法", "article": "第六条"},
            {"title": "社会保险法", "article": "第五十八条"},
        ],
        "serves": ["自然人"],
        "accept_condition": ["社会保障卡已经遗失并且挂失"],
        "handle_flow": ["挂失旧卡", "网点制新卡"],
        "anticipate_day": 15,
        "anticipate_type": "工作日",
        "promise_day": 10,
        "promise_type": "工作日",
        "limit_scene_num": 1,
        "limit_scene_reason": "领取新卡须核对本人",
        "link_way": "0990-12333",
        "is_online": True,
        "online_handle_depth": 3,
        "link_addr": "https://zwfw.yunling.example/replace",
        "materials": [
            {"name": "居民身份证", "type": "原件", "copies": 1},
            {"name": "代办人身份证", "type": "原件", "condition": "委托代办的"},
            {"name": "近期照片", "type": "电子", "is_need": False},
            {"name": "户口簿", "type": "原件", "waived": True, "waived_reason": "与公安部门共享核验"},
        ],
        "fees": [{"name": "工本费", "stand": "每张20元", "by_law": "云岭省发展改革委收费目录"}],
    }
)
CITY_REPLACE = ServiceItem.model_validate(
    {
        "catalog_code": "C-REPLACE",
        "task_code": "C-REPLACE-1",
        "region": CITY,
        "dept_name": "云州市人力资源和社会保障局",
        "promise_day": 0,
        "promise_type": "工作日",
        "project_type": "即办件",
        "offices": ["hall", "county-hall"],
        "fees": [],
        "mini_program": {"appid": "wx0123456789abcdef", "path": "pages/replace"},
        "link_addr": "https://zwfw.yunzhou.example/replace",
    }
)
ACTIVATE = ServiceItem.model_validate(
    {
        "catalog_code": "C-ACTIVATE",
        "task_code": "C-ACTIVATE-1",
        "task_name": "社会保障卡启用",
        "aliases": ["激活社保卡"],
        "region": CITY,
        "serves": ["自然人"],
        "limit_scene_num": 0,
        "offices": ["hall"],
        "materials": [],
        "fees": [],
        "is_online": False,
    }
)
OLD_AGE = ServiceItem.model_validate(
    {
        "catalog_code": "C-OLD",
        "task_code": "C-OLD-1",
        "task_name": "高龄津贴申领",
        "aliases": ["八十岁老人补贴"],
        "region": CITY,
        "apply_mode": "免申即享",
        "accept_condition": ["本市户籍，年满80周岁"],
        "by_law": [{"title": "云州市高龄津贴办法"}],
        "plan_effective_date": "2026-11-01",
        "plan_cancel_date": "2027-01-01",
    }
)
HALL = Office.model_validate(
    {
        "id": "hall",
        "name": "云州市政务服务中心",
        "region": CITY,
        "address": "滨河大道100号",
        "link_way": "0999-1234500",
        "hours": [
            {"days": [1, 2, 3, 4, 5], "open": "09:00", "close": "12:00"},
            {"days": [1, 2, 3, 4, 5], "open": "13:00", "close": "17:00"},
        ],
    }
)
COUNTY_HALL = Office.model_validate(
    {
        "id": "county-hall",
        "name": "青岚县便民服务中心",
        "region": COUNTY,
        "hours": [{"days": [1, 2, 3, 4, 5, 6], "open": "08:30", "close": "17:30"}],
        "closed_on_holidays": False,
    }
)
BATCH = Batch(offices=(HALL, COUNTY_HALL), items=(REPLACE, CITY_REPLACE, ACTIVATE, OLD_AGE))


def changed(item: ServiceItem, fields: Mapping[str, object]) -> ServiceItem:
    """Return an item with other fields, checked like any other."""
    return ServiceItem.model_validate({**item.model_dump(), **fields})
