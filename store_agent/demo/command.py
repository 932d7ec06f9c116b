"""`store-agent demo`: a sample shop in one go.

This process is the agent; the platform and the traffic are children of their own, which stop when
it does. Killed and started again on the same directory it goes on where it was.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tty
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from store_agent import app
from store_agent.clock import SystemClock
from store_agent.commands.run import configure_logs, run_loop
from store_agent.config import Settings, parse
from store_agent.demo import place
from store_agent.demo.child import Child
from store_agent.demo.radios import radio_settings
from store_agent.demo.state import DemoState, load_or_create

DEMO_FILE = "demo.json"
SCANNER = "scanner-door"  # a symlink to the terminal that plays the serial scanner at the door
POLL_S = 0.05


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """The options of the command line."""

    port: int
    data: Path
    customers: int
    seed: int
    speed: float
    traffic: bool
    lan: bool
    names: tuple[str, ...]


def run(options: DemoOptions) -> None:
    """Run until SIGTERM or Ctrl-C."""
    configure_logs()
    options.data.mkdir(parents=True, exist_ok=True)
    (options.data / DEMO_FILE).unlink(missing_ok=True)  # its presence says: ready
    run_loop(_Demo(options).run())


class _Demo:
    """One run of the sample shop."""

    def __init__(self, options: DemoOptions) -> None:
        self._options = options
        self._state = load_or_create(options.data, place.TILLS)
        self._scanner_fd = _scanner(options.data / SCANNER)
        self._children: list[Child] = []

    async def run(self) -> None:
        settings, clock = _settings(self._options, self._state), SystemClock()
        doorway = app.open_doorway(settings, clock)
        url = doorway.addresses.url
        try:
            platform = await self._platform()
            agent = app.build(settings, clock, doorway.addresses)
            async with asyncio.TaskGroup() as group:
                opening = group.create_task(self._open(agent, platform))
                await app.run(
                    agent, doorway, lambda: _say(f"{url} answers; filling the shelves ...")
                )
                opening.cancel()
        finally:
            (self._options.data / DEMO_FILE).unlink(missing_ok=True)
            for child in self._children:
                await child.stop()

    async def _platform(self) -> Child:
        child = await Child.start(
            "store_agent.demo.platform",
            {
                "data": str(self._options.data / "platform"),
                "port": self._state.platform_port,
                "token": self._state.platform_token,
                "seed": self._options.seed,
                "customers": self._options.customers,
            },
        )
        self._children.append(child)
        return child

    async def _open(self, agent: app.Agent, platform: Child) -> None:
        """Wait for the platform and the first snapshot; then write demo.json and let people in."""
        shop: dict[str, Any] = {}
        async for line in platform.lines():
            if "url" in line:
                shop = line
                break
            _progress("platform", line["seeded"], line["total"])
        await _bootstrapped(agent)
        for member in shop["staff"]:
            if not await agent.access.has_pin(member["staff_id"]):
                await agent.access.set_pin(member["staff_id"], member["pin"])
        document = self._document(agent, shop)
        _write(self._options.data / DEMO_FILE, document)
        _greet(agent, document)
        if self._options.traffic:
            await self._traffic(document)
        await asyncio.Event().wait()

    async def _traffic(self, document: dict[str, Any]) -> None:
        settings = {
            "url": document["url"],
            "passes": document["passes"],
            "rotating": document["rotating"],
            "tills": document["tills"],
            "till_token": document["till_token"],
            "relay_token": document["relay_token"],
            "satellite_token": document["satellite_token"],
            "carriers": document["carriers"],
            "phones": document["phones"],
            "pickups": document["pickups"],
            "serial_fd": self._scanner_fd,
            "seed": self._options.seed,
            "speed": self._options.speed,
            "data": str(self._options.data),
        }
        fds = (self._scanner_fd,)
        self._children.append(await Child.start("store_agent.demo.traffic", settings, fds))

    def _document(self, agent: app.Agent, shop: dict[str, Any]) -> dict[str, Any]:
        tokens = {f"{kind}_token": token for kind, token in self._state.tokens.items()}
        return {
            "url": agent.addresses.url,
            "lan_url": agent.addresses.lan_url,
            "platform_url": shop["url"],
            "store_id": place.STORE_ID,
            **tokens,
            "platform_token": self._state.platform_token,
            "pairing_code": self._state.pairing_code,
            "scanner": str((self._options.data / SCANNER).absolute()),
            "tills": [{"id": k, "token": v} for k, v in self._state.till_tokens.items()],
            "staff": [{key: m[key] for key in ("name", "pin", "role")} for m in shop["staff"]],
            "passes": shop["passes"],
            "rotating": shop["rotating"],
            "carriers": shop["carriers"],
            "phones": shop["phones"],
            "pickups": shop["pickups"],
        }


def _settings(options: DemoOptions, state: DemoState) -> Settings:
    return parse(
        {
            "data": str(options.data / "agent"),
            "store": {
                "id": place.STORE_ID,
                "name": f"{place.STORE_NAME} · {place.CITY}",
                "zone": place.ZONE_NAME,
                "currency": place.CURRENCY,
                "lanes": list(place.LANES),
            },
            "http": {
                "port": options.port,
                "lan_host": "0.0.0.0" if options.lan else "127.0.0.1",  # noqa: S104  --lan asks
                "lan_port": state.lan_port,
                "names": list(options.names),
            },
            "platform": {
                "url": f"http://127.0.0.1:{state.platform_port}",
                "token": state.platform_token,
                "reconnect_window_s": 1.0,  # the platform is still seeding when the agent is up
            },
            "tokens": state.token_settings(),
            "presence": {"radios": radio_settings()},
            "tablets": {"pairing_code": state.pairing_code},
            "readers": {
                "serial": [{"lane": place.DOOR, "path": str((options.data / SCANNER).absolute())}]
            },
        }
    )


def _scanner(link: Path) -> int:
    """A pseudo terminal whose far end looks like a serial scanner; returns our end."""
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    link.unlink(missing_ok=True)
    link.symlink_to(os.ttyname(theirs))
    return ours


async def _bootstrapped(agent: app.Agent) -> None:
    """Wait until the cache has its first snapshot; show how far it is."""
    if agent.sync is None:
        return
    while agent.sync.status().profiles_as_of is None:
        progress = agent.sync.status().bootstrap
        if progress is not None:
            _progress("snapshot", progress.done, progress.total)
        await asyncio.sleep(POLL_S)


def _write(path: Path, document: dict[str, Any]) -> None:
    beside = path.with_suffix(".new")
    beside.write_bytes(orjson.dumps(document, option=orjson.OPT_INDENT_2))
    beside.chmod(0o600)
    beside.replace(path)


def _greet(agent: app.Agent, document: dict[str, Any]) -> None:
    bea = document["staff"][0]
    _say(
        f"\n  {agent.settings.store.name} is open\n"
        f"  tablet     {agent.addresses.url}   (in the network: {agent.addresses.lan_url})\n"
        f"  pair with  {agent.pairing_code}, then {bea['name']}, PIN {bea['pin']}\n"
        f"  platform   {document['platform_url']}\n"
        f"  cut the line:  scripts/line down    restore it:  scripts/line up\n"
        f"  Ctrl-C closes the shop\n"
    )


def _progress(what: str, done: int, total: int) -> None:
    if sys.stdout.isatty() and total:
        sys.stdout.write(f"\r  {what}: {done:,} of {total:,} ({100 * done // total} %) ")
        sys.stdout.flush()


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
