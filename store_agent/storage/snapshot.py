"""Building a fresh cache from a snapshot, in a process of its own.

The agent stays responsive and small while a million documents are read. The key travels over the
child's standard input, never on a command line or in a file.
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

from store_agent.storage.errors import SnapshotFailed
from store_agent.storage.files import with_side_files
from sync.snapshots import SnapshotPiece

NEW_FILE = "cache.new.db"
IMPORTER = "store_agent.storage.importer"
MAX_REPORT_BYTES = 64 * 1024  # one line of the child's output

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
    """Delete what an interrupted import left behind."""
    for path in with_side_files(folder / NEW_FILE):
        path.unlink()


async def build(
    pieces: AsyncIterator[SnapshotPiece], folder: Path, key: bytes | None, progress: Progress
) -> BuiltCache:
    """Pipe the zstd NDJSON `pieces` into the importer. Raises SnapshotFailed; leaves nothing then.

    An error of `pieces` itself (the line went down) comes out as it is.
    """
    remove_leftovers(folder)
    target = folder / NEW_FILE
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", IMPORTER, stdin=PIPE, stdout=PIPE, limit=MAX_REPORT_BYTES
    )
    try:
        result = await _converse(child, pieces, target, key, progress)
    except BaseException:
        with suppress(ProcessLookupError):
            child.kill()
        await child.wait()
        remove_leftovers(folder)
        raise
    return BuiltCache(target, result["cursor"], result["count"], result["quarantined"])


async def _converse(
    child: Process,
    pieces: AsyncIterator[SnapshotPiece],
    target: Path,
    key: bytes | None,
    progress: Progress,
) -> dict[str, Any]:
    order = {"target": str(target), "key": key.hex() if key is not None else None}
    feeding = asyncio.create_task(_feed(child, orjson.dumps(order) + b"\n", pieces))
    try:
        result = await _listen(child, progress)
        if result is None:
            await feeding  # the stream's own error explains more than the child's silence
            raise SnapshotFailed("the importer ended without a result", hint="See the log.")
        await feeding
    finally:
        feeding.cancel()
        with suppress(asyncio.CancelledError, Exception):
            await feeding
    if await child.wait() != 0 or "error" in result:
        raise SnapshotFailed(
            f"the snapshot was not usable: {result.get('error', 'importer failed')}",
            hint="The next snapshot is asked for by itself; if it repeats, check the platform.",
        )
    return result


async def _feed(child: Process, order: bytes, pieces: AsyncIterator[SnapshotPiece]) -> None:
    assert child.stdin is not None  # noqa: S101  it was asked for
    try:
        child.stdin.write(order)
        async for piece in pieces:
            child.stdin.write(piece.data)
            await child.stdin.drain()
    except (BrokenPipeError, ConnectionResetError):
        return  # the child has given up and says why on its output
    finally:
        child.stdin.close()


async def _listen(child: Process, progress: Progress) -> dict[str, Any] | None:
    """Follow the child's reports to the last one; None when it ends without one."""
    assert child.stdout is not None  # noqa: S101  it was asked for
    async for line in child.stdout:
        report: dict[str, Any] = orjson.loads(line)
        if "done" not in report:
            return report
        progress(report["done"], report["total"])
    return None
