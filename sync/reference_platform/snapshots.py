"""Snapshots as stored streams: written once, sent to many, taken up again after a cut line.

A stream is a file beside the platform's own. It is sent while it is being written, and kept for a
while, so that whoever lost the line asks for the rest of the very same bytes by its tag.
"""

from __future__ import annotations

import asyncio
import re
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

FOLDER = "snapshots"
KEPT = 8  # streams; the oldest goes first
PIECE_BYTES = 256 * 1024
LOOK_AGAIN_S = 0.02  # how often a reader that caught up with the writer looks for more
_FROM_ON = re.compile(r"bytes=(\d{1,15})-")


class SnapshotFailedError(Exception):
    """Writing the stream failed, or the platform is stopping."""


@dataclass(slots=True)
class Stream:
    """One stored snapshot. `total_bytes` is known when it is complete."""

    tag: str
    path: Path
    head: str
    done: asyncio.Event = field(default_factory=asyncio.Event)
    total_bytes: int | None = None

    async def read(self, offset: int, is_stopping: Callable[[], bool]) -> AsyncIterator[bytes]:
        """The bytes from `offset` on, as they come. Raises SnapshotFailedError."""
        try:
            opened = await asyncio.to_thread(self.path.open, "rb")
        except FileNotFoundError as error:
            raise SnapshotFailedError from error
        with opened as file:
            file.seek(offset)
            while True:
                was_done = self.done.is_set()
                piece = await asyncio.to_thread(file.read, PIECE_BYTES)
                if is_stopping():
                    raise SnapshotFailedError
                if piece:
                    yield piece
                elif was_done and self.total_bytes is None:
                    raise SnapshotFailedError
                elif was_done:
                    return
                else:
                    with suppress(TimeoutError):
                        await asyncio.wait_for(self.done.wait(), LOOK_AGAIN_S)


class SnapshotShelf:
    """The streams of this run of the platform. Belongs to one event loop."""

    def __init__(self, folder: Path, is_stopping: Callable[[], bool]) -> None:
        """`folder` is emptied: what an earlier run wrote may be half a stream."""
        self._folder = folder
        self._is_stopping = is_stopping
        self._streams: OrderedDict[str, Stream] = OrderedDict()
        self._newest: dict[str, Stream] = {}
        self._writing: set[asyncio.Task[None]] = set()
        for leftover in folder.glob("*.zst") if folder.exists() else ():
            leftover.unlink()

    def resumed(self, tag: str) -> Stream | None:
        """The stream of this tag, if it is still here."""
        return self._streams.get(tag)

    def current(self, name: str, head: str, write: Callable[[], Iterator[bytes]]) -> Stream:
        """The stream called `name` whose state is that of `head`; begun now if there is none."""
        newest = self._newest.get(name)
        if newest is not None and newest.head == head and newest.tag in self._streams:
            return newest
        self._folder.mkdir(exist_ok=True)
        identity = uuid4().hex
        stream = Stream(f'"{identity}"', self._folder / f"{identity}.zst", head)
        file = stream.path.open("xb")  # now: it may have to go before the writer begins
        self._streams[stream.tag] = self._newest[name] = stream
        self._clear()
        task = asyncio.create_task(self._write(stream, file, write))
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)
        return stream

    async def close(self) -> None:
        """Wait for the writers, which stop by themselves when the platform does."""
        await asyncio.gather(*self._writing)

    async def _write(
        self, stream: Stream, file: BinaryIO, write: Callable[[], Iterator[bytes]]
    ) -> None:
        try:
            stream.total_bytes = await asyncio.to_thread(self._fill, file, write)
        finally:
            if stream.total_bytes is None:
                self._streams.pop(stream.tag, None)
                stream.path.unlink(missing_ok=True)
            stream.done.set()

    def _fill(self, file: BinaryIO, write: Callable[[], Iterator[bytes]]) -> int | None:
        with file:
            for piece in write():
                if self._is_stopping():
                    return None
                file.write(piece)
                file.flush()
            return file.tell()

    def _clear(self) -> None:
        while len(self._streams) > KEPT:
            _, oldest = self._streams.popitem(last=False)
            oldest.path.unlink(missing_ok=True)  # who reads it keeps its bytes


def offset_of(range_header: str | None) -> int | None:
    """N of `bytes=N-`; None for what this platform does not do, which is answered in full."""
    found = _FROM_ON.fullmatch(range_header or "")
    return int(found[1]) if found else None
