"""What has come of a snapshot: sealed, taken up again, and never half believed."""

from __future__ import annotations

from pathlib import Path

import pytest
from storage_builders import KEY, OTHER_KEY

from store_agent.storage import spool
from store_agent.storage.spool import RECORD_BYTES, DamagedSpool, Spool, position
from sync.snapshots import SnapshotPosition

TAG = '"snapshot-7"'
START = SnapshotPosition(TAG, 0)
STREAM = bytes(range(256)) * 2000  # four records, the last one short


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / spool.FILE


def write(path: Path, data: bytes = STREAM) -> SnapshotPosition:
    with Spool(path, KEY, START) as kept:
        assert list(kept.replay()) == []
        kept.append(data)
    return SnapshotPosition(TAG, len(data))


def replayed(path: Path, at: SnapshotPosition, key: bytes | None = KEY) -> bytes:
    with Spool(path, key, at) as kept:
        return b"".join(kept.replay())


def test_what_came_is_there_again_and_not_in_clear(path: Path) -> None:
    at = write(path)
    assert position(path) == at
    assert replayed(path, at) == STREAM
    assert bytes(range(64)) not in path.read_bytes()


def test_nothing_came_yet(path: Path) -> None:
    assert position(path) is None
    write(path, b"")
    assert position(path) == START


def test_it_goes_on_where_it_was(path: Path) -> None:
    at = write(path, STREAM[:1000])
    with Spool(path, KEY, at) as kept:
        assert list(kept.replay()) == [STREAM[:1000]]
        kept.append(STREAM[1000:])
    assert replayed(path, SnapshotPosition(TAG, len(STREAM))) == STREAM


@pytest.mark.parametrize("lost_bytes", [1, 5, 1000, RECORD_BYTES])
def test_a_torn_end_is_no_part_of_it(path: Path, lost_bytes: int) -> None:
    write(path)
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size - lost_bytes)
    at = position(path)
    assert at is not None
    assert at.offset in {2 * RECORD_BYTES, 3 * RECORD_BYTES}
    with Spool(path, KEY, at) as kept:
        assert b"".join(kept.replay()) == STREAM[: at.offset]
        kept.append(STREAM[at.offset :])
    assert replayed(path, SnapshotPosition(TAG, len(STREAM))) == STREAM


def test_a_torn_head_is_nothing(path: Path) -> None:
    write(path)
    whole = path.read_bytes()
    for size in range(len(spool.MAGIC) + spool.SALT_BYTES + 2 + len(TAG)):
        path.write_bytes(whole[:size])
        assert position(path) is None


@pytest.mark.parametrize("where", [60, RECORD_BYTES, 2 * RECORD_BYTES])
def test_a_damaged_record_is_noticed(path: Path, where: int) -> None:
    at = write(path)
    content = bytearray(path.read_bytes())
    content[where] ^= 1
    path.write_bytes(content)
    with pytest.raises(DamagedSpool):
        replayed(path, at)


def test_records_that_changed_places_are_noticed(path: Path) -> None:
    at = write(path)
    content = path.read_bytes()
    head = len(spool.MAGIC) + spool.SALT_BYTES + 2 + len(TAG)
    size = 4 + spool.SEAL_BYTES + RECORD_BYTES
    first, second = content[head : head + size], content[head + size : head + 2 * size]
    path.write_bytes(content[:head] + second + first + content[head + 2 * size :])
    with pytest.raises(DamagedSpool):
        replayed(path, at)


def test_another_key_and_another_stream_open_nothing(path: Path) -> None:
    at = write(path)
    with pytest.raises(DamagedSpool):
        replayed(path, at, OTHER_KEY)
    with pytest.raises(DamagedSpool):
        replayed(path, SnapshotPosition('"snapshot-8"', at.offset))
    with pytest.raises(DamagedSpool):
        replayed(path, SnapshotPosition(TAG, at.offset - 1))


def test_a_new_stream_takes_the_place_of_the_old_one(path: Path) -> None:
    write(path)
    with Spool(path, None, SnapshotPosition("other", 0)) as kept:
        kept.append(b"abc")
    assert position(path) == SnapshotPosition("other", 3)
    assert replayed(path, SnapshotPosition("other", 3), key=None) == b"abc"
