"""The centre's books hold whatever the line does, and known mistakes in them are found."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from store_agent.demo.rules import DemoRules
from store_agent.demo.settlement import budgets, redemptions
from store_agent.demo.till_campaigns import budget_documents
from store_agent.domain.events import EventType
from sync.reference_platform.intake import accept
from sync.reference_platform.rules import EventRefusedError, PlatformEvent
from sync.reference_platform.store import PlatformStore
from tests.settlement_world import (
    AT,
    OFFER,
    MemoryDocuments,
    SettlementWorld,
    Step,
    budget_document,
    told,
)

ACTIONS = ("want", "spend", "spend", "void", "close", "deliver", "deliver", "deliver")
JSON_BLOCK = re.compile(r"^```json\n(.*?)^```$", re.MULTILINE | re.DOTALL)
STEPS = st.tuples(st.sampled_from(ACTIONS), st.integers(0, 1), st.integers(0, 4))
HISTORIES = st.lists(STEPS, min_size=30, max_size=80)


@given(HISTORIES)
def test_the_books_balance_after_every_step_of_any_history(history: list[Step]) -> None:
    SettlementWorld().run(history)


def _no_dedupe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redemptions, "find", lambda documents, redemption_id: None)


def _settle_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budgets, "may_settle", lambda account: True)


def _grant_without_decrement(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        budgets, "reserve", lambda budget, units: replace(budget, open=budget.open + units)
    )


def _new_lot_for_an_old_wish(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budgets, "read_account", lambda documents, lot_id: None)


@pytest.mark.parametrize(
    "mistake", [_no_dedupe, _settle_twice, _grant_without_decrement, _new_lot_for_an_old_wish]
)
def test_a_known_mistake_in_the_books_is_found(
    mistake: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    mistake(monkeypatch)

    @given(HISTORIES)
    @settings(
        max_examples=400,
        deadline=None,
        derandomize=True,
        database=None,
        phases=(Phase.generate,),
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    def search(history: list[Step]) -> None:
        SettlementWorld().run(history)

    with pytest.raises(AssertionError):
        search()


@pytest.fixture
def documents() -> MemoryDocuments:
    """A budget of twelve uses, a customer and a voucher the centre holds."""
    kept = MemoryDocuments()
    kept.put("budgets", OFFER, budget_document())
    kept.put("customers", "c-1", {"id": "c-1", "points": 100, "a_field_of_tomorrow": 1})
    kept.put("vouchers", "v-1", {"id": "v-1", "customer_id": "c-1", "owner_store": ""})
    return kept


def apply(documents: MemoryDocuments, *events: PlatformEvent) -> None:
    for event in events:
        DemoRules().apply(event, documents)


def wanted(event_id: str, store: str = "a", epoch: str = "e1") -> PlatformEvent:
    data = {"offer_id": OFFER, "unit": "use", "left": 0}
    return told(event_id, "store.lot.wanted", data, store=store, epoch=epoch)


def closed(event_id: str, lot_id: str, consumed: int, store: str = "a") -> PlatformEvent:
    data = {"lot_id": lot_id, "offer_id": OFFER, "amount": 1, "consumed": consumed}
    return told(event_id, "store.lot.closed", data, store=store)


def recorded(redemption_id: str, store: str = "a", **more: Any) -> PlatformEvent:
    data = {"redemption_id": redemption_id, "txn_id": "t-1", "units": 1, "state": "redeemed"}
    return told(redemption_id, "store.redemption.recorded", {**data, **more}, store=store)


def voided(event_id: str, redemption_id: str, store: str = "a", **more: Any) -> PlatformEvent:
    data = {"redemption_id": redemption_id, "units": 1, "back_to": "none", **more}
    return told(event_id, "store.redemption.voided", data, store=store)


def test_a_lot_is_bound_to_the_ledger_that_asked_and_confirms_its_wish(
    documents: MemoryDocuments,
) -> None:
    apply(documents, wanted("e-1", store="b", epoch="second"))
    (lot,) = documents.all_of("lots")
    assert (lot["lot_id"], lot["store_id"], lot["store_epoch"]) == ("lot-e-1", "b", "second")
    assert lot["amount"] == 1
    assert documents.confirmed == ["e-1"]


def test_the_documents_of_the_contract_are_what_the_rules_write() -> None:
    text = (Path(__file__).parents[3] / "docs" / "platform-api.md").read_text()
    budget, lot = (orjson.loads(block) for block in JSON_BLOCK.findall(text))
    (offer_id, untouched), *_ = budget_documents()
    kept = MemoryDocuments()
    kept.put("budgets", offer_id, untouched)
    wish_id = "01932b1e-7c3a-7cc0-9d55-0f2b8c5e6a13"
    data = {"offer_id": offer_id, "unit": "use", "left": 0}
    apply(kept, told(wish_id, "store.lot.wanted", data, store="s1", epoch="epoch1"))
    assert orjson.loads(orjson.dumps(kept.all_of("budgets"))) == [budget]
    assert orjson.loads(orjson.dumps(kept.all_of("lots"))) == [lot]


def test_every_type_of_event_is_in_the_contract() -> None:
    text = (Path(__file__).parents[3] / "docs" / "platform-api.md").read_text()
    assert [kind.value for kind in EventType if f"`{kind}`" not in text] == []


def test_who_finds_nothing_free_gets_what_comes_back(documents: MemoryDocuments) -> None:
    documents.put("budgets", OFFER, budget_document(1))
    apply(documents, wanted("e-1"), wanted("e-2", store="b"))
    assert [lot["store_id"] for lot in documents.all_of("lots")] == ["a"]
    apply(documents, closed("e-3", "lot-e-1", 0))
    assert [lot["store_id"] for lot in documents.all_of("lots")] == ["b"]


def test_an_offer_without_a_budget_gets_no_lot(documents: MemoryDocuments) -> None:
    documents.kept.pop(("budgets", OFFER))
    apply(documents, wanted("e-1"))
    assert documents.all_of("lots") == []


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        (closed("e-2", "lot-e-1", 0, store="b"), "foreign_lot"),
        (closed("e-2", "lot-unknown", 0), "foreign_lot"),
        (closed("e-2", "lot-e-1", 2), "invalid_data"),
        (closed("e-2", "lot-e-1", -1), "invalid_data"),
        (told("e-2", "store.lot.closed", {"lot_id": "lot-e-1"}), "invalid_data"),
        (recorded("r-1", units=-1), "invalid_data"),
    ],
)
def test_a_statement_that_cannot_be_true_is_refused(
    documents: MemoryDocuments, statement: PlatformEvent, code: str
) -> None:
    apply(documents, wanted("e-1"))
    before = dict(documents.kept)
    with pytest.raises(EventRefusedError) as refused:
        apply(documents, statement)
    assert refused.value.code == code
    assert documents.kept == before


def test_what_a_lost_ledger_held_is_written_off_and_never_free_again(
    documents: MemoryDocuments,
) -> None:
    apply(documents, wanted("e-1"), wanted("e-2", store="b"))
    replaced = told("e-3", "store.ledger.replaced", {"reason": "damaged"}, epoch="e2")
    apply(documents, replaced, replaced, closed("e-4", "lot-e-1", 0))
    (budget,) = documents.all_of("budgets")
    assert (budget["free"], budget["open"], budget["written_off"]) == (10, 1, 1)
    assert [lot["store_id"] for lot in documents.all_of("lots")] == ["b"]


def test_more_than_the_lot_holds_is_noted_and_costs_the_budget_nothing(
    documents: MemoryDocuments,
) -> None:
    apply(documents, wanted("e-1"))
    apply(documents, recorded("r-1", lot_id="lot-e-1"), recorded("r-2", lot_id="lot-e-1"))
    apply(documents, recorded("r-3", store="b", lot_id="lot-e-1"))
    found = {one["redemption_id"]: one["reason"] for one in documents.all_of("conflicts")}
    assert found == {"r-2": "overspent", "r-3": "foreign_lot"}
    (budget,) = documents.all_of("budgets")
    assert (budget["free"], budget["open"]) == (11, 1)


def test_what_a_till_gave_away_without_a_right_is_noted_once(documents: MemoryDocuments) -> None:
    gift = recorded("r-1", state="conflict", reason="lot_exhausted", amount=500, currency="EUR")
    apply(documents, gift, gift)
    (found,) = documents.all_of("conflicts")
    assert (found["reason"], found["amount"], found["at"]) == ("lot_exhausted", 500, AT)


def test_the_platform_settles_a_batch_it_hears_twice_only_once(tmp_path: Path) -> None:
    store = PlatformStore(tmp_path / "platform.db")
    try:
        store.put("budgets", OFFER, budget_document())
        heard = [
            cloud_event("e-1", "store.lot.wanted", {"offer_id": OFFER, "unit": "use", "left": 0}),
            cloud_event("e-2", "store.lot.closed", {"lot_id": "lot-e-1", "consumed": 1}),
        ]
        for status in ("accepted", "duplicate"):
            results = accept(store, DemoRules(), "a", heard)
            assert [result["status"] for result in results] == [status, status]
        budget = store.get("budgets", OFFER)
        assert budget is not None
        assert (budget["free"], budget["settled"], store.count("lots")) == (11, 1, 0)
    finally:
        store.close()


def cloud_event(event_id: str, kind: str, data: dict[str, Any]) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": event_id,
        "source": "/stores/a/e1",
        "type": kind,
        "time": AT,
        "sequence": f"{int(event_id[2:]):020}",
        "data": data,
    }


def wish(event_id: str, store: str, grant: str = "") -> PlatformEvent:
    data = {"voucher_id": "v-1", "grant": grant}
    return told(event_id, "store.voucher.wanted", data, store=store, subject="c-1")


def released(event_id: str, store: str, grant: str) -> PlatformEvent:
    data = {"voucher_id": "v-1", "grant": grant}
    return told(event_id, "store.voucher.released", data, store=store, subject="c-1")


def voucher(documents: MemoryDocuments) -> dict[str, Any]:
    (found,) = documents.all_of("vouchers")
    return found


def test_a_voucher_of_the_centre_moves_to_the_store_that_asks(documents: MemoryDocuments) -> None:
    apply(documents, wish("e-1", "a"), wish("e-2", "b"))
    assert (voucher(documents)["owner_store"], voucher(documents)["grant"]) == ("a", "e-1")
    assert documents.confirmed == ["e-1"]


def test_a_voucher_of_another_store_is_recalled_and_moves_on_once_it_is_released(
    documents: MemoryDocuments,
) -> None:
    apply(documents, wish("e-1", "a"), wish("e-2", "b", "e-1"))
    assert (voucher(documents)["owner_store"], voucher(documents)["recalled"]) == ("a", True)
    release = released("e-3", "a", "e-1")
    apply(documents, release, release, released("e-4", "b", "e-1"))
    moved = voucher(documents)
    assert (moved["owner_store"], moved["grant"], moved["recalled"]) == ("b", "e-3", False)


def test_a_voucher_nobody_waits_for_goes_back_to_the_centre(documents: MemoryDocuments) -> None:
    apply(documents, wish("e-1", "a"), released("e-2", "a", "e-1"))
    assert (voucher(documents)["owner_store"], voucher(documents)["grant"]) == ("", "e-2")


def test_a_voucher_is_redeemed_once_and_the_second_time_is_a_conflict(
    documents: MemoryDocuments,
) -> None:
    apply(documents, wish("e-1", "a"))
    apply(documents, recorded("r-1", voucher_id="v-1", grant="e-1"))
    redeemed = voucher(documents)
    assert redeemed["redeemed_at"] == AT
    assert documents.confirmed[-1] == "r-1"
    apply(documents, recorded("r-2", store="b", voucher_id="v-1", grant="e-1"))
    assert voucher(documents) == redeemed
    (conflict,) = documents.all_of("conflicts")
    assert (conflict["redemption_id"], conflict["reason"]) == ("r-2", "already_redeemed")


def test_only_the_redemption_that_counted_gives_its_voucher_back(
    documents: MemoryDocuments,
) -> None:
    apply(documents, wish("e-1", "a"))
    for redemption_id in ("r-1", "r-2"):
        apply(documents, recorded(redemption_id, voucher_id="v-1", grant="e-1"))
    apply(documents, voided("e-2", "r-2", voucher_id="v-1"))
    assert "redeemed_at" in voucher(documents)
    apply(documents, voided("e-3", "r-1", voucher_id="v-1"))
    assert "redeemed_at" not in voucher(documents)


def test_a_void_that_comes_first_keeps_its_redemption_from_counting(
    documents: MemoryDocuments,
) -> None:
    apply(documents, wish("e-1", "a"))
    apply(documents, voided("e-2", "r-1", voucher_id="v-1"))
    apply(documents, recorded("r-1", voucher_id="v-1", grant="e-1"))
    assert "redeemed_at" not in voucher(documents)


def test_a_spent_voucher_moves_nowhere(documents: MemoryDocuments) -> None:
    apply(documents, wish("e-1", "a"), recorded("r-1", voucher_id="v-1", grant="e-1"))
    spent = voucher(documents)
    apply(documents, wish("e-2", "b", "e-1"), released("e-3", "a", "e-1"))
    assert voucher(documents) == spent


def test_a_redemption_by_a_store_that_was_no_owner_counts_and_is_noted(
    documents: MemoryDocuments,
) -> None:
    apply(documents, recorded("r-1", store="b", voucher_id="v-1", grant="old"))
    assert voucher(documents)["redeemed_at"] == AT
    assert [one["reason"] for one in documents.all_of("conflicts")] == ["not_owner"]


def entered(event_id: str, entry_id: str, points: int, subject: str | None = "c-1") -> Any:
    data = {"entry_id": entry_id, "kind": "earn", "points": points, "txn_id": "t-1"}
    return told(event_id, "store.points.entered", data, subject=subject)


def test_points_are_added_once_and_every_event_is_confirmed(documents: MemoryDocuments) -> None:
    apply(documents, entered("e-1", "p-1", 20), entered("e-2", "p-1", 20))
    apply(documents, entered("e-3", "p-2", -50))
    customer = documents.get("customers", "c-1")
    assert customer == {"id": "c-1", "points": 70, "a_field_of_tomorrow": 1}
    assert documents.confirmed == ["e-1", "e-2", "e-3"]


@pytest.mark.parametrize("subject", [None, "c-erased"])
def test_points_of_nobody_change_nothing(documents: MemoryDocuments, subject: str | None) -> None:
    before = dict(documents.kept)
    apply(documents, entered("e-1", "p-1", 20, subject))
    assert documents.kept == before
