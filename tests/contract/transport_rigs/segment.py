"""Segment's dialect, against the shipped receiver in both manners, without sockets."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import httpx
from contract.transport_rigs.http_mishaps import MishapLine
from contract.transport_rigs.rig import AT, DEADLINE_S, SECRET, Can, Mishap, scan_row

from sync.outbox import OutboxRow
from sync.transports.base import Transport
from sync.transports.http import HttpLine
from sync.transports.segment.dialect import Dialect
from sync.transports.segment.fake import FakeReceiver, Product, create_app
from sync.transports.segment.transport import MEANING, Limits, SegmentTransport


class SegmentRig:
    can = Can(
        tells_duplicates=False,
        defers=False,
        finds_unreadable=True,
        largest_data_bytes=31_000,
    )
    product: ClassVar[Product] = Product.SEGMENT

    def __init__(self, folder: Path) -> None:
        del folder
        self.receiver = FakeReceiver(SECRET, lambda: AT, self.product)
        self.mishaps: list[Mishap] = []

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Transport]:
        line = MishapLine(httpx.ASGITransport(create_app(self.receiver)))
        line.mishaps = self.mishaps
        transport = SegmentTransport(
            HttpLine("http://segment", None, lambda: AT, line, meaning=MEANING),
            SECRET,
            Dialect("s1", "epoch1", "Europe/Berlin", "EUR", "1.0", {}),
            Limits(event_bytes=32_000, batch_bytes=500_000, requests_per_s=1_000.0),
            skip_nobody=False,
            monotonic=lambda: 0.0,
            deadline_s=DEADLINE_S,
        )
        yield transport
        await transport.close()

    def row(self, number: int, data: bytes | None = None) -> OutboxRow:
        return scan_row(number, data)

    def accepted(self) -> Sequence[str]:
        return [call["messageId"] for call in self.receiver.calls]

    def befall(self, mishap: Mishap) -> None:
        self.mishaps.append(mishap)

    def refuse(self, event_id: str) -> None:
        self.receiver.unwanted.add(event_id)

    def defer(self, event_id: str) -> None:
        raise NotImplementedError

    def uncarried(self) -> OutboxRow | None:
        return None


class RudderStackRig(SegmentRig):
    """Another manner of answering; what happens on the way is the same."""

    can = replace(
        SegmentRig.can,
        mishaps=frozenset(
            {Mishap.LOST_ANSWER, Mishap.GARBAGE, Mishap.TORN, Mishap.REFUSED_SECRET, Mishap.BUSY}
        ),
    )
    product = Product.RUDDERSTACK
