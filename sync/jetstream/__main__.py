"""`python -m sync.jetstream`: what the operator of a fleet runs beside NATS and the platform."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import secrets
import signal
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import httpx
from pydantic import ValidationError

from sync.backoff import Backoff
from sync.errors import TransportError
from sync.feed import HttpFeed
from sync.jetstream import promises
from sync.jetstream.bridge import BridgeEnds, BridgePlan, EventBridge
from sync.jetstream.line import NatsLine
from sync.jetstream.mirror import FeedMirror
from sync.jetstream.places import Places, Source
from sync.jetstream.publishing import FeedPlan, FeedPublisher
from sync.jetstream.settings import LineSettings
from sync.outbox import Lane
from sync.transports.http import HttpLine
from sync.transports.platform_http import PlatformHttpTransport

TOKEN_VARIABLE = "PLATFORM_TOKEN"  # the environment, because command lines are visible to all
PASSWORD_VARIABLE = "NATS_PASSWORD"
FILE_NAME = "bridge.db"
WINDOW_S = 2.0  # of the back-off: there is one bridge, not a herd of them
NAME = "platform"
log = logging.getLogger("sync.jetstream")


def main() -> None:
    """Set up, check, or bridge until SIGTERM."""
    arguments = _arguments()
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s", stream=sys.stderr)
    logging.getLogger("httpx").setLevel(logging.WARNING)  # or it tells of every request
    try:
        asyncio.run(arguments.command(arguments))
    except TransportError as error:
        sys.exit(f"{error}\n{error.hint}".strip())


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m sync.jetstream",
        description=f"The password of --user is read from {PASSWORD_VARIABLE}.",
    )
    parser.add_argument("--server", action="append", required=True, help="nats:// or tls://")
    parser.add_argument("--creds", type=Path, help="the operator's .creds file")
    parser.add_argument("--user", default="")
    parser.add_argument("--ca-file", type=Path)
    parser.add_argument("--domain", default="")
    commands = parser.add_subparsers(required=True)
    setup = commands.add_parser("setup", help="make the streams, or change them to this")
    setup.add_argument("--replicas", type=int, default=1)
    setup.add_argument("--max-bytes", type=int, default=0, help="of the events; 0 = no limit")
    setup.set_defaults(command=_setup)
    check = commands.add_parser("check", help="say what the servers and streams promise")
    check.add_argument("--monitor", action="append", default=[], help="http://host:8222 of each")
    check.add_argument("--min-replicas", type=int, default=1)
    check.set_defaults(command=_check)
    bridge = commands.add_parser(
        "bridge",
        help="events from NATS to the platform, its documents into NATS",
        description=f"The platform's token is read from {TOKEN_VARIABLE}.",
    )
    bridge.add_argument("--platform", required=True, help="its address")
    bridge.add_argument("--data", type=Path, required=True, help="folder of the bridge's own file")
    bridge.add_argument("--store", default="fleet", help="whose feed is mirrored for all shops")
    bridge.add_argument("--snapshot-every-s", type=float, default=6 * 3600.0)
    bridge.add_argument("--keep", action="store_true", help="do not delete what the platform has")
    bridge.set_defaults(command=_bridge)
    return parser.parse_args()


async def _setup(arguments: argparse.Namespace) -> None:
    async with _line(arguments) as line:
        events = BridgePlan(replicas=arguments.replicas, max_bytes=arguments.max_bytes)
        for plan in (*events.streams(), *FeedPlan(replicas=arguments.replicas).streams()):
            await line.create(plan)
            _say(f"{plan.name}: {', '.join(plan.subjects)}")


async def _check(arguments: argparse.Namespace) -> None:
    for address in arguments.monitor:
        _say(await _durability(address))
    async with _line(arguments) as line:
        facts = await line.describe(BridgePlan().stream)
        promises.check_events(facts, arguments.min_replicas)
        for warning in promises.warnings(facts):
            _say(f"note: {warning}")
        _say(f"{facts.name}: fit for events, {facts.last_seq} so far, {facts.replicas} copies")


async def _durability(address: str) -> str:
    """What only the server's monitoring tells: whether an acknowledged message is on the disk."""
    try:
        async with httpx.AsyncClient(timeout=5) as client:
            varz = (await client.get(f"{address.rstrip('/')}/varz")).json()
        stores = varz["jetstream"]["config"]
    except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
        raise TransportError(f"no monitoring of a JetStream server at {address}") from error
    name = varz.get("server_name", address)
    if stores.get("sync_always"):
        return f"{name}: writes every message through to the disk"
    every_s = stores.get("sync_interval", 0) / 1e9
    raise TransportError(
        f"{name} acknowledges up to {every_s:g} s before it writes to the disk",
        permanent=True,
        hint="Set `jetstream { sync_interval: always }`, or keep 3 copies in 3 places.",
    )


async def _bridge(arguments: argparse.Namespace) -> None:
    token = os.environ.get(TOKEN_VARIABLE)
    if not token:
        raise TransportError(f"{TOKEN_VARIABLE} is not set")
    arguments.data.mkdir(parents=True, exist_ok=True)
    places = Places(arguments.data / FILE_NAME)
    # A line each: a long poll must not hold the connection that events need.
    http = HttpLine(arguments.platform, token, _now)
    source = HttpFeed(HttpLine(arguments.platform, token, _now), arguments.store)
    plan = BridgePlan(releases=not arguments.keep)

    def connect(one: Source) -> PlatformHttpTransport:
        return PlatformHttpTransport(http, *one)

    async with _line(arguments) as line:
        ends = BridgeEnds(line, connect, places, _monotonic)
        steps: list[Callable[[], Awaitable[bool]]] = [
            EventBridge(ends, lane, plan).step for lane in Lane
        ]
        publisher = FeedPublisher(line, FeedPlan(), _now)
        mirror = FeedMirror(source, publisher, places, _monotonic, arguments.snapshot_every_s)
        steps.append(mirror.step)
        try:
            await _until_stopped([_repeat(step) for step in steps])
        finally:
            await http.close()
            await source.close()
            places.close()


async def _repeat(step: Callable[[], Awaitable[bool]]) -> None:
    backoff = Backoff(Random(secrets.randbits(64)))  # noqa: S311  not a secret
    backoff.announce(WINDOW_S)
    while True:
        try:
            await step()
        except TransportError as error:
            log.warning("%s %s", error, error.hint)
            await asyncio.sleep(backoff.failed(_monotonic(), error.retry_after_s))
        else:
            backoff.succeeded(_monotonic())


async def _until_stopped(work: list[Coroutine[Any, Any, None]]) -> None:
    """Run all until SIGTERM or SIGINT; a fault in one ends all, for whoever restarts us to see."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    tasks = [asyncio.create_task(one) for one in work]
    stopping = asyncio.create_task(stop.wait())
    _say("bridging")
    try:
        done, _ = await asyncio.wait({*tasks, stopping}, return_when=asyncio.FIRST_COMPLETED)
        for task in done - {stopping}:
            task.result()
    finally:
        for task in (*tasks, stopping):
            task.cancel()
        await asyncio.gather(*tasks, stopping, return_exceptions=True)


@asynccontextmanager
async def _line(arguments: argparse.Namespace) -> AsyncIterator[NatsLine]:
    """The operator's line, for the length of a block."""
    try:
        settings = LineSettings(
            servers=tuple(arguments.server),
            credentials_file=arguments.creds,
            user=arguments.user,
            password=os.environ.get(PASSWORD_VARIABLE, ""),
            ca_file=arguments.ca_file,
            domain=arguments.domain,
        )
    except ValidationError as error:
        raise TransportError(error.errors()[0]["msg"]) from error
    line = NatsLine(settings, NAME)
    try:
        yield line
    finally:
        await line.close()


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - the clock of another machine, not the agent's


def _monotonic() -> float:
    return time.monotonic()  # noqa: TID251 - as above


if __name__ == "__main__":
    main()
