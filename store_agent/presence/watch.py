"""What keeps presence going: consents are asked for, radios heard out, time and fences watched."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import structlog

from geofences import rules
from geofences.locations import LocationRefused, read_location
from geofences.model import Fix, Observation
from store_agent import briefing
from store_agent.clock import Clock
from store_agent.domain.errors import Unavailable
from store_agent.domain.greeting import Evidence
from store_agent.presence.air import Air
from store_agent.presence.noticing import Noticing
from store_agent.presence.people import Standing, standing
from store_agent.storage import Storage, View, catalog, visits

HEAR_S = 0.25  # from a sighting to the tablets; a person walks a step meanwhile
MAX_WAITING = 5000  # pieces of evidence kept while the disk is full
log = structlog.get_logger(__name__)


class Watch:
    """Runs beside the doors. `hear` and `sweep` are one round each; only `run` waits."""

    def __init__(self, storage: Storage, noticing: Noticing, air: Air, clock: Clock) -> None:
        """Nothing runs yet."""
        self._storage = storage
        self._noticing = noticing
        self._air = air
        self._clock = clock
        self._waiting: list[Observation] = []
        self._hurry = asyncio.Event()
        self._beacons_version = -1

    async def run(self) -> None:
        """Until cancelled."""
        try:
            await self._restore()
        except Unavailable as error:  # a full disk today: the sweep tries again
            log.warning("presence waits", reason=str(error))
        async with asyncio.TaskGroup() as group:
            group.create_task(self._hearing(), name="hear the radios")
            group.create_task(self._sweeping(), name="sweep presence")

    # -- news ---------------------------------------------------------------------------------

    def scanned(self, customer_id: str, at: datetime) -> None:
        """A pass was shown: whoever it is, is inside."""
        store = self._noticing.plan.store()
        self._air.corroborate(customer_id)
        if store is not None:
            seen = Observation(customer_id, store.id, at, at, Evidence.SCAN.value)
            self._waiting.append(seen)

    def people_changed(self) -> None:
        """Consents, states or fences may have changed: look at everybody again, now."""
        self._air.forget_standings()
        self._hurry.set()

    async def on_positions(self, documents: Sequence[Mapping[str, Any]]) -> None:
        """Positions that came with the platform's feed; unusable ones are counted and dropped."""
        fixes: list[Fix] = []
        for document in documents:
            try:
                fixes.append(read_location({"source": "platform", **document}, self._clock.now()))
            except LocationRefused as refused:
                log.warning("position of the feed not usable", field=refused.field)
        await self._noticing.on_fixes(fixes)

    # -- rounds -------------------------------------------------------------------------------

    async def hear(self) -> None:
        """Ask what new subjects agreed to, and hand on what the radios found out."""
        asked = self._air.unasked()
        if asked:
            self._air.answer(await self._storage.read(lambda view: _standings(view, asked)))
        for customer_id, at in self._air.ambient().items():
            self._noticing.count(customer_id, datetime.fromtimestamp(at, UTC))
        self._waiting += self._air.evidence()
        if self._waiting:
            taken, self._waiting = self._waiting, []
            try:
                await self._noticing.on_observations(taken)
            except Unavailable:
                self._waiting = (taken + self._waiting)[-MAX_WAITING:]
                raise

    async def sweep(self) -> None:
        """Look at everybody: time passed, consents, fences, beacons."""
        await self._learn_beacons()
        await self._noticing.sweep(self._air.blind_zones())

    async def _learn_beacons(self) -> None:
        version = await self._storage.read(lambda view: catalog.version(view.cache, "beacons"))
        if version == self._beacons_version:
            return
        known = await self._storage.read(lambda view: catalog.beacons(view.cache), is_long=True)
        self._air.learn(known)
        self._beacons_version = version
        for fault in self._air.faults:
            log.warning("unusable beacon", beacon=fault.feature, reason=fault.reason)

    async def _restore(self) -> None:
        """Where radios believed people to be before the restart; it makes no new events."""
        present = await self._storage.read(lambda view: visits.present(view.ledger))
        for visit in present:
            if visit.zone is not None and visit.indoor_at is not None:
                self._air.restore(visit.customer_id, visit.zone, visit.indoor_at)
        await self.sweep()

    async def _hearing(self) -> None:
        while True:
            await asyncio.sleep(HEAR_S)
            try:
                await self.hear()
            except Unavailable as error:
                log.warning("evidence waits", reason=str(error))

    async def _sweeping(self) -> None:
        while True:
            self._hurry.clear()
            try:
                await self.sweep()
            except Unavailable as error:
                log.warning("presence waits", reason=str(error))
            try:
                await asyncio.wait_for(self._hurry.wait(), rules.TICK_S)
            except TimeoutError:
                continue


def _standings(view: View, subjects: frozenset[str]) -> dict[str, Standing]:
    return {one: standing(briefing.customer(view, one)) for one in subjects}
