"""A first scan of a stranger: asked within 300 ms, answered in any case, recorded once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import pytest
from builders import Shop, customer, offer, shop, wallet_pass

from store_agent.app.feed import SyncCache
from store_agent.checkout.cases import Counter
from store_agent.checkout.identify import Identify, Shown
from store_agent.checkout.refs import CustomerRefs
from store_agent.clienteling import Clienteling
from store_agent.domain.greeting import Greeting
from store_agent.domain.scan import Scan, ScanSource
from store_agent.storage import scope
from sync.fakes import MemoryLookups
from sync.feed import Change, ChangeOp
from sync.lookup import Wanted, WantedKind
from sync.lookup_desk import BUDGET_S, LookupDesk

MIRA = customer(points=70, phone="+49 221 123456", member_number="M-77")
VOUCHER = (
    "vouchers",
    "v-1",
    {
        "id": "v-1",
        "customer_id": "c-1",
        "title": {"de": "10 €"},
        "benefit": {"kind": "amount", "value": 1000},
        "owner_store": "koeln-01",
    },
)
STUB = ("customers", "c-1", scope.stub_of(MIRA[2]))
ALL = tuple(
    Change(collection, key, ChangeOp.UPSERT, doc) for collection, key, doc in (MIRA, VOUCHER)
)
PASS = Change(*wallet_pass()[:2], ChangeOp.UPSERT, wallet_pass()[2])
BY_PASS = Wanted.barcode("MEMBER-1")
BY_ID = Wanted(WantedKind.CUSTOMER_ID, "c-1")


class Box:
    """A shop whose verbs ask a platform in memory."""

    def __init__(self, running: Shop, **lookups: Any) -> None:
        self.running = running
        self.news: list[frozenset[str] | None] = []
        self.greetings: list[Greeting | None] = []
        self.online = True
        agent = running.agent
        shelf = SyncCache(agent.storage, running.clock, self.news.append, _nothing, _nothing_new)
        self.platform = MemoryLookups(
            {BY_PASS: (PASS, *ALL), BY_ID: ALL, Wanted(WantedKind.MEMBER_NUMBER, "M-77"): ALL},
            **lookups,
        )
        self.desk = LookupDesk(self.platform, shelf, running.clock.monotonic, lambda: self.online)
        store = agent.settings.store
        self.verbs = Clienteling(
            agent.storage, store, running.clock, changed=self.greetings.append, desk=self.desk
        )
        counter = Counter(store, ZoneInfo(store.zone), CustomerRefs(b"k" * 32))
        self.identify = Identify(agent.storage, counter, running.clock, self.desk)

    async def scan(self, data: str = "MEMBER-1", scan_id: str | None = None) -> dict[str, Any]:
        now = self.running.clock.now()
        scan = Scan("till-0", data, ScanSource.HTTP, now, scan_id=scan_id)
        return orjson.loads((await self.verbs.on_scan(scan)).answer)

    async def scans_recorded(self) -> int:
        return (await self.running.types()).count("store.scan.recorded")


async def _nothing(_fixes: Sequence[object]) -> None:
    return None


async def _nothing_new() -> None:
    return None


@asynccontextmanager
async def box(
    folder: Path, *documents: tuple[str, str, dict[str, Any]], **lookups: Any
) -> AsyncIterator[Box]:
    async with shop(folder, documents) as running:
        made = Box(running, **lookups)
        try:
            yield made
        finally:
            await made.desk.close()


@pytest.mark.asyncio
async def test_an_unknown_pass_is_greeted_by_name_at_its_first_scan(tmp_path: Path) -> None:
    async with box(tmp_path) as it:
        answer = await it.scan()
        assert answer["customer"]["display_name"] == "Mira Musterfrau"
        assert [one["voucher_id"] for one in answer["offers"]] == ["v-1"]
        assert await it.scans_recorded() == 1
        assert it.platform.asked == [BY_PASS]
        await it.scan()
        assert len(it.platform.asked) == 1  # known from now on


@pytest.mark.asyncio
async def test_a_stub_is_greeted_with_the_whole_profile(tmp_path: Path) -> None:
    async with box(tmp_path, STUB, wallet_pass()) as it:
        answer = await it.scan()
        assert answer["customer"]["tier"] == "Gold"
        assert it.platform.asked == [BY_ID]
        assert await it.scans_recorded() == 1


@pytest.mark.asyncio
async def test_offline_a_stub_is_greeted_by_name_and_offered_only_what_is_for_all(
    tmp_path: Path,
) -> None:
    for_leads = offer("o-lead", audience={"lifecycles": ["lead"]})
    recommended = offer("o-sku", skus=["sku-1"])
    async with box(tmp_path, STUB, wallet_pass(), offer(), for_leads, recommended) as it:
        it.online = False
        answer = await it.scan()
        assert answer["customer"] == {
            "id": "c-1",
            "display_name": "Mira Musterfrau",
            "tier": None,
        }
        assert [one["offer_id"] for one in answer["offers"]] == ["o-1"]
        assert it.platform.asked == []


@pytest.mark.asyncio
async def test_who_is_nobody_there_either_is_a_stranger_and_asked_about_once(
    tmp_path: Path,
) -> None:
    async with box(tmp_path) as it:
        for _ in range(3):
            answer = await it.scan("MEMBER-2")
            assert (answer["customer"], answer["reason"]) == (None, "unknown_pass")
        assert it.platform.asked == [Wanted.barcode("MEMBER-2")]
        assert await it.scans_recorded() == 3


@pytest.mark.asyncio
async def test_a_black_hole_costs_the_budget_once_and_every_scan_is_recorded(
    tmp_path: Path,
) -> None:
    async with box(tmp_path, STUB, wallet_pass(), delay_s=3600) as it:
        waits = []
        for number in range(12):
            began = time.monotonic()
            answer = await it.scan("MEMBER-1" if number % 2 else f"MEMBER-{number + 9}")
            waits.append(time.monotonic() - began)
            assert (answer["customer"] is not None) == bool(number % 2)
        assert waits[0] >= BUDGET_S
        assert len(it.platform.asked) == 1  # nobody else waited for it
        assert sorted(waits)[len(waits) // 2] < BUDGET_S / 3  # the disk may stall one of them
        assert await it.scans_recorded() == 12


@pytest.mark.asyncio
async def test_what_comes_too_late_for_the_scan_is_shown_when_it_comes(tmp_path: Path) -> None:
    async with box(tmp_path, STUB, wallet_pass(), delay_s=BUDGET_S + 0.1) as it:
        assert (await it.scan())["customer"]["tier"] is None
        await asyncio.sleep(0.3)
        assert it.news == [frozenset({"c-1"})]
        assert (await it.scan())["customer"]["tier"] == "Gold"


@pytest.mark.asyncio
async def test_a_repeated_request_gets_its_first_answer_and_asks_nobody(tmp_path: Path) -> None:
    async with box(tmp_path, STUB, wallet_pass()) as it:
        it.online = False
        first = await it.scan(scan_id="s-1")
        it.online = True
        assert await it.scan(scan_id="s-1") == first
        assert it.platform.asked == []
        assert await it.scans_recorded() == 1


@pytest.mark.asyncio
async def test_an_article_is_nobody_to_ask_about(tmp_path: Path) -> None:
    async with box(tmp_path) as it:
        await it.scan("]E04006381333931")
        await it.scan("")
        assert it.platform.asked == []


@pytest.mark.asyncio
async def test_without_consent_nobody_is_asked_about_the_rest(tmp_path: Path) -> None:
    silent = ("customers", "c-1", scope.stub_of(customer(consents=[])[2]))
    async with box(tmp_path, silent, wallet_pass()) as it:
        assert (await it.scan())["reason"] == "no_consent"
        assert it.platform.asked == []


@pytest.mark.asyncio
@pytest.mark.parametrize(("kind", "value"), [("qr", "MEMBER-1"), ("card", "M-77")])
async def test_a_till_finds_a_stranger_with_their_vouchers(
    tmp_path: Path, kind: str, value: str
) -> None:
    async with box(tmp_path) as it:
        told = await it.identify(Shown(kind, value, "txn-1", "de"))
        assert told["greeting"] == "Mira Musterfrau"
        assert [one["voucher_id"] for one in told["vouchers"]] == ["v-1"]


@pytest.mark.asyncio
async def test_a_till_asks_by_hash_as_it_was_given_one_and_never_about_a_receipt(
    tmp_path: Path,
) -> None:
    async with box(tmp_path) as it:
        for kind in ("phone_hash", "email_hash", "receipt"):
            await it.identify(Shown(kind, "AB" * 32, "txn-1", "de"))
        await it.identify(Shown("email_hash", "mira@example.test", "txn-1", "de"))
        assert it.platform.asked == [
            Wanted(WantedKind.PHONE_SHA256, "ab" * 32),
            Wanted(WantedKind.EMAIL_SHA256, "ab" * 32),
        ]
