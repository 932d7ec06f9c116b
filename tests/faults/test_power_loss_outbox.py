"""The power goes while events are put, acknowledged, refused, retried, purged and vacuumed.

Each step is one transaction of the production writer. What is on the disk afterwards must be what
the first n steps make of a fresh ledger, for an n that covers every step that was acknowledged: no
step is lost, torn, doubled or out of order.
"""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest
from power_loss_disk import NORMAL, Machine, a_fresh_ledger
from storage_builders import NOON, at_noon

from store_agent.domain.errors import Unavailable
from store_agent.storage import meta
from store_agent.storage.checkpoints import VACUUM_STEP_PAGES
from store_agent.storage.connection import LEDGER_WRITER, Connection, Profile
from store_agent.storage.writer import Writer
from sync import outbox, true_time
from sync.outbox import EventClass, Lane, OutboxEvent
from sync.true_time import BoxTime, Told

TRIALS = int(os.environ.get("POWER_LOSS_TRIALS", "5000" if os.environ.get("SOAK") else "60"))
STEPS = 60
MAX_OPERATIONS = 700
TRANSPORTS = ("platform", "crm")
STEP = "power_loss_step"
# What a clerk would have to reconcile by hand if it were wrong.
TABLES = (
    "outbox",
    "outbox_cursors",
    "outbox_quarantine",
    "outbox_transports",
    "outbox_totals",
    "outbox_held_totals",
    "outbox_clocks",
    "sqlite_sequence",
)
Work = Callable[[Connection], object]


class Box:
    """Clocks that are set now and then, the same way for each run of a seed."""

    def __init__(self, seed: int) -> None:
        self._rng = random.Random(seed)
        self.seconds = 0.0
        self.wall = NOON - timedelta(days=20_000)

    def look(self) -> BoxTime:
        return BoxTime("boot", self.wall, self.seconds)

    def pass_time(self) -> None:
        took_s = self._rng.uniform(0.1, 30)
        self.seconds += took_s
        self.wall += timedelta(seconds=took_s)
        if self._rng.random() < 0.1:
            self.wall = NOON + timedelta(days=self._rng.uniform(-9000, 9000))


@dataclass(frozen=True)
class Life:
    """What one shop does: step after step, each told by the seed and by what is in the ledger."""

    seed: int

    def step(self, n: int, now: BoxTime) -> Work:
        rng = random.Random(f"{self.seed}/{n}")
        kind = rng.choices((_put, _deliver, _refuse, _retry, _purge, _tell), (9, 3, 2, 1, 2, 1))[0]

        def work(tx: Connection) -> int:
            if n == 0:
                outbox.enrol(tx, dict.fromkeys(TRANSPORTS, True))
            true_time.enter(tx, now)
            kind(tx, rng, n, now)
            meta.put(tx, STEP, n + 1)
            return n + 1

        return work


def _put(tx: Connection, rng: random.Random, n: int, now: BoxTime) -> None:
    for k in range(rng.randrange(1, 5)):
        lane, kind = rng.choice(list(Lane)), rng.choice(list(EventClass))
        data = b'{"x":"%s"}' % (b"x" * rng.choice((10, 300, 3000)))
        event = OutboxEvent(f"e-{n}-{k}", "store.scan.recorded", now.wall, data, "c", lane, kind)
        outbox.put(tx, event)


def _deliver(tx: Connection, rng: random.Random, _n: int, _now: BoxTime) -> None:
    for transport in TRANSPORTS:
        lane = rng.choice(list(Lane))
        rows = outbox.page(tx, transport, lane, 8)
        if rows:
            outbox.acknowledge(tx, rows[-1].seq, transport, lane)


def _refuse(tx: Connection, rng: random.Random, _n: int, now: BoxTime) -> None:
    transport, lane = rng.choice(TRANSPORTS), rng.choice(list(Lane))
    for row in outbox.page(tx, transport, lane, 1):
        outbox.quarantine(tx, row, transport, "bad", "it is bad", now.wall)
        outbox.acknowledge(tx, row.seq, transport, lane)


def _retry(tx: Connection, _rng: random.Random, _n: int, _now: BoxTime) -> None:
    for kept in outbox.quarantined(tx, limit=1):
        outbox.retry(tx, kept.row.id, kept.transport)


def _purge(tx: Connection, _rng: random.Random, _n: int, _now: BoxTime) -> None:
    outbox.purge(tx, 20)


def _tell(tx: Connection, rng: random.Random, _n: int, now: BoxTime) -> None:
    true_time.tell(tx, Told(NOON + timedelta(seconds=now.monotonic_s + rng.random()), now))


def give_pages_back(connection: Connection) -> Connection:
    """What the writer does in a long pause."""
    connection.execute(f"PRAGMA incremental_vacuum({VACUUM_STEP_PAGES})").fetchall()
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    return connection


async def live(machine: Machine, life: Life, profile: Profile, rng: random.Random) -> int:
    """Run until the power goes; how many steps were acknowledged."""
    box, acknowledged = Box(life.seed), 0
    writer = Writer("ledger", lambda: machine.open(profile), at_noon)
    machine.disk.operations_left = rng.randrange(MAX_OPERATIONS)
    n = 0
    while n < STEPS:
        jobs = []
        for _ in range(rng.randrange(1, 5)):
            box.pass_time()
            jobs.append(writer.write(life.step(n, box.look())))
            n += 1
        results = await asyncio.gather(*jobs, return_exceptions=True)
        acknowledged += sum(isinstance(result, int) for result in results)
        refused = [result for result in results if not isinstance(result, int)]
        assert all(isinstance(result, Unavailable) for result in refused), refused
        if refused:
            break  # the next step must not be recorded without this one
        if rng.random() < 0.2:
            await asyncio.gather(writer.replace(give_pages_back), return_exceptions=True)
    machine.disk.operations_left = 0
    await asyncio.to_thread(writer.stop)
    return acknowledged


def contents(connection: Connection) -> dict[str, list[tuple[object, ...]]]:
    """Every row the outbox consists of."""
    found = {}
    for table in TABLES:
        rows = connection.execute(f"SELECT * FROM {table}").fetchall()
        found[table] = sorted(map(tuple, rows), key=repr)
    return found


def expected(files: dict[str, bytes], life: Life, steps: int) -> dict[str, list[tuple]]:
    """What these steps make of a fresh ledger, one after the other, without any crash."""
    connection, box = Machine(files).open(LEDGER_WRITER), Box(life.seed)
    for n in range(steps):
        box.pass_time()
        connection.execute("BEGIN IMMEDIATE")
        life.step(n, box.look())(connection)
        connection.execute("COMMIT")
    found = contents(connection)
    connection.close()
    return found


@dataclass(frozen=True)
class Trial:
    acknowledged: int
    kept: int
    is_exact: bool
    is_intact: bool


def crash(files: dict[str, bytes], profile: Profile, seed: int) -> Trial:
    rng, life = random.Random(f"crash {seed}"), Life(seed)
    machine = Machine(files)
    acknowledged = asyncio.run(live(machine, life, profile, rng))
    connection = Machine(machine.disk.after_crash(rng)).open(LEDGER_WRITER)
    kept = int(meta.get(connection, STEP) or 0)
    found = contents(connection)
    is_intact = connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.close()
    return Trial(acknowledged, kept, found == expected(files, life, kept), is_intact)


@pytest.fixture(scope="module")
def fresh_ledger() -> dict[str, bytes]:
    return a_fresh_ledger()


@pytest.mark.timeout(max(60, TRIALS))
def test_what_was_acknowledged_of_the_outbox_is_there_and_nothing_else(
    fresh_ledger: dict[str, bytes],
) -> None:
    acknowledged, cut_short = 0, 0
    for seed in range(TRIALS):
        trial = crash(fresh_ledger, LEDGER_WRITER, seed)
        assert trial.is_intact, f"seed {seed}"
        assert trial.kept >= trial.acknowledged, f"seed {seed}"
        assert trial.is_exact, f"seed {seed}"
        acknowledged += trial.acknowledged
        cut_short += trial.acknowledged < STEPS
    assert acknowledged > TRIALS * STEPS / 10
    assert cut_short > TRIALS / 2


def test_the_same_search_sees_what_is_lost_without_a_sync(fresh_ledger: dict[str, bytes]) -> None:
    trials = [crash(fresh_ledger, NORMAL, seed) for seed in range(min(TRIALS, 40))]
    losing = [trial for trial in trials if trial.kept < trial.acknowledged]
    assert len(losing) > len(trials) / 4
    assert all(trial.is_exact for trial in trials)  # it forgets the last, and nothing in between
