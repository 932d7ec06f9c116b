"""One ledger in memory with the real schema, and the till's steps over it, for tests of rights."""

import itertools
import sqlite3
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from store_agent.domain.basket import Allocation
from store_agent.domain.offer import NO_CAPS
from store_agent.domain.rights import LotGrant, Want
from store_agent.domain.sale import Sale, SaleLine
from store_agent.redemption import lots
from store_agent.redemption.act import Act
from store_agent.redemption.committing import Claimed, CommitRequest, commit
from store_agent.redemption.moment import effective_now
from store_agent.redemption.reserving import ReserveRequest, reserve
from store_agent.redemption.returning import ReturnLine, ReturnRequest, take_back
from store_agent.redemption.standing import Asked
from store_agent.redemption.voiding import void
from store_agent.storage import ledger, sales
from sync import outbox

NOON = datetime(2026, 11, 21, 11, tzinfo=UTC)
DAY = date(2026, 11, 21)


def open_ledger() -> sqlite3.Connection:
    """The ledger's tables and the outbox in memory."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    for _, script in (*ledger.MIGRATIONS.migrations, *outbox.MIGRATIONS):
        connection.executescript(script)
    return connection


def voucher_want(voucher_id="v-1", amount=1000, **more) -> Want:
    return Want("o-v", amount, (Allocation("1", amount),), voucher_id=voucher_id, **more)


def offer_want(offer_id="o-1", amount=500, **more) -> Want:
    return Want(offer_id, amount, (Allocation("1", amount),), **{"caps": NO_CAPS, **more})


@dataclass
class Desk:
    """A store's ledger and the steps of its tills; each step is one transaction."""

    store_id: str = "s1"
    epoch: str = "e1"
    now: datetime = NOON
    db: sqlite3.Connection = field(default_factory=open_ledger)
    balance: int = 0
    ids: itertools.count = field(default_factory=lambda: itertools.count(1))

    def run(self, work, *, crash=False):
        """`work` in one transaction; a crash before the commit takes all of it back."""
        self.db.execute("BEGIN IMMEDIATE")
        try:
            act = Act(self.db, effective_now(self.db, self.now), self.new_id)
            answer = work(act)
        except BaseException:
            self.db.execute("ROLLBACK")
            raise
        self.db.execute("ROLLBACK" if crash else "COMMIT")
        return None if crash else answer

    def new_id(self) -> str:
        return f"{self.store_id}-{next(self.ids):06}"

    def asked(self, act, txn, customer) -> Asked:
        return Asked(txn, customer, self.balance, act.now, DAY)

    def reserve(self, txn, *wants, customer="c-1", revision=1, till="till-1", crash=False):
        return self.run(
            lambda act: reserve(
                act, ReserveRequest(self.asked(act, txn, customer), till, revision, wants)
            ),
            crash=crash,
        )

    def commit(
        self, txn, *wants, customer="c-1", total=5000, qty=2, earned=0, till="till-1", crash=False
    ):
        """Pay: claim what `wants` say; rights nobody reserved are judged as they are."""
        sale = Sale(
            txn,
            till,
            "EUR",
            total,
            (SaleLine("1", "A", str(qty), total // qty),),
            (),
            f"r-{txn}",
            DAY,
            self.now,
            customer,
        )
        claimed = tuple(Claimed(one.voucher_id or one.offer_id, one.amount_minor) for one in wants)
        judged = {one.voucher_id or one.offer_id: one for one in wants}
        return self.run(
            lambda act: commit(
                act,
                CommitRequest(
                    sale, self.asked(act, txn, customer), claimed, judged, earned_points=earned
                ),
                act.new_id(),
            ),
            crash=crash,
        )

    def void(self, txn, *, crash=False):
        return self.run(lambda act: void(act, txn, "till-1", "cancelled"), crash=crash)

    def take_back(self, return_txn, txn, qty, *, crash=False):
        lines = (ReturnLine("1", "A", Decimal(qty), 0),)
        return self.run(
            lambda act: take_back(
                act, ReturnRequest(return_txn, "till-1", sales.get(act.tx, txn), lines)
            ),
            crash=crash,
        )

    def grant(self, lot_id="lot-1", offer_id="o-1", amount=3, **more):
        one = LotGrant(
            **{
                "lot_id": lot_id,
                "offer_id": offer_id,
                "store_id": self.store_id,
                "store_epoch": self.epoch,
                "amount": amount,
                **more,
            }
        )
        return self.run(
            lambda act: lots.take_grants(act.tx, [one], self.store_id, self.epoch, act.now)
        )

    def close(self, lot_id):
        return self.run(lambda act: lots.close(act.tx, lot_id, act.now, act.new_id))

    def left(self, offer_id="o-1") -> int:
        return lots.left(self.db, offer_id, effective_now(self.db, self.now))

    def later(self, **delta) -> None:
        self.now += timedelta(**delta)

    def events(self, kind="") -> list[str]:
        rows = self.db.execute(
            "SELECT type FROM outbox WHERE type LIKE ? ORDER BY seq", (f"%{kind}%",)
        )
        return [row[0] for row in rows]

    def points(self) -> int:
        return self.db.execute("SELECT coalesce(sum(points), 0) FROM points").fetchone()[0]
