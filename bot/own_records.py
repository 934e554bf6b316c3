"""Which service shows a citizen's own record, by what the question names."""

from functools import cache

from bot.routing import cue_file
from knowledge_base.patterns import Patterns

OTHERWISE = "我的办件（办理进度查询）"


def service_showing(text: str) -> str:
    """Return the name of the service that shows the record a folded question asks for."""
    return next((name for name, pattern in _services().items() if pattern.search(text)), OTHERWISE)


@cache
def _services() -> Patterns:
    return cue_file().table("own_records")
