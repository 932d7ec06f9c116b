"""Two honest stores and the centre's rules, with a line that repeats and reorders as it likes."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from store_agent.demo.rules import DemoRules
from sync.reference_platform.rules import PlatformEvent

AT = "2026-11-21T10:00:00Z"
OFFER = "o-1"
BUDGET = 12
STORES = ("a", "b")

Document = dict[str, Any]
Step = tuple[str, int, int]  # what happens, in which store, and a number that chooses


class MemoryDocuments:
    """The platform's documents in a dictionary, and which events were confirmed."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], Document] = {}
        self.confirmed: list[str] = []

    def get(self, collection: str, key: str) -> Document | None:
        return deepcopy(self.kept.get((collection, key)))

    def put(
        self, collection: str, key: str, doc: Mapping[str, Any], confirms: str | None = None
    ) -> None:
        self.kept[collection, key] = deepcopy(dict(doc))
        self._confirm(confirms)

    def delete(self, collection: str, key: str, confirms: str | None = None) -> None:
        self.kept.pop((collection, key), None)
        self._confirm(confirms)

    def all_of(self, collection: str) -> list[Document]:
        return [doc for (kind, _), doc in self.kept.items() if kind == collection]

    def _confirm(self, event_id: str | None) -> None:
        if event_id is not None:
            self.confirmed.append(event_id)


def told(
    event_id: str,
    kind: str,
    data: Mapping[str, Any],
    *,
    store: str = "a",
    epoch: str = "e1",
    subject: str | None = None,
) -> PlatformEvent:
    """One event as the platform takes it in."""
    return PlatformEvent(event_id, f"/stores/{store}/{epoch}", store, kind, data, subject, AT)


def budget_document(budget: int = BUDGET) -> Document:
    """A budget nobody has touched yet."""
    return {
        "offer_id": OFFER,
        "unit": "use",
        "budget": budget,
        "free": budget,
        "open": 0,
        "settled": 0,
        "written_off": 0,
    }


@dataclass(slots=True)
class _Lot:
    store: str
    amount: int
    remaining: int
    is_closed: bool = False
    given_back: int = 0  # to the centre, after its closing


@dataclass(slots=True)
class _Spent:
    lot_id: str
    units: int
    is_undone: bool = False


@dataclass(slots=True)
class SettlementWorld:
    """Runs a history step by step and checks the invariants of the centre after each."""

    documents: MemoryDocuments = field(default_factory=MemoryDocuments)
    lots: dict[str, _Lot] = field(default_factory=dict)
    spent: dict[str, _Spent] = field(default_factory=dict)
    events: list[PlatformEvent] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.documents.put("budgets", OFFER, budget_document())

    def run(self, history: list[Step]) -> None:
        """Play a history, then deliver all of it in order and compare the books to the unit."""
        for what, store, choice in history:
            getattr(self, what)(STORES[store], choice)
            self.check()
        for event in self.events:
            self._apply(event)
            self.check()
        self.compare()

    def want(self, store: str, choice: int) -> None:
        self._say(store, "store.lot.wanted", {"offer_id": OFFER, "unit": "use", "left": 0})

    def spend(self, store: str, choice: int) -> None:
        self._take_in(store)
        able = [one for one in self._own(store) if self._is_spendable(one)]
        if not able:
            return
        lot_id = able[choice % len(able)]
        self.lots[lot_id].remaining -= 1
        redemption_id = f"r-{len(self.spent)}"
        self.spent[redemption_id] = _Spent(lot_id, 1)
        data = {"redemption_id": redemption_id, "lot_id": lot_id, "units": 1, "state": "redeemed"}
        self._say(store, "store.redemption.recorded", {**data, "voucher_id": None, "grant": ""})

    def void(self, store: str, choice: int) -> None:
        own = self._own(store)
        able = [i for i, one in self.spent.items() if one.lot_id in own and not one.is_undone]
        if not able:
            return
        redemption_id = able[choice % len(able)]
        one = self.spent[redemption_id]
        one.is_undone = True
        lot = self.lots[one.lot_id]
        back_to = "centre" if lot.is_closed else "lot"
        if lot.is_closed:
            lot.given_back += one.units
        else:
            lot.remaining += one.units
        data = {"redemption_id": redemption_id, "lot_id": one.lot_id, "units": one.units}
        kind = ("store.redemption.voided", "store.redemption.restored")[choice % 2]
        self._say(store, kind, {**data, "voucher_id": None, "back_to": back_to})

    def close(self, store: str, choice: int) -> None:
        able = [lot_id for lot_id in self._own(store) if not self.lots[lot_id].is_closed]
        if not able:
            return
        lot_id = able[choice % len(able)]
        lot = self.lots[lot_id]
        lot.is_closed = True
        data = {"lot_id": lot_id, "offer_id": OFFER, "amount": lot.amount}
        self._say(store, "store.lot.closed", {**data, "consumed": lot.amount - lot.remaining})

    def deliver(self, store: str, choice: int) -> None:
        """The event said last, or one before it, whether it was delivered already or not."""
        if self.events:
            self._apply(self.events[-1 - choice % len(self.events)])

    def check(self) -> None:
        """I1, I2 and I3, read from the accounts, not from the budget's own sums."""
        (budget,) = self.documents.all_of("budgets")
        total = dict.fromkeys(("open", "settled", "written_off"), 0)
        for account in self.documents.all_of("lot_accounts"):
            state = account["state"]
            total[state] += account["consumed" if state == "settled" else "amount"]
            assert 0 <= account["consumed"] <= self._gross(account["lot_id"])
        assert {state: budget[state] for state in total} == total
        assert budget["free"] >= 0
        assert budget["free"] + sum(total.values()) == budget["budget"]
        assert sum(self._net(lot_id) for lot_id in self.lots) <= BUDGET

    def compare(self) -> None:
        """Once everything has arrived, each account knows what its store truly spent."""
        for lot_id in self.lots:
            account = self.documents.get("lot_accounts", lot_id)
            assert account is not None
            assert account["consumed"] == self._net(lot_id)
            assert (account["state"] == "settled") == self.lots[lot_id].is_closed

    def _take_in(self, store: str) -> None:
        for grant in self.documents.all_of("lots"):
            if grant["store_id"] == store and grant["lot_id"] not in self.lots:
                self.lots[grant["lot_id"]] = _Lot(store, grant["amount"], grant["amount"])

    def _gross(self, lot_id: str) -> int:
        return sum(one.units for one in self.spent.values() if one.lot_id == lot_id)

    def _net(self, lot_id: str) -> int:
        lot = self.lots[lot_id]
        return lot.amount - lot.remaining - lot.given_back

    def _own(self, store: str) -> list[str]:
        return [lot_id for lot_id, lot in self.lots.items() if lot.store == store]

    def _is_spendable(self, lot_id: str) -> bool:
        lot = self.lots[lot_id]
        return lot.remaining > 0 and not lot.is_closed

    def _say(self, store: str, kind: str, data: Mapping[str, Any]) -> None:
        self.events.append(told(f"e-{len(self.events)}", kind, data, store=store))

    def _apply(self, event: PlatformEvent) -> None:
        DemoRules().apply(event, self.documents)
