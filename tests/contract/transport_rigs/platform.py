"""The platform over HTTP, against the reference platform without sockets."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import ClassVar

import httpx
import orjson
from contract.transport_rigs.http_mishaps import MishapLine
from contract.transport_rigs.rig import AT, DEADLINE_S, SECRET, Can, Mishap, scan_row

from sync.outbox import OutboxRow
from sync.reference_platform import (
    Documents,
    EventRefusedError,
    Limits,
    PlatformEvent,
    PlatformStore,
)
from sync.reference_platform.app import Platform, create_app
from sync.reference_platform.intake import read_events
from sync.transports.base import Transport
from sync.transports.http import HttpLine
from sync.transports.platform_http import PlatformHttpTransport

MAX_EVENTS = 8


class PickyRules:
    """Refuses the events it is told to."""

    def __init__(self) -> None:
        self.refused: set[str] = set()
        self.deferred: set[str] = set()

    def apply(self, event: PlatformEvent, store: Documents) -> None:
        del store
        if event.id in self.refused:
            raise EventRefusedError("no_such_type", "unknown type")
        if event.id in self.deferred:
            raise EventRefusedError("not_now", "ask again", permanent=False)


class PlatformRig:
    can = Can(announces_window=True, finds_unreadable=True)
    limits: ClassVar[Limits] = Limits(max_events=MAX_EVENTS)

    def __init__(self, folder: Path) -> None:
        self.path = folder / "platform.db"
        self.rules = PickyRules()
        self.mishaps: list[Mishap] = []

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Transport]:
        store = PlatformStore(self.path)
        platform = Platform(store, SECRET, lambda: AT, self.rules, self.limits)
        app = create_app(platform)
        state = {"platform": platform, "line": platform.line}

        async def with_state(scope, receive, send):
            await app(scope | {"state": state}, receive, send)

        line = MishapLine(httpx.ASGITransport(with_state))
        line.mishaps = self.mishaps
        http = HttpLine("http://platform", SECRET, lambda: AT, line)
        transport = PlatformHttpTransport(http, "s1", "epoch1", deadline_s=DEADLINE_S)
        yield transport
        await transport.close()
        store.close()

    def row(self, number: int, data: bytes | None = None) -> OutboxRow:
        return scan_row(number, data)

    def accepted(self) -> Sequence[str]:
        ids: list[str] = []
        with closing(PlatformStore(self.path)) as store:
            events, after = read_events(store, "s1", "")
            while events:
                ids += [event["id"] for event in orjson.loads(orjson.dumps(events))]
                events, after = read_events(store, "s1", after)
        return ids

    def befall(self, mishap: Mishap) -> None:
        self.mishaps.append(mishap)

    def refuse(self, event_id: str) -> None:
        self.rules.refused.add(event_id)

    def defer(self, event_id: str) -> None:
        self.rules.deferred.add(event_id)

    def uncarried(self) -> OutboxRow | None:
        return None


class PlainPlatformRig(PlatformRig):
    """A platform that asks for no batches and reads plain JSON only."""

    limits = Limits(batches=False, encodings=("identity",))
