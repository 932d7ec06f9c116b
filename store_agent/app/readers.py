"""The scanners of this box, from settings, and what happens with each reading."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import structlog

from pos_adapters.base import Reader, Reading
from store_agent.clienteling import Clienteling
from store_agent.clock import Clock
from store_agent.config import HidReaderSettings, ReaderSettings, SerialReaderSettings
from store_agent.domain.errors import Unavailable
from store_agent.domain.scan import Scan, ScanSource

# A full queue or disk is tried again for as long as a customer waits at the till.
TRIES = 5
PAUSE_S = 0.5
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Scanner:
    """One configured device and the door its scans come through."""

    reader: Reader
    source: ScanSource


def build_readers(settings: ReaderSettings, clock: Clock) -> tuple[Scanner, ...]:
    """One per configured device; their libraries are loaded only where one is."""
    serial = tuple(Scanner(_serial(one, clock), ScanSource.SERIAL) for one in settings.serial)
    hid = tuple(Scanner(_hid(one, clock), ScanSource.HID) for one in settings.hid)
    return (*serial, *hid)


async def listen(scanner: Scanner, clienteling: Clienteling) -> None:
    """Turn readings into scans until cancelled."""

    async def on_reading(reading: Reading) -> None:
        scan = Scan(
            lane=reading.lane,
            data=reading.data,
            source=scanner.source,
            received_at=reading.at,
            symbology=reading.symbology,
            scanned_at=reading.at,
        )
        await _record(clienteling, scan, scanner.reader.name)

    await scanner.reader.run(on_reading)


async def _record(clienteling: Clienteling, scan: Scan, reader_name: str) -> None:
    for attempt in range(TRIES):
        try:
            await clienteling.on_scan(scan)
        except Unavailable as error:
            if attempt + 1 == TRIES:
                log.exception("scan given up", reader=reader_name, reason=str(error))
                return
            await asyncio.sleep(PAUSE_S)
        else:
            return


def _serial(settings: SerialReaderSettings, clock: Clock) -> Reader:
    from pos_adapters.scanners.device import Times  # noqa: PLC0415  only where there is a scanner
    from pos_adapters.scanners.serial import (  # noqa: PLC0415  pyserial likewise
        SerialSettings,
        serial_reader,
    )

    return serial_reader(
        f"scanner {settings.lane}",
        settings.lane,
        SerialSettings(str(settings.path), settings.baud, settings.prefix.encode()),
        Times(clock.now, clock.monotonic),
    )


def _hid(settings: HidReaderSettings, clock: Clock) -> Reader:
    from pos_adapters.scanners.device import Times  # noqa: PLC0415  only where there is a scanner
    from pos_adapters.scanners.hid import HidSettings, hid_reader  # noqa: PLC0415  evdev likewise
    from pos_adapters.scanners.layouts import LayoutName  # noqa: PLC0415

    return hid_reader(
        f"scanner {settings.lane}",
        settings.lane,
        HidSettings(str(settings.path), LayoutName(settings.layout)),
        Times(clock.now, clock.monotonic),
    )
