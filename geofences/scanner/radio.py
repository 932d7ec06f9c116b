"""One Bluetooth adapter of this box as a radio: the only file that knows bleak.

Whatever happens to BlueZ or its bus, `run` goes on: it says what is wrong in `state` and tries
again. What BlueZ repeats from its memory cannot be told from a new advert here; `beacons.rooms`
notices when it never changes.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from geofences.beacons.adverts import to_ad_structures
from geofences.beacons.model import Sighting
from geofences.scanner.watchdog import Watchdog

START_TIMEOUT_S = 15.0
STOP_TIMEOUT_S = 5.0
CHECK_S = 5.0
NOT_STARTED = "the scan did not start"
STUCK = "InProgress"  # BlueZ before 5.88: only a power cycle of the adapter helps
log = logging.getLogger(__name__)

OnSighting = Callable[[Sighting], None]


class RadioHealth(StrEnum):
    """How a radio is doing; the same words as everywhere in the agent."""

    OK = "ok"
    DEGRADED = "degraded"  # works, and hears nothing
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class RadioState:
    """One radio now. `reason` is a sentence for the installer."""

    health: RadioHealth
    since: datetime
    reason: str = ""


@dataclass(frozen=True, slots=True)
class RadioSettings:
    """`mode`: passive asks BlueZ to wake us for beacons only; it falls back to active."""

    adapter: str = "hci0"
    mode: str = "active"  # "active" | "passive"
    duplicate_data: bool = False
    check_s: float = CHECK_S


class Radio:
    """Runs one adapter's scan for ever."""

    def __init__(
        self,
        name: str,
        settings: RadioSettings,
        now: Callable[[], datetime],
        monotonic: Callable[[], float],
        *,
        watchdog: Watchdog | None = None,
    ) -> None:
        """`now` gives aware UTC."""
        self.name = name
        self._settings = settings
        self._now = now
        self._monotonic = monotonic
        self.watchdog = watchdog or Watchdog()
        self._mode = settings.mode
        self._state = RadioState(RadioHealth.DEGRADED, now(), "starting")
        self._trouble = ""

    @property
    def state(self) -> RadioState:
        """How it is doing."""
        return self._state

    async def run(self, on_sighting: OnSighting) -> None:
        """Scan until cancelled; `on_sighting` is called in this loop and must be quick."""
        while True:
            scanner = await self._started(on_sighting)
            if scanner is None:
                await asyncio.sleep(self.watchdog.failed())
                continue
            try:
                await self._watch()
            finally:
                await self._stop(scanner)

    async def _started(self, on_sighting: OnSighting) -> Any:
        """A running scanner, or None with the reason in `state`."""
        from bleak.exc import BleakError  # noqa: PLC0415  a box without radios need not load it

        try:
            scanner = self._scanner(on_sighting)
            async with asyncio.timeout(START_TIMEOUT_S):
                await scanner.start()
        except (BleakError, OSError, EOFError, TimeoutError, ValueError) as error:
            self._failed(error)
            return None
        self.watchdog.built(self._monotonic())
        if self._state.health is RadioHealth.DOWN:
            self._become(RadioHealth.DEGRADED, "started again, nothing heard yet")
        return scanner

    def _scanner(self, on_sighting: OnSighting) -> Any:
        from bleak import BleakScanner  # noqa: PLC0415

        def heard(device: Any, said: Any) -> None:
            self._heard(device.address, said, on_sighting)

        arguments: dict[str, Any] = {"adapter": self._settings.adapter}
        if self._mode == "passive":
            arguments["or_patterns"] = _patterns()
        elif self._settings.duplicate_data:
            arguments["filters"] = {"DuplicateData": True}
        return BleakScanner(heard, scanning_mode=self._mode, bluez=arguments)  # type: ignore[arg-type]

    def _heard(self, address: str, said: Any, on_sighting: OnSighting) -> None:
        advert = to_ad_structures(said.manufacturer_data, said.service_data)
        if advert:
            self.watchdog.heard(self._monotonic())
            if self._state.health is not RadioHealth.OK:
                self._trouble = ""
                self._become(RadioHealth.OK, "")
        if said.rssi is not None and -127 < said.rssi <= 20:
            at = self._now().timestamp()
            on_sighting(Sighting(self.name, address.upper(), said.rssi, advert, at))

    async def _watch(self) -> None:
        """Return when this scan must be built anew."""
        while True:
            await asyncio.sleep(self._settings.check_s)
            now = self._monotonic()
            if self.watchdog.is_stalled(now):
                log.warning("radio %s is silent: building its scan anew", self.name)
                self._quiet()
                return
            if self.watchdog.is_silent(now):
                self._quiet()

    async def _stop(self, scanner: Any) -> None:
        """A scan whose BlueZ is gone cannot be stopped, and need not be."""
        from bleak.exc import BleakError  # noqa: PLC0415

        try:
            async with asyncio.timeout(STOP_TIMEOUT_S):
                await scanner.stop()
        except (BleakError, OSError, EOFError, TimeoutError) as error:
            if STUCK in str(error):
                self._trouble = (
                    f"BlueZ cannot stop its discovery: switch {self._settings.adapter} off and on"
                    " (bluetoothctl power off, power on), or update BlueZ to 5.88"
                )
            log.info("radio %s: the old scan did not stop: %s", self.name, type(error).__name__)

    def _failed(self, error: Exception) -> None:
        reason = reason_of(error, self._settings.adapter)
        if self._mode == "passive" and reason.startswith(NOT_STARTED):
            # BlueZ before 5.56, or without --experimental: listen actively instead. What is missing
            # or switched off for now, as while the box starts, says nothing about passive scanning.
            log.warning("radio %s: passive scanning is not available", self.name)
            self._mode = "active"
        self._become(RadioHealth.DOWN, reason)

    def _quiet(self) -> None:
        reason = self._trouble or "hears nothing: nobody here, or the adapter needs a power cycle"
        self._become(RadioHealth.DEGRADED, reason)

    def _become(self, health: RadioHealth, reason: str) -> None:
        if (health, reason) != (self._state.health, self._state.reason):
            since = self._state.since if health is self._state.health else self._now()
            self._state = RadioState(health, since, reason)


def reason_of(error: Exception, adapter: str) -> str:
    """A sentence for the installer: what is wrong, and what to do."""
    text = str(error)
    if isinstance(error, FileNotFoundError | ConnectionError | EOFError):
        return "no D-Bus: is the service `dbus` running?"
    if "adapter" in text.lower() or "UnknownObject" in text:
        return f"no adapter {adapter}: is it plugged in? (bluetoothctl list)"
    if "NotReady" in text or "powered" in text.lower() or "turned on" in text:
        return f"{adapter} is off: bluetoothctl power on"
    if "ServiceUnknown" in text or "NameHasNoOwner" in text:
        return "no BlueZ: is the service `bluetooth` running?"
    if "AccessDenied" in text or "NotPermitted" in text or "NotAuthorized" in text:
        return "not permitted: add the agent's user to the group `bluetooth`"
    return f"{NOT_STARTED}: {type(error).__name__}"


def _patterns() -> list[Any]:
    """What BlueZ shall wake us for: iBeacon, AltBeacon of any company, Eddystone."""
    from bleak.args.bluez import OrPattern  # noqa: PLC0415
    from bleak.assigned_numbers import AdvertisementDataType as Kind  # noqa: PLC0415

    return [
        OrPattern(0, Kind.MANUFACTURER_SPECIFIC_DATA, b"\x4c\x00\x02\x15"),
        OrPattern(2, Kind.MANUFACTURER_SPECIFIC_DATA, b"\xbe\xac"),
        OrPattern(0, Kind.SERVICE_DATA_UUID16, b"\xaa\xfe"),
    ]
