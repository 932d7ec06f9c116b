"""The demo's platform as a process of its own: `python -m store_agent.demo.platform`.

Reads its settings as one JSON line on stdin and stops when stdin ends, so that it dies with the
demo however that dies. Prints JSON lines: seeding progress, then one with everything demo.json
needs about the sample shop, once it serves.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from store_agent.clock import SystemClock
from store_agent.demo.place import staff_pins
from store_agent.demo.rules import DemoRules
from store_agent.demo.seed import SeededShop, ensure_seeded
from store_agent.demo.showcase import showcase
from sync.reference_platform.server import PlatformSettings, serve
from sync.reference_platform.store import FILE_NAME, PlatformStore


@dataclass(frozen=True, slots=True)
class DemoPlatformSettings:
    """What the demo tells its platform."""

    data: str
    port: int
    token: str
    seed: int
    customers: int


def main() -> None:
    """Seed once, then serve until told to stop."""
    settings = DemoPlatformSettings(**orjson.loads(sys.stdin.buffer.readline()))
    with suppress(BrokenPipeError):  # the demo is gone, and with it whoever reads us
        asyncio.run(_serve(settings))


async def _serve(settings: DemoPlatformSettings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await loop.connect_read_pipe(lambda: _Watch(stop), sys.stdin)
    shop = await asyncio.to_thread(_seed, settings, SystemClock().now())
    if stop.is_set():
        return
    serving = PlatformSettings(
        Path(settings.data), settings.token, SystemClock().now, settings.port
    )
    await serve(serving, DemoRules(), stop=stop, on_ready=lambda url: _announce(url, shop))


class _Watch(asyncio.Protocol):
    """Stops the platform when the demo is gone."""

    def __init__(self, stop: asyncio.Event) -> None:
        self._stop = stop

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop.set()


def _seed(settings: DemoPlatformSettings, now: datetime) -> SeededShop:
    folder = Path(settings.data)
    folder.mkdir(parents=True, exist_ok=True)
    store = PlatformStore(folder / FILE_NAME)
    try:
        return ensure_seeded(
            store,
            SeededShop(settings.seed, settings.customers, now),
            lambda done, total: _print({"seeded": done, "total": total}),
        )
    finally:
        store.close()


def _announce(url: str, shop: SeededShop) -> None:
    staff = [asdict(login) for login in staff_pins(shop.seed)]
    shown = showcase(shop.seed, shop.customers, shop.at).as_json()
    _print({"url": url, "staff": staff, **shown})


def _print(line: dict[str, Any]) -> None:
    sys.stdout.buffer.write(orjson.dumps(line) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
