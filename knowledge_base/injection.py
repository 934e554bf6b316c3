"""Words that speak to a machine rather than to people: instructions planted in a question or a document.

Recognising them is for logs and for reviewers. It is not what keeps the answers honest: those quote, and what
is quoted is data. Patterns are matched over the units of a text (`blocking.variants`), so that spacing,
full-width letters and Traditional characters make no difference; role tags are matched as they are written.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from knowledge_base.blocking.variants import stream_of


class InjectionKind(StrEnum):
    """What the words try; the value is how operators are told."""

    OVERRIDE = "要求忽略规定或指令"
    ROLE = "改换身份或模式"
    LEAK = "套取系统提示或设定"
    DICTATE = "规定机器怎样回答"
    FORGED = "伪造的系统消息"


@dataclass(frozen=True, slots=True)
class Injection:
    """Words found, `text[start:end]`."""

    kind: InjectionKind
    start: int
    end: int
    written: str


_MACHINE = (
    r"(?:ai|人工智能|大模型|语言模型|聊天机器人|机器人|智能助手|ai助手|智能客服|客服助手|问答助手|问答系统|问答机器人|gpt|assistant)"
)
_EARLIER = r"(?:之前|以上|上面|上述|前面|前述|此前|先前|所有|一切|全部|系统|原有|其他|任何|既定|开头|开发者)"
_ORDERS = r"(?:指令|指示|提示词|提示|命令|设定|规则|规定|要求|限制|约束|对话|条款|条文|内容|政策|文件|依据|身份)"
_UNITS: tuple[tuple[InjectionKind, re.Pattern[str]], ...] = (
    (
        InjectionKind.OVERRIDE,
        re.compile(
            rf"(?:忽略|无视|忘记|忘掉|忘了|不要理会|不必理会|不用管|别管|抛开|抛弃|不要遵守|不再遵守|违背)(?:掉|了)?"
            rf"(?:你|您)?(?:的)?{_EARLIER}(?:的|所有|全部|一切|系统|安全|给你|我们|说过){{0,3}}{_ORDERS}"
            r"|(?:取消|覆盖|清除|重置|跳过|推翻|绕过|解除|关闭|停用)(?:掉)?(?:你的?|系统的?|所有的?|一切|全部|以上){1,2}"
            r"(?:的|安全|系统|原有|内置){0,2}(?:指令|提示词|设定|限制|约束|审查|过滤|护栏)"
            r"|(?:以上|上述|此前)(?:的|所有|全部)*(?:规定|内容|条文|指令)(?:全部|一律|均|都)?(?:作废|无效|不算数)(?:请|你|现在|改为回答|回答)"
        ),
    ),
    (
        InjectionKind.OVERRIDE,
        re.compile(
            r"(?:ignore|disregard|forget|override|bypass|skip)(?:all|any|every|the|your|of|my|these|those)*"
            r"(?:previous|prior|above|earlier|preceding|former|existing|system|safety|other)+"
            r"(?:and|all|the|of|system|previous|safety)*"
            r"(?:instruction|rule|prompt|guideline|direction|context|message|polic|command|filter|text)"
            r"|(?:ignore|disregard|forget|override)(?:all|your|every|any|the)+(?:of|your|the)*"
            r"(?:instruction|rule|prompt|guideline|training|safety|restriction)"
            r"|forgeteverything|newinstructions?(?:follow|are|begin)|donotfollow(?:your|the)(?:rule|instruction)"
        ),
    ),
    (
        InjectionKind.ROLE,
        re.compile(
            r"你现在(?:起|开始)?(?:是|扮演|变成|的身份是|叫做|不再是|没有任何限制)|从现在(?:开始|起)你(?:就|将|要|必须|不再)?(?:是|叫|扮演|变|没有|可以|不受)"
            r"|(?:假装|假设|想象|设想)(?:你|自己)(?:现在)?(?:是|没有|不受)|(?:请你?|你来|由你|你要|让你)扮演|我们来玩(?:个|一个)?(?:角色|扮演|游戏)"
            r"|(?:进入|开启|切换到?|启动|打开|激活)(?:你的)?(?:开发者|调试|管理员|上帝|越狱|维护|无限制|自由|超级|dan|root|debug|测试员)模式"
            rf"|作为(?:一个|一名)?(?:没有|不受)(?:任何)?(?:限制|约束)的?|如果你是(?:一个)?{_MACHINE}|你是(?:一个)?(?:没有|不受)(?:任何)?(?:限制|约束|道德)"
            r"|youarenow(?:a|an|in|the|dan|free|my)|pretend(?:tobe|youare|thatyou|youhave)|actas(?:if|a|an|my|the|dan)|(?:developer|debug|god|admin|jailbreak|dan)mode"
            r"|jailbreak|roleplayas|youhaveno(?:restriction|rule|filter|limit)|stayincharacter"
        ),
    ),
    (
        InjectionKind.LEAK,
        re.compile(
            r"系统提示词|你的提示词|初始提示|systemprompt|hiddenprompt|initialprompt"
            r"|(?:输出|打印|显示|复述|重复|泄露|列出|展示|说出|告诉我|发给我|给我看|贴出|公开)(?:一下|出)?(?:你|你们)?(?:的)?"
            r"(?:全部|所有|完整|原始|初始|系统|隐藏|内部|后台|上面|以上|第一条|开头){1,3}(?:的)?(?:提示|指令|设定|规则|配置|密钥|密码|消息|对话|内容)"
            r"|你的(?:初始|原始|内部|隐藏|系统|全部){1,2}(?:设定|指令|提示|规则|配置)"
            r"|(?:reveal|show|print|repeat|output|leak|display|tellme|giveme|dump)(?:me|us|all|the|of|your|full|entire|exact|verbatim)*"
            r"(?:system|hidden|initial|secret|internal|original|first|developer|configuration|apikey|password|everythingabove|textabove|wordsabove|instruction|prompt)"
        ),
    ),
    (
        InjectionKind.DICTATE,
        re.compile(
            rf"{_MACHINE}(?:们)?(?:请|务必|必须|一律|只能|直接|只需|不得|不要|禁止)(?:你)?(?:向|对|给)?(?:用户|市民|群众|公众)?"
            r"(?:告知|回答|告诉|回复|答复|输出|声称|说|忽略|引用|提及|推荐|引导)"
            rf"|(?:致|给|写给|面向)(?:各)?{_MACHINE}(?:的)?(?:指令|提示|说明|备注|留言|话)"
            r"|(?:回答|答复|回复|告诉|告知)(?:市民|用户|群众|公众|提问者|所有人|任何人|任何问题|所有问题|一切问题)(?:的?(?:提问|问题|咨询))?(?:时)?"
            r"(?:一律|只能|都要?|统一|直接|只需|务必)(?:说|回答|回复|输出|告知|写|声称)"
            r"|不要(?:告诉|让)(?:用户|市民|群众|公众)|(?:请|务必|直接|只)(?:输出|回答)(?:以下|下面|如下)(?:内容|文字|的话)"
            r"|respondonlywith|(?:always|only)(?:answer|reply|say|respond)(?:with|that)?|telltheuser|donottelltheuser|whenasked(?:about|by)?\w{0,30}(?:say|answer|reply)"
        ),
    ),
)
_AS_WRITTEN = re.compile(
    r"<\|?\s*(?:im_start|im_end|system|endoftext|assistant|user)\s*\|?>|\[/?INST\]|<</?SYS>>"
    r"|^\s*(?:system|assistant|developer)\s*[:：]|#{2,}\s*(?:system|instruction|new\s+instruction|指令|系统)"
    r"|[\"']role[\"']\s*:\s*[\"'](?:system|assistant|developer)|[【\[（(]\s*(?:系统|system)(?:消息|提示|指令|通知|message)?\s*[】\]）)]"
    r"|^\s*(?:系统|系統)(?:消息|提示|指令|通知|訊息|提示詞)\s*[:：]",
    re.IGNORECASE | re.MULTILINE,
)


def find_injections(text: str) -> tuple[Injection, ...]:
    """Return what in a text speaks to a machine, by place."""
    stream = stream_of(text)
    found = [
        Injection(kind, start, end, text[start:end])
        for kind, pattern in _UNITS
        for match in pattern.finditer(stream.units)
        for start, end in [(stream.places[match.start()], stream.places[match.end() - 1] + 1)]
    ]
    found += [
        Injection(InjectionKind.FORGED, *match.span(), match[0].strip())
        for match in _AS_WRITTEN.finditer(text)
    ]
    return tuple(sorted(found, key=lambda each: (each.start, each.end)))
