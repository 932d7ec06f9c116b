"""The power goes at a random moment: what was acknowledged is there when it comes back.

Drives the production writer, schema and repositories over a disk that forgets what was not synced.
`POWER_LOSS_TRIALS` sets how often.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import random
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from power_loss_disk import NORMAL, Machine, a_fresh_ledger
from storage_builders import NOON, at_noon

from store_agent.domain.errors import Unavailable
from store_agent.domain.greeting import Visit
from store_agent.domain.offer import BudgetUnit
from store_agent.domain.rights import CommitStatus, LotGrant, Want
from store_agent.domain.sale import Sale, SaleLine
from store_agent.redemption import lots
from store_agent.redemption.act import Act
from store_agent.redemption.committing import Claimed, CommitRequest, commit
from store_agent.redemption.standing import Asked
from store_agent.storage import answers, visits
from store_agent.storage.connection import LEDGER_WRITER, Connection, Profile
from store_agent.storage.writer import Writer
from sync import outbox

TRIALS = int(os.environ.get("POWER_LOSS_TRIALS", "20000" if os.environ.get("SOAK") else "120"))
MAX_OPERATIONS = 400  # writes and syncs before the crash; a burst of scans needs about 100
BURSTS = 12


@dataclass(frozen=True)
class Trial:
    """What one crash left."""

    acknowledged: list[str]
    kept: list[str]
    torn: list[str]  # kept without their other half
    intact: bool


@pytest.fixture(scope="module")
def fresh_ledger() -> dict[str, bytes]:
    return a_fresh_ledger()


def a_scan(name: str) -> object:
    """A business row, an answer and an event, in one transaction."""

    def work(tx: Connection) -> str:
        visits.start(tx, Visit(name, f"customer-{name}", NOON, NOON, "till-0"))
        answers.remember(tx, "scan", name, b"hash", b"answer" * 50, NOON)
        outbox.put(tx, outbox.OutboxEvent(name, "store.scan.recorded", NOON, b'{"lane":"x"}'))
        return name

    return work


def a_sale(name: str) -> object:
    """A paid basket with a voucher, points and one unit of a lot: all of it, or none."""

    def work(tx: Connection) -> str:
        ids = itertools.count()
        act = Act(tx, NOON, lambda: f"{name}/{next(ids)}")
        lots.take_grants(tx, [LotGrant(f"lot-{name}", "o-1", "s", "e", 1)], "s", "e", NOON)
        wants = (
            Want("o-v", 1000, voucher_id=f"v-{name}"),
            Want("o-1", 500, budget=BudgetUnit.USE),
        )
        asked = Asked(name, f"customer-{name}", 0, NOON, NOON.date())
        lines = (SaleLine("1", "A", "1", 5000),)
        sale = Sale(
            name, "till", "EUR", 3500, lines, (), name, NOON.date(), NOON, asked.customer_id
        )
        judged = {want.voucher_id or want.offer_id: want for want in wants}
        claimed = tuple(Claimed(id_, want.amount_minor) for id_, want in judged.items())
        done = commit(act, CommitRequest(sale, asked, claimed, judged, earned_points=35), name)
        assert done.status is CommitStatus.COMMITTED_LATE
        return name

    return work


@dataclass(frozen=True)
class Kind:
    """What the shop does, and by what it is seen afterwards: each query names what was kept."""

    job: Callable[[str], object]
    traces: tuple[str, ...]


SCANS = Kind(a_scan, ("SELECT id FROM outbox", "SELECT id FROM visits", "SELECT key FROM answers"))
SALES = Kind(
    a_sale,
    (
        "SELECT txn_id FROM sales",
        "SELECT txn_id FROM redemptions WHERE voucher_id NOT NULL AND state = 'redeemed'",
        "SELECT txn_id FROM redemptions WHERE lot_id NOT NULL AND state = 'redeemed'",
        "SELECT substr(lot_id, 5) FROM lots WHERE remaining = 0",
        "SELECT txn_id FROM points",
        "SELECT substr(id, 1, instr(id, '/') - 1) FROM outbox"
        " WHERE type = 'store.redemption.recorded' GROUP BY 1 HAVING count(*) = 2",
    ),
)


async def run_until_the_power_goes(
    machine: Machine, profile: Profile, rng: random.Random, kind: Kind
) -> list[str]:
    writer = Writer("ledger", lambda: machine.open(profile), at_noon)
    machine.disk.operations_left = rng.randrange(MAX_OPERATIONS)
    acknowledged: list[str] = []
    for burst in range(BURSTS):
        jobs = [writer.write(kind.job(f"{burst}-{n}")) for n in range(rng.randrange(1, 6))]
        results = await asyncio.gather(*jobs, return_exceptions=True)
        acknowledged += [result for result in results if isinstance(result, str)]
        refused = [result for result in results if not isinstance(result, str)]
        assert all(isinstance(result, Unavailable) for result in refused), refused
    machine.disk.operations_left = 0
    await asyncio.to_thread(writer.stop)
    return acknowledged


def look(machine: Machine, kind: Kind) -> tuple[list[str], list[str], bool]:
    connection = machine.open(LEDGER_WRITER)
    kept = [{row[0] for row in connection.execute(sql).fetchall()} for sql in kind.traces]
    intact = connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.close()
    whole = set.intersection(*kept)
    return sorted(whole), sorted(set.union(*kept) - whole), intact


def crash(files: dict[str, bytes], profile: Profile, seed: int, kind: Kind = SCANS) -> Trial:
    rng = random.Random(seed)
    machine = Machine(files)
    acknowledged = asyncio.run(run_until_the_power_goes(machine, profile, rng, kind))
    kept, torn, intact = look(Machine(machine.disk.after_crash(rng)), kind)
    return Trial(acknowledged, kept, torn, intact)


@pytest.mark.timeout(max(30, TRIALS // 2))
@pytest.mark.parametrize("kind", [SCANS, SALES], ids=["scans", "sales"])
def test_no_acknowledged_event_is_lost_when_the_power_goes(
    fresh_ledger: dict[str, bytes], kind: Kind
) -> None:
    acknowledged = 0
    for seed in range(TRIALS):
        trial = crash(fresh_ledger, LEDGER_WRITER, seed, kind)
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
