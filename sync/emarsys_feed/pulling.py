"""What is asked of Emarsys next, and what is different from what the shop has."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, time
from functools import partial

from sync.emarsys_feed import people
from sync.emarsys_feed.audience import PAGE, Audience
from sync.emarsys_feed.documents import Beside, Contact, Reading, documents
from sync.emarsys_feed.loyalty import LoyaltyApi
from sync.emarsys_feed.member import Member
from sync.emarsys_feed.seen import Difference, digest
from sync.emarsys_feed.settings import Settings
from sync.emarsys_feed.state import State, Work
from sync.errors import PostponedError, TransportError
from sync.ports import Ledger
from sync.transports.emarsys.api import LATER_S
from sync.transports.emarsys.signing import ALARM_PAUSE_S

log = logging.getLogger(__name__)

LOYALTY_BATCH = 10  # members asked about before the shop hears of them
LOYALTY_PAUSE_S = 60.0  # after trouble with the loyalty API, which holds nothing else up
PER_TURN = 50  # contacts compared before others get a turn: about 4 ms
FEW = 100  # so many contacts may always leave a list at once


class Pulling:
    """One piece of work after the other, the most urgent first, each a call or a few."""

    def __init__(
        self,
        audience: Audience,
        loyalty: LoyaltyApi | None,
        ledger: Ledger,
        settings: Settings,
        monotonic: Callable[[], float],
    ) -> None:
        """`loyalty` is there when the settings name a programme."""
        self._audience = audience
        self._loyalty = loyalty
        self._ledger = ledger
        self._settings = settings
        self._monotonic = monotonic

    async def next(self, state: State, reading: Reading) -> Work | None:
        """The most urgent piece of work; None when nothing is due. Raises TransportError."""
        now_s = self._monotonic()
        await self._take_over_look_ups(state)
        if state.queue:
            return await self._out_of_turn(state, reading)
        if state.skip is not None or state.contacts_due_s <= now_s:
            return await self._go_on_with_round(state, reading)
        for name in self._settings.segments:
            if state.segments_due_s.get(name, 0.0) <= now_s:
                await self.evaluate(state, name)
                return Work(Difference())
        if self._loyalty is not None and state.loyalty_due_s <= now_s:
            return await self._ask_members(state, reading, self._loyalty)
        return None

    async def evaluate(self, state: State, name: str) -> bool:
        """Look at one segment; whoever came or left is pulled again. False: it is not ready."""
        now_s = self._monotonic()
        members = await self._audience.segment(self._settings.segments[name])
        if members is None:
            state.segments_due_s[name] = now_s + LATER_S
            return False
        changed = members ^ state.members.get(name, frozenset())
        state.members[name] = members
        state.segments_due_s[name] = now_s + self._settings.segments_every_s
        state.queue.extend(state.seen.among(changed))
        return True

    async def compare(
        self, state: State, reading: Reading, contacts: Iterable[Contact]
    ) -> Difference:
        """What the shop does not have of these contacts yet.

        Compared as of a whole day: what has not changed is sent once a day, with its new age.
        """
        met = [
            one
            for one in contacts
            if (customer := reading.customer_id(one))
            and state.seen.meet(one.id, customer, state.round)
        ]
        known = await self._known([reading.customer_id(one) for one in met])
        now = self._audience.now
        today = datetime.combine(now.date(), time(), now.tzinfo)
        found = Difference()
        for turn, one in enumerate(met):
            if turn % PER_TURN == PER_TURN - 1:
                await asyncio.sleep(0)  # a page of contacts must not make a scan wait
            customer = reading.customer_id(one)
            is_stub = self._settings.people == "stubs" and customer not in known
            beside = Beside(state.segments_of(one.id), known.get(customer), is_stub)
            compared = documents(one, reading, today, beside)
            digests = {(each.collection, each.key): digest(each) for each in compared}
            found.add(state.seen.compare(one.id, documents(one, reading, now, beside), digests))
        return found

    async def _take_over_look_ups(self, state: State) -> None:
        """Whoever was looked up is sent in full from now on, with what was learned."""
        read = partial(people.since, n=state.people_at, limit=PAGE)
        customers, state.people_at = await self._ledger.read(read)
        state.pull_soon(customers)

    async def _out_of_turn(self, state: State, reading: Reading) -> Work:
        due = list(state.queue)[:PAGE]
        contacts = await self._audience.contacts(list(dict.fromkeys(due)))
        found = await self.compare(state, reading, contacts)
        for _ in due:
            state.queue.popleft()
        return Work(found)

    async def _go_on_with_round(self, state: State, reading: Reading) -> Work:
        """One page of the list; after the last, whoever was not met is gone."""
        if state.skip is None:
            state.round, state.skip = state.round + 1, 0
        ids, following = await self._audience.ids(state.skip)
        found = await self.compare(state, reading, await self._audience.contacts(ids))
        if following is not None:
            state.skip = following
            return Work(found)
        state.skip = None
        state.contacts_due_s = self._monotonic() + self._settings.contacts_every_s
        gone = state.seen.missed(state.round)
        if len(gone) > max(FEW, state.seen.count() // 2):
            raise suspicious("more than half of the contact list is gone")
        for contact in gone:
            found.add(state.seen.compare(contact, (), {}))
        return Work(found, tuple(gone), is_complete=True)

    async def _ask_members(self, state: State, reading: Reading, loyalty: LoyaltyApi) -> Work:
        """The next few members; a round begins anew some time after the last one ended."""
        ids = state.seen.behind(state.loyalty_at, LOYALTY_BATCH)
        if not ids:
            state.loyalty_at = 0
            state.loyalty_due_s = self._monotonic() + self._settings.loyalty_every_s
            return Work(Difference())
        wanted = await self._without_stubs(reading, await self._audience.contacts(ids))
        learned: dict[str, Member | None] = {}
        for contact in wanted:
            try:
                member = await loyalty.find(reading.loyalty_id(contact))
            except TransportError as error:
                self._pause_loyalty(state, contact, error)
                break
            learned[reading.customer_id(contact)] = member
            state.loyalty_at = contact.id
        else:
            state.loyalty_at = ids[-1]
        note = partial(people.remember_and_read, people=learned, n=state.people_at)
        others, state.people_at = await self._ledger.write(note)
        state.pull_soon(others)
        return Work(await self.compare(state, reading, wanted[: len(learned)]))

    def _pause_loyalty(self, state: State, contact: Contact, error: TransportError) -> None:
        """Nothing else waits for the programme; an alarm is raised all the same.

        A member whose answer is a fault has another turn in the next round.
        """
        state.loyalty_due_s = self._monotonic() + (error.retry_after_s or LOYALTY_PAUSE_S)
        if error.permanent:
            raise error
        if not isinstance(error, PostponedError):
            state.loyalty_at = contact.id
            log.warning("the loyalty programme does not answer", extra={"reason": str(error)})

    async def _without_stubs(self, reading: Reading, contacts: Sequence[Contact]) -> list[Contact]:
        named = [one for one in contacts if reading.customer_id(one)]
        if self._settings.people == "full":
            return named
        looked_up = await self._known([reading.customer_id(one) for one in named])
        return [one for one in named if reading.customer_id(one) in looked_up]

    async def _known(self, customers: list[str]) -> dict[str, Member | None]:
        return await self._ledger.read(partial(people.known, customers=customers))


def suspicious(message: str) -> TransportError:
    """Rather an alarm than a shop that forgets its customers for a slip in the settings."""
    return TransportError(
        message,
        permanent=True,
        hint="Check contact_list and key in the [feed] section; a restart takes the list as it is.",
        retry_after_s=ALARM_PAUSE_S,
    )
