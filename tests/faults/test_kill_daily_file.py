"""The process is killed while it writes daily files: each event is in one file, or waits."""

from __future__ import annotations

import subprocess
import sys
import time
from itertools import chain
from pathlib import Path

from sync.fakes import PlainLedger
from sync.transports.csv_file.fake import read_day

TESTS = Path(__file__).parent.parent
ROUNDS = 6
REPEATED = 5  # events whose acknowledgement the worker may not have noted

WRITER = """
import asyncio, sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from sync.fakes import PlainLedger
from sync.outbox import OutboxRow, to_rfc3339
from sync.transports.csv_file import Settings, build, tables
from sync.transports.table import Surroundings

now = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)

async def main(folder, first):
    global now
    now += timedelta(hours=first)
    ledger = PlainLedger(folder / "ledger.db")
    known = "SELECT 1 FROM sqlite_master WHERE name = 'csv_lines'"
    if not ledger.connection.execute(known).fetchone():
        for _, script in tables.MIGRATIONS:
            ledger.connection.executescript(script)
    transport = build(
        Settings(folder=folder / "files"),
        Surroundings("s", "e", ledger, lambda: now, lambda: 0.0, folder, "EUR", "UTC", "daily"),
    )
    number = first
    while True:
        number += 1
        row = OutboxRow(number, str(number), "store.scan.recorded", None, to_rfc3339(now), b"{}")
        await transport.send([row])
        sys.stdout.write(str(number) + "\\n")
        sys.stdout.flush()
        now += timedelta(hours=1)
        await transport.tend()

asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
"""


def killed_while_writing(folder: Path, first: int) -> int:
    """Let a process write, kill it; the number of the last event it had taken."""
    child = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(folder), str(first)],
        stdout=subprocess.PIPE,
        env={"PYTHONPATH": f"{TESTS}:{TESTS.parent}", "PATH": "/usr/bin"},
        text=True,
    )
    assert child.stdout is not None
    taken = child.stdout.readline()
    time.sleep(0.3)
    child.kill()
    taken += child.stdout.read()
    child.wait()
    child.stdout.close()
    return int(taken.split()[-1])


def test_whenever_it_is_killed_each_event_is_written_once(tmp_path):
    (tmp_path / "files").mkdir()
    last = 0
    for _ in range(ROUNDS):
        last = killed_while_writing(tmp_path, max(0, last - REPEATED))
    ledger = PlainLedger(tmp_path / "ledger.db")
    waiting = [
        (row[0], row[1]) for row in ledger.connection.execute("SELECT file, id FROM csv_lines")
    ]
    ledger.close()
    published = {}
    for checksum in (tmp_path / "files").glob("*.sha256"):
        file = checksum.with_suffix("")
        rows = read_day(file.read_bytes(), checksum.read_bytes(), file.name)
        published[file.name] = [row["event_id"] for row in rows]
    # A kill between the checksum and the ledger's note leaves a file that is written again.
    again = {id_ for file, id_ in waiting if file in published}
    assert again == set(chain.from_iterable(published[f] for f, _ in waiting if f in published))
    ids = [*chain.from_iterable(published.values()), *(i for f, i in waiting if i not in again)]
    assert len(ids) == len(set(ids))
    assert {str(number) for number in range(1, last + 1)} <= set(ids)
    assert len(published) > ROUNDS
