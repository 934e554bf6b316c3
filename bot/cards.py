"""Service cards: the doors of an item, each from the registry, without those found dead."""

from datetime import datetime

from bot.answer import CardMaterial, CardMiniProgram, CardOffice, ServiceCard
from bot.responders.fields import open_now, opening_hours, time_limit
from knowledge_base.services.catalogue import Catalogue
from knowledge_base.services.inheriting import EffectiveItem
from knowledge_base.services.opening import opening
from knowledge_base.services.records import Material, Office, is_web_address


def card_of(
    effective: EffectiveItem,
    catalogue: Catalogue,
    *,
    region: str | None,
    now: datetime,
    related: bool = False,
) -> ServiceCard:
    """Return the card of an item for a citizen of a region at a moment."""
    item = effective.item
    offices = catalogue.offices_of(item, region)
    program = item.mini_program
    return ServiceCard(
        name=effective.name,
        url=_living(item.link_addr, catalogue),
        code=item.task_code,
        department=item.dept_name or "",
        region=item.region,
        mobile_url=_living(item.mobile_terminal_url, catalogue),
        mini_program=CardMiniProgram(appid=program.appid, path=program.path) if program else None,
        app_link=_app(item.app_link, catalogue),
        phone=item.link_way or "",
        online=item.is_online,
        time_limit=time_limit(item),
        visits=item.limit_scene_num,
        office=_office(offices[0], now) if offices else None,
        materials=tuple(_material(each, catalogue) for each in item.materials or ()),
        related=related,
    )


def has_entry(effective: EffectiveItem, catalogue: Catalogue) -> bool:
    """Tell whether there is a door that opens without going anywhere."""
    item = effective.item
    return bool(
        _living(item.link_addr, catalogue)
        or _living(item.mobile_terminal_url, catalogue)
        or item.mini_program
        or _app(item.app_link, catalogue)
    )


def _living(url: str | None, catalogue: Catalogue) -> str:
    """Return an address that may be shown: one of the web, not found dead."""
    return url if url and is_web_address(url) and not catalogue.is_dead(url) else ""


def _app(link: str | None, catalogue: Catalogue) -> str:
    """Return a link into an app: `name://…`, or a web address that is not dead."""
    if (
        not link
        or "://" not in link
        or link.lower().startswith(("javascript:", "data:", "vbscript:", "file:", "blob:"))
    ):
        return ""
    return _living(link, catalogue) if is_web_address(link) else link


def _office(office: Office, now: datetime) -> CardOffice:
    found = opening(office, now) if office.hours else None
    return CardOffice(
        name=office.name,
        address=office.address or "",
        phone=office.link_way or "",
        hours=opening_hours(office),
        open_now=found.is_open if found else None,
        next_open=found.next_open if found else None,
        opening=open_now(office, now),
    )


def _material(material: Material, catalogue: Catalogue) -> CardMaterial:
    kind = "电子件" if material.type == "电子" else material.type
    notes = (
        kind,
        f"{material.copies}份" if material.copies else "",
        material.condition,
        material.waived_reason,
    )
    return CardMaterial(
        name=material.name,
        needed=material.is_need,
        waived=material.waived,
        note="；".join(filter(None, notes)),
        form=_living(material.form_guid, catalogue),
        example=_living(material.example_guid, catalogue),
    )
