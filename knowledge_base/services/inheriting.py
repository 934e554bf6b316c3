"""Which version of an item holds on a day, and what an item is in a region: the nearest says each field."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from knowledge_base.regions import specificity, visible
from knowledge_base.services.records import ItemVersion, ServiceItem

_OWN = frozenset({"catalog_code", "task_code", "region"})
# A code of the wider region's own item; the narrower one either has its own or has none.
_NEVER_INHERITED = frozenset({"task_handle_item", "task_version", "task_state", "dept_code"})
_ONLINE = (
    "link_addr",
    "mobile_terminal_url",
    "mini_program",
    "app_link",
    "online_handle_depth",
    "is_pay_online",
)
_DAYS = frozenset({"plan_effective_date", "plan_cancel_date"})


@dataclass(frozen=True, slots=True)
class EffectiveItem:
    """An item as it is in a region on a day.

    Attributes:
        item: Every field from the nearest region that states it; code, region, dates are the nearest's own.
        sources: The items it is made of, the nearest region's first.
    """

    item: ServiceItem
    sources: tuple[ServiceItem, ...]

    @property
    def name(self) -> str:
        """What it is called; the code where nobody has named it."""
        return self.item.task_name or self.item.task_code


def version_on(versions: Iterable[ItemVersion], day: date) -> ServiceItem | None:
    """Return what an item says on a day: its newest version that has begun, unless that has ended by then.

    An item that an operator has withdrawn says nothing, whatever the day.
    """
    ordered = sorted(versions, key=lambda version: version.number)
    if not ordered or ordered[-1].withdrawn_at is not None:
        return None
    begun = [each.item for each in ordered if (each.item.plan_effective_date or date.min) <= day]
    if not begun:
        return None
    item = begun[-1]
    is_over = item.plan_cancel_date is not None and item.plan_cancel_date <= day
    return None if is_over or item.task_state == "停用" else item


def inherit(chain: Sequence[ServiceItem]) -> EffectiveItem:
    """Put items of one catalog code together, the nearest region's first.

    Raises:
        ValueError: If there is none.
    """
    if not chain:
        raise ValueError("an item is made of at least one statement")
    nearest = chain[0]
    stated = {
        name: next((value for each in chain if (value := getattr(each, name)) is not None), None)
        for name in ServiceItem.model_fields
        if name not in _OWN | _NEVER_INHERITED | _DAYS
    }
    # A time limit goes with its unit, a number of visits with its reason: never one from each region.
    for number, unit in (
        ("anticipate_day", "anticipate_type"),
        ("promise_day", "promise_type"),
        ("limit_scene_num", "limit_scene_reason"),
    ):
        source = next((each for each in chain if getattr(each, number) is not None), None)
        stated[unit] = None if source is None else getattr(source, unit)
    # Where the nearest word on it is that nothing is done online, a wider region's entries lead elsewhere.
    offline = next((place for place, each in enumerate(chain) if each.is_online is not None), None)
    if offline is not None and chain[offline].is_online is False:
        for name in _ONLINE:
            values = (getattr(each, name) for each in chain[: offline + 1])
            stated[name] = next((value for value in values if value is not None), None)
    return EffectiveItem(nearest.model_copy(update=stated), tuple(chain))


def effective_items(items: Iterable[ServiceItem], region: str | None) -> dict[str, EffectiveItem]:
    """Return by catalog code what a citizen of a region can have done, from items that hold on the day."""
    seen = visible(region)
    chains: dict[str, list[ServiceItem]] = defaultdict(list)
    for item in items:
        if item.region in seen:
            chains[item.catalog_code].append(item)
    return {
        code: inherit(sorted(chain, key=lambda each: (-specificity(each.region), each.task_code)))
        for code, chain in chains.items()
    }
