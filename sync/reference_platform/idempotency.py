"""Idempotency-Key (draft-ietf-httpapi-idempotency-key-header-07) for batches of events.

A repeat under the same key is worked on again: events are deduplicated for ever, so that is
harmless, while a stored answer would keep saying "later" about an event that is wanted by now.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256

REMEMBERED = 10_000  # keys; what is forgotten is still deduplicated, event by event
_STRING = re.compile(r'"(?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])+"')  # RFC 9651, not empty


class MalformedKeyError(Exception):
    """The header is no structured-field String."""


class StillWorkingError(Exception):
    """The first request with this key is not answered yet."""


class ReusedKeyError(Exception):
    """The key came with another body before."""


class IdempotencyKeys:
    """The keys of this run of the platform. Belongs to one thread."""

    def __init__(self) -> None:
        """None seen yet."""
        self._bodies: OrderedDict[tuple[str, str], bytes] = OrderedDict()
        self._working: set[tuple[str, str]] = set()

    @contextmanager
    def working(self, store_id: str, key: str | None, body: bytes) -> Iterator[None]:
        """While a batch is worked on. Without a key nothing is checked. Raises the three above."""
        if key is None:
            yield
            return
        if not _STRING.fullmatch(key):
            raise MalformedKeyError
        name = store_id, key
        if name in self._working:
            raise StillWorkingError
        self._remember(name, sha256(body).digest())
        self._working.add(name)
        try:
            yield
        finally:
            self._working.discard(name)

    def _remember(self, name: tuple[str, str], digest: bytes) -> None:
        if self._bodies.setdefault(name, digest) != digest:
            raise ReusedKeyError
        self._bodies.move_to_end(name)
        while len(self._bodies) > REMEMBERED:
            self._bodies.popitem(last=False)
