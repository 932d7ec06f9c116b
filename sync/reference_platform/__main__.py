"""`python -m sync.reference_platform`: the platform as a process of its own."""

from __future__ import annotations

import argparse
import asyncio
import importlib
import os
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

from sync.reference_platform.limits import Limits, SnapshotScope
from sync.reference_platform.rules import NoRules, Rules
from sync.reference_platform.server import PlatformSettings, serve

TOKEN_VARIABLE = "PLATFORM_TOKEN"  # the environment, because command lines are visible to all


def main() -> None:
    """Serve until SIGTERM, SIGINT or, if asked for, the end of the parent."""
    arguments = _arguments()
    try:
        asyncio.run(_serve(arguments))
    except OSError as error:
        sys.exit(f"cannot serve on port {arguments.port}: {error.strerror}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m sync.reference_platform",
        description=f"The token is read from the environment variable {TOKEN_VARIABLE}.",
    )
    parser.add_argument("--data", type=Path, required=True, help="folder of the platform's file")
    parser.add_argument("--port", type=int, default=0, help="0 = any free port (printed)")
    parser.add_argument("--reconnect-window-s", type=float, default=2.0)
    parser.add_argument("--max-events", type=int, default=500, help="events per batch")
    parser.add_argument("--no-batches", action="store_true", help="take single events only")
    parser.add_argument("--no-zstd", action="store_true", help="read plain JSON only")
    parser.add_argument("--max-batches-per-s", type=float, help="the pace asked of each shop")
    parser.add_argument("--maintenance-s", type=int, help="answer 503 with this Retry-After")
    parser.add_argument(
        "--scope",
        type=SnapshotScope,
        choices=list(SnapshotScope),
        default=SnapshotScope.FULL,
        help="shop: full documents only of whom a shop knows, stubs of all others",
    )
    parser.add_argument("--rules", help="MODULE:NAME of a callable that returns the Rules")
    parser.add_argument(
        "--exit-with-parent", action="store_true", help="stop when standard input ends"
    )
    arguments = parser.parse_args()
    if not os.environ.get(TOKEN_VARIABLE):
        parser.error(f"set {TOKEN_VARIABLE}")
    return arguments


async def _serve(arguments: argparse.Namespace) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if arguments.exit_with_parent:
        await _stop_at_end_of_input(stop)
    token = os.environ[TOKEN_VARIABLE]
    settings = PlatformSettings(arguments.data, token, _now, arguments.port, _limits(arguments))
    await serve(settings, _rules(arguments.rules), stop=stop, on_ready=_announce)


def _limits(arguments: argparse.Namespace) -> Limits:
    return Limits(
        batches=not arguments.no_batches,
        encodings=("identity",) if arguments.no_zstd else ("zstd", "identity"),
        max_events=arguments.max_events,
        max_batches_per_s=arguments.max_batches_per_s,
        reconnect_window_s=arguments.reconnect_window_s,
        retry_after_s=arguments.maintenance_s,
        scope=arguments.scope,
    )


async def _stop_at_end_of_input(stop: asyncio.Event) -> None:
    class Watch(asyncio.Protocol):
        def connection_lost(self, exc: Exception | None) -> None:
            stop.set()

    await asyncio.get_running_loop().connect_read_pipe(Watch, sys.stdin)


def _rules(name: str | None) -> Rules:
    if name is None:
        return NoRules()
    module, _, attribute = name.partition(":")
    made: Rules = getattr(importlib.import_module(module), attribute)()
    return made


def _now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - the clock of another machine, not the agent's


def _announce(url: str) -> None:
    sys.stdout.write(f"{url}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
