"""A shop that is killed at a named point of a sale: `python -m dying_shop FOLDER POINT`.

Prints each answer a till got before that, one JSON object a line. The box runs unchanged; the
points hang on the seams of the writer: its job, its commit, its answers.
"""

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Any

import orjson
from builders import STORE, Shop, customer, offer, shop, wallet_pass

from store_agent.domain.rights import LotGrant
from store_agent.redemption import lots
from store_agent.storage import redemptions, reservations, writer

TXN = "txn-1"
LOT_SIZE = 5
LOT_OFFER = offer("o-lot", benefit={"kind": "amount", "value": 500}, offline="lot")
VOUCHER = (
    "vouchers",
    "v-1",
    {
        "id": "v-1",
        "customer_id": "c-1",
        "title": {"de": "10 €"},
        "benefit": {"kind": "amount", "value": 1000},
        "owner_store": STORE,
    },
)
KNOWN = [customer(), wallet_pass(), VOUCHER, LOT_OFFER]
BASKET = {
    "currency": "EUR",
    "customer_ref": "c-1",
    "lines": [{"line_id": "1", "sku": "A", "qty": "1", "unit_price": 6000}],
}
RESERVE = BASKET | {"revision": 1, "offers": ["v-1", "o-lot"]}
COMMIT = BASKET | {
    "receipt": {"number": "R1", "business_date": "2026-11-21", "till": "till-0", "seq": 1},
    "totals": {"gross": 4500},
    "applied": [{"offer_id": "v-1", "amount": 1000}, {"offer_id": "o-lot", "amount": 500}],
    "tenders": [{"kind": "card", "amount": 4500}],
}
# Verb and moment. "half": its first row is written. "done": all of its rows are. "kept": the
# transaction is durable, nobody was answered. "told": the till has its answer.
POINTS = tuple(
    f"{verb} {at}" for verb in ("reserve", "commit") for at in ("half", "done", "kept", "told")
)


async def call(running: Shop, verb: str, body: dict[str, Any], txn: str = TXN, key: str = ""):
    return await running.post(
        f"/pos/v1/baskets/{txn}/{verb}", body, **{"Idempotency-Key": key or f'"{verb}-{txn}"'}
    )


async def take_lot(running: Shop) -> None:
    storage = running.agent.storage
    grant = LotGrant("lot-1", "o-lot", STORE, storage.epoch, LOT_SIZE)
    now = running.clock.now()
    await storage.write(lambda tx: lots.take_grants(tx, [grant], STORE, storage.epoch, now))


class Fate:
    """Knows which verb runs, and ends the process at its point."""

    def __init__(self, point: str) -> None:
        self.point = point
        self.verb = ""
        self.is_ours = False

    def strike(self, at: str) -> None:
        if f"{self.verb} {at}" == self.point:
            os.kill(os.getpid(), signal.SIGKILL)

    def lie_in_wait(self) -> None:
        """Put the points on the seams."""
        put, insert = reservations.put, redemptions.insert
        attempt, answer = writer.Writer._attempt, writer.answer

        def half(write):
            def wrapped(*values):
                write(*values)
                self.strike("half")

            return wrapped

        def done(this, connection, job):
            outcome = attempt(this, connection, job)
            self.strike("done")
            return outcome

        def kept(outcomes):
            self.strike("kept")
            answer(outcomes)

        reservations.put, redemptions.insert = half(put), half(insert)
        writer.Writer._attempt, writer.answer = done, kept


async def main(folder: Path, point: str) -> None:
    fate = Fate(point)
    async with shop(folder, KNOWN) as running:
        await take_lot(running)
        fate.lie_in_wait()
        for verb, body in (("reserve", RESERVE), ("commit", COMMIT)):
            fate.verb = verb
            answer = await call(running, verb, body)
            told = {"verb": verb, "status": answer.status_code, "answer": answer.json()}
            os.write(1, orjson.dumps(told) + b"\n")
            fate.strike("told")
    raise AssertionError("the process should be dead")


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
