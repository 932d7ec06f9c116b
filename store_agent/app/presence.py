"""Presence, wired: fences, radios and nodes from settings, and what they hear handed on."""

from __future__ import annotations

import asyncio
import importlib.util
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from geofences import espresense
from geofences.beacons.tracker import DEFAULTS, with_override
from geofences.espresense import NodeStatus, RoomReading
from geofences.mqtt import BrokerSettings, Listener
from geofences.scanner.radio import Radio, RadioHealth, RadioSettings
from store_agent.clock import Clock
from store_agent.config import PresenceSettings, Settings
from store_agent.domain.errors import InvalidInput
from store_agent.domain.health import ComponentHealth, HealthState
from store_agent.domain.hours import Hours
from store_agent.presence.air import Air
from store_agent.presence.fence_book import FenceBook
from store_agent.presence.footfall import Footfall
from store_agent.presence.noticing import Noticing, Shop
from store_agent.presence.watch import Watch
from store_agent.storage import Storage

ALIVE_S = 1.0  # how often a radio of this box is asked how it is


@dataclass(slots=True)
class Presence:
    """The parts of presence in one agent."""

    book: FenceBook
    noticing: Noticing
    air: Air
    watch: Watch
    clock: Clock
    started: datetime
    radios: tuple[Radio, ...] = ()
    broker: Listener | None = None

    def rows(self) -> Iterator[ComponentHealth]:
        """One row for the fences and one per radio."""
        if self.book.faults:
            first = self.book.faults[0]
            told = f"unusable fences, the last good ones stay: {first.feature}: {first.reason}"
            yield ComponentHealth(
                "fences",
                HealthState.DEGRADED,
                self.book.faulty_since or self.started,
                told,
            )
        for radio in self.radios:
            state = radio.state
            yield ComponentHealth(
                f"radio {radio.name}", HealthState(state.health), state.since, state.reason
            )
        if self.broker is not None:
            broker = self.broker.state
            health = HealthState.OK if broker.online else HealthState.OFFLINE
            yield ComponentHealth("radio nodes", health, broker.since, broker.reason)


def build_presence(
    settings: Settings, storage: Storage, clock: Clock, changed: Callable[[frozenset[str]], None]
) -> Presence:
    """Everything but the radios themselves."""
    book = FenceBook()
    hours = Hours(settings.presence.hours, ZoneInfo(settings.store.zone))
    footfall = Footfall(settings.presence.minimum_group, clock.now())
    noticing = Noticing(storage, Shop(book, hours, footfall), clock, changed=changed)
    radios = {radio.name: radio.zone for radio in settings.presence.radios}
    thresholds = DEFAULTS
    for name, value in settings.presence.tracker.items():
        thresholds = with_override(thresholds, name, value)
    air = Air(radios, clock.monotonic, clock.now, thresholds)
    watch = Watch(storage, noticing, air, clock)
    broker = _broker(settings.presence, clock)
    return Presence(
        book, noticing, air, watch, clock, clock.now(), _radios(settings.presence, clock), broker
    )


def hearing(presence: Presence) -> list[Coroutine[Any, Any, None]]:
    """What listens beside the doors: one per radio of this box, and the broker of the nodes."""
    work = [_listen(radio, presence.air) for radio in presence.radios]
    if presence.broker is not None:
        work.append(presence.broker.run(lambda *said: _take(presence, *said)))
    return work


async def _listen(radio: Radio, air: Air) -> None:
    """Hand on what a radio of this box hears, and whether it hears at all."""
    async with asyncio.TaskGroup() as group:
        group.create_task(radio.run(air.hear))
        while True:
            air.alive(radio.name, is_alive=radio.state.health is RadioHealth.OK)
            await asyncio.sleep(ALIVE_S)


def _take(presence: Presence, topic: str, payload: bytes) -> None:
    said = espresense.read(topic, payload)
    if isinstance(said, NodeStatus):
        presence.air.alive(said.room, is_alive=said.online)
    elif isinstance(said, RoomReading):
        at = presence.clock.now().timestamp()
        presence.air.reads(said.device, said.room, said.distance_m, at)


def _radios(settings: PresenceSettings, clock: Clock) -> tuple[Radio, ...]:
    return tuple(
        Radio(
            one.name,
            RadioSettings(one.adapter, one.mode, one.duplicate_data),
            clock.now,
            clock.monotonic,
        )
        for one in settings.radios
        if one.kind == "local"
    )


def _broker(settings: PresenceSettings, clock: Clock) -> Listener | None:
    if settings.mqtt is None:
        return None
    if importlib.util.find_spec("aiomqtt") is None:
        raise InvalidInput(
            "presence.mqtt needs the extra `mqtt`", hint="Install store-agent[mqtt]."
        )
    one = settings.mqtt
    broker = BrokerSettings(one.host, one.port, one.username, one.password, one.tls)
    return Listener(broker, espresense.TOPICS, clock.now)
