"""What to prepare for somebody who is on the way: the need, in the associate's language. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from store_agent.domain.customer import Customer, OpenOrder

PICKUP = "pickup"


@dataclass(frozen=True, slots=True)
class _Words:
    pickup: str
    titled: str
    several: str


WORDS: Mapping[str, _Words] = MappingProxyType(
    {
        "de": _Words("Abholung", "Abholung: {title}", "Abholung: {count} Bestellungen"),
        "en": _Words(
            "Click & collect", "Click & collect: {title}", "Click & collect: {count} orders"
        ),
    }
)


@dataclass(frozen=True, slots=True)
class ComingNeed:
    """What somebody comes for, and where it lies ("" = unknown)."""

    text: str
    place: str


def need_of(customer: Customer, language: str, *, named: bool) -> ComingNeed | None:
    """What to prepare, or None when nothing waits. Nameless: not what it is, which might tell."""
    ready = [one for one in customer.open_orders if _is_ready(one)]
    if not ready:
        return None
    words = WORDS[language]
    place = ready[0].place or ""
    if not named:
        return ComingNeed(words.pickup, place)
    if len(ready) > 1:
        return ComingNeed(words.several.format(count=len(ready)), place)
    return ComingNeed(words.titled.format(title=ready[0].title), place)


def _is_ready(order: OpenOrder) -> bool:
    return order.kind == PICKUP and order.ready_since is not None
