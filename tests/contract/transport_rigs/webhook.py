"""Signed webhooks, against the shipped receiver that verifies them, without sockets."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
from contract.transport_rigs.http_mishaps import MishapLine
from contract.transport_rigs.rig import AT, DEADLINE_S, OF_HTTP, SECRET, Can, Mishap, scan_row

from sync.outbox import OutboxRow
from sync.transports.base import Transport
from sync.transports.http import HttpLine
from sync.transports.webhook.fake import FakeReceiver, create_app
from sync.transports.webhook.signing import checking_key, signing_key
from sync.transports.webhook.transport import MEANING, WebhookTransport

SHARED = "whsec_" + b64encode(SECRET.encode().ljust(24, b"-")).decode()
UNWANTED = 422


class WebhookRig:
    # The status is the whole answer: nothing in it can be torn.
    can = Can(tells_duplicates=False, defers=False, mishaps=OF_HTTP - {Mishap.TORN})

    def __init__(self, folder: Path) -> None:
        del folder
        self.receiver = FakeReceiver([checking_key(SHARED)], lambda: AT)
        self.mishaps: list[Mishap] = []

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Transport]:
        line = MishapLine(httpx.ASGITransport(create_app(self.receiver)))
        line.mishaps = self.mishaps
        url = "http://receiver/hook"
        transport = WebhookTransport(
            HttpLine(url, None, lambda: AT, line, meaning=MEANING),
            url,
            "/stores/s1/epoch1",
            [signing_key(SHARED)],
            window=1,  # order holds per customer, and the suite looks at all of them
            now=lambda: AT,
            deadline_s=DEADLINE_S,
        )
        yield transport
        await transport.close()

    def row(self, number: int, data: bytes | None = None) -> OutboxRow:
        return scan_row(number, data)

    def accepted(self) -> Sequence[str]:
        return [event["id"] for event in self.receiver.events]

    def befall(self, mishap: Mishap) -> None:
        self.mishaps.append(mishap)

    def refuse(self, event_id: str) -> None:
        self.receiver.unwanted[event_id] = UNWANTED

    def defer(self, event_id: str) -> None:
        raise NotImplementedError

    def uncarried(self) -> OutboxRow | None:
        return None
