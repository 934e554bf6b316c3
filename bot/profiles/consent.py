"""What a citizen agrees to before anything of them is kept. A new text takes a new version."""

CONSENT_VERSION = "2026-11"


def consent_text(kept_days: int) -> str:
    """Return the text to be shown, which says purpose, what is kept, how long, and how to withdraw."""
    return (
        "问什么：出生年份、所在地区、孩子的出生年月、您勾选的身份和情况、企业情况。都可以不填；孩子的由您作为监护人填写；"
        "不要写姓名、证件号和电话。\n"
        "为什么：只用于匹配政策，告诉您可能符合哪些、依据哪一条、去哪里办，有新政策或者快到截止日时在这里提醒您。"
        "提示会出现在您的对话里，转人工时客服看得到。\n"
        f"存多久：加密保存，{kept_days} 天不用就自动删除。\n"
        "您的选择：这是单独同意，不同意不影响提问和办事；随时可以撤回，撤回后立即删除。"
    )
