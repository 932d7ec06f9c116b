"""One customer at a first scan: contact, points and tier, vouchers and segments, at once."""

from __future__ import annotations

import asyncio
from functools import partial

from sync.emarsys_feed import people
from sync.emarsys_feed.audience import Audience
from sync.emarsys_feed.documents import PASS_PREFIX, Beside, Contact, Reading, documents
from sync.emarsys_feed.loyalty import LoyaltyApi
from sync.emarsys_feed.member import Member
from sync.emarsys_feed.settings import Profile, Settings
from sync.errors import TransportError
from sync.feed import Change
from sync.lookup import Wanted, WantedKind
from sync.ports import Ledger


class EmarsysLookups:
    """See `Lookups`. Emarsys finds by customer id and member number; by no hash and no voucher."""

    def __init__(
        self,
        audience: Audience,
        loyalty: LoyaltyApi | None,
        ledger: Ledger,
        settings: Settings,
        store: tuple[str, str],
    ) -> None:
        """`store` are its id and currency."""
        self._audience = audience
        self._loyalty = loyalty
        self._ledger = ledger
        self._settings = settings
        self._store = store
        self._reading: Reading | None = None

    async def find(self, wanted: Wanted) -> tuple[Change, ...]:
        """All documents of that customer; what was learned is noted for the feed."""
        reading = self._reading = self._reading or await self._audience.open(*self._store)
        contact = await self._contact(reading, wanted)
        if contact is None or not reading.customer_id(contact):
            return ()
        member, segments = await asyncio.gather(
            self._member(reading, contact), self._segments(contact)
        )
        customer = reading.customer_id(contact)
        await self._ledger.write(partial(people.remember, people={customer: member}))
        return tuple(documents(contact, reading, self._audience.now, Beside(segments, member)))

    async def close(self) -> None:
        """Close the lines."""
        await self._audience.close()
        if self._loyalty is not None:
            await self._loyalty.close()

    async def _contact(self, reading: Reading, wanted: Wanted) -> Contact | None:
        if wanted.kind is WantedKind.CUSTOMER_ID:
            return await self._audience.find(wanted.value)
        if wanted.kind is WantedKind.PASS_ID and wanted.value.startswith(PASS_PREFIX):
            return await self._audience.find(wanted.value.removeprefix(PASS_PREFIX))
        named = self._settings.profile_fields.get(Profile.MEMBER_NUMBER)
        if wanted.kind is WantedKind.MEMBER_NUMBER and named is not None:
            return await self._audience.find_by(reading.fields[named], wanted.value)
        return None

    async def _member(self, reading: Reading, contact: Contact) -> Member | None:
        """What the programme says now, or said last: its silence takes nobody's points away."""
        customer = reading.customer_id(contact)
        known = await self._ledger.read(partial(people.known, customers=[customer]))
        if self._loyalty is None:
            return known.get(customer)
        try:
            return await self._loyalty.find(reading.loyalty_id(contact))
        except TransportError:
            return known.get(customer)

    async def _segments(self, contact: Contact) -> tuple[str, ...]:
        """The segments of one contact, all asked at once; those that do not answer are left out."""
        names = list(self._settings.segments)
        asked = (self._audience.is_in(self._settings.segments[one], contact.id) for one in names)
        answers = await asyncio.gather(*asked, return_exceptions=True)
        return tuple(name for name, is_in in zip(names, answers, strict=True) if is_in is True)
