"""Asking the platform about one customer: a pass this shop does not know, or a stub.

What was scanned never leaves the shop: the platform finds a pass by the hash of its text.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from sync.errors import TransportError
from sync.feed import Change, change_of
from sync.transports.http import HttpLine

ANSWER_S = 5.0  # whoever waits has given up long before; what comes late is used next time
MAX_DOCUMENTS = 2000  # one customer's passes, vouchers and purchases stay far below
NOBODY = 404


class WantedKind(StrEnum):
    """By what somebody is looked for; the name of the field in the question."""

    PASS_ID = "pass_id"
    CUSTOMER_ID = "customer_id"
    BARCODE_SHA256 = "barcode_sha256"  # hex, of the UTF-8 text of a static pass
    VOUCHER = "voucher"  # its code or id
    MEMBER_NUMBER = "member_number"
    PHONE_SHA256 = "phone_sha256"  # hex, of the number in E.164 with its `+`
    EMAIL_SHA256 = "email_sha256"  # hex, of the address trimmed and in lower case


@dataclass(frozen=True, slots=True)
class Wanted:
    """Who or what is looked for."""

    kind: WantedKind
    value: str

    @classmethod
    def barcode(cls, text: str) -> Wanted:
        """The pass that shows `text`."""
        digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
        return cls(WantedKind.BARCODE_SHA256, digest)


class Lookups(Protocol):
    """Whoever can be asked about one customer. Raises TransportError and nothing else."""

    async def find(self, wanted: Wanted) -> tuple[Change, ...]:
        """All documents of that customer, as upserts; none when the platform knows nobody.

        Takes as long as it takes, within some seconds: who cannot wait sets a deadline.
        """

    async def close(self) -> None:
        """Release connections."""


class HttpLookups:
    """Look-ups over HTTP, as docs/platform-api.md describes them."""

    def __init__(self, line: HttpLine, store_id: str) -> None:
        """Speak for one store; the line must not be one that a long poll holds."""
        self._line = line
        self._path = f"/v1/stores/{store_id}/lookups"

    async def find(self, wanted: Wanted) -> tuple[Change, ...]:
        """One question."""
        answer = await self._line.request(
            "POST", self._path, json={wanted.kind.value: wanted.value}, deadline_s=ANSWER_S
        )
        if answer.status == NOBODY and answer.is_problem:
            return ()
        if answer.status != 200:
            raise self._line.refuse(answer.status, answer.headers)
        return _documents(answer.document())

    async def close(self) -> None:
        """Close the line."""
        await self._line.close()


def _documents(answer: dict[str, Any]) -> tuple[Change, ...]:
    entries = answer.get("documents")
    if not isinstance(entries, list) or len(entries) > MAX_DOCUMENTS:
        raise TransportError("the platform's answer is no list of documents")
    found = (change_of({**entry, "op": "upsert"}) for entry in entries if isinstance(entry, dict))
    return tuple(change for change in found if change is not None)
