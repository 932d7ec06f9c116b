"""Who is told when something durable happened: the tablets, the sync worker, the metrics."""

from __future__ import annotations

from kiosk_ui.live import Hub
from store_agent.api.metrics import Metrics
from store_agent.domain.greeting import Greeting
from store_agent.presence.watch import Watch
from store_agent.tablet.shop import TabletShop
from sync.status import SyncStatus
from sync.worker import SyncWorker


class Announcer:
    """Passes news on. Made before those it tells, because they are made from it."""

    def __init__(self, hub: Hub, metrics: Metrics) -> None:
        """Nobody listens yet but the hub."""
        self._hub = hub
        self._metrics = metrics
        self._shop: TabletShop | None = None
        self._sync: SyncWorker | None = None
        self._watch: Watch | None = None

    def connect(self, shop: TabletShop, watch: Watch, sync: SyncWorker | None) -> None:
        """Everybody is made: start passing news on."""
        self._shop = shop
        self._watch = watch
        self._sync = sync
        if sync is not None:
            sync.subscribe(self._line_changed)

    def happened(self, greeting: Greeting | None) -> None:
        """A verb was recorded; `greeting` when it was a scan."""
        if greeting is not None:
            self._metrics.scans.labels(reason=greeting.reason or "recognised").inc()
        if self._shop is not None:
            self._shop.note(greeting)
        self._hub.floor_changed()
        if greeting is None:
            self._hub.all_customers_changed()
        elif greeting.customer is not None:
            self._hub.customer_changed(greeting.customer.id)
        self._tell_watch(greeting)
        if self._sync is not None:
            self._sync.nudge()

    def _tell_watch(self, greeting: Greeting | None) -> None:
        if self._watch is None:
            return
        if greeting is None:
            self._watch.people_changed()
        elif greeting.visit is not None:
            self._watch.scanned(greeting.visit.customer_id, greeting.at)

    def presence_changed(self, customer_ids: frozenset[str]) -> None:
        """These customers came, went, or are somewhere else now."""
        if self._shop is not None:
            self._shop.moved(customer_ids)
        self._hub.floor_changed()
        for customer_id in customer_ids:
            self._hub.customer_changed(customer_id)
        if self._sync is not None:
            self._sync.nudge()

    def basket_changed(self, customer_id: str) -> None:
        """This customer's basket on a till, or what was proposed to it, is another one now."""
        self._hub.customer_changed(customer_id)
        if self._shop is not None and self._shop.opens_by_itself(customer_id):
            self._hub.floor_changed()

    def advice_changed(self, customer_id: str | None) -> None:
        """Staff wrote or did something about this customer, or about none."""
        if customer_id is not None:
            self._hub.customer_changed(customer_id)
        self._hub.floor_changed()  # lists of tasks and clients, and their numbers in the rail
        if self._sync is not None:
            self._sync.nudge()

    def profiles_changed(self, customer_ids: frozenset[str] | None) -> None:
        """The platform sent news about these customers, or about everybody (None)."""
        if self._shop is not None:
            self._shop.profiles_changed()
        if self._watch is not None:
            self._watch.people_changed()
        self._hub.floor_changed()
        if customer_ids is None:
            self._hub.all_customers_changed()
            return
        for customer_id in customer_ids:
            self._hub.customer_changed(customer_id)

    def _line_changed(self, _: SyncStatus) -> None:
        self._hub.status_changed()
