"""Emarsys' two ways, external events and sales data, against the shipped fake."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import httpx
from contract.transport_rigs.http_mishaps import MishapLine
from contract.transport_rigs.rig import (
    DEADLINE_S,
    OF_HTTP,
    PERSON,
    SECRET,
    Can,
    Mishap,
    scan_row,
)
from emarsys_shop import COLUMNS, EmarsysShop, sale

from sync.outbox import MAX_DATA_BYTES, OutboxRow
from sync.transports.base import Transport
from sync.transports.emarsys import kind

REFUSED = 5011


class EmarsysRig:
    can: ClassVar[Can] = Can(tells_duplicates=False, defers=False, finds_unreadable=True)
    door = "/trigger"
    repeats_login = 2  # the first 401 only makes it fetch another token
    more: ClassVar[dict[str, Any]] = {}

    def __init__(self, folder: Path) -> None:
        self.shop = EmarsysShop(path=folder / "ledger.db")
        self.shop.account.client_secret = SECRET
        self.shop.account.sales_token = SECRET
        self.shop.account.create({self.shop.key: PERSON})
        self.mishaps: list[Mishap] = []
        self.looks = 0

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Transport]:
        settings = self.shop.settings(client_secret=SECRET, **self.more)
        around = replace(self.shop.around(), monotonic=self.later)
        transport = kind.build(settings, around, self.wire, DEADLINE_S)
        yield transport
        await transport.close()

    def later(self) -> float:
        """A clock on which every pause that somebody asks for is over at the next look."""
        self.looks += 1
        return self.looks * 100.0

    def wire(self) -> httpx.AsyncBaseTransport:
        line = MishapLine(self.shop.wire(), lambda request: request.url.path.endswith(self.door))
        line.mishaps = self.mishaps
        return line

    def row(self, number: int, data: bytes | None = None) -> OutboxRow:
        return scan_row(number, data)

    def accepted(self) -> Sequence[str]:
        return [one.trigger_id for one in self.shop.account.triggered]

    def befall(self, mishap: Mishap) -> None:
        again = self.repeats_login if mishap is Mishap.REFUSED_SECRET else 1
        self.mishaps += [mishap] * again

    def refuse(self, event_id: str) -> None:
        self.shop.account.refused[event_id] = REFUSED

    def defer(self, event_id: str) -> None:
        raise NotImplementedError("Emarsys wants none of them later")

    def uncarried(self) -> OutboxRow | None:
        return scan_row(50)._replace(type="store.fences.changed")


class EmarsysSalesRig(EmarsysRig):
    # A success is any 2xx in plain text: nobody can see that a part of it is missing.
    can = Can(
        deduplicates=False,
        tells_duplicates=False,
        defers=False,
        finds_unreadable=True,
        mishaps=OF_HTTP - {Mishap.TORN},
    )
    door = "/sales-data/api"
    repeats_login = 1
    more: ClassVar[dict[str, Any]] = {
        "sales": COLUMNS | {"token": SECRET},
        "events": {"store.sale.recorded": ""},
    }

    def row(self, number: int, data: bytes | None = None) -> OutboxRow:
        event_id = scan_row(number).id
        one = sale(number, PERSON, txn_id=event_id)._replace(id=event_id)
        if data == b"{torn":
            return one._replace(data=data)
        pad = MAX_DATA_BYTES - len(one.data) - 20 if len(data or b"") > len(one.data) else 0
        return one._replace(data=one.data[:-1] + b',"pad":"' + b"x" * pad + b'"}')

    def accepted(self) -> Sequence[str]:
        lines = self.shop.account.sales
        return [one["order"] for one in lines if one["item"] == "sock"]
