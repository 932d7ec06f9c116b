"""One voucher between two shops and the centre: one owner at a time, spent at most once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from store_agent.demo.rules import DemoRules
from store_agent.demo.settlement import RULES as RIGHTS
from store_agent.demo.settlement import vouchers
from sync.reference_platform.rules import PlatformEvent
from tests.settlement_world import STORES, MemoryDocuments, Step, told

VOUCHER = "v-1"
ACTIONS = ("hear", "hear", "want", "obey", "redeem", "undo", "deliver", "deliver", "again")
STEPS = st.tuples(st.sampled_from(ACTIONS), st.integers(0, 1), st.integers(0, 8))
HISTORIES = st.lists(STEPS, min_size=20, max_size=80)


@dataclass(slots=True)
class Shop:
    """An honest shop: it acts on the last document it heard of, however old that is."""

    heard: dict[str, Any] = field(default_factory=dict)
    given_up: set[str] = field(default_factory=set)  # grants
    asked: set[str] = field(default_factory=set)  # grants
    spent_by: str = ""
    outbox: list[PlatformEvent] = field(default_factory=list)
    delivered: int = 0

    @property
    def grant(self) -> str:
        """The grant it knows of."""
        return str(self.heard.get("grant", ""))


class VoucherWorld:
    """Order holds inside a shop; old events come again at any time."""

    def __init__(self) -> None:
        self.documents = MemoryDocuments()
        self.documents.put("vouchers", VOUCHER, {"id": VOUCHER, "owner_store": "", "grant": ""})
        self.shops = {store: Shop() for store in STORES}
        self.said = 0

    def run(self, history: list[Step]) -> None:
        for what, store, choice in history:
            getattr(self, what)(STORES[store], choice)
            self.check()
        for store in STORES:
            for _ in self.shops[store].outbox:
                self.deliver(store, 0)
                self.check()
        live = [shop.spent_by for shop in self.shops.values() if shop.spent_by]
        redeemed_by = self.voucher().get("redeemed_by")
        assert redeemed_by == (live[0] if live else None)
        assert self.documents.all_of("conflicts") == []

    def check(self) -> None:
        """I4: at most one accepted redemption, and only one shop that believes it may."""
        assert sum(bool(shop.spent_by) for shop in self.shops.values()) <= 1
        assert sum(self.may_redeem(store) for store in STORES) <= 1

    def voucher(self) -> dict[str, Any]:
        (found,) = self.documents.all_of("vouchers")
        return found

    def may_redeem(self, store: str) -> bool:
        shop = self.shops[store]
        is_owner = shop.heard.get("owner_store") == store and shop.grant not in shop.given_up
        return is_owner and not shop.heard.get("redeemed_at") and not shop.spent_by

    def hear(self, store: str, choice: int) -> None:
        self.shops[store].heard = self.voucher()

    def want(self, store: str, choice: int) -> None:
        shop = self.shops[store]
        if shop.heard and shop.heard["owner_store"] != store and shop.grant not in shop.asked:
            shop.asked.add(shop.grant)
            self._say(store, "store.voucher.wanted", {"grant": shop.grant})

    def obey(self, store: str, choice: int) -> None:
        shop = self.shops[store]
        if self.may_redeem(store) and shop.heard.get("recalled"):
            shop.given_up.add(shop.grant)
            self._say(store, "store.voucher.released", {"grant": shop.grant})

    def redeem(self, store: str, choice: int) -> None:
        shop = self.shops[store]
        if self.may_redeem(store):
            shop.spent_by = f"r-{self.said}"
            data = {"redemption_id": shop.spent_by, "units": 1, "state": "redeemed"}
            self._say(store, "store.redemption.recorded", {**data, "grant": shop.grant})

    def undo(self, store: str, choice: int) -> None:
        shop = self.shops[store]
        if shop.spent_by:
            data = {"redemption_id": shop.spent_by, "units": 1, "back_to": "none"}
            self._say(store, "store.redemption.voided", data)
            shop.spent_by = ""

    def deliver(self, store: str, choice: int) -> None:
        shop = self.shops[store]
        if shop.delivered < len(shop.outbox):
            DemoRules().apply(shop.outbox[shop.delivered], self.documents)
            shop.delivered += 1

    def again(self, store: str, choice: int) -> None:
        shop = self.shops[store]
        if shop.delivered:
            DemoRules().apply(shop.outbox[choice % shop.delivered], self.documents)

    def _say(self, store: str, kind: str, data: dict[str, Any]) -> None:
        event = told(f"e-{self.said}", kind, {"voucher_id": VOUCHER, **data}, store=store)
        self.shops[store].outbox.append(event)
        self.said += 1


@given(HISTORIES)
def test_a_voucher_has_one_owner_and_is_spent_once_in_any_history(history: list[Step]) -> None:
    VoucherWorld().run(history)


# It goes to a, to b, and back to a; then a's old release comes again, and b asks once more.
A, B = 0, 1
THERE_AND_BACK: list[Step] = [
    *(("hear", A, 0), ("want", A, 0), ("deliver", A, 0)),
    *(("hear", B, 0), ("want", B, 0), ("deliver", B, 0)),
    *(("hear", A, 0), ("obey", A, 0), ("deliver", A, 0)),
    *(("hear", A, 0), ("want", A, 0), ("deliver", A, 0)),
    *(("hear", B, 0), ("obey", B, 0), ("deliver", B, 0), ("hear", A, 0)),
    *(("again", A, 1), ("hear", B, 0), ("want", B, 0), ("deliver", B, 0), ("hear", B, 0)),
]


def test_a_release_that_comes_again_after_the_voucher_came_back_moves_nothing() -> None:
    VoucherWorld().run(THERE_AND_BACK)


def test_moving_a_voucher_under_an_old_grant_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vouchers, "_is_current", lambda voucher, grant: True)
    with pytest.raises(AssertionError):
        VoucherWorld().run(THERE_AND_BACK)


def test_taking_a_voucher_from_its_owner_unasked_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def seize(event: PlatformEvent, documents: MemoryDocuments) -> None:
        found = documents.get("vouchers", VOUCHER)
        assert found is not None
        moved = {**found, "owner_store": event.store_id, "grant": event.id}
        documents.put("vouchers", VOUCHER, moved)

    monkeypatch.setitem(RIGHTS, "store.voucher.wanted", seize)

    @given(HISTORIES)
    @settings(
        max_examples=200,
        deadline=None,
        derandomize=True,
        database=None,
        phases=(Phase.generate,),
        report_multiple_bugs=False,
    )
    def search(history: list[Step]) -> None:
        VoucherWorld().run(history)

    with pytest.raises(AssertionError):
        search()
