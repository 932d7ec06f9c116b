"""The shipped twins of the ports: a ledger on plain SQLite, a cache and a feed in memory."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import orjson
import zstandard

from sync import outbox
from sync.errors import TransportError
from sync.feed import Change, ChangeOp, ChangesPage
from sync.lookup import Wanted
from sync.snapshots import SnapshotPiece, SnapshotPosition

T = TypeVar("T")


class PlainLedger:
    """An unencrypted ledger that holds nothing but the outbox; every write is one transaction.

    The platform is enrolled, from the start.
    """

    def __init__(self, path: Path | str = ":memory:") -> None:
        """Open or create it."""
        self.connection = sqlite3.connect(path, isolation_level=None)
        self.connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        self.connection.execute("PRAGMA journal_mode=WAL")
        self.connection.execute("PRAGMA synchronous=FULL")
        if not self.connection.execute("SELECT 1 FROM sqlite_master").fetchone():
            for _, script in outbox.MIGRATIONS:
                self.connection.executescript(script)
            self.transact(lambda tx: outbox.enrol(tx, {outbox.PLATFORM: True}))

    def transact(self, fn: Callable[[sqlite3.Connection], T]) -> T:
        """Run `fn` in one durable transaction."""
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            result = fn(self.connection)
        except BaseException:
            self.connection.execute("ROLLBACK")
            raise
        self.connection.execute("COMMIT")
        return result

    async def write(self, fn: Callable[[sqlite3.Connection], T]) -> T:
        """See `Ledger.write`."""
        return self.transact(fn)

    async def read(self, fn: Callable[[sqlite3.Connection], T]) -> T:
        """See `Ledger.read`."""
        return fn(self.connection)

    def close(self) -> None:
        """Close the file."""
        self.connection.close()


@dataclass(slots=True)
class MemoryCache:
    """Documents by (collection, key); `confirmed` collects the event ids that changes answer."""

    documents: dict[tuple[str, str], Any] = field(default_factory=dict)
    confirmed: list[str] = field(default_factory=list)
    position: str | None = None
    known_as_of: datetime | None = None
    server_time: datetime | None = None
    snapshots: int = 0
    partial: SnapshotPosition | None = None
    received: bytes = b""

    async def cursor(self) -> str | None:
        """See `Cache.cursor`."""
        return self.position

    async def as_of(self) -> datetime | None:
        """See `Cache.as_of`."""
        return self.known_as_of

    async def apply(
        self, changes: Sequence[Change], cursor: str, server_time: datetime | None = None
    ) -> None:
        """See `Cache.apply`."""
        self.server_time = server_time or self.server_time
        for change in changes:
            if change.op is ChangeOp.DELETE:
                self.documents.pop((change.collection, change.key), None)
            else:
                self.documents[change.collection, change.key] = change.doc
            if change.confirms is not None:
                self.confirmed.append(change.confirms)
        self.position = cursor

    async def snapshot_position(self) -> SnapshotPosition | None:
        """See `Cache.snapshot_position`."""
        return self.partial

    async def import_snapshot(
        self, pieces: AsyncIterator[SnapshotPiece], progress: Callable[[int, int], None]
    ) -> str:
        """See `Cache.import_snapshot`."""
        async for piece in pieces:
            if piece.offset == 0:
                self.received = b""
            self.received += piece.data
            if piece.tag is not None:
                self.partial = SnapshotPosition(piece.tag, len(self.received))
        text = zstandard.ZstdDecompressor().decompressobj().decompress(self.received)
        self.partial, self.received = None, b""
        head, *documents, tail = [orjson.loads(line) for line in text.splitlines()]
        total = head["snapshot"]["total"]
        self.documents = {(line["collection"], line["key"]): line["doc"] for line in documents}
        progress(len(documents), total)
        self.known_as_of = datetime.fromisoformat(head["snapshot"]["as_of"])
        self.position = str(tail["cursor"])
        self.snapshots += 1
        return self.position


@dataclass(slots=True)
class ScriptedFeed:
    """Answers with the next of `answers`; an error among them is raised. Then fails for good."""

    answers: list[ChangesPage | TransportError] = field(default_factory=list)
    documents: list[tuple[str, str, Any]] = field(default_factory=list)
    cursor: str = "log.0"
    waits_s: list[float] = field(default_factory=list)

    async def changes(self, cursor: str, wait_s: float) -> ChangesPage:
        """The next scripted answer."""
        self.waits_s.append(wait_s)
        if not self.answers:
            raise TransportError("the script is over", retry_after_s=3600)
        answer = self.answers.pop(0)
        if isinstance(answer, TransportError):
            raise answer
        return answer

    async def snapshot(
        self, position: SnapshotPosition | None = None
    ) -> AsyncGenerator[SnapshotPiece, None]:
        """`documents` as a snapshot that ends with `cursor`, always from its beginning."""
        as_of = "2026-11-21T10:00:00Z"
        lines: list[Any] = [{"snapshot": {"total": len(self.documents), "as_of": as_of}}]
        lines += [{"collection": c, "key": k, "doc": doc} for c, k, doc in self.documents]
        lines.append({"cursor": self.cursor, "count": len(self.documents)})
        text = b"".join(orjson.dumps(line) + b"\n" for line in lines)
        yield SnapshotPiece(zstandard.compress(text), offset=0)

    async def close(self) -> None:
        """Nothing to release."""


@dataclass(slots=True)
class MemoryLookups:
    """Answers from `known`, after `delay_s`; `error` is raised instead while it is set."""

    known: dict[Wanted, tuple[Change, ...]] = field(default_factory=dict)
    delay_s: float = 0.0
    error: TransportError | None = None
    asked: list[Wanted] = field(default_factory=list)

    async def find(self, wanted: Wanted) -> tuple[Change, ...]:
        """See `Lookups.find`."""
        self.asked.append(wanted)
        await asyncio.sleep(self.delay_s)
        if self.error is not None:
            raise self.error
        return self.known.get(wanted, ())

    async def close(self) -> None:
        """Nothing to release."""
