"""A snapshot over a line that is cut, and in an agent that is restarted."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from storage_builders import a_storage, customer, ignore_progress, in_pieces, line, snapshot_bytes

from store_agent.storage import Storage, View, customers, snapshot, spool
from store_agent.storage.errors import SnapshotFailed
from sync.snapshots import SnapshotPiece, SnapshotPosition

pytestmark = pytest.mark.timeout(60)  # importing starts a Python process

TAG = '"snapshot-7"'
STREAM = snapshot_bytes(line("customers", customer(f"c-{n}", f"N{n} Probe")) for n in range(2000))


class CutError(ConnectionError):
    """The line."""


@dataclass
class Line:
    """A platform that keeps its stream, behind a line that breaks after so many bytes."""

    breaks_after: int = len(STREAM)
    stream: bytes = STREAM
    tag: str | None = TAG
    sent: int = 0

    async def pieces(self, at: SnapshotPosition | None) -> AsyncIterator[SnapshotPiece]:
        start = at.offset if at is not None and at.tag == self.tag else 0
        end = min(len(self.stream), start + self.breaks_after)
        async for piece in in_pieces(self.stream[:end], tag=self.tag, start=start):
            self.sent += len(piece.data)
            yield piece
        if end < len(self.stream):
            raise CutError("the cable is out")


async def attempt(storage: Storage, line: Line) -> str:
    position = await storage.snapshot_position()
    return await storage.import_snapshot(line.pieces(position), ignore_progress)


async def until_kept(folder: Path) -> None:
    """The child has begun to keep what it is given."""
    while spool.position(folder / spool.FILE) in (None, SnapshotPosition(TAG, 0)):
        await asyncio.sleep(0.01)


def known(view: View) -> int:
    return customers.count(view.cache)


@pytest.mark.asyncio
async def test_a_cut_line_goes_on_where_it_was_cut(tmp_path: Path) -> None:
    storage, cut = a_storage(tmp_path), Line(breaks_after=len(STREAM) // 3 - 1)
    for _ in range(3):
        with pytest.raises(CutError):
            await attempt(storage, cut)
        assert await storage.read(known) == 0
    assert await attempt(storage, cut) == "cursor-1"
    assert cut.sent == len(STREAM)  # every byte once
    assert await storage.read(known) == 2000
    assert list(tmp_path.glob("*new*")) == list(tmp_path.glob(spool.FILE)) == []
    await storage.close()


@pytest.mark.asyncio
async def test_a_restart_goes_on_where_the_last_run_was(tmp_path: Path) -> None:
    cut = Line(breaks_after=len(STREAM) * 4 // 5)
    storage = a_storage(tmp_path)
    with pytest.raises(CutError):
        await attempt(storage, cut)
    await until_kept(tmp_path)
    await storage.close()
    storage = a_storage(tmp_path)
    at = await storage.snapshot_position()
    assert at is not None
    assert 0 < at.offset <= cut.breaks_after
    assert await attempt(storage, cut) == "cursor-1"
    assert cut.sent < len(STREAM) + spool.RECORD_BYTES
    assert await storage.read(known) == 2000
    await storage.close()


@pytest.mark.asyncio
async def test_all_of_it_was_here_already(tmp_path: Path) -> None:
    storage, whole = a_storage(tmp_path), Line()

    async def cut_at_the_very_end() -> AsyncIterator[SnapshotPiece]:
        async for piece in whole.pieces(None):
            yield piece
        await asyncio.sleep(0.2)
        raise CutError("the cable is out")

    # The child needs no more than the last line: it is done before the line is cut.
    try:
        await storage.import_snapshot(cut_at_the_very_end(), ignore_progress)
    except CutError:
        await storage.close()
        storage = a_storage(tmp_path)
        await attempt(storage, whole)
    assert await storage.read(known) == 2000
    assert whole.sent == len(STREAM)
    await storage.close()


@pytest.mark.asyncio
async def test_another_snapshot_begins_at_its_beginning(tmp_path: Path) -> None:
    storage = a_storage(tmp_path)
    with pytest.raises(CutError):
        await attempt(storage, Line(breaks_after=1000))
    other = Line(stream=snapshot_bytes([line("customers", customer())]), tag='"snapshot-8"')
    await attempt(storage, other)
    assert await storage.read(known) == 1
    await storage.close()


@pytest.mark.asyncio
async def test_a_stream_without_a_name_leaves_nothing(tmp_path: Path) -> None:
    storage = a_storage(tmp_path)
    with pytest.raises(CutError):
        await attempt(storage, Line(breaks_after=1000, tag=None))
    assert await storage.snapshot_position() is None
    assert list(tmp_path.glob("*new*")) == list(tmp_path.glob(spool.FILE)) == []
    await storage.close()


@pytest.mark.asyncio
async def test_a_part_that_does_not_follow_is_refused_and_the_next_attempt_is_whole(
    tmp_path: Path,
) -> None:
    storage = a_storage(tmp_path)
    with pytest.raises(CutError):
        await attempt(storage, Line(breaks_after=1000))
    with pytest.raises(SnapshotFailed, match="does not follow"):
        await storage.import_snapshot(in_pieces(STREAM, tag=TAG, start=1500), ignore_progress)
    assert await storage.snapshot_position() is None
    await attempt(storage, Line())
    assert await storage.read(known) == 2000
    await storage.close()


@pytest.mark.asyncio
async def test_damage_to_what_was_kept_costs_a_whole_attempt_and_nothing_else(
    tmp_path: Path,
) -> None:
    storage = a_storage(tmp_path)
    with pytest.raises(CutError):
        await attempt(storage, Line(breaks_after=len(STREAM) // 2))
    await until_kept(tmp_path)
    await storage.close()
    path = tmp_path / spool.FILE
    content = bytearray(path.read_bytes())
    content[100] ^= 1
    path.write_bytes(content)
    storage = a_storage(tmp_path)
    with pytest.raises(SnapshotFailed, match="damaged"):
        await attempt(storage, Line())
    assert not path.exists()
    await attempt(storage, Line())
    assert await storage.read(known) == 2000
    await storage.close()


@pytest.mark.asyncio
async def test_a_child_that_is_killed_costs_no_transfer(tmp_path: Path) -> None:
    storage, cut = a_storage(tmp_path), Line(breaks_after=len(STREAM) // 2)
    with pytest.raises(CutError):
        await attempt(storage, cut)
    await until_kept(tmp_path)
    child = storage._snapshots._child
    assert child is not None
    child._process.kill()
    await child.result
    rest = Line()
    assert await attempt(storage, rest) == "cursor-1"
    assert rest.sent < len(STREAM)
    assert await storage.read(known) == 2000
    await storage.close()


@pytest.mark.asyncio
async def test_a_child_does_not_wait_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshot, "CHILD_WAITS_S", 0.05)
    storage = a_storage(tmp_path)
    with pytest.raises(CutError):
        await attempt(storage, Line(breaks_after=len(STREAM) // 2))
    child = storage._snapshots._child
    assert child is not None
    await child.result
    assert storage._snapshots._child is None
    await attempt(storage, Line())
    assert await storage.read(known) == 2000
    await storage.close()


@pytest.mark.asyncio
async def test_a_page_of_the_feed_means_that_no_snapshot_is_wanted(tmp_path: Path) -> None:
    storage = a_storage(tmp_path)
    with pytest.raises(CutError):
        await attempt(storage, Line(breaks_after=1000))
    await storage.forget_snapshot()
    assert await storage.snapshot_position() is None
    await attempt(storage, Line())
    await storage.close()
