"""Receipts on their way to a receiver that deduplicates nothing: each at most once, by a ledger.

An answer that got lost leaves a receipt `sent`, and it is held for somebody to look: sent twice,
turnover would count twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import httpx

from sync.errors import TransportError
from sync.outbox import Connection
from sync.ports import Ledger
from sync.transports.base import DELIVERY_UNKNOWN
from sync.transports.emarsys import sales, sent_sales
from sync.transports.emarsys.sent_sales import Claim, KnownSale, Order, State
from sync.transports.emarsys.settings import ReturnsAs, SalesData
from sync.transports.emarsys.signing import ALARM_PAUSE_S
from sync.transports.emarsys.wishes import Job, Sell, TakeBack
from sync.transports.http import Answer, HttpLine

DEADLINE_S = 30.0
MOST_ORDERS = 100  # per call: what one lost answer can hold back
BLAMES_THE_BODY = frozenset({400, 413, 422})
NEVER_LEFT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


@dataclass(frozen=True, slots=True)
class Sold:
    """What became of one receipt: delivered, or refused with a code and a reason."""

    code: str = ""
    reason: str = ""

    @property
    def delivered(self) -> bool:
        """Whether nothing is left to do."""
        return not self.code


DELIVERED = Sold()
HELD = Sold(DELIVERY_UNKNOWN, "nobody knows whether this receipt arrived; look before a retry")
REFUSED = Sold("refused_sale", "the sales data service does not take this receipt")
UNREADABLE = Sold("unreadable", "the return has no lines that can be read")


class _RefusedTogetherError(Exception):
    """The service refuses several receipts at once: one of them may be at fault."""


class SalesDesk:
    """Sends receipts, `Sell` and `TakeBack`, as CSV."""

    def __init__(
        self,
        line: HttpLine,
        settings: SalesData,
        ledger: Ledger,
        epoch: str,
        deadline_s: float = DEADLINE_S,
    ) -> None:
        """`line` leads to the sales data service; `epoch` is the life of the ledger."""
        self._line = line
        self._settings = settings
        self._merchant = settings.merchant_id
        self._ledger = ledger
        self._epoch = epoch
        self._deadline_s = deadline_s
        self._most = MOST_ORDERS

    async def sell(self, jobs: Sequence[Job], sold: dict[str, Sold]) -> None:
        """Send receipts; fills `sold` by event id.

        Raises TransportError; `sold` then holds those that are decided.
        """
        rest = list(jobs)
        while rest:
            batch = rest[: self._most]
            try:
                await self._sell(batch, sold)
            except _RefusedTogetherError:
                self._most = max(1, len(batch) // 2)
            else:
                rest = rest[len(batch) :]

    async def take_back(self, jobs: Sequence[Job], sold: dict[str, Sold]) -> None:
        """Take sales or some of their lines back, as far as these were ever sent."""
        due: list[Job] = []
        for job in jobs:
            found = await self._taken_back(job)
            if isinstance(found, Sold):
                sold[job.row.id] = found
            else:
                due.append(Job(job.row, Sell(_take_back(job).key, found)))
        await self.sell(due, sold)

    async def close(self) -> None:
        """Close the line."""
        await self._line.close()

    async def _sell(self, jobs: Sequence[Job], sold: dict[str, Sold]) -> None:
        wanted = {job.row.id: _sale(job) for job in jobs}
        orders = {
            one.key: Order(one.key, self._epoch, job.row.seq, sales.dump(one.receipt))
            for job in jobs
            for one in [wanted[job.row.id]]
        }
        claims = await self._ledger.write(
            partial(sent_sales.prepare, merchant=self._merchant, orders=list(orders.values()))
        )
        due = {one.key: one.receipt for one in wanted.values() if claims[one.key] is Claim.SEND}
        for event_id, one in wanted.items():
            if claims[one.key] is not Claim.SEND:
                sold[event_id] = HELD if claims[one.key] is Claim.HOLD else DELIVERED
        if due:
            result = await self._send(list(due), list(due.values()))
            sold |= {event_id: result for event_id, one in wanted.items() if one.key in due}

    async def _send(self, keys: Sequence[str], receipts: Sequence[sales.Receipt]) -> Sold:
        """One call. The ledger knows of it before the first byte leaves.

        Raises TransportError. Unless it is certain that nothing was taken, the receipts stay
        `sent`: the next attempt holds them.
        """
        body = sales.to_csv(receipts, self._settings)
        await self._mark(keys, State.SENT)
        try:
            answer = await self._post(body)
        except TransportError as error:
            if isinstance(error.__cause__, NEVER_LEFT):
                await self._mark(keys, State.PREPARED)
            self._most = 1  # what can be held back by the next lost answer
            raise
        if _is_taken(answer):
            await self._ledger.write(partial(self._confirm, keys))
            self._most = min(MOST_ORDERS, self._most * 2)
            return DELIVERED
        if not 300 <= answer.status < 500:
            self._most = 1
            raise self._unclear(answer)
        await self._mark(keys, State.PREPARED)
        return self._refuse(answer, len(keys))

    def _unclear(self, answer: Answer) -> TransportError:
        if answer.status >= 500:
            return self._line.refuse(answer.status, answer.headers)
        hint = "Is a proxy or a captive portal on the way?"
        return TransportError("the answer is not from the sales data service", hint=hint)

    def _refuse(self, answer: Answer, count: int) -> Sold:
        """Nothing was taken. Raises unless it is one receipt's own fault."""
        if answer.status in {401, 403}:
            raise TransportError(
                f"the sales data service answers {answer.status}",
                permanent=True,
                hint="Check merchant id and token of the sales data.",
                retry_after_s=ALARM_PAUSE_S,
            )
        if answer.status not in BLAMES_THE_BODY:
            raise self._line.refuse(answer.status, answer.headers)
        if count == 1:
            return REFUSED
        raise _RefusedTogetherError

    async def _post(self, body: bytes) -> Answer:
        token = self._settings.token.get_secret_value()
        return await self._line.request(
            "POST",
            f"/hapi/merchant/{self._merchant}/sales-data/api",
            content=body,
            headers={
                "authorization": f"bearer {token}",
                "content-type": "text/csv",
                "accept": "text/plain",
            },
            deadline_s=self._deadline_s,
            idle_s=self._deadline_s,
        )

    async def _taken_back(self, job: Job) -> sales.Receipt | Sold:
        """The negative receipt, or why there is nothing to send."""
        wanted = _take_back(job)
        sale = await self._ledger.write(partial(self._known, wanted=wanted, seq=job.row.seq))
        if sale is None or self._settings.returns is ReturnsAs.IGNORED:
            return DELIVERED
        if sale.state is State.SENT:
            return HELD
        if sale.state is not State.CONFIRMED:
            return DELIVERED
        one = sales.load(wanted.order, sale.receipt, wanted.at)
        if wanted.lines is None:
            return sales.voided(one, wanted.at)
        try:
            back = sales.returned(one, wanted.lines, wanted.at)
        except sales.UnreadableSaleError:
            return UNREADABLE
        return back if back.lines else DELIVERED

    def _known(self, tx: Connection, wanted: TakeBack, seq: int) -> KnownSale | None:
        if wanted.lines is None:
            order = Order(wanted.order, self._epoch, seq, b"")
            return sent_sales.void(tx, self._merchant, order)
        return sent_sales.find(tx, self._merchant, wanted.order)

    def _confirm(self, keys: Sequence[str], tx: Connection) -> None:
        sent_sales.mark(tx, self._merchant, keys, State.CONFIRMED)
        sent_sales.forget(tx)

    async def _mark(self, keys: Sequence[str], state: State) -> None:
        await self._ledger.write(lambda tx: sent_sales.mark(tx, self._merchant, keys, state))


def _sale(job: Job) -> Sell:
    assert isinstance(job.wanted, Sell)  # noqa: S101  planned as such
    return job.wanted


def _take_back(job: Job) -> TakeBack:
    assert isinstance(job.wanted, TakeBack)  # noqa: S101  planned as such
    return job.wanted


def _is_taken(answer: Answer) -> bool:
    """A success, and not a page that something on the way answers with."""
    is_page = "html" in answer.headers.get("content-type", "")
    return 200 <= answer.status < 300 and not is_page and answer.body.lstrip()[:1] != b"<"
