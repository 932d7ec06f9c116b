"""Looking things up where they are recorded: in the ledger's writer thread, inside the transaction.

What a verb decides by (a consent withdrawn a moment ago, an open visit) can then not change before
it is recorded. It is also cheaper than a reader thread: no hand-over between threads, and the
writer's own pages are still in memory, while every commit makes the readers forget theirs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import TypeVar

from store_agent.domain.errors import Unavailable
from store_agent.storage.connection import Connection
from store_agent.storage.failures import HINTS, classify
from store_agent.storage.view import View

T = TypeVar("T")


class Deciding:
    """The writer thread's view: its own ledger connection, and one that reads the cache."""

    def __init__(self, open_cache: Callable[[], Connection]) -> None:
        """Open nothing yet."""
        self._open_cache = open_cache
        self._view: View | None = None
        self._lock = Lock()

    def look(self, tx: Connection, work: Callable[[View], T]) -> T:
        """Run `work` over the ledger as `tx` sees it, and the cache.

        Raises Unavailable when the disk refuses: it is the trouble of this caller only, so that a
        cache that cannot be read does not take the ledger down.
        """
        with self._lock:
            try:
                return work(self._over(tx))
            except Exception as error:
                failure = classify(error)
                if failure is None:
                    raise
                self._close()
                raise Unavailable(f"cannot read: {failure.value}", hint=HINTS[failure]) from error

    @contextmanager
    def paused(self) -> Iterator[None]:
        """While inside, the cache is not open here; who decides waits and then sees the new one."""
        with self._lock:
            self._close()
            yield

    def close(self) -> None:
        """Close the cache; the ledger's connection is the writer's."""
        with self._lock:
            self._close()

    def _over(self, tx: Connection) -> View:
        if self._view is None:
            self._view = View(tx, self._open_cache())
        self._view.ledger = tx  # another one after trouble with the disk
        return self._view

    def _close(self) -> None:
        view, self._view = self._view, None
        if view is not None:
            view.cache.close()
