"""`Storage.decide`: what is recorded was decided on what stood there at that moment."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from storage_builders import (
    NOON,
    a_storage,
    customer,
    ignore_progress,
    in_pieces,
    line,
    snapshot_bytes,
)

from store_agent.domain.errors import Unavailable
from store_agent.domain.greeting import Visit
from store_agent.domain.health import HealthState
from store_agent.storage import View, customers, visits


def a_visit(visit_id: str, customer_id: str = "c-1") -> Visit:
    return Visit(visit_id, customer_id, NOON, NOON, "till-0")


class DiskTrouble(Exception):
    """As a driver raises it: SQLITE_CORRUPT."""

    sqlite_errorcode = 11


@pytest.mark.asyncio
async def test_a_decision_sees_what_was_written_just_before_it(tmp_path: Path) -> None:
    storage = a_storage(tmp_path)
    answers = await asyncio.gather(
        storage.write(lambda tx: visits.start(tx, a_visit("first"))),
        storage.decide(
            lambda view: visits.find_open(view.ledger, "c-1"),
            lambda tx, found: found or visits.start(tx, a_visit("second")),
        ),
    )
    assert answers[1] == a_visit("first")
    assert await storage.read(lambda view: visits.present(view.ledger)) == [a_visit("first")]
    await storage.close()


@pytest.mark.asyncio
async def test_of_many_who_decide_at_once_one_starts_the_visit(tmp_path: Path) -> None:
    storage = a_storage(tmp_path)

    def decide(number: int) -> asyncio.Future[Visit | None]:
        return asyncio.ensure_future(
            storage.decide(
                lambda view: visits.find_open(view.ledger, "c-1"),
                lambda tx, found: found or visits.start(tx, a_visit(str(number))),
            )
        )

    found = await asyncio.gather(*(decide(number) for number in range(50)))
    assert found.count(None) == 1
    assert len(await storage.read(lambda view: visits.present(view.ledger))) == 1
    await storage.close()


@pytest.mark.asyncio
async def test_trouble_while_looking_is_the_callers_and_leaves_the_ledger_well(
    tmp_path: Path,
) -> None:
    storage = a_storage(tmp_path)

    def look(_view: View) -> None:
        raise DiskTrouble

    refused, kept = await asyncio.gather(
        storage.decide(look, lambda _tx, _found: None),
        storage.write(lambda tx: visits.start(tx, a_visit("a"))),
        return_exceptions=True,
    )
    assert isinstance(refused, Unavailable)
    assert kept is None
    assert storage.health()[0].state is HealthState.OK
    count = await storage.decide(lambda view: customers.count(view.cache), lambda _tx, found: found)
    assert count == 0
    assert len(await storage.read(lambda view: visits.idle(view.ledger, NOON + timedelta(1)))) == 1
    await storage.close()


@pytest.mark.timeout(60)  # importing starts a Python process
@pytest.mark.asyncio
async def test_a_decision_after_a_snapshot_sees_the_new_cache(tmp_path: Path) -> None:
    storage = a_storage(tmp_path)

    async def known() -> int:
        return await storage.decide(
            lambda view: customers.count(view.cache), lambda _tx, found: found
        )

    assert await known() == 0
    snapshot = snapshot_bytes([line("customers", customer())])
    await storage.import_snapshot(in_pieces(snapshot), ignore_progress)
    assert await known() == 1
    await storage.close()
