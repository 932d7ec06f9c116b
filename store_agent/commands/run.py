"""`store-agent run`: one shop's agent in the foreground, as systemd starts it."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Coroutine
from typing import Any

import structlog
import uvloop

from store_agent import app
from store_agent.clock import SystemClock
from store_agent.config import Settings
from store_agent.tablet.access import TabletAccess


def run(settings: Settings) -> None:
    """Run until SIGTERM or Ctrl-C."""
    configure_logs()
    run_loop(_serve(settings))


async def _serve(settings: Settings) -> None:
    clock = SystemClock()
    doorway = app.open_doorway(settings, clock)
    agent = app.build(settings, clock, doorway.addresses)

    def started() -> None:
        sys.stdout.write(
            f"store {settings.store.id} is open: {doorway.addresses.lan_url} for tablets, "
            f"{doorway.addresses.url} for this box\n"
        )
        if settings.tablets.pairing_code is None:
            sys.stdout.write(
                f"pairing code for tablets until the next start: {agent.pairing_code}\n"
            )
        sys.stdout.flush()

    await app.run(agent, doorway, started)


def set_pin(settings: Settings, staff_id: str, pin: str) -> None:
    """Store somebody's PIN; the agent may be running meanwhile."""
    run_loop(_set_pin(settings, staff_id, pin))


async def _set_pin(settings: Settings, staff_id: str, pin: str) -> None:
    storage = app.open_files(settings, SystemClock())
    try:
        await TabletAccess(storage, SystemClock(), "").set_pin(staff_id, pin)
    finally:
        await storage.close()


def run_loop(work: Coroutine[Any, Any, None]) -> None:
    """The one event loop of the process."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(work)


def configure_logs() -> None:
    """One JSON object a line on stderr; nothing in them names a customer."""
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(message)s")
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
