"""One budget and 1,000 vouchers redeemed by two shops that cannot see each other, then healed."""

from __future__ import annotations

import shutil
import time

from store_agent.storage import keys
from store_agent.storage.connection import LEDGER_WRITER, open_connection
from tests.bench.escrow import OFFER, Scale, run
from tests.bench.places import KEPT
from tests.bench.report import Result, information

SCALE = Scale(budget=1000, vouchers=1000, online_s=15.0, cut_s=25.0)
BARE_COMMITS = 1500


async def measure() -> list[Result]:
    """Commits per second of eight tills; raises when one promise is broken."""
    outcome = await run(KEPT / "escrow", SCALE)
    faults = outcome.faults(SCALE)
    if faults:
        raise RuntimeError("; ".join(faults))
    vouchers = sum(times for one, times in outcome.accepted.items() if one != OFFER)
    note = (
        f"{outcome.accepted[OFFER]} of a budget of {SCALE.budget}, {vouchers} of {SCALE.vouchers} "
        f"vouchers once each, {outcome.refused} refused before, {outcome.conflicts} conflicts "
        "after the sale; both ledgers and the platform agree to the unit"
    )
    return [
        information("escrow: baskets sold", "/s", outcome.commits / outcome.seconds, _bare(), note)
    ]


def _bare() -> float:
    """Bare durable commits of one row per second, encrypted, on the same disk."""
    folder = KEPT / "escrow-bare"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    key = keys.load_or_create_key(folder / "key")
    connection = open_connection(folder / "bare.db", key, LEDGER_WRITER)
    connection.execute("CREATE TABLE rows (id INTEGER PRIMARY KEY, doc BLOB)")
    began = time.perf_counter()
    for number in range(BARE_COMMITS):
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT INTO rows (id, doc) VALUES (?, ?)", (number, bytes(400)))
        connection.execute("COMMIT")
    rate = BARE_COMMITS / (time.perf_counter() - began)
    connection.close()
    return rate
