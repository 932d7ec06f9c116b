"""The turned tablet, wired to the agent."""

from __future__ import annotations

from kiosk_ui.areas import Area
from kiosk_ui.turned.area import turned_area
from store_agent.app.announcer import Announcer
from store_agent.clock import Clock
from store_agent.config import StoreSettings
from store_agent.storage import Storage
from store_agent.tablet.access import TabletAccess
from store_agent.tablet.turned import TabletTurned, Verbs
from store_agent.welcoming.consenting import Consenting
from store_agent.welcoming.preferring import Preferring
from store_agent.welcoming.surveying import Surveying
from store_agent.welcoming.turning import Turning


def build_turned(
    storage: Storage,
    store: StoreSettings,
    clock: Clock,
    announcer: Announcer,
    access: TabletAccess,
) -> Area:
    """The room with its verbs."""

    def changed() -> None:
        announcer.happened(None)

    consenting = Consenting(storage, clock, changed)
    surveying = Surveying(storage, store, clock, announcer.advice_changed)
    preferring = Preferring(storage, store, clock, announcer.advice_changed)
    tablet = TabletTurned(
        storage, clock, access, Verbs(Turning(storage, clock), consenting, preferring, surveying)
    )
    return turned_area(tablet)
