"""How the demo's platform settles what a shop reports about a person."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import TypeAdapter

from store_agent.demo.rules import DemoRules
from store_agent.domain.consent import CLIENTELING, is_granted
from store_agent.domain.customer import Customer, PersonState
from store_agent.domain.task import Task
from sync.reference_platform.rules import EventRefusedError, PlatformEvent

AT = "2026-11-21T10:00:00+00:00"
ERIKA: dict[str, Any] = {
    "id": "c-1",
    "display_name": "Erika Musterfrau",
    "as_of": "2026-11-20T10:00:00Z",
    "a_field_of_tomorrow": 1,
    "consents": [
        {"purpose": "clienteling", "state": "granted", "decided_at": "2026-01-01T10:00:00Z"}
    ],
}


class Documents:
    """The platform's documents in a dictionary, and what was confirmed."""

    def __init__(self, *customers: Mapping[str, Any]) -> None:
        self.customers = {doc["id"]: dict(doc) for doc in customers}
        self.others: dict[tuple[str, str], dict[str, Any]] = {}
        self.confirmed: list[str | None] = []

    def get(self, collection: str, key: str) -> dict[str, Any] | None:
        return self.customers.get(key) if collection == "customers" else None

    def put(
        self, collection: str, key: str, doc: Mapping[str, Any], confirms: str | None = None
    ) -> None:
        if collection == "customers":
            self.customers[key] = dict(doc)
        else:
            self.others[collection, key] = dict(doc)
        self.confirmed.append(confirms)

    def delete(self, collection: str, key: str, confirms: str | None = None) -> None:
        del self.others[collection, key]
        self.confirmed.append(confirms)

    def customer(self) -> Customer:
        return TypeAdapter(Customer).validate_python(self.customers["c-1"])


def event(kind: str, data: dict[str, Any], subject: str | None = "c-1") -> PlatformEvent:
    return PlatformEvent("e-1", "/stores/s/1", "s", kind, data, subject, AT)


def consent(state: str = "withdrawn", **more: Any) -> PlatformEvent:
    data = {"purpose": CLIENTELING, "state": state, "how": "tablet", "language": "de", **more}
    return event("store.consent.changed", data)


def person(on: bool, state: str = "do_not_approach", **more: Any) -> PlatformEvent:
    return event("store.person.changed", {"state": state, "on": on, **more})


def test_a_withdrawal_counts_and_is_confirmed() -> None:
    store = Documents(ERIKA)
    DemoRules().apply(consent(), store)
    decided = store.customer().consents[-1]
    assert not is_granted(CLIENTELING, store.customer().consents)
    assert (decided.how, decided.decided_at) == ("tablet", datetime(2026, 11, 21, 10, tzinfo=UTC))
    assert store.confirmed == ["e-1"]


def test_the_answer_before_stays_as_proof() -> None:
    store = Documents(ERIKA)
    DemoRules().apply(consent(), store)
    assert len(store.customer().consents) == 2


def test_a_state_is_set_once_and_taken_back() -> None:
    store = Documents(ERIKA)
    rules = DemoRules()
    rules.apply(person(on=True), store)
    rules.apply(person(on=True), store)
    assert store.customer().states == (PersonState.DO_NOT_APPROACH,)
    rules.apply(person(on=False), store)
    assert store.customer().states == ()
    assert len(store.confirmed) == 3


def test_what_was_said_about_one_visit_stays_with_the_visit() -> None:
    store = Documents(ERIKA)
    DemoRules().apply(person(on=True, state="not_this_person", visit_id="v-1"), store)
    assert store.customer().states == ()
    assert store.confirmed == []


def test_unknown_fields_of_the_customer_survive() -> None:
    store = Documents(ERIKA)
    DemoRules().apply(consent(), store)
    assert store.customers["c-1"]["a_field_of_tomorrow"] == 1


@pytest.mark.parametrize(
    "ignored",
    [
        event("store.scan.recorded", {"lane": "door"}),
        event("store.consent.changed", {"purpose": "x"}, subject="c-erased"),
        event("store.consent.changed", {"purpose": "x"}, subject=None),
    ],
)
def test_other_events_change_nothing(ignored: PlatformEvent) -> None:
    store = Documents(ERIKA)
    DemoRules().apply(ignored, store)
    assert store.customers == {"c-1": ERIKA}
    assert store.confirmed == []


@pytest.mark.parametrize(
    "unusable",
    [
        event("store.consent.changed", {"state": "granted"}),
        consent(state="perhaps"),
        consent(how=7),
        person(on=True, state="famous"),
        event("store.person.changed", {"state": "gift"}),
    ],
)
def test_an_event_that_makes_no_sense_is_refused_for_good(unusable: PlatformEvent) -> None:
    store = Documents(ERIKA)
    with pytest.raises(EventRefusedError) as refused:
        DemoRules().apply(unusable, store)
    assert refused.value.permanent
    assert refused.value.code == "invalid_data"
    assert store.customers == {"c-1": ERIKA}


def test_fences_drawn_in_the_shop_come_back_confirmed():
    documents = Documents()
    drawn = {"type": "FeatureCollection", "features": []}
    DemoRules().apply(event("store.fences.changed", {"document": drawn}, None), documents)
    assert documents.others == {("fences", "koeln-01"): drawn}
    assert documents.confirmed == ["e-1"]


def test_fences_that_are_none_are_refused():
    with pytest.raises(EventRefusedError):
        DemoRules().apply(event("store.fences.changed", {"document": "x"}, None), Documents())


def note(**fields: object) -> PlatformEvent:
    data = {
        "note_id": "n-1",
        "text": "Mag keine Wolle.",
        "author": "s-bea",
        "author_name": "Bea Beispiel",
        "written_at": "2026-11-21T10:00:00Z",
        "removed": False,
    }
    return event("store.note.recorded", data | fields)


def test_a_note_is_read_in_every_shop_until_it_is_removed():
    documents = Documents(ERIKA)
    DemoRules().apply(note(), documents)
    kept = documents.others["notes", "n-1"]
    assert (kept["customer_id"], kept["text"], kept["id"]) == ("c-1", "Mag keine Wolle.", "n-1")
    DemoRules().apply(note(text=None, removed=True), documents)
    assert documents.others == {}
    assert documents.confirmed == ["e-1", "e-1"]


@pytest.mark.parametrize("fields", [{"text": None}, {"note_id": 7}, {"written_at": "gestern"}])
def test_a_note_that_makes_no_sense_is_refused(fields):
    with pytest.raises(EventRefusedError):
        DemoRules().apply(note(**fields), Documents(ERIKA))


def task(**fields: object) -> PlatformEvent:
    data = {
        "task_id": "t-1",
        "kind": "service",
        "state": "open",
        "text": "Saum heften",
        "due_on": "2026-11-24",
        "due_at": None,
        "assignee": None,
        "handed_by": None,
        "handed_text": "",
        "created_at": "2026-11-21T10:00:00Z",
        "created_by": "s-bea",
        "changed_by": "s-bea",
    }
    return event("store.task.changed", data | fields)


def test_a_task_comes_back_as_it_is_now():
    documents = Documents(ERIKA)
    DemoRules().apply(task(), documents)
    DemoRules().apply(task(state="done"), documents)
    kept = TypeAdapter(Task).validate_python(documents.others["tasks", "t-1"])
    assert (kept.customer_id, kept.state, kept.store) == ("c-1", "done", "s")
    assert documents.confirmed == ["e-1", "e-1"]


def test_a_task_that_makes_no_sense_is_refused():
    with pytest.raises(EventRefusedError):
        DemoRules().apply(task(kind="famous"), Documents(ERIKA))


def touch(**fields: object) -> PlatformEvent:
    data = {
        "touch_id": "h-1",
        "channel": "phone",
        "touched_at": "2026-11-21T10:00:00Z",
        "staff_id": "s-bea",
        "removed": False,
    }
    return event("store.touch.recorded", data | fields)


def test_contacts_and_advisors_come_back_confirmed():
    documents = Documents(ERIKA)
    DemoRules().apply(touch(), documents)
    assert documents.others["touches", "h-1"]["channel"] == "phone"
    DemoRules().apply(touch(removed=True), documents)
    DemoRules().apply(event("store.client.changed", {"advisor": "s-bea"}), documents)
    assert documents.others == {}
    assert documents.customer().advisor == "s-bea"
    assert documents.confirmed == ["e-1"] * 3


@pytest.mark.parametrize(
    "unusable", [touch(channel="smoke"), event("store.client.changed", {"advisor": None})]
)
def test_contacts_that_make_no_sense_are_refused(unusable):
    with pytest.raises(EventRefusedError):
        DemoRules().apply(unusable, Documents(ERIKA))
