"""The rooms of the tablet beside floor and card, wired to the agent: one line each."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from kiosk_ui.advice.area import advice_areas
from kiosk_ui.areas import Area
from kiosk_ui.lines import lines_area
from kiosk_ui.picture.area import cases_area, picture_area
from store_agent.advising.clients import Clients
from store_agent.advising.notes import Notes
from store_agent.advising.tasks import Tasks
from store_agent.app.announcer import Announcer
from store_agent.clock import Clock
from store_agent.config import AdviceSettings, StoreSettings
from store_agent.storage import Storage
from store_agent.tablet.advice import TabletAdvice
from store_agent.tablet.clients import ClientDesk
from store_agent.tablet.lines import TabletLines
from store_agent.tablet.picture import TabletPicture
from sync.worker import SyncWorker


def build_areas(  # noqa: PLR0913, PLR0917  what the rooms need, by name
    storage: Storage,
    store: StoreSettings,
    clock: Clock,
    sync: SyncWorker | None,
    announcer: Announcer,
    advice: AdviceSettings,
) -> tuple[Area, ...]:
    """In the order of the rail."""
    notes = Notes(storage, clock, announcer.advice_changed)
    zone = ZoneInfo(store.zone)
    insight = TabletPicture(storage, store, clock)
    tasks = Tasks(storage, zone, clock, announcer.advice_changed)
    clients = Clients(storage, advice.contacts_in_30_days, clock, announcer.advice_changed)
    desk = ClientDesk(storage, zone, clock, clients, advice.contacts_in_30_days)
    return (
        cases_area(insight),
        *advice_areas(TabletAdvice(storage, zone, clock, notes, tasks, desk)),
        picture_area(insight),
        lines_area(TabletLines(storage, sync, clock)),
    )
