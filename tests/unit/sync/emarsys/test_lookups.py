"""One customer at a first scan."""

import asyncio
import hashlib

import pytest
from emarsys_audience import LOYALTY, EmarsysAudience, loyal, voucher
from emarsys_shop import ANNA, BEN, NOBODY

from sync.emarsys_feed import people
from sync.errors import TransportError
from sync.fake_emarsys import Fault, LineFault, Segment
from sync.lookup import Wanted, WantedKind
from sync.lookup_desk import BUDGET_S
from sync.transports import table
from sync.transports.table import FEEDS

pytestmark = pytest.mark.asyncio


def customer(value: str) -> Wanted:
    return Wanted(WantedKind.CUSTOMER_ID, value)


def shown(found) -> dict:
    return {one.collection: one.doc for one in found}


async def test_a_first_scan_brings_everything_at_once():
    audience = EmarsysAudience()
    audience.shop.account.loyal[ANNA] = loyal(340, "Gold", voucher(5))
    audience.shop.account.segments[70] = Segment({audience.contact(ANNA).id})
    audience.shop.account.segments[71] = Segment(set())
    lookups = audience.lookups(loyalty=LOYALTY, segments={"vip": 70, "new": 71})
    found = shown(await lookups.find(customer(ANNA)))
    assert set(found) == {"customers", "vouchers"}
    assert (found["customers"]["points"], found["customers"]["segments"]) == (340, ["vip"])
    assert "stub" not in found["customers"]
    assert found["vouchers"]["code"] == "CODE5"


async def test_a_warm_look_up_asks_everything_side_by_side():
    audience = EmarsysAudience()
    segments = {f"s{n}": 70 + n for n in range(4)}
    for number in segments.values():
        audience.shop.account.segments[number] = Segment(set())
    lookups = audience.lookups(loyalty=LOYALTY, segments=segments)
    await lookups.find(customer(BEN))
    began_s = asyncio.get_running_loop().time()
    await lookups.find(customer(ANNA))
    assert asyncio.get_running_loop().time() - began_s < BUDGET_S


@pytest.mark.parametrize(
    "wanted",
    [
        customer(NOBODY),
        Wanted(WantedKind.PASS_ID, "p-1"),
        Wanted(WantedKind.MEMBER_NUMBER, "M-1"),
        Wanted(WantedKind.VOUCHER, "CODE5"),
        Wanted.barcode("4711"),
        Wanted(WantedKind.EMAIL_SHA256, hashlib.sha256(b"anna@example.com").hexdigest()),
    ],
)
async def test_whom_emarsys_cannot_find_nobody_is(wanted):
    assert await EmarsysAudience().lookups().find(wanted) == ()


async def test_passes_and_member_numbers_lead_to_their_owner():
    audience = EmarsysAudience()
    field = audience.shop.account.add_field("Member number")
    audience.contact(ANNA).fields[field] = "M-17"
    lookups = audience.lookups(profile={"member_number": "Member number"})
    for wanted in (
        Wanted(WantedKind.PASS_ID, f"emarsys:{ANNA}"),
        Wanted(WantedKind.MEMBER_NUMBER, "M-17"),
    ):
        assert shown(await lookups.find(wanted))["customers"]["id"] == ANNA


async def test_two_contacts_that_match_are_nobody():
    audience = EmarsysAudience()
    audience.shop.account.create({audience.shop.key: ANNA})
    assert await audience.lookups().find(customer(ANNA)) == ()


async def test_a_silent_programme_takes_nobodys_points_away():
    audience = EmarsysAudience()
    audience.shop.account.loyal[ANNA] = loyal(340)
    await audience.lookups(loyalty=LOYALTY).find(customer(ANNA))
    audience.shop.clock.pass_s(3600)
    lookups = audience.lookups(loyalty=LOYALTY | {"api_key": "wrong"})
    one = shown(await lookups.find(customer(ANNA)))["customers"]
    assert (one["points"], one["points_as_of"]) == (340, "2026-11-21T10:00:00Z")
    assert one["as_of"] == "2026-11-21T11:00:00Z"


async def test_who_left_the_programme_has_no_points():
    audience = EmarsysAudience()
    audience.shop.account.loyal[ANNA] = loyal(340)
    lookups = audience.lookups(loyalty=LOYALTY)
    await lookups.find(customer(ANNA))
    del audience.shop.account.loyal[ANNA]
    assert "points" not in shown(await lookups.find(customer(ANNA)))["customers"]


@pytest.mark.parametrize("fault", [Fault.BROKEN, Fault.BUSY, LineFault.LOST_ANSWER])
async def test_trouble_with_the_contact_is_an_error_and_no_answer(fault):
    audience = EmarsysAudience()
    lookups = audience.lookups()
    await lookups.find(customer(BEN))
    audience.shop.line.append(fault)
    with pytest.raises(TransportError):
        await lookups.find(customer(ANNA))


async def test_what_a_look_up_brought_follows_in_the_feed():
    audience = EmarsysAudience()
    pulled = await audience.pulled(people="stubs", loyalty=LOYALTY)
    assert pulled.customer(ANNA)["stub"] is True
    audience.shop.account.loyal[ANNA] = loyal(340)
    await audience.lookups(people="stubs", loyalty=LOYALTY).find(customer(ANNA))
    await pulled.pull()
    assert pulled.customer(ANNA)["points"] == 340
    assert pulled.customer(BEN)["stub"] is True


async def test_a_look_up_while_members_are_asked_about_is_not_overlooked():
    audience = EmarsysAudience()
    db = audience.shop.ledger
    start = db.transact(people.last)
    db.transact(lambda tx: people.remember(tx, {ANNA: None}))
    others, at = db.transact(lambda tx: people.remember_and_read(tx, {BEN: None}, start))
    assert others == [ANNA]
    assert at == people.last(db.connection)
    assert people.since(db.connection, at, 10) == ([], at)


async def test_the_table_knows_the_feed():
    audience = EmarsysAudience()
    assert FEEDS["emarsys"] == "sync.emarsys_feed.kind"
    assert table.build_feed("emarsys", audience.settings(), audience.shop.around())
