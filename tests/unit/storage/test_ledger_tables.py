"""The ledger's tables, one by one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from storage_builders import NOON

from store_agent.domain.consent import ConsentDecision, ConsentState
from store_agent.domain.customer import PersonState
from store_agent.domain.greeting import Visit
from store_agent.domain.sale import Sale, SaleLine, Tender
from store_agent.domain.scan import OnceCode
from store_agent.storage import (
    access_log,
    answers,
    consents,
    devices,
    ledger,
    migrations,
    once_codes,
    persons,
    sales,
    sessions,
    staff_pins,
    visits,
)
from store_agent.storage.answers import StoredAnswer
from store_agent.storage.connection import CACHE_WRITER, Connection, open_connection
from store_agent.storage.devices import Device
from store_agent.storage.staff_pins import StaffPin

LATER = NOON + timedelta(minutes=10)


@pytest.fixture
def tx(tmp_path: Path) -> Iterator[Connection]:
    connection = open_connection(tmp_path / "ledger.db", None, CACHE_WRITER)
    migrations.apply(connection, [ledger.MIGRATIONS])
    yield connection
    connection.close()


def visit(visit_id: str = "v-1", customer_id: str = "c-1", **fields: object) -> Visit:
    return replace(Visit(visit_id, customer_id, NOON, NOON, "till-0"), **fields)


def decision(event_id: str, state: str = "granted", **fields: object) -> ConsentDecision:
    made = ConsentDecision("clienteling", ConsentState(state), NOON, event_id=event_id)
    return replace(made, **fields)


def test_the_first_answer_stays(tx: Connection) -> None:
    assert answers.find(tx, "scan", "k") is None
    answers.remember(tx, "scan", "k", b"hash", b"first", NOON)
    answers.remember(tx, "scan", "k", b"other", b"second", NOON)
    assert answers.find(tx, "scan", "k") == StoredAnswer(b"hash", b"first")
    assert answers.find(tx, "commit", "k") is None


def test_old_answers_and_codes_are_forgotten(tx: Connection) -> None:
    for key, at in (("old", NOON), ("new", LATER)):
        answers.remember(tx, "scan", key, b"", b"", at)
        once_codes.burn(tx, OnceCode(key, 1), at)
    answers.forget_before(tx, LATER)
    once_codes.forget_before(tx, LATER)
    assert answers.find(tx, "scan", "old") is None
    assert answers.find(tx, "scan", "new") is not None
    assert not once_codes.is_used(tx, OnceCode("old", 1))
    assert once_codes.is_used(tx, OnceCode("new", 1))


def test_a_code_burns_once(tx: Connection) -> None:
    code = OnceCode("p-1", 7)
    assert once_codes.burn(tx, code, NOON)
    assert not once_codes.burn(tx, code, LATER)
    assert once_codes.burn(tx, OnceCode("p-1", 8), NOON)
    assert once_codes.burn(tx, OnceCode("p-2", 7), NOON)


def test_a_visit_is_found_until_it_ends(tx: Connection) -> None:
    visits.start(tx, visit())
    assert visits.find_open(tx, "c-1") == visits.get(tx, "v-1") == visit()
    visits.end(tx, "v-1", LATER)
    visits.end(tx, "v-1", LATER + timedelta(days=1))
    assert visits.find_open(tx, "c-1") is None
    assert visits.get(tx, "v-1") == visit(ended_at=LATER)
    visits.start(tx, visit("v-2"))


def test_a_customer_is_in_the_shop_once(tx: Connection) -> None:
    visits.start(tx, visit())
    with pytest.raises(Exception, match="UNIQUE"):
        visits.start(tx, visit("v-2"))


def test_the_last_sign_of_life_never_goes_back(tx: Connection) -> None:
    visits.start(tx, visit())
    visits.touch(tx, "v-1", LATER, "till-1")
    visits.touch(tx, "v-1", NOON, "till-2")
    assert visits.get(tx, "v-1") == visit(last_seen_at=LATER, lane="till-2", indoor_at=LATER)


def test_marks_of_a_visit_can_be_set_and_taken_back(tx: Connection) -> None:
    visits.start(tx, visit())
    visits.mark_other_person(tx, "v-1", True)
    visits.mark_said(tx, "v-1", True)
    assert visits.get(tx, "v-1") == visit(other_person=True, said=True)
    visits.mark_other_person(tx, "v-1", False)
    visits.mark_said(tx, "v-1", False)
    assert visits.get(tx, "v-1") == visit()


def test_who_is_present_comes_latest_first_and_who_is_idle_longest_first(tx: Connection) -> None:
    for minute in (2, 0, 1):
        seen = NOON + timedelta(minutes=minute)
        visits.start(tx, visit(f"v-{minute}", f"c-{minute}", last_seen_at=seen))
    visits.start(tx, visit("v-9", "c-9", ended_at=LATER))
    assert [v.id for v in visits.present(tx)] == ["v-2", "v-1", "v-0"]
    assert [v.id for v in visits.idle(tx, NOON + timedelta(minutes=2))] == ["v-0", "v-1"]


def test_undelivered_decisions_come_in_the_order_they_were_made(tx: Connection) -> None:
    first = decision("e-2", text_version="3", language="de", how="tablet")
    second = decision("e-1", "withdrawn", decided_at=NOON - timedelta(days=1))  # the clock jumped
    consents.record(tx, "c-1", first, "tablet-1", None)
    consents.record(tx, "c-1", second, None, None)
    consents.record(tx, "c-1", first, None, None)
    consents.record(tx, "c-2", decision("e-3"), None, None)
    assert consents.undelivered(tx, "c-1") == [first, second]
    consents.confirm(tx, "e-2")
    consents.confirm(tx, "unknown")
    assert consents.undelivered(tx, "c-1") == [second]
    assert tx.execute("SELECT count(*) FROM consents").fetchall() == [(3,)]  # the proof stays


def test_a_decision_without_an_event_is_refused(tx: Connection) -> None:
    with pytest.raises(ValueError, match="event id"):
        consents.record(tx, "c-1", replace(decision("x"), event_id=None), None, None)


def test_the_last_switch_of_a_person_state_counts(tx: Connection) -> None:
    gift, colleague = PersonState.GIFT, PersonState.COLLEAGUE
    persons.set_state(tx, "c-1", gift, True, "e-1", NOON)
    persons.set_state(tx, "c-1", gift, False, "e-2", NOON - timedelta(days=1))
    persons.set_state(tx, "c-1", colleague, True, "e-3", NOON)
    persons.set_state(tx, "c-2", gift, True, "e-4", NOON)
    assert persons.pending(tx, "c-1") == {gift: False, colleague: True}
    persons.confirm(tx, "e-2")
    persons.confirm(tx, "e-3")
    assert persons.pending(tx, "c-1") == {gift: True}


def test_a_device_is_known_by_its_cookie_and_can_be_revoked(tx: Connection) -> None:
    device = Device("d-1", "Tablet 1", NOON, NOON)
    devices.add(tx, device, "hash-1")
    devices.add(tx, Device("d-2", "Tablet 2", LATER, LATER), "hash-2")
    assert devices.by_cookie(tx, "hash-1") == device
    assert devices.by_cookie(tx, "hash-9") is None
    devices.touch(tx, "d-1", LATER)
    devices.revoke(tx, "d-1", LATER)
    devices.revoke(tx, "d-1", LATER + timedelta(days=1))
    revoked = replace(device, last_seen_at=LATER, revoked_at=LATER)
    assert devices.by_cookie(tx, "hash-1") == revoked
    assert [d.id for d in devices.all(tx)] == ["d-1", "d-2"]


def test_wrong_pins_are_counted_until_the_right_one(tx: Connection) -> None:
    assert staff_pins.get(tx, "bea") is None
    staff_pins.set_pin(tx, "bea", "hash", NOON)
    staff_pins.note_failure(tx, "bea", None)
    staff_pins.note_failure(tx, "bea", LATER)
    assert staff_pins.get(tx, "bea") == StaffPin("hash", 2, LATER)
    staff_pins.note_success(tx, "bea")
    assert staff_pins.get(tx, "bea") == StaffPin("hash", 0, None)
    staff_pins.note_failure(tx, "bea", LATER)
    staff_pins.set_pin(tx, "bea", "new", LATER)
    assert staff_pins.get(tx, "bea") == StaffPin("new", 0, None)


def test_a_session_belongs_to_a_device_and_ends_with_it(tx: Connection) -> None:
    for n in (1, 2, 3):
        sessions.start(tx, f"t-{n}", f"d-{n % 2}", "bea", NOON, LATER)
    sessions.touch(tx, "t-1", LATER, LATER + timedelta(hours=1))
    found = sessions.find(tx, "t-1")
    assert found is not None
    assert (found.device_id, found.last_seen_at) == ("d-1", LATER)
    assert found.expires_at == LATER + timedelta(hours=1)
    sessions.forget_before(tx, LATER + timedelta(minutes=1))
    assert sessions.find(tx, "t-2") is None
    sessions.end_for_device(tx, "d-1")
    assert sessions.find(tx, "t-1") is None
    sessions.start(tx, "t-9", "d-9", "bea", NOON, LATER)
    sessions.end(tx, "t-9")
    assert sessions.find(tx, "t-9") is None


def test_looks_at_a_customer_are_kept_in_order(tx: Connection) -> None:
    access_log.record(tx, NOON, "bea", "d-1", "c-1", "card")
    access_log.record(tx, LATER, None, None, "c-1", "profile")
    access_log.record(tx, LATER, "max", "d-1", "c-2", "card")
    looks = access_log.of_customer(tx, "c-1")
    assert [(look.at, look.staff_id, look.action) for look in looks] == [
        (LATER, None, "profile"),
        (NOON, "bea", "card"),
    ]


def test_a_sale_is_recorded_once(tx: Connection) -> None:
    sale = Sale(
        txn_id="t-1",
        till="till-0",
        currency="EUR",
        total=1500,
        lines=(SaleLine("1", "sku-1", "1.5", 1000),),
        tenders=(Tender("card", 1500),),
        receipt_number="r-1",
        business_date=date(2026, 11, 21),
        received_at=NOON,
        customer_ref="c-1",
    )
    assert sales.record(tx, sale, "e-1")
    assert not sales.record(tx, replace(sale, total=1), "e-2")
    assert sales.get(tx, "t-1") == sale
    assert sales.get(tx, "t-2") is None
