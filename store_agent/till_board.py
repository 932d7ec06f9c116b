"""What stands on each till now, and what a tablet has proposed to it.

In memory only: a restart forgets it, and the tills' next evaluation brings it back. Pure, in one
event loop; time is an argument. A proposal changes no basket: the till decides and answers.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from store_agent.domain.basket import Basket, Evaluation
from store_agent.domain.errors import NotFound
from store_agent.domain.ids import NewId, new_id
from store_agent.offers.arithmetic import line_value

PROPOSAL_LIFE = timedelta(minutes=5)
PROPOSAL_KEPT = timedelta(minutes=15)  # as long, the card still says what became of it
BASKET_LIFE = timedelta(minutes=30)  # a till that said nothing for as long has another customer
MAX_PROPOSALS = 200  # kept at once, the newest
CLOSED_KEPT = 200  # baskets remembered as closed: an evaluation that comes late opens none again

Listener = Callable[[str], None]


class ProposalState(StrEnum):
    """What became of a proposal."""

    WAITING = "waiting"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    UNANSWERED = "unanswered"  # five minutes went by, or the sale was over first


@dataclass(frozen=True, slots=True)
class OpenBasket:
    """A basket on a till as of its last evaluation. `total_minor` is what its lines come to."""

    till: str
    txn_id: str
    revision: int
    customer_id: str | None
    total_minor: int
    currency: str
    evaluation: Evaluation
    at: datetime


@dataclass(frozen=True, slots=True)
class Proposal:
    """An offer or voucher that somebody at a tablet suggests for a basket on a till.

    `total_minor` is what the till said its basket comes to when it answered, if it did.
    """

    id: str
    till: str
    txn_id: str
    offer_id: str
    title: str
    customer_id: str
    staff_id: str
    currency: str
    at: datetime
    state: ProposalState = ProposalState.WAITING
    total_minor: int | None = None

    def state_at(self, now: datetime) -> ProposalState:
        """The state, with the time it had to be answered in."""
        late = self.state is ProposalState.WAITING and now - self.at >= PROPOSAL_LIFE
        return ProposalState.UNANSWERED if late else self.state


class TillBoard:
    """The last basket of every till, and the proposals made to them."""

    def __init__(self, make_id: NewId = new_id) -> None:
        """No till has said anything yet."""
        self._new_id = make_id
        self._baskets: dict[str, OpenBasket] = {}
        self._closed: deque[str] = deque(maxlen=CLOSED_KEPT)
        self._proposals: dict[str, Proposal] = {}
        self._listeners: list[Listener] = []

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Tell `listener` of each change, with the customer it is about; the answer ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    # -- the till -----------------------------------------------------------------------------

    def evaluated(
        self,
        till: str,
        basket: Basket,
        customer_id: str | None,
        evaluation: Evaluation,
        at: datetime,
    ) -> None:
        """This basket stands on the till now; what comes late or for a closed one is left out."""
        before = self._baskets.get(till)
        is_late = (
            before is not None
            and before.txn_id == basket.txn_id
            and basket.revision < before.revision
        )
        if not till or is_late or basket.txn_id in self._closed:
            return
        lines = basket.lines
        total = sum(-line_value(line) if line.is_return else line_value(line) for line in lines)
        after = OpenBasket(
            till, basket.txn_id, basket.revision, customer_id, total, basket.currency,
            evaluation, at,
        )  # fmt: skip
        self._take_off(basket.txn_id)  # a parked basket may go on at another till
        self._baskets[till] = after
        if before is not None and replace(before, at=at) == after:
            return  # a till that asks again about the same basket is no news
        self._tell({customer_id, before.customer_id if before is not None else None})

    def closed(self, txn_id: str) -> None:
        """The basket was paid or voided, at whichever till: nothing can be proposed to it now."""
        self._closed.append(txn_id)
        touched = self._take_off(txn_id)
        for one in self._proposals.values():
            if one.txn_id == txn_id and one.state is ProposalState.WAITING:
                self._proposals[one.id] = replace(one, state=ProposalState.UNANSWERED)
                touched.add(one.customer_id)
        self._tell(touched)

    def _take_off(self, txn_id: str) -> set[str | None]:
        """No till has this basket any more; whose it was."""
        gone = [one for one in self._baskets.values() if one.txn_id == txn_id]
        for one in gone:
            del self._baskets[one.till]
        return {one.customer_id for one in gone}

    # -- the tablet ---------------------------------------------------------------------------

    def basket_of(self, customer_id: str, now: datetime) -> OpenBasket | None:
        """The basket this customer is being served with, the latest if there are several."""
        own = [one for one in self.tills(now) if one.customer_id == customer_id]
        return max(own, key=lambda one: one.at, default=None)

    def tills(self, now: datetime) -> tuple[OpenBasket, ...]:
        """What stands on the tills, by till."""
        fresh = (one for one in self._baskets.values() if now - one.at < BASKET_LIFE)
        return tuple(sorted(fresh, key=lambda one: one.till))

    def propose(  # noqa: PLR0913, PLR0917  who proposes what, for whom, where and when
        self, till: str, offer_id: str, title: str, customer_id: str, staff_id: str, at: datetime
    ) -> Proposal:
        """Suggest an offer or voucher for the customer's basket on `till`.

        A second tap while the first waits is the same proposal. Raises NotFound when another
        basket, or none, stands there now.
        """
        standing = self._baskets.get(till)
        if standing is None or standing.customer_id != customer_id:
            raise NotFound("this customer's basket is not on that till")
        waiting = (one for one in self.waiting(till, at) if one.offer_id == offer_id)
        known = next(waiting, None)
        if known is not None:
            return known
        made = Proposal(
            id=self._new_id(),
            till=till,
            txn_id=standing.txn_id,
            offer_id=offer_id,
            title=title,
            customer_id=customer_id,
            staff_id=staff_id,
            currency=standing.currency,
            at=at,
        )
        self._proposals[made.id] = made
        while len(self._proposals) > MAX_PROPOSALS:
            del self._proposals[next(iter(self._proposals))]
        self._tell({customer_id})
        return made

    def latest(self, customer_id: str, offer_id: str, now: datetime) -> Proposal | None:
        """The last proposal of this offer to this customer's basket, while it matters."""
        fresh = (
            one
            for one in reversed(self._proposals.values())
            if one.customer_id == customer_id
            and one.offer_id == offer_id
            and now - one.at < PROPOSAL_KEPT
        )
        return next(fresh, None)

    # -- the till's answer --------------------------------------------------------------------

    def waiting(self, till: str, now: datetime) -> tuple[Proposal, ...]:
        """What the till has still to answer for the basket on it, the oldest first."""
        standing = self._baskets.get(till)
        return tuple(
            one
            for one in self._proposals.values()
            if standing is not None
            and (one.till, one.txn_id, one.customer_id)
            == (till, standing.txn_id, standing.customer_id)
            and one.state_at(now) is ProposalState.WAITING
        )

    def answer(
        self, proposal_id: str, till: str, *, accepted: bool, total_minor: int | None, now: datetime
    ) -> Proposal:
        """The till's decision; the first one stands, whatever comes after it.

        Raises NotFound for another till's proposal, and for one that was not answered in time.
        """
        known = self._proposals.get(proposal_id)
        if known is None or known.till != till:
            raise NotFound("there is no such proposal for this till")
        if known.state_at(now) is ProposalState.UNANSWERED:
            raise NotFound("this proposal is over", hint="The tablet can make a new one.")
        if known.state is not ProposalState.WAITING:
            return known
        state = ProposalState.ACCEPTED if accepted else ProposalState.DECLINED
        answered = replace(known, state=state, total_minor=total_minor)
        self._proposals[proposal_id] = answered
        self._tell({known.customer_id})
        return answered

    def _tell(self, customer_ids: Iterable[str | None]) -> None:
        for customer_id in customer_ids:
            if customer_id is not None:
                for listener in tuple(self._listeners):
                    listener(customer_id)
