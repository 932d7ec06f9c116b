"""The loyalty contact API v4. Arguments travel in headers; there is no envelope."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from sync.emarsys_feed.documents import member_of
from sync.emarsys_feed.member import Member
from sync.emarsys_feed.settings import Loyalty
from sync.errors import PostponedError, TransportError
from sync.transports.emarsys.signing import ALARM_PAUSE_S
from sync.transports.emarsys.times import Pace, ServerTime, busy_for_s
from sync.transports.http import HttpLine

DEADLINE_S = 10.0
UNKNOWN = 404
BAD_REQUEST = 410  # this API's own way of saying so


class LoyaltyApi:
    """Reads points, tier and vouchers of one member at a time."""

    def __init__(
        self, line: HttpLine, settings: Loyalty, pace: Pace, server_time: ServerTime
    ) -> None:
        """`line` leads to the API's base address."""
        self._line = line
        self._settings = settings
        self._pace = pace
        self._server_time = server_time

    async def find(self, contact_id: str) -> Member | None:
        """Everything about a member; None when nobody is known by this id. TransportError."""
        if not (contact_id.isascii() and contact_id.isprintable() and contact_id.strip()):
            return None  # no header can hold it
        contact, vouchers = await asyncio.gather(
            self._get("/contact", contact_id), self._get("/contact/vouchers", contact_id)
        )
        if contact is None:
            return None
        return member_of(contact, vouchers or {}, self._server_time.now())

    async def close(self) -> None:
        """Close the line."""
        await self._line.close()

    async def _get(self, path: str, contact_id: str) -> Mapping[str, Any] | None:
        wait_s = self._pace.wait_s()
        if wait_s > 0:
            raise PostponedError("the ceiling of the loyalty API is reached", retry_after_s=wait_s)
        self._pace.count()
        answer = await self._line.request(
            "GET",
            f"{self._settings.url}{path}",
            headers=self._headers(contact_id),
            deadline_s=DEADLINE_S,
        )
        self._server_time.learn(answer.headers)
        if answer.status == 200:
            return answer.document()
        if answer.status in {UNKNOWN, BAD_REQUEST}:
            return None
        if answer.status in {401, 403}:
            raise TransportError(
                f"the loyalty API answers {answer.status}",
                permanent=True,
                hint="Check the loyalty API key.",
                retry_after_s=ALARM_PAUSE_S,
            )
        if answer.status == 429:
            wait_s = busy_for_s(answer.headers, self._server_time.now())
            self._pace.close_for(wait_s)
            raise PostponedError("the loyalty API asks for patience", retry_after_s=wait_s)
        raise self._line.refuse(answer.status, answer.headers)

    def _headers(self, contact_id: str) -> dict[str, str]:
        settings = self._settings
        given = {
            "x-api-key": settings.api_key.get_secret_value(),
            "x-contact-id": contact_id,
            "x-language": settings.language,
            "x-country": settings.country,
            "x-market": settings.market,
            "x-currency": settings.currency,
        }
        return {name: value for name, value in given.items() if value}
