"""What a citizen agrees to before anything of them is kept. A new text takes a new version."""

CONSENT_VERSION = "2026-11"


def consent_text(kept_days: int) -> str:
    """Return the text to be shown, which says purpose, what is kept, how long, and how to withdraw."""
    return (
        "为了告诉您可能符合哪些政策，需要您单独同意保存：出生年份、所在地区、您勾选的身份标签、"
        "孩子的出生年月、企业情况。都可以不填；不要姓名、证件号和电话。只用于匹配政策，"
        f"加密保存，{kept_days} 天不用就自动删除。不同意不影响提问和办事；随时可以撤回，撤回后立即删除。"
    )
