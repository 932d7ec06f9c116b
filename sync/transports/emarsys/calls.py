"""The calls that events lead to, for many contacts at once. All of them may be repeated."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from sync.transports.emarsys.api import Api, Call
from sync.transports.emarsys.batches import Entry, Outcome, deliver
from sync.transports.emarsys.replies import Reply, Verdict
from sync.transports.emarsys.settings import ProofTable, Unsubscribe

log = logging.getLogger(__name__)

# The API's limits are 1 MB per event (perhaps per call), 8 MB for contacts, 10 MB in general.
TRIGGER_BYTES = 900_000
CONTACT_BYTES = 7_500_000
RECORD_BYTES = 9_000_000
RELATIONAL = "rds/v1"


class Calls:
    """Speaks for one account. `key` is the id of the field that holds the shop's customer id."""

    def __init__(self, api: Api, key: str, *, create_contacts: bool) -> None:
        """`create_contacts`: somebody Emarsys does not know becomes a contact."""
        self._api = api
        self._key = key
        self._create_contacts = create_contacts

    async def trigger(
        self, event_id: int, entries: Sequence[Entry], outcomes: dict[str, Outcome]
    ) -> None:
        """Trigger one external event for many contacts."""

        async def ask(items: Sequence[Mapping[str, Any]]) -> Reply:
            body = {"key_id": self._key, "contacts": items}
            return await self._api.ask(Call("POST", f"/event/{event_id}/trigger", body))

        await deliver(ask, entries, outcomes, TRIGGER_BYTES)
        if any(one.verdict is Verdict.DONE_WITH_WARNING for one in outcomes.values()):
            log.warning("an external event has nothing attached, or is too long for it")
        unknown = [one for one in entries if _is_unknown(outcomes[one.contact])]
        if not (unknown and self._create_contacts):
            return
        created: dict[str, Outcome] = {}
        await self.update(
            [Entry(one.contact, {self._key: one.contact}) for one in unknown], created
        )
        ready = [one for one in unknown if created[one.contact].verdict is Verdict.DONE]
        outcomes |= {one.contact: created[one.contact] for one in unknown}
        await deliver(ask, ready, outcomes, TRIGGER_BYTES)
        for one in ready:
            if _is_unknown(outcomes[one.contact]):  # not everywhere over there yet
                outcomes[one.contact] = Outcome(Verdict.LATER, outcomes[one.contact].code)

    async def update(self, entries: Sequence[Entry], outcomes: dict[str, Outcome]) -> None:
        """Set contact fields; each entry's item holds the key field as well.

        Two upserts of one contact may collide: who is told that it exists asks once more.
        """
        await deliver(self._put, entries, outcomes, CONTACT_BYTES)
        again = [one for one in entries if outcomes[one.contact].verdict is Verdict.EXISTS]
        await deliver(self._put, again, outcomes, CONTACT_BYTES)
        for one in again:
            if outcomes[one.contact].verdict is Verdict.EXISTS:
                outcomes[one.contact] = Outcome(Verdict.LATER, outcomes[one.contact].code)

    async def unsubscribe(self, contact: str, campaign: Unsubscribe) -> Outcome:
        """Count the withdrawal in the mailings. Changes no opt-in: `update` does."""
        body: dict[str, Any] = {"key_id": self._key, "key_value": contact}
        if campaign.launch_id is not None:
            body["launch_id"] = campaign.launch_id
        if campaign.email_id is not None:
            body["email_id"] = campaign.email_id
        call = Call("POST", "/email/unsubscribe", body)
        reply = await self._api.ask(call)
        return Outcome(reply.verdict, reply.code)

    async def upsert(
        self, table: ProofTable, entries: Sequence[Entry], outcomes: dict[str, Outcome]
    ) -> None:
        """Put records into a relational table; by primary key, so a repeat changes nothing."""
        connection, name = quote(table.connection, safe=""), quote(table.table, safe="")
        path = f"/connections/{connection}/tables/{name}/records/upsert"

        async def ask(items: Sequence[Mapping[str, Any]]) -> Reply:
            return await self._api.ask(Call("POST", path, list(items), generation=RELATIONAL))

        await deliver(ask, entries, outcomes, RECORD_BYTES)

    async def _put(self, items: Sequence[Mapping[str, Any]]) -> Reply:
        body = {"key_id": self._key, "contacts": items}
        params = {"create_if_not_exists": "1"} if self._create_contacts else None
        call = Call("PUT", "/contact/", body, params)
        return await self._api.ask(call)


def _is_unknown(outcome: Outcome) -> bool:
    return outcome.verdict is Verdict.UNKNOWN_CONTACT
