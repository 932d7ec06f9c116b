"""Reading contacts, lists and segments over the API."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from sync.emarsys_feed.documents import Contact, Reading, contact_of
from sync.emarsys_feed.settings import Settings
from sync.errors import TransportError
from sync.transports.emarsys.api import Api, Call
from sync.transports.emarsys.directory import OWN_KEYS, find_fields, find_labels
from sync.transports.emarsys.replies import Reply, Verdict, explain, number
from sync.transports.emarsys.signing import ALARM_PAUSE_S
from sync.transports.emarsys.times import ServerTime

PAGE = 1000  # contacts per call, the most that getdata takes
SKIP = "$skiptoken"


class Audience:
    """The people of one contact list, in pages."""

    def __init__(self, api: Api, settings: Settings, server_time: ServerTime) -> None:
        """`server_time` says how old an answer is, whatever the box's clock."""
        self._api = api
        self._settings = settings
        self._server_time = server_time
        self._wanted: list[str] = []
        self._key = ""

    @property
    def now(self) -> datetime:
        """The time over there, as well as it is known."""
        return self._server_time.now()

    @property
    def told_time(self) -> datetime | None:
        """What the clock over there said in its last answer."""
        return self._api.server_time

    async def open(self, store_id: str, currency: str) -> Reading:
        """Find out the account's numbers. Raises TransportError."""
        names = self._settings.field_names
        fields = await find_fields(self._api, names)
        self._wanted = [one for one in fields.ids.values() if one not in OWN_KEYS]
        self._key = fields[self._settings.key]
        labels = await find_labels(self._api, self._wanted, self._settings.labels_in)
        return Reading(self._settings, fields, store_id, currency, labels)

    async def ids(self, skip: int) -> tuple[list[int], int | None]:
        """A page of the list's contact ids, and where the next one begins."""
        call = Call(
            "GET",
            f"/contactlist/{self._settings.contact_list}/contactIds",
            params={SKIP: str(skip), "$top": str(PAGE)},
            generation="v2",
        )
        data = _taken(await self._api.ask(call), call).data
        values = data.get("value") if isinstance(data, dict) else None
        if not isinstance(values, list):
            raise _strange(call)
        found = [one for value in values if (one := number(value)) is not None]
        return found, _next(data.get("next"), skip, call)

    async def contacts(self, ids: Sequence[int]) -> list[Contact]:
        """These contacts, as far as they exist; at most a page."""
        return await self._getdata("id", [str(one) for one in ids]) if ids else []

    async def find(self, customer_id: str) -> Contact | None:
        """The one contact with this customer id; None when there is none, or more than one."""
        return await self.find_by(self._key, customer_id)

    async def find_by(self, field_id: str, value: str) -> Contact | None:
        """The one contact with this value."""
        found = await self._getdata(field_id, [value])
        return found[0] if len(found) == 1 else None

    async def segment(self, segment_id: int) -> frozenset[int] | None:
        """The contact ids of a segment; None while it is being evaluated."""
        call = Call("GET", f"/filter/{segment_id}/contacts", waits=True)
        reply = await self._api.ask(call)
        if reply.verdict is Verdict.LATER:
            return None
        data = _taken(reply, call).data
        if not isinstance(data, list):
            raise _strange(call)
        return frozenset(one for value in data if (one := number(value)) is not None)

    async def is_in(self, segment_id: int, contact_id: int) -> bool:
        """Whether one contact is in a segment now."""
        call = Call("GET", f"/filter/{segment_id}/contacts/{contact_id}")
        return _taken(await self._api.ask(call), call).data is True

    async def close(self) -> None:
        """Close the line."""
        await self._api.close()

    async def _getdata(self, key_id: str, values: list[str]) -> list[Contact]:
        body = {"keyId": key_id, "keyValues": values, "fields": self._wanted}
        call = Call("POST", "/contact/getdata", body)
        data = _taken(await self._api.ask(call), call).data
        result = data.get("result") if isinstance(data, dict) else None
        if not isinstance(result, list):  # `false`, when no contact was found
            if result is False or (isinstance(data, dict) and data.get("errors")):
                return []
            raise _strange(call)
        found = (contact_of(one) for one in result if isinstance(one, dict))
        return [one for one in found if one is not None]


def _taken(reply: Reply, call: Call) -> Reply:
    if reply.verdict in {Verdict.DONE, Verdict.UNKNOWN_CONTACT}:
        return reply
    raise TransportError(
        f"Emarsys does not answer {call.path}: {explain(reply.code)}",
        permanent=True,
        hint="Compare the [feed] section with the account.",
        retry_after_s=ALARM_PAUSE_S,
    )


def _next(link: Any, skip: int, call: Call) -> int | None:
    """Where the next page begins: only the number is taken from the link, never an address."""
    if link in (None, ""):
        return None
    found = number(parse_qs(urlsplit(str(link)).query).get(SKIP, [""])[0])
    if found is None or found <= skip:
        raise _strange(call)
    return found


def _strange(call: Call) -> TransportError:
    return TransportError(f"the answer to {call.path} has a form nobody knows")
