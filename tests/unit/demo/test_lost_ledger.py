"""A store has a new ledger: what the old one owned or asked for is not its successor's."""

from __future__ import annotations

from settlement_world import OFFER, MemoryDocuments, budget_document, told

from store_agent.demo.rules import DemoRules

VOUCHER = {"id": "v-1", "customer_id": "c-1", "title": {}, "benefit": {"kind": "amount"}}


def centre(budget: int = 1) -> MemoryDocuments:
    documents = MemoryDocuments()
    documents.put("budgets", OFFER, budget_document(budget))
    documents.put("vouchers", "v-1", VOUCHER)
    return documents


def say(documents, kind, data, event_id, *, epoch="e1", store="a"):
    DemoRules().apply(told(event_id, f"store.{kind}", data, epoch=epoch, store=store), documents)


def ask_for_a_lot(documents, event_id, epoch="e1", store="a"):
    wish = {"offer_id": OFFER, "unit": "use", "left": 0}
    say(documents, "lot.wanted", wish, event_id, epoch=epoch, store=store)


def come_back(documents, epoch="e2"):
    say(documents, "ledger.replaced", {"reason": "damaged"}, f"new-{epoch}", epoch=epoch)


def lots_of(documents):
    return sorted((one["store_id"], one["store_epoch"]) for one in documents.all_of("lots"))


def test_a_wish_of_a_lost_ledger_gets_nothing_however_late_it_comes():
    documents = centre()
    come_back(documents)
    ask_for_a_lot(documents, "late")
    assert documents.get("budgets", OFFER)["free"] == 1
    ask_for_a_lot(documents, "now", epoch="e2")
    assert lots_of(documents) == [("a", "e2")]


def test_a_wish_that_waits_is_forgotten_with_its_ledger():
    documents = centre()
    ask_for_a_lot(documents, "first", store="b")
    ask_for_a_lot(documents, "waits")
    come_back(documents)
    ask_for_a_lot(documents, "waits too", epoch="e2")
    closed = {"lot_id": "lot-first", "offer_id": OFFER, "amount": 1, "consumed": 0}
    say(documents, "lot.closed", closed, "closed", store="b")
    assert lots_of(documents) == [("a", "e2")]


def test_the_news_of_an_older_ledger_does_not_write_off_a_newer_ones_lots():
    documents = centre()
    come_back(documents, "e3")
    ask_for_a_lot(documents, "now", epoch="e3")
    come_back(documents, "e2")
    assert documents.get("budgets", OFFER)["written_off"] == 0
    assert lots_of(documents) == [("a", "e3")]


def test_a_voucher_is_handed_to_a_ledger_and_not_to_its_successor():
    documents = centre()
    say(documents, "voucher.wanted", {"voucher_id": "v-1", "grant": ""}, "want")
    moved = documents.get("vouchers", "v-1")
    assert (moved["owner_store"], moved["owner_epoch"]) == ("a", "e1")
    asked = {"voucher_id": "v-1", "grant": "want"}
    say(documents, "voucher.wanted", asked, "want 2", epoch="f1", store="b")
    say(documents, "voucher.released", asked, "release")
    moved = documents.get("vouchers", "v-1")
    assert (moved["owner_store"], moved["owner_epoch"]) == ("b", "f1")
