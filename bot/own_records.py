"""Which service shows a citizen's own record, by what the question names."""

from functools import cache

from bot.routing import cue_file
from bot.turn import ServiceMatch, Turn
from knowledge_base.patterns import Patterns

# The route is told already; of items near the question, this likely is likely enough.
LIKELY = 0.2
OTHERWISE = "我的办件（办理进度查询）"


def service_showing(text: str) -> str:
    """Return the name of the service that shows the record a folded question asks for."""
    return next((name for name, pattern in _services().items() if pattern.search(text)), OTHERWISE)


def own_record_service(turn: Turn) -> ServiceMatch | None:
    """Return the likeliest service item near a question that shows people what is kept of them."""
    near = (match for match in turn.services if match.effective.item.own_record)
    return next((match for match in near if match.probability >= LIKELY), None)


@cache
def _services() -> Patterns:
    return cue_file().table("own_records")
