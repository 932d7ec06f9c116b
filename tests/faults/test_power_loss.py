"""The power goes at a random moment: what was acknowledged is there when it comes back.

Drives the production writer, schema and repositories over a disk that forgets what was not synced.
`POWER_LOSS_TRIALS` sets how often.
"""

from __future__ import annotations

import asyncio
import os
import random
from dataclasses import dataclass, replace
from pathlib import Path

import apsw
import pytest
from power_loss_disk import Disk, DiskVFS
from storage_builders import NOON, at_noon

from store_agent.domain.errors import Unavailable
from store_agent.domain.greeting import Visit
from store_agent.storage import answers, ledger, migrations, visits
from store_agent.storage.connection import (
    LEDGER_WRITER,
    Connection,
    Profile,
    open_connection,
)
from store_agent.storage.writer import Writer
from sync import outbox

TRIALS = int(os.environ.get("POWER_LOSS_TRIALS", "20000" if os.environ.get("SOAK") else "120"))
FILE = Path("/shop/ledger.db")
SCRIPTS = [script for _, script in (*ledger.MIGRATIONS.migrations, *outbox.MIGRATIONS)]
NORMAL = replace(LEDGER_WRITER, synchronous="NORMAL")
MAX_OPERATIONS = 400  # writes and syncs before the crash; a burst of scans needs about 100
BURSTS = 12


class Machine:
    """One box: a disk, and connections to the file on it."""

    def __init__(self, files: dict[str, bytes] | None = None) -> None:
        self.disk = Disk(files)
        self.name = f"disk-{id(self)}"
        self.vfs = DiskVFS(self.name, self.disk)

    def open(self, profile: Profile) -> Connection:
        return open_connection(FILE, None, profile, self._connect)

    def _connect(self, path: Path, _key: bytes | None) -> Connection:
        connection = apsw.Connection(str(path), vfs=self.name)
        # The wal-index lives in the heap then; shared memory is lost in a crash anyway.
        connection.execute("PRAGMA locking_mode = EXCLUSIVE").fetchall()
        return connection


@dataclass(frozen=True)
class Trial:
    """What one crash left."""

    acknowledged: list[str]
    kept: list[str]
    torn: list[str]  # kept without their other half
    intact: bool


@pytest.fixture(scope="module")
def fresh_ledger() -> dict[str, bytes]:
    machine = Machine()
    connection = machine.open(LEDGER_WRITER)
    # sqlite-utils, which applies them on the box, does not speak apsw; the statements are the same.
    connection.execute("BEGIN IMMEDIATE")
    for script in SCRIPTS:
        for statement in migrations.statements(script):
            connection.execute(statement)
    ledger.identify(connection, "store-1", NOON)
    connection.execute("COMMIT")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    connection.close()
    return machine.disk.contents()


def a_scan(name: str) -> object:
    """A business row, an answer and an event, in one transaction."""

    def work(tx: Connection) -> str:
        visits.start(tx, Visit(name, f"customer-{name}", NOON, NOON, "till-0"))
        answers.remember(tx, "scan", name, b"hash", b"answer" * 50, NOON)
        outbox.put(tx, outbox.OutboxEvent(name, "store.scan.recorded", NOON, b'{"lane":"x"}'))
        return name

    return work


async def run_until_the_power_goes(
    machine: Machine, profile: Profile, rng: random.Random
) -> list[str]:
    writer = Writer("ledger", lambda: machine.open(profile), at_noon)
    machine.disk.operations_left = rng.randrange(MAX_OPERATIONS)
    acknowledged: list[str] = []
    for burst in range(BURSTS):
        jobs = [writer.write(a_scan(f"{burst}-{n}")) for n in range(rng.randrange(1, 6))]
        results = await asyncio.gather(*jobs, return_exceptions=True)
        acknowledged += [result for result in results if isinstance(result, str)]
        refused = [result for result in results if not isinstance(result, str)]
        assert all(isinstance(result, Unavailable) for result in refused), refused
    machine.disk.operations_left = 0
    await asyncio.to_thread(writer.stop)
    return acknowledged


def look(machine: Machine) -> tuple[list[str], list[str], bool]:
    connection = machine.open(LEDGER_WRITER)
    events = {row[0] for row in connection.execute("SELECT id FROM outbox").fetchall()}
    stays = {row[0] for row in connection.execute("SELECT id FROM visits").fetchall()}
    told = {row[0] for row in connection.execute("SELECT key FROM answers").fetchall()}
    intact = connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.close()
    whole = events & stays & told
    return sorted(whole), sorted((events | stays | told) - whole), intact


def crash(files: dict[str, bytes], profile: Profile, seed: int) -> Trial:
    rng = random.Random(seed)
    machine = Machine(files)
    acknowledged = asyncio.run(run_until_the_power_goes(machine, profile, rng))
    kept, torn, intact = look(Machine(machine.disk.after_crash(rng)))
    return Trial(acknowledged, kept, torn, intact)


def test_no_acknowledged_event_is_lost_when_the_power_goes(fresh_ledger: dict[str, bytes]) -> None:
    acknowledged = 0
    for seed in range(TRIALS):
        trial = crash(fresh_ledger, LEDGER_WRITER, seed)
        assert trial.intact, f"seed {seed}"
        assert trial.torn == [], f"seed {seed}"
        assert set(trial.acknowledged) <= set(trial.kept), f"seed {seed}"
        acknowledged += len(trial.acknowledged)
    assert acknowledged > TRIALS  # the crashes did not all come before the first answer


def test_the_same_search_sees_the_loss_when_commits_are_not_synced(
    fresh_ledger: dict[str, bytes],
) -> None:
    trials = [crash(fresh_ledger, NORMAL, seed) for seed in range(min(TRIALS, 40))]
    losing = [trial for trial in trials if not set(trial.acknowledged) <= set(trial.kept)]
    assert len(losing) > len(trials) / 4
    assert all(trial.torn == [] for trial in trials)  # it forgets, but never half a transaction
