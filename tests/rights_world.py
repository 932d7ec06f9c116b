"""Two shops on real ledgers and a platform, joined by a network that loses, repeats and reorders.

The shops run the code of the box: rules, reserve, commit, void, return, upkeep, and the memory of
Idempotency-Keys. `Centre` settles as docs/redemption.md asks of a platform, in its simplest form.
"""

import sqlite3
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any, NamedTuple

import orjson
from basket_builders import BERLIN, MIRA, NOON, offer, voucher
from redemption_desk import DAY, open_ledger
from settlement_world import MemoryDocuments, budget_document

from store_agent.checkout.once import Key, once
from store_agent.clock import boot_id
from store_agent.demo.rules import DemoRules
from store_agent.domain.basket import Basket, BasketLine
from store_agent.domain.errors import Conflict
from store_agent.domain.offer import OfflineClass, Voucher
from store_agent.domain.rights import LotClass, LotGrant
from store_agent.domain.sale import Sale, SaleLine
from store_agent.offers import OfferBook
from store_agent.offers.candidates import Case
from store_agent.offers.evaluating import evaluate, wants
from store_agent.offers.occasion import AT_TILL
from store_agent.redemption import escrow, moment, standing, upkeep
from store_agent.redemption.act import Act
from store_agent.redemption.committing import Claimed, CommitRequest, commit
from store_agent.redemption.moment import PlatformTime, effective_now
from store_agent.redemption.reserving import ReserveRequest, reserve
from store_agent.redemption.returning import ReturnLine, ReturnRequest, take_back
from store_agent.redemption.standing import Asked
from store_agent.redemption.voiding import void
from store_agent.storage import codec, lots, redemptions, sales
from store_agent.storage.times import to_text
from sync.reference_platform.rules import PlatformEvent

STRICT, RISKY = "o-lot", "o-risk"
BUDGETS = {STRICT: 3, RISKY: 2}
LOT_CLASS = {STRICT: LotClass.STRICT, RISKY: LotClass.BOUNDED_RISK}
VOUCHERS = ("v-1", "v-2")
BURN = "points:100"
CLAIMS = {STRICT: 500, RISKY: 300, "v-1": 1000, "v-2": 1000, BURN: 100}
START_POINTS = 150
SPENDABLE_FOR = timedelta(hours=1)
PRICE, PIECES = 2500, 2
BOOK = OfferBook(
    offer(one, "amount", CLAIMS[one], offline=OfflineClass.LOT) for one in (STRICT, RISKY)
)


@cache
def empty_ledger() -> bytes:
    return open_ledger().serialize()


class Told(NamedTuple):
    """An event of a shop on its way."""

    store_id: str
    epoch: str
    id: str
    type: str
    data: dict[str, Any]


class News(NamedTuple):
    """One change of the feed."""

    collection: str
    key: str
    doc: Any
    confirms: str | None = None


@dataclass
class CentralLot:
    offer_id: str
    store_id: str
    epoch: str
    amount: int
    until: datetime
    state: str = "open"
    consumed: int = 0


@dataclass
class Centre:
    """The platform. `dedupes` switched off is a known mistake."""

    now: datetime = NOON
    dedupes: bool = True
    free: dict[str, int] = field(default_factory=lambda: dict(BUDGETS))
    lots: dict[str, CentralLot] = field(default_factory=dict)
    points: int = START_POINTS
    seen: set[tuple[str, str, str]] = field(default_factory=set)
    redeemed: dict[str, dict[str, Any]] = field(default_factory=dict)
    undone: dict[str, dict[str, Any]] = field(default_factory=dict)
    reclaimed: Counter[str] = field(default_factory=Counter)
    owners: dict[str, Voucher] = field(default_factory=dict)
    epochs: dict[str, str] = field(default_factory=dict)
    log: list[News] = field(default_factory=list)

    def hand(self, voucher_id: str, store_id: str) -> None:
        """Make a shop the owner of a voucher nobody owns."""
        grant, epoch = f"g-{len(self.log)}", self.epochs.get(store_id, "e0")
        self._say_owner(voucher(voucher_id, owner_store=store_id, owner_epoch=epoch, grant=grant))

    def spent_vouchers(self) -> set[str]:
        """As far as it knows."""
        live = self.redeemed.keys() - self.undone.keys()
        return {self.redeemed[one]["voucher_id"] for one in live} - {None}

    def recall(self, voucher_id: str) -> None:
        self._say_owner(replace(self.owners[voucher_id], recalled=True))

    def _say_owner(self, one: Voucher) -> None:
        self.owners[one.id] = one
        self.log.append(News("vouchers", one.id, one))

    def grant(self, offer_id: str, store_id: str, epoch: str, amount: int) -> None:
        self.free[offer_id] -= amount
        lot_id = f"lot-{len(self.lots)}"
        until = self.now + SPENDABLE_FOR
        self.lots[lot_id] = CentralLot(offer_id, store_id, epoch, amount, until)
        self.log.append(News("lots", lot_id, self.paper(lot_id)))

    def paper(self, lot_id: str, *, recalled: bool = False) -> LotGrant:
        lot = self.lots[lot_id]
        risky = lot.offer_id == RISKY
        return LotGrant(
            lot_id,
            lot.offer_id,
            lot.store_id,
            lot.epoch,
            lot.amount,
            lot_class=LOT_CLASS[lot.offer_id],
            spend_until=lot.until if risky else None,
            recalled=recalled,
        )

    def recall_lot(self, lot_id: str) -> None:
        self.log.append(News("lots", lot_id, self.paper(lot_id, recalled=True)))

    def reclaim_by_time(self) -> None:
        """Lots at bounded risk only."""
        for lot in self.lots.values():
            if lot.offer_id == RISKY and lot.state == "open" and self.now >= lot.until:
                lot.state = "settled"
                self.free[RISKY] += lot.amount - lot.consumed
                self.reclaimed[RISKY] += lot.amount

    def write_off(self, store_id: str, epoch: str) -> None:
        """The shop's ledger is gone: nobody knows what was spent of its lots and vouchers."""
        self.epochs[store_id] = epoch
        for lot in self.lots.values():
            if lot.store_id == store_id and lot.state == "open":
                lot.state = "written_off"

    def hear(self, told: Told) -> None:
        mark = (told.store_id, told.epoch, told.id)
        if self.dedupes and mark in self.seen:
            return
        self.seen.add(mark)
        step = getattr(self, "_on_" + told.type.removeprefix("store.").replace(".", "_"), None)
        if step is not None:
            step(told)

    def _on_redemption_recorded(self, told: Told) -> None:
        data = told.data
        if data["state"] != "redeemed":
            return
        self.redeemed[data["redemption_id"]] = data
        lot = self.lots.get(data["lot_id"])
        if lot is not None and lot.state == "open":
            lot.consumed += data["units"]

    def _on_redemption_voided(self, told: Told) -> None:
        data = told.data
        self.undone[data["redemption_id"]] = data
        lot = self.lots.get(data["lot_id"])
        if data["back_to"] == "centre" and lot is not None and lot.state == "settled":
            lot.consumed -= data["units"]
            self.free[lot.offer_id] += data["units"]

    _on_redemption_restored = _on_redemption_voided

    def _on_lot_closed(self, told: Told) -> None:
        lot_id = told.data["lot_id"]
        lot = self.lots[lot_id]
        if lot.state != "open":
            return
        early = sum(
            one["units"]
            for one in self.undone.values()
            if one["lot_id"] == lot_id and one["back_to"] == "centre"
        )
        lot.state, lot.consumed = "settled", told.data["consumed"] - early
        self.free[lot.offer_id] += lot.amount - lot.consumed

    def _on_voucher_released(self, told: Told) -> None:
        owned = self.owners[told.data["voucher_id"]]
        if (owned.owner_store, owned.grant) == (told.store_id, told.data["grant"]):
            self._say_owner(replace(owned, owner_store="", recalled=False))

    def _on_points_entered(self, told: Told) -> None:
        self.points += told.data["points"]
        self.log.append(News("customers", "c-1", self.points, told.id))


class Request(NamedTuple):
    """What a till asks, as it repeats it: `ids` are claims, `txn` a sale, `more` a return."""

    verb: str
    till: str
    txn: str
    ids: tuple[str, ...] = ()
    revision: int = 1
    more: str = ""

    @property
    def key(self) -> str:
        return "/".join((self.verb, self.till, self.txn, str(self.revision), self.more))


@dataclass
class Shop:
    """One store: its ledger, its cached documents, its clock, its tills' answers."""

    id: str
    epoch: str
    now: datetime = NOON
    db: sqlite3.Connection = field(default_factory=lambda: sqlite3.connect(":memory:"))
    vouchers: dict[str, Voucher] = field(default_factory=dict)
    papers: dict[str, LotGrant] = field(default_factory=dict)
    balance: int = START_POINTS
    read_to: int = 0
    made: int = 0

    def __post_init__(self) -> None:
        self.db.isolation_level = None
        self.db.deserialize(empty_ledger())
        self.db.execute("INSERT INTO meta (key, value) VALUES ('epoch', ?)", (self.epoch,))

    def new_id(self) -> str:
        self.made += 1
        return f"{self.id}-{self.epoch}-{self.made:05}"

    def act(self) -> Act:
        return Act(self.db, effective_now(self.db, self.now), self.new_id)

    def run(self, work, *, crash=False):
        """`work` in one transaction; a crash before its commit takes all of it back."""
        self.db.execute("BEGIN IMMEDIATE")
        try:
            answer = work(self.act())
        except BaseException:
            self.db.execute("ROLLBACK")
            raise
        self.db.execute("ROLLBACK" if crash else "COMMIT")
        return None if crash else answer

    def ask(self, request: Request, key: str | None = None, *, crash=False) -> bytes | None:
        """A till's request; the answer, or None when the box died before it could be durable."""

        def work(act: Act) -> bytes:
            name = Key.of(request.verb, key or request.key, repr(request).encode(), act.now)
            return once(
                act.tx, name, lambda: orjson.dumps(getattr(self, request.verb)(act, request))
            )[0]

        try:
            return self.run(work, crash=crash)
        except Conflict as error:
            return error.code.encode()

    # -- the verbs, as store_agent.checkout puts them together --

    def judge(self, act: Act, request: Request):
        asked = Asked(request.txn, "c-1", self.balance, act.now, DAY)
        own = tuple(self.vouchers.values())
        case = Case(
            MIRA,
            BOOK,
            own,
            standing.read(act.tx, asked, BOOK.bounded, own),
            AT_TILL,
            act.now,
            BERLIN,
            "en",
            self.id,
            is_online=False,
        )
        line = BasketLine("1", "A", Decimal(PIECES), PRICE)
        basket = Basket(request.txn, request.revision, "EUR", (line,), request.ids)
        found = evaluate(basket, case, only=request.ids)
        return asked, found, wants(case, found)

    def reserve(self, act: Act, request: Request) -> dict[str, Any]:
        asked, _, wanted = self.judge(act, request)
        held = reserve(act, ReserveRequest(asked, request.till, request.revision, wanted))
        return {"granted": [one.voucher_id or one.offer_id for one in held.reservation.wants]}

    def commit(self, act: Act, request: Request) -> dict[str, Any]:
        asked, found, wanted = self.judge(act, request)
        sale = Sale(
            request.txn,
            request.till,
            "EUR",
            PRICE * PIECES,
            (SaleLine("1", "A", str(PIECES), PRICE),),
            (),
            f"r-{request.txn}",
            DAY,
            act.now,
            "c-1",
        )
        done = commit(
            act,
            CommitRequest(
                sale,
                asked,
                tuple(Claimed(one, CLAIMS[one]) for one in request.ids),
                {one.voucher_id or one.offer_id: one for one in wanted},
                {one.voucher_id or one.offer_id: one.reason for one in found.refused},
                PRICE * PIECES // 100,
                frozenset(self.vouchers),
            ),
            act.new_id(),
        )
        spent = sorted((one.id, one.state, one.offer_id) for one in done.redemptions)
        return {"status": done.status, "redemptions": spent}

    def void(self, act: Act, request: Request) -> dict[str, Any]:
        return {"was": void(act, request.txn, request.till, "cancelled").was}

    def take_back(self, act: Act, request: Request) -> dict[str, Any]:
        lines = (ReturnLine("1", "A", Decimal(1), PRICE),)
        sale = sales.get(act.tx, request.txn)
        done = take_back(act, ReturnRequest(request.more, request.till, sale, lines))
        return {"clawback": done.clawback_points, "effects": [one.action for one in done.effects]}

    # -- the feed --

    def pull(self, centre: Centre, most: int = 1000) -> None:
        """Take the next changes in, as `app.feed` does."""
        page = centre.log[self.read_to : self.read_to + most]
        for news in page:
            if news.collection == "vouchers":
                self.vouchers[news.key] = news.doc
            elif news.collection == "lots":
                self.papers[news.key] = news.doc
            else:
                self._take_balance(news)
        self.read_to += len(page)
        self.take_news()

    def _take_balance(self, news: News) -> None:
        self.balance = news.doc
        self.run(lambda act: redemptions.confirm_points(act.tx, str(news.confirms)))

    def take_news(self) -> None:
        recalled = [
            one for one in self.vouchers.values() if one.recalled and one.owner_store == self.id
        ]
        self.take_in(self.papers.values(), recalled)

    def take_in(self, papers: Iterable[LotGrant], recalled: Iterable[Voucher] = ()) -> None:
        some = [one for one in papers if one.store_id == self.id]
        self.run(lambda act: upkeep.take_news(act, self.id, self.epoch, some, recalled))

    def hear_time(self, at: datetime) -> None:
        self.run(lambda act: moment.trust(act.tx, PlatformTime(at, boot_id())))

    def look_after(self) -> None:
        self.run(lambda act: upkeep.look_after(act, BOOK.bounded))

    def told(self) -> list[Told]:
        rows = self.db.execute("SELECT id, type, data FROM outbox ORDER BY seq").fetchall()
        return [
            Told(self.id, self.epoch, id_, kind, orjson.loads(data)) for id_, kind, data in rows
        ]

    # -- what is true --

    def rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        return self.db.execute(sql, values).fetchall()

    def held(self) -> list[tuple[str, str | None]]:
        """Offer and voucher of every live hold."""
        now = to_text(effective_now(self.db, self.now))
        return self.rows(
            "SELECT offer_id, voucher_id FROM holds JOIN reservations USING (txn_id)"
            " WHERE state = 'live' AND expires_at > ?",
            now,
        )

    def spare(self, offer_id: str) -> int:
        """Units that can be spent, less all that is held; below zero = promised twice."""
        now = effective_now(self.db, self.now)
        free = escrow.spendable(lots.active(self.db, offer_id), now)
        return free - sum(one == offer_id for one, _ in self.held())


class SampleDocuments(MemoryDocuments):
    """The sample platform's documents; what shops hear of goes into the feed."""

    def __init__(self, log: list[News]) -> None:
        super().__init__()
        self.log = log

    def put(self, collection, key, doc, confirms=None):
        super().put(collection, key, doc, confirms)
        if collection == "vouchers":
            self.log.append(News(collection, key, codec.check(Voucher, dict(doc)), confirms))
        elif collection == "lots":
            self.log.append(News(collection, key, codec.check(LotGrant, dict(doc)), confirms))
        elif collection == "customers":
            self.log.append(News(collection, key, doc["points"], confirms))


class SampleCentre:
    """The rules of the sample platform, behind what the machine asks of a centre.

    It moves a voucher only to a shop that asks, and knows strict lots only.
    """

    def __init__(self) -> None:
        self.now = NOON
        self.log: list[News] = []
        self.documents = SampleDocuments(self.log)
        self.reclaimed: Counter[str] = Counter()
        self.asked = 0
        self.epochs: dict[str, str] = {}
        self.documents.put("customers", "c-1", {"points": START_POINTS})
        for offer_id, budget in BUDGETS.items():
            self.documents.put(
                "budgets", offer_id, budget_document(budget) | {"offer_id": offer_id}
            )

    @property
    def points(self) -> int:
        return self.documents.get("customers", "c-1")["points"]

    @property
    def free(self) -> dict[str, int]:
        return {one["offer_id"]: one["free"] for one in self.documents.all_of("budgets")}

    @property
    def lots(self) -> dict[str, CentralLot]:
        return {
            one["lot_id"]: CentralLot(
                one["offer_id"],
                one["store_id"],
                one["store_epoch"],
                one["amount"],
                NOON,
                str(one["state"]),
                one["consumed"],
            )
            for one in self.documents.all_of("lot_accounts")
        }

    @property
    def owners(self) -> dict[str, Voucher]:
        return {one["id"]: codec.check(Voucher, one) for one in self.documents.all_of("vouchers")}

    def spent_vouchers(self) -> set[str]:
        return {one["id"] for one in self.documents.all_of("vouchers") if one.get("redeemed_at")}

    def hand(self, voucher_id: str, store_id: str) -> None:
        if voucher_id in self.owners:
            self._ask(
                store_id, "store.voucher.wanted", self._named(voucher_id), self.epoch(store_id)
            )
            return
        owned = voucher(voucher_id, owner_store=store_id, owner_epoch="e0", grant="g-0")
        self.documents.put("vouchers", voucher_id, orjson.loads(codec.dump(owned)))

    def recall(self, voucher_id: str) -> None:
        """The other shop asks for it."""
        other = "s2" if self.owners[voucher_id].owner_store == "s1" else "s1"
        self._ask(other, "store.voucher.wanted", self._named(voucher_id), self.epoch(other))

    def epoch(self, store_id: str) -> str:
        return self.epochs.get(store_id, "e0")

    def write_off(self, store_id: str, epoch: str) -> None:
        """The new ledger tells of itself."""
        self.epochs[store_id] = epoch
        self._ask(store_id, "store.ledger.replaced", {"reason": "lost"}, epoch)

    def _named(self, voucher_id: str) -> dict[str, Any]:
        return {"voucher_id": voucher_id, "grant": self.owners[voucher_id].grant}

    def grant(self, offer_id: str, store_id: str, epoch: str, amount: int) -> None:
        """The shop asks; how much it gets is the platform's business."""
        wish = {"offer_id": offer_id, "unit": "use", "left": amount}
        self._ask(store_id, "store.lot.wanted", wish, epoch)

    def paper(self, lot_id: str) -> LotGrant:
        lot = self.lots[lot_id]
        return LotGrant(lot_id, lot.offer_id, lot.store_id, lot.epoch, lot.amount)

    def recall_lot(self, lot_id: str) -> None:
        known = self.documents.get("lots", lot_id)
        if known is not None:
            self.documents.put("lots", lot_id, known | {"recalled": True})

    def reclaim_by_time(self) -> None:
        """It never does."""

    def _ask(self, store_id: str, kind: str, data: dict[str, Any], epoch: str) -> None:
        self.asked += 1
        self.hear(Told(store_id, epoch, f"wish-{self.asked}", kind, data))

    def hear(self, told: Told) -> None:
        at = f"{self.now:%Y-%m-%dT%H:%M:%SZ}"
        source = f"/stores/{told.store_id}/{told.epoch}"
        DemoRules().apply(
            PlatformEvent(told.id, source, told.store_id, told.type, told.data, "c-1", at),
            self.documents,
        )
