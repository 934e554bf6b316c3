"""Which service shows a citizen's own record, by what the question names."""

import re

_SERVICES: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (name, re.compile(pattern))
    for name, pattern in (
        ("住房公积金个人账户查询", r"公积金|housing fund|provident fund"),
        ("失业保险待遇查询", r"失业金|失业保险金|失业补助|失業"),
        ("养老保险待遇查询", r"养老金|退休金|養老金|养老账户|pension"),
        ("基本医疗保险个人账户和报销查询", r"医保|看病|住院|报销|醫保|健保|medical insurance"),
        ("社会保障卡信息查询", r"社保卡"),
        ("社会保险参保和缴费记录查询", r"社保|五险|参保|缴费|灵活就业|勞保|劳保|单位.{0,6}交|social (?:insurance|security)"),
        ("工伤认定进度查询", r"工伤"),
        ("机动车违法和驾驶证记分查询", r"违章|罚单|驾照|驾驶证|扣(?:了)?几分|扣分|摇号|車牌|车牌|licen[cs]e points"),
        ("不动产登记信息查询", r"不动产|房产|房本|产权|几套房"),
        ("纳税记录查询", r"个税|欠税|纳税|tax"),
        ("婚姻登记档案查询", r"结婚|离婚|婚姻"),
        ("户籍信息查询", r"户口|户籍"),
        ("出入境证件办理进度查询", r"护照|通行证|签注|passport"),
        ("居民身份证办理进度查询", r"身份证|身分證"),
        ("居住证办理进度查询", r"居住证|居住證|residence permit"),
        ("残疾人证和补贴发放查询", r"残疾"),
        ("社会救助申请进度查询", r"低保|救助"),
        ("高龄津贴发放查询", r"高龄|老年"),
        ("公共租赁住房轮候查询", r"公租房|保障房|轮候"),
        ("学籍和入学报名查询", r"学籍|入学|报名"),
        ("考试成绩查询", r"成绩|考了?多少分|考试"),
        ("企业登记和年报信息查询", r"公司|营业执照|年报|我店|店的|企业"),
        ("流动人口积分查询", r"积分"),
        ("人事档案查询", r"档案"),
        ("个人信用信息查询", r"信用|失信"),
        ("水电气缴费查询", r"水费|电费|燃气|天然气|采暖"),
        ("预约取号查询", r"预约|约的|几号"),
        ("诉求办理进度查询（12345）", r"投诉|反映|工单"),
    )
)  # fmt: skip
OTHERWISE = "我的办件（办理进度查询）"


def service_showing(text: str) -> str:
    """Return the name of the service that shows the record a folded question asks for."""
    return next((name for name, pattern in _SERVICES if pattern.search(text)), OTHERWISE)
