"""Areas: what the tablet can do beside floor and customer card, each a room of its own.

An area brings pages below its own paths, an entry in the rail, sections for the customer page, and
what is live on its pages. It is handed to `build_router`; floor and card know none of them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from fastapi import APIRouter

from kiosk_ui.live import Hub
from kiosk_ui.model import Role, Viewer
from kiosk_ui.printer import Fragment, Printer
from kiosk_ui.settings import KioskSettings

if TYPE_CHECKING:
    from kiosk_ui.pages import Pages

Print = tuple[Fragment, ...]
EVERYBODY = frozenset(Role)


class Column(StrEnum):
    """Where on the customer page a section stands; on a phone all are one column."""

    MAIN = "main"
    SIDE = "side"


class Section(Protocol):
    """A part of the customer page below the two-second card, printed anew when they change.

    Its template is `fragments/<name>.html` with `id` and `root` on its first tag, like every
    fragment; while there is nothing to show it prints an empty element with `hidden`, so that a
    later push finds its place.
    """

    @property
    def name(self) -> str:
        """Unique among sections and parts of the card; letters only."""

    @property
    def column(self) -> Column:
        """Where it stands."""

    async def context(self, customer_id: str, viewer: Viewer) -> Mapping[str, object]:
        """What the template needs. LookupError when there is nobody who may be named."""


@dataclass(frozen=True, slots=True)
class RailEntry:
    """A way into the area. `text` is marked with `words.msg`; `icon` is one of icons.html."""

    path: str
    icon: str
    text: str
    roles: frozenset[Role] = EVERYBODY


@dataclass(frozen=True, slots=True)
class Kit:
    """What an area builds its routes with."""

    pages: Pages
    printer: Printer
    hub: Hub
    settings: KioskSettings
    now: Callable[[], datetime]


async def _none(viewer: Viewer) -> int:
    return 0


async def _nothing(key: str, viewer: Viewer) -> Print:
    return ()


@dataclass(frozen=True, slots=True)
class Area:
    """One room. `name` is that of its pages in the stream: `/events?page=area:<name>:<key>`."""

    name: str
    build: Callable[[Kit], APIRouter] | None = None
    rail: RailEntry | None = None
    sections: Sequence[Section] = ()
    current: Callable[[str, Viewer], Awaitable[Print]] = _nothing  # by the page's key
    # How much waits there for this viewer: the number beside the entry in the rail, on every page.
    badge: Callable[[Viewer], Awaitable[int]] = _none

    @property
    def has_badge(self) -> bool:
        """Whether a number stands beside its entry in the rail."""
        return self.badge is not _none
