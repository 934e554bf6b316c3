"""Recognising that somebody is in danger now, and not asking what the rules on danger are.

Careful patterns over the units of a question (`knowledge_base.blocking.variants`): they have to be right before
anything is searched or encoded, and a reader can tell why one spoke. A question about a rule, an insurance or a
record on the matter (`_ASKING`) is left to the documents unless it says that it is happening (`_NOW`).
"""

import re
from enum import StrEnum

from knowledge_base.blocking.matching import BlockMatcher
from knowledge_base.blocking.records import BlockLevel, BlockWord
from knowledge_base.blocking.variants import visible_units
from knowledge_base.folding import fold


class Emergency(StrEnum):
    """What kind of help is needed; the value names the reply (`knowledge_base.replies`)."""

    SELF_HARM = "self_harm"
    FIRE = "emergency_fire"
    GAS = "emergency_gas"
    MEDICAL = "emergency_medical"
    VIOLENCE = "emergency_violence"
    RESCUE = "emergency_rescue"
    SCAM = "emergency_scam"
    GENERAL = "emergency_general"


_ASKING = re.compile(
    r"保险|理赔|赔偿|赔付|赔多少|谁赔|赔不赔|怎么赔|赔吗|险赔|谁负责|谁的责任|责任|承担|追责|补助|补贴|津贴|抚恤|救助金|标准|收费|费用|要钱吗|多少钱"
    r"|规定|条例|法律|法规|政策|违法|犯法|违规|犯罪|犯什么|处罚|罚款|怎么罚|罚多少|判几年|判多久|判刑|怎么判|坐牢|量刑|拘留|立案标准|证明|记录|档案"
    r"|怎么查|查询|流程|材料|手续|许可|资质|证书|备案|登记|年检|培训|演练|演习|预案|须知|预防|防止|防范|防火|检查|验收|报销|工伤|算不算|是不是|属于"
    r"|几天假|编制|招聘|考试|什么是|是什么|含义|定义|区别|统计|宣传|器材|设备|灭火器|报警器|安装|管理办法|通知|热线|电话是多少|号码|值班|在哪里?办"
    r"|怎么办理|怎么申请|怎么申领|怎么认定|怎么鉴定|告诫书|保护令|去年|前年|上个?月|上周|以前|曾经|几年前|当年|能不能领|可以领|申领|待遇|丧葬|注销|死亡"
    r"|赔|能告|告他|告它|告医院|起诉|律师|处分|允许|损失|补偿|能不能要钱|医药费|误工|犯了.{0,6}(?:案|罪)|案子|算多|会不会发病|歇几天|几天|能不能先给|经常(?:打|在家)|老打我|会被|被查|退几成|是否"
    r"|insurance|compensation|law|illegal|penalty|subsid|fee|record|certificate|policy"
)
_NOW = re.compile(
    r"救命|救我|快来|快点|赶紧|马上|正在|现在(?!的|规定|标准)|刚刚|刚才|快不行|快死|没反应|没反映|叫不醒|喊不醒|不省人事|昏迷不醒|出不来|出不去|喘不上|没呼吸"
    r"|血止不住|流血不止|help|rightnow"
)
_HARMING_SELF = re.compile(
    r"(?:我|俺|咱)(?:真的?|实在|已经|再也|现在|好|就|都|一点都?|很|只|也|是|有时候?|经常|总){0,3}(?:不想(?:再)?活|想死|想(?:要)?自杀|要自杀|要去死|活不下去|活够了|撑不下去"
    r"|想结束(?:自己|生命)|想(?:要)?轻生|要跳楼|想跳楼|想跳河|割了?腕|想离开这个世界|没有?活下去|想了结)"
    r"|(?<![他她们])不想(?:再)?活了|(?<!了)活着(?:真|好|太|也|就)?(?:没|没有)(?:什么|啥)?(?:意思|意义|劲|希望)|活着(?:真|好|太)(?:累|难|痛苦)|结束(?:自己的|我的|这)?(?:生命|一生)"
    r"|自我了断|了结(?:自己|此生|生命)|一死了之|死了(?:算了|就解脱|一了百了|就好了)|想死(?!你|妳|我了|他|她|个)|(?:已经|正在|刚|刚刚)割(?:了)?腕|不想再活|想自杀|想要自杀|想轻生"
    r"|我(?:已经|刚|刚刚)?(?:吞|吃|喝)(?:了|下)?.{0,6}(?:安眠药|农药|老鼠药|百草枯)|拿刀(?:划|割)了?(?:自己|手|腕)|跟(?:这个)?世界(?:说)?(?:再见|告别)(?!了电话)"
)
_NOT_HARMING_SELF = re.compile(r"自杀险|险.{0,4}赔|(?:[他她]|朋友|闺蜜|同学|同事|邻居|儿子|女儿|孩子|老公|老婆|妈|爸).{0,8}(?:告别|不想活|想死|自杀|轻生)")
_HARMING_SELF_EN = re.compile(
    r"\b(?:kill|hurt|harm|end)\s+(?:myself|my\s+(?:own\s+)?life)|\bwant\s+to\s+die\b|\b(?:don'?t|do\s+not)\s+want\s+to\s+(?:live|be\s+alive)"
    r"|\bsuicidal\b|\bend\s+it\s+all\b|\bno\s+reason\s+to\s+live\b|\btake\s+my\s+own\s+life\b"
)
_KIN = r"(?:老人|小孩|孩子|宝宝|娃娃?|婴儿|爷爷|奶奶|外公|外婆|姥姥|姥爷|阿嬷|阿公|爸爸?|妈妈?|爹|娘|父亲|母亲|老公|老婆|丈夫|妻子|媳妇|先生|太太|儿子|女儿|哥|姐|弟|妹|同事|同学|朋友|邻居|工人|工友|乘客|老师|学生|人|他|她|我)"
_HAPPENING: tuple[tuple[Emergency, re.Pattern[str]], ...] = (
    (
        Emergency.RESCUE,
        re.compile(
            r"(?:要|想|准备|正|在|有人|想要|闹着|扬言)(?:往下)?跳(?:楼|河|江|桥|海|湖|崖|轨|下去|下来)|跳楼(?:了|啦)|跳(?:河|江|湖|水)(?:了|自杀)|(?:往下|向下)跳|寻短见|寻死|要轻生|轻生的|(?:要|想)自杀|在自杀|自杀了"
            r"|(?:站|坐|爬|趴)(?:着|在|到)?.{0,8}(?:楼顶|天台|屋顶|桥栏|护栏|栏杆|窗台|阳台外|窗外|楼边)|(?:楼顶|天台|屋顶|桥栏杆|窗台)(?:上)?(?:站|坐)(?:着|了)?|今晚就去死|要去死|跟?世界告别"
            r"|落水|溺水|淹(?:水|死|着|没)|掉(?:进|到|入|下|在)?(?:了)?.{0,6}(?:河|江|湖|海|水|井|坑|塘|池)里?|沉下去|沉到水|沉到河|(?:水|河|江|湖)里.{0,6}(?:喊|挣扎|扑腾|沉)"
            r"|困(?:在|住|了)|被困|受困|关在(?:电梯|里面|屋)|电梯.{0,8}(?:出不来|出不去|掉下|坠|不开门)|锁在?(?:车|屋|房)里|锁车里|出不去.{0,6}(?:手机|水|救)"
            r"|(?:房子|楼|墙|桥|脚手架|矿井|隧道|山体|工地|屋顶|大坝|堤).{0,3}(?:塌|垮|倒塌|坍塌)|塌方|滑坡|泥石流|山洪|洪水(?:来|进|冲|淹|把)|被埋|(?:压|埋)(?:着|了|住|在下面)?.{0,3}(?:人|工友|工人|孩子)|下面埋|有人被压|压在下面"
            r"|地震(?:了|.{0,8}(?:裂|压|塌))|(?:车祸|撞车|翻车|侧翻|追尾|撞(?:了|到|上|在)(?:人|一起)).{0,20}(?:人|血|伤|卡|动不了|死|救|压|驾驶室)|(?:车|卡车).{0,4}(?:侧翻|翻了|翻到)|撞(?:到|倒)(?:了)?(?:个|一个)?(?:人|老人|小孩|孩子|行人)|出车祸了|卡(?:在|里面).{0,4}(?:车|驾驶|里面|出不来)|司机卡"
            r"|(?:孩子|小孩|宝宝|老人|儿子|女儿|妈妈?|爸爸?|爷爷|奶奶|人)(?:不见了|走丢了|走失了|失踪了|丢了找|被拐|被抱走)|联系不上.{0,10}(?:死|自杀|轻生)|(?:说|留言|发).{0,8}(?:遗书|诀别|不想活|去死)"
        ),
    ),
    (
        Emergency.FIRE,
        re.compile(
            r"着火(?:了|啦|咯|喽|咧|着|$|快|冒|烧|怎么办|有人|,)|(?:起|失)火(?:了|啦|咯|喽|有人|好|快|烟|$)|走水(?:了|啦)|(?:家|屋|房|楼|店|厂|车|车间|仓库|阳台|厨房|灶|锅|床|山|树林|充电).{0,6}(?:着火|起火|失火|烧起来|烧着|燃起来|燃了|冒火|点着)"
            r"|火(?:烧|灾)(?:起来|了|现场)|大火|火势|(?:烧|燃)起(?:来|嚟)|救火|灭不掉|扑不灭|冒(?:出|着|起)?(?:大|浓|黑|好多|很多)?(?:浓|黑|白|好多)?烟(?:了|好大|很大|$|快|,|呛|配电|插座)|浓烟|往外冒.{0,3}烟|冒火花|冒火|爆炸(?:了|起火|啦|,|$|烫|有人|伤)|(?:锅|罐|瓶|灶|电池|电动车|轮胎|热水器|微波炉|充电宝).{0,4}(?:爆炸|炸了|爆了)|煤气罐.{0,6}(?:着|烧|炸|喷)"
            r"|^(?:zhaohuo|qihuo|shihuo)(?:le|la|a)?"
        ),
    ),
    (
        Emergency.GAS,
        re.compile(
            r"(?:煤气|燃气|天然气|液化气|瓦斯|沼气|煤烟|一氧化碳|氨气|氯气|毒气|化学品|汽油).{0,6}(?:味(?!道怎么)|臭|泄[漏露]|外洩|外泄|漏(?!洞)|中毒|喷)|(?:闻到|满屋|一股|好重|好浓|很浓|好大).{0,6}(?:煤气|燃气|天然气|瓦斯|液化气)|(?:漏|泄)(?:煤|燃|天然)?气(?:了|啦|$)"
            r"|臭鸡蛋味|(?:烧炭|炭火|煤炉|取暖).{0,12}(?:头晕|头昏|呕吐|想吐|没力气|晕|昏)"
        ),
    ),
    (
        Emergency.MEDICAL,
        re.compile(
            r"晕(?:倒|过去|厥)|昏(?:倒|过去|迷|厥)|(?:突然|一下|刚才?|晌午头?|刚刚|就|在(?:地上|路上|家))(?:就)?(?:倒|栽|摔)(?:在|到|倒|下)|(?:倒|栽倒|躺)(?:在|到)?(?:地上|路上|马路上|路边).{0,10}(?:不|没|叫|喊|动)|栽倒(?:了)?|倒(?:在地|地)(?:上)?(?:不|没|抽|口吐)|倒下(?:了|去|就|不)"
            r"|(?:叫|喊|推)(?:都|也|他|她|怎么)?(?:都)?(?:不|唔|没)(?:醒|动|应)|没(?:有)?(?:反应|反映|呼吸|心跳|气|脉搏)(?!时间)|不省人事|失去意识|意识不清|神志不清|喘不(?:上|过|了)(?:来)?气?|呼吸(?:困难|不了|停|急促)|上不来气|(?:透|喘)不过气|嘴唇?发?(?:紫|黑|乌)|脸(?:都|色)?(?:发)?(?:紫|青|白)(?:了)?|嘴(?:巴)?(?:歪|斜)"
            r"|(?:胸口|胸|心脏|心口|心窝)(?:突然|好|很|特别|疼得|痛得|一阵)?(?:疼|痛|闷得|绞)|心(?:梗|脏病(?:发|犯|突))|心绞痛|中风(?:了|,|半|快)|脑(?:溢血|出血|梗)(?:了|快|,|$)|半边身(?:体|子)不能?动|说不(?:出|了|清)话|不会说话了|抽搐|口吐白沫|癫痫(?:发作|犯)|羊癫疯"
            r"|(?:大|吐|咳|流|出)血(?:不止|快|,|了快|很多|好多|止不住)?(?:了)?(?=快|不|止|很|好|怎么|救|$)|大出血|血止不住|(?:头破|满脸|浑身|一身|全是|都是)(?:血|血流)|人在流血|流血了|流好多血|在流血|(?:砍|切|割|轧|压|夹)断(?:了)?.{0,3}(?:手|指|腿|脚)"
            r"|羊水(?:破|流)|要生了|快生了|破水了|早产(?:了)?快|(?:卡|噎|呛)(?:住|着|到)?.{0,4}(?:喉咙|嗓子|气管|喉|脖子)|噎(?:住|着|到)|呛(?:住|着)|(?:误|偷|刚|都)?(?:吃|喝|吞|服|咽)(?:了|下|下去|掉)?.{0,8}(?:农药|老鼠药|耗子药|毒药|洁厕|百草枯|毒蘑菇|电池|消毒液|硬币|水银|安眠药|磁铁|汽油)"
            r"|(?:吞|吃)(?:了|下)(?:一)?(?:整|好多|很多|大)(?:瓶|把|片)?.{0,3}药|(?:吃|吞)(?:了)?好多药|触电|(?:被)?电(?:到|击)(?:了|倒)|碰到高压|(?:烫|烧|炸)(?:伤|起泡|得|成)(?!认定|赔)|起泡(?:了)?(?:好|很|怎么|$)|(?:被|让)(?:毒?蛇|狗|蜂|马蜂)(?:咬|蜇|叮).{0,8}(?:肿|晕|昏|血|怎么办|快|严重)|食物中毒|中毒(?:了|,|$)|过敏.{0,6}(?:喘|肿|休克)"
            r"|哮喘(?:犯|发作)|休克|快(?:要)?(?:不行|死|没气)(?:了)?|人(?:快|要)不行|发(?:高)?烧.{0,6}(?:抽|惊厥)|摔(?:下|下来|断|得).{0,8}(?:不能动|动不了|不动|血|叫)|不能动了|动不了了|(?:割|切)(?:到|断|破)?.{0,3}动脉|割腕|昏過去|救护车|需要急救"
        ),
    ),
    (
        Emergency.VIOLENCE,
        re.compile(
            r"(?:正|在|又|还|就|一直|他|她|们|老公|丈夫|老婆|男友|男朋友|爸|妈|有人|人).{0,4}(?:在)?(?:打|揍|掐|砍|捅|勒|踢|殴打|拖|绑)(?:我|人(?!数|工|造)|俺|一个人|死我|她|女的|孩子)|(?:掐|勒)(?:我|着|住)?(?:的)?脖子|(?:正|在)(?:被)?(?:家暴|殴打|毒打|强奸|性侵|抢劫)|被(?:家暴|人打|老公打|他打|打了快|围殴|群殴|绑架|绑了|抢了|抢劫|强奸|性侵|猥亵|挟持|劫持|拐|非法拘禁|关(?:起来|在))"
            r"|(?:拿|持|举|提|挥)(?:着|了)?(?:把|一把)?(?:刀|菜刀|枪|斧|棍|砍刀|匕首|棒)|拿刀|砍人|捅人|杀人(?:了|啦|,|$|快)|要杀(?:我|人|了)|(?:拿|用)棍子(?:在)?打|打架.{0,10}(?:血|死|快|刀|好多)|打得(?:头破|满|半死|血)|开枪(?:了|打)|有枪"
            r"|(?:撬|砸|踹|撞)(?:我)?(?:家)?(?:的)?(?:门|锁|窗)(?!怎么赔)|(?:有人|小偷|贼|陌生人).{0,6}(?:闯|进|爬|翻)(?:进|到|来|入)?.{0,4}(?:我家|屋|家里|房间|来了)|入室|(?:要|想)(?:闯|冲)?进来|家里进(?:贼|小偷|了人)|(?:抢|夺)(?:了)?(?:我的?|走我)(?:包|手机|钱|车|项链)|(?:手机|包|钱包|项链|孩子).{0,3}(?:刚刚|刚才|刚)?被(?:人)?(?:抢|夺)|抢劫|抢(?:走|包)了?"
            r"|(?:被|有人|男的|男人|陌生人).{0,6}(?:跟踪|尾随)|(?:跟踪|尾随)(?:我|着我)|(?:传来|听到|听见|有).{0,8}(?:喊救命|惨叫|呼救|尖叫)|惨叫|呼救|喊救命|求救|绑架(?:了)?(?:我|$)|我被绑|他又打我|打我了|躲在(?:厕所|卫生间|衣柜|房间|床下).{0,6}|我不敢(?:出|回)(?:去|家|门)|(?:扬言|说)要(?:杀|弄死|砍)|炸弹|恐怖|劫持"
            r"|^救命|救命啊|救命(?:快|$)|救救(?:我|他|她|孩子)|^(?:jiuming|jiuwo)a?"
        ),
    ),
    (
        Emergency.SCAM,
        re.compile(
            r"(?:刚|刚刚|刚才|正在|已经).{0,6}(?:转|汇|打)(?:了|过去|完|给|账).{0,10}(?:骗|拦|追回|止付|冻结)|(?:骗|诈骗).{0,14}(?:刚|刚刚|刚才)(?:转|汇|打|给)|(?:被骗|骗子|诈骗).{0,12}(?:转(?:了|账|走)|汇了|打了).{0,10}(?:万|块|元|千|拦|止付|刚|完)|(?:能|可以|怎么)(?:拦|拦住|止付|冻结).{0,6}(?:转账|汇款|钱)"
        ),
    ),
)  # fmt: skip
_HAPPENING_EN: tuple[tuple[Emergency, re.Pattern[str]], ...] = (
    (
        Emergency.FIRE,
        re.compile(
            r"\b(?:on|caught|catching)\s+fire\b|\bthere(?:'s|\s+is|\s+was)?\s+(?:a\s+)?(?:big\s+)?fire\b|\bfire\s+(?:in|at)\s+(?:my|our|the)\b"
            r"|\b(?:house|building|flat|apartment|room|kitchen|car|shop)\s+(?:is|are)\s+(?:burning|on\s+fire)|\bsmoke\s+(?:is\s+)?(?:coming|everywhere|filling)|\bexplo(?:ded|sion)\b"
        ),
    ),
    (Emergency.GAS, re.compile(r"\bgas\s+(?:leak|is\s+leaking)|\bleaking\s+gas|\bsmell(?:s|ing)?\s+(?:of\s+)?gas\b|\bcarbon\s+monoxide\b")),
    (
        Emergency.MEDICAL,
        re.compile(
            r"\b(?:unconscious|unresponsive|not\s+breathing|can(?:'t|not)\s+breathe|stopped\s+breathing|collapsed|passed\s+out|fainted|choking|bleeding|heart\s+attack|having\s+a\s+stroke|seizure|overdos\w*|poisoned|electrocuted|going\s+into\s+labou?r|water\s+broke)\b"
            r"|\b(?:call|need|send)\s+(?:an?\s+)?ambulance|\bno\s+pulse\b|\bchest\s+pain"
        ),
    ),
    (
        Emergency.VIOLENCE,
        re.compile(
            r"\b(?:with|has|holding|got)\s+(?:a\s+)?(?:knife|gun|weapon)\b|\b(?:attack|stabb|beat|hitt|robb|rap|strangl|kidnapp|stalk|chas|follow|threaten)(?:ing|ed)\s+(?:me|my|us|people|someone|her|him)|\b(?:being|been|got)\s+(?:attacked|robbed|stabbed|beaten|raped|kidnapped|followed|stalked)"
            r"|\bbreaking\s+in(?:to)?\b|\bbroke\s+into\s+my|\bintruder\b|\bgoing\s+to\s+kill\s+(?:me|us|him|her)|\b(?:shoot(?:er|ing)|bomb)\b|^\s*help\s*[!.]*\s*$|\bhelp\s+me\s*[!.]|\bcall\s+the\s+police\b"
        ),
    ),
    (
        Emergency.RESCUE,
        re.compile(
            r"\b(?:drown(?:ing|ed)|trapped|stuck\s+in\s+(?:the\s+|a\s+)?(?:lift|elevator)|buried|swept\s+away|about\s+to\s+jump|going\s+to\s+jump|jump(?:ed|ing)\s+(?:off|from|into)|car\s+crash|car\s+accident|(?:child|son|daughter|mother|father|kid)\s+is\s+missing|earthquake|flood(?:ed|ing))\b"
        ),
    ),
)  # fmt: skip
# What people mistype in haste: told by sound where four characters or more agree, or three and one is the same.
_MISTYPED: tuple[tuple[str, Emergency], ...] = (
    *((each, Emergency.FIRE) for each in ("着火了", "家里着火", "房子着火", "起火了快来")),
    *((each, Emergency.GAS) for each in ("煤气泄漏", "煤气中毒", "燃气泄漏", "煤气味好重")),
    *((each, Emergency.MEDICAL) for each in ("老人晕倒", "晕倒没反应", "晕倒了没", "有人晕倒", "昏迷不醒", "喘不上气")),
    *((each, Emergency.VIOLENCE) for each in ("救命啊", "正在打我", "有人砍人", "有人打人", "持刀砍人")),
    *((each, Emergency.RESCUE) for each in ("有人跳楼", "要跳楼", "有人落水", "有人溺水", "出车祸了")),
    *((each, Emergency.SELF_HARM) for each in ("我不想活", "不想活了", "我想自杀", "我要自杀")),
)  # fmt: skip
_KIND_OF = dict(_MISTYPED)
_BY_SOUND = BlockMatcher(BlockWord(each, BlockLevel.ALERT) for each, _ in _MISTYPED)


def emergency_of(text: str) -> Emergency | None:
    """Return what kind of emergency a question tells of; None where it tells of none."""
    units, lower = visible_units(text), fold(text)
    if _HARMING_SELF_EN.search(lower) or (
        _HARMING_SELF.search(units) and not _NOT_HARMING_SELF.search(units)
    ):
        return Emergency.SELF_HARM
    if _ASKING.search(units) and not _NOW.search(units):
        return None
    for kind, pattern in _HAPPENING:
        if pattern.search(units):
            return kind
    for kind, pattern in _HAPPENING_EN:
        if pattern.search(lower):
            return kind
    mistyped = _BY_SOUND.find(text)
    return _KIND_OF[mistyped[0].word.word] if mistyped else None
