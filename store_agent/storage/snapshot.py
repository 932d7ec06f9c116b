"""Building a fresh cache from a snapshot, in a process of its own.

The agent stays responsive and small while a million documents are read. The key travels over the
child's standard input, never on a command line or in a file. What has come of a stream with a name
is kept (`spool`), and the child waits a while for the rest when the line is cut.
"""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from store_agent.storage import spool
from store_agent.storage.errors import SnapshotFailed
from store_agent.storage.files import with_side_files
from sync.snapshots import SnapshotPiece, SnapshotPosition

NEW_FILE = "cache.new.db"
IMPORTER = "store_agent.storage.importer"
MAX_REPORT_BYTES = 64 * 1024  # one line of the child's output
STOP_WAIT_S = 1.0  # the agent ends within three
CHILD_WAITS_S = 600.0  # for the rest; after that its memory is worth more than its time

Progress = Callable[[int, int], None]
"""Called with documents done and documents announced."""


@dataclass(frozen=True, slots=True)
class BuiltCache:
    """A finished file, not yet in use."""

    path: Path
    cursor: str
    count: int
    quarantined: int


def remove_leftovers(folder: Path) -> None:
    """Delete the unfinished file of an interrupted import; what has come of the stream stays."""
    for path in with_side_files(folder / NEW_FILE):
        path.unlink()


class _Child:
    """One importer, and how much of which stream it was given."""

    def __init__(self, process: Process, at: SnapshotPosition | None, progress: Progress) -> None:
        """Follow its reports from now on; a stream without a name has no `at`."""
        self.tag = at.tag if at is not None else None
        self.sent = at.offset if at is not None else 0
        self.progress = progress
        self.result = asyncio.create_task(self._listen())
        self._process = process

    async def feed(self, first: SnapshotPiece | None, pieces: AsyncIterator[SnapshotPiece]) -> None:
        """Hand the stream over, to its end or until the child has given up."""
        piece = first
        while piece is not None:
            if not await self._hand_over(piece.data):
                return  # it says why on its output
            self.sent += len(piece.data)
            piece = await anext(pieces, None)
        self._stdin.close()

    @property
    def is_waiting(self) -> bool:
        """Whether it is there for more."""
        return not self.result.done()

    async def order(self, order: dict[str, Any]) -> None:
        """What it has to do."""
        await self._hand_over(orjson.dumps(order) + b"\n")

    async def end(self) -> None:
        """Let it keep what it was given, then end it."""
        self._stdin.close()
        if self.tag is not None:
            with suppress(TimeoutError):
                await asyncio.wait_for(asyncio.shield(self.result), STOP_WAIT_S)
        with suppress(ProcessLookupError):
            self._process.kill()
        await self.result
        await self._process.wait()

    @property
    def _stdin(self) -> asyncio.StreamWriter:
        assert self._process.stdin is not None  # noqa: S101  it was asked for
        return self._process.stdin

    async def _hand_over(self, data: bytes) -> bool:
        try:
            self._stdin.write(data)
            await self._stdin.drain()
        except (BrokenPipeError, ConnectionResetError):
            return False
        return True

    async def _listen(self) -> dict[str, Any] | None:
        """Follow the reports to its end; the last one, or None when it ends without a result."""
        assert self._process.stdout is not None  # noqa: S101  it was asked for
        result = None
        async for line in self._process.stdout:
            report: dict[str, Any] = orjson.loads(line)
            if "done" in report:
                self.progress(report["done"], report["total"])
            else:
                result = report
        return result


class SnapshotImport:
    """Imports snapshots into one folder, one at a time. Belongs to the event loop."""

    def __init__(self, folder: Path, key: bytes | None) -> None:
        """`key` is the raw key of the files."""
        self._folder = folder
        self._key = key
        self._spool = folder / spool.FILE
        self._child: _Child | None = None
        self._waiting: asyncio.Task[None] | None = None

    def position(self) -> SnapshotPosition | None:
        """Where the next attempt may go on. Reads the disk."""
        child = self._child
        if child is not None and child.tag is not None and child.is_waiting:
            return SnapshotPosition(child.tag, child.sent)
        return spool.position(self._spool)

    async def build(self, pieces: AsyncIterator[SnapshotPiece], progress: Progress) -> BuiltCache:
        """Build the new file. Raises SnapshotFailed when the stream is no snapshot.

        An error of `pieces` itself (the line went down) comes out as it is; what came before is
        kept, if the stream has a name, and the next call goes on there.
        """
        self._stop_waiting()
        try:
            first = await anext(pieces, None)
            child = await self._child_for(first, progress)
            result = await _converse(child, first, pieces)
        except asyncio.CancelledError:
            await self.stop()
            raise
        except SnapshotFailed:
            await self.stop()
            self.forget()
            raise
        except Exception:
            await self._keep_for_later()
            raise
        self._child = None
        if result is None:
            remove_leftovers(self._folder)
            raise SnapshotFailed("the importer ended without a result", hint="See the log.")
        path = self._folder / NEW_FILE
        return BuiltCache(path, result["cursor"], result["count"], result["quarantined"])

    async def stop(self) -> None:
        """End a child; what has come stays on the disk."""
        self._stop_waiting()
        child, self._child = self._child, None
        if child is not None:
            await child.end()
        remove_leftovers(self._folder)

    def forget(self) -> None:
        """Nothing of what came is wanted any more."""
        remove_leftovers(self._folder)
        spool.remove(self._spool)

    async def _child_for(self, first: SnapshotPiece | None, progress: Progress) -> _Child:
        """The child that goes on with `first`: the one that waits, or a new one."""
        if self._child is not None and not self._child.is_waiting:
            await self.stop()
        at = await asyncio.to_thread(self.position)
        if first is not None and first.offset == 0:
            await self.stop()
            self.forget()
            at = _named(first)
        elif at is None or (first is not None and (first.tag, first.offset) != (at.tag, at.offset)):
            raise SnapshotFailed(
                "the platform sent a part that does not follow what is here",
                hint="The next attempt starts at the beginning.",
            )
        if self._child is None:
            self._child = await self._start(at, progress)
        self._child.progress = progress
        return self._child

    async def _start(self, at: SnapshotPosition | None, progress: Progress) -> _Child:
        remove_leftovers(self._folder)
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", IMPORTER, stdin=PIPE, stdout=PIPE, limit=MAX_REPORT_BYTES
        )
        child = _Child(process, at, progress)
        order = {
            "target": str(self._folder / NEW_FILE),
            "key": self._key.hex() if self._key is not None else None,
            "spool": str(self._spool) if at is not None else None,
            "tag": child.tag,
            "offset": child.sent,
        }
        await child.order(order)
        return child

    async def _keep_for_later(self) -> None:
        """The line is cut: a stream with a name waits for its rest, any other one is gone."""
        if self._child is None or self._child.tag is None:
            await self.stop()
        else:
            self._waiting = asyncio.create_task(self._give_up_later())

    async def _give_up_later(self) -> None:
        await asyncio.sleep(CHILD_WAITS_S)
        self._waiting = None
        await self.stop()

    def _stop_waiting(self) -> None:
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            waiting.cancel()


def _named(first: SnapshotPiece) -> SnapshotPosition | None:
    """The beginning of a stream that can be taken up again; None of any other."""
    if not first.tag or len(first.tag.encode()) > spool.MAX_TAG_BYTES:
        return None
    return SnapshotPosition(first.tag, 0)


async def _converse(
    child: _Child, first: SnapshotPiece | None, pieces: AsyncIterator[SnapshotPiece]
) -> dict[str, Any] | None:
    """Hand the stream over and wait for the result; None when the child died of something else."""
    feeding = asyncio.create_task(child.feed(first, pieces))
    try:
        await asyncio.wait({feeding, child.result}, return_when=asyncio.FIRST_COMPLETED)
        if not child.result.done():
            await feeding  # the stream's own error explains more than the child's silence
        result = await child.result
    finally:
        feeding.cancel()
        with suppress(asyncio.CancelledError, Exception):
            await feeding
    await child.end()
    if result is not None and "error" in result:
        raise SnapshotFailed(
            f"the snapshot was not usable: {result['error']}",
            hint="The next snapshot is asked for by itself; if it repeats, check the platform.",
        )
    return result
