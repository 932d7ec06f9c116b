"""What the doctor says of a snapshot that was cut in the middle."""

from __future__ import annotations

from pathlib import Path

import pytest
from builders import settings

from store_agent.commands.doctor import examine
from store_agent.storage import spool
from store_agent.storage.spool import Spool
from sync.snapshots import SnapshotPosition


def seen(folder: Path) -> str:
    shop = settings(folder)
    return next(one.seen for one in examine(shop) if one.check == "snapshot")


@pytest.mark.timeout(20)
def test_the_doctor_tells_how_much_of_a_snapshot_has_come(tmp_path: Path) -> None:
    assert seen(tmp_path) == "none on its way"
    folder = settings(tmp_path).data
    folder.mkdir(parents=True, exist_ok=True)
    with Spool(folder / spool.FILE, None, SnapshotPosition("tag", 0)) as kept:
        kept.append(bytes(3 * 1024**2))
    assert seen(tmp_path) == "3.0 MiB kept; it goes on there"
