"""What every transport promises, asked of each row in `transport_rigs.RIGS`."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence

import orjson
import pytest
from contract.transport_rigs import RIGS
from contract.transport_rigs.rig import (
    DEAD_LINE,
    DEADLINE_S,
    PERSON,
    SECRET,
    TAKES_EVERYTHING,
    Can,
    Mishap,
    Rig,
    scan_data,
)

from sync.errors import TooSlowError, TransportError, UnreachableError
from sync.outbox import OutboxRow
from sync.transports.base import EventResult, ResultStatus, Transport

pytestmark = pytest.mark.asyncio

PATIENCE_S = 4.0  # a transport that hangs fails here, before the test's own limit
QUICK = tuple(m for m in Mishap if m not in {Mishap.BLACK_HOLE, Mishap.SILENCE, Mishap.DRIP})
GOOD = {ResultStatus.ACCEPTED, ResultStatus.DUPLICATE}


def rigs(fits: Callable[[Can], bool] = lambda can: True):
    """The test once per transport that is capable of it."""
    fitting = [pytest.param(rig, id=name) for name, rig in RIGS.items() if fits(rig.can)]
    return pytest.mark.parametrize("rig_type", fitting)


def mishaps(*wanted: Mishap):
    """The test once per transport and mishap that can befall it."""
    cases = [
        pytest.param(rig, mishap, id=f"{name}-{mishap.name.lower()}")
        for name, rig in RIGS.items()
        for mishap in wanted or Mishap
        if mishap in rig.can.mishaps
    ]
    return pytest.mark.parametrize(("rig_type", "mishap"), cases)


async def deliver(transport: Transport, rows: Sequence[OutboxRow]) -> list[EventResult]:
    """All of them, in as many steps as the transport likes.

    A busy machine may run into the short deadline by itself; that is not what is tried here.
    """
    results: list[EventResult] = []
    async with asyncio.timeout(PATIENCE_S):
        while len(results) < len(rows):
            try:
                step = await transport.send(rows[len(results) :])
            except TooSlowError:
                continue
            assert step, "a transport delivers at least one event or raises"
            assert len(step) <= len(rows) - len(results)
            results += step
    assert [result.id for result in results] == [row.id for row in rows]
    return results


async def failure(transport: Transport, rows: Sequence[OutboxRow]) -> TransportError:
    """The error of one exchange."""
    async with asyncio.timeout(PATIENCE_S):
        with pytest.raises(TransportError) as caught:
            await transport.send(rows)
    return caught.value


def some_rows(rig: Rig, first: int = 10, count: int = 4) -> list[OutboxRow]:
    return [rig.row(number) for number in range(first, first + count)]


def assert_once(rig: Rig, rows: Sequence[OutboxRow], results: Sequence[EventResult]) -> None:
    """The receiver has every event once, and one that it may lack is held for somebody to look."""
    accepted = list(rig.accepted())
    assert len(accepted) == len(set(accepted))
    held = {result.id for result in results if not result.delivered}
    assert held | set(accepted) == {row.id for row in rows}
    if rig.can.deduplicates:
        assert not held
        assert accepted == [row.id for row in rows]
    for result in results:
        if not result.delivered:
            assert (result.permanent, result.code) == (True, "delivery_unknown")
            assert result.reason


@rigs()
async def test_it_answers_each_event_in_order_and_the_receiver_has_them_in_order(
    rig_type, tmp_path
):
    rig = rig_type(tmp_path)
    async with rig.opened() as transport:
        rows = some_rows(rig)
        results = await deliver(transport, rows)
        assert {result.status for result in results} == {ResultStatus.ACCEPTED}
        assert list(rig.accepted()) == [row.id for row in rows]


@rigs()
async def test_sending_again_is_safe(rig_type, tmp_path):
    rig = rig_type(tmp_path)
    async with rig.opened() as transport:
        rows = some_rows(rig)
        await deliver(transport, rows[:2])
        again = await deliver(transport, rows)
        assert {result.status for result in again} <= GOOD
        assert list(rig.accepted()) == [row.id for row in rows]


@rigs(lambda can: can.deduplicates and can.tells_duplicates)
async def test_what_the_receiver_has_already_is_a_duplicate(rig_type, tmp_path):
    rig = rig_type(tmp_path)
    async with rig.opened() as transport:
        rows = some_rows(rig)
        await deliver(transport, rows[:2])
        again = await deliver(transport, rows)
        assert [r.status for r in again] == ["duplicate", "duplicate", "accepted", "accepted"]


@rigs()
async def test_sending_again_after_a_restart_is_safe(rig_type, tmp_path):
    rig = rig_type(tmp_path)
    rows = some_rows(rig)
    async with rig.opened() as transport:
        await deliver(transport, rows)
    async with rig.opened() as transport:
        again = await deliver(transport, [*rows, rig.row(77)])
        assert {result.status for result in again} <= GOOD
    assert list(rig.accepted()) == [*(row.id for row in rows), rig.row(77).id]


@rigs()
async def test_a_batch_of_any_size_arrives_step_by_step(rig_type, tmp_path):
    rig = rig_type(tmp_path)
    async with rig.opened() as transport:
        for first, count in [(100, 1), (200, 37), (300, 500)]:
            rows = some_rows(rig, first, count)
            await deliver(transport, rows)
            assert list(rig.accepted())[-count:] == [row.id for row in rows]


@rigs(lambda can: can.refuses)
async def test_a_refused_event_does_not_hold_up_its_neighbours(rig_type, tmp_path):
    rig = rig_type(tmp_path)
    async with rig.opened() as transport:
        rows = some_rows(rig)
        rig.refuse(rows[1].id)
        results = await deliver(transport, rows)
        assert [result.delivered for result in results] == [True, False, True, True]
        assert results[1].permanent
        assert results[1].code
        assert PERSON not in results[1].reason
        assert list(rig.accepted()) == [row.id for row in (rows[0], rows[2], rows[3])]


@rigs(lambda can: can.refuses)
async def test_a_batch_of_nothing_but_refused_events_is_answered(rig_type, tmp_path):
    rig = rig_type(tmp_path)
    async with rig.opened() as transport:
        rows = some_rows(rig)
        for row in rows:
            rig.refuse(row.id)
        results = await deliver(transport, rows)
        assert all(result.permanent and not result.delivered for result in results)
        assert list(rig.accepted()) == []


@rigs(lambda can: can.defers)
async def test_nothing_is_taken_behind_a_deferred_event_so_that_order_is_kept(rig_type, tmp_path):
    rig = rig_type(tmp_path)
    async with rig.opened() as transport:
        rows = some_rows(rig)
        rig.defer(rows[1].id)
        results = await transport.send(rows)
        assert [result.delivered for result in results[:2]] == [True, False]
        assert not any(result.delivered or result.permanent for result in results[1:])
        assert list(rig.accepted()) == [rows[0].id]


@rigs(lambda can: can.announces_window)
async def test_it_learns_the_reconnect_window(rig_type, tmp_path):
    rig = rig_type(tmp_path)
    async with rig.opened() as transport:
        await deliver(transport, some_rows(rig))
        assert transport.reconnect_window_s == 2.0


@rigs()
async def test_events_in_any_script_about_nobody_and_without_content_arrive(rig_type, tmp_path):
    rig = rig_type(tmp_path)
    async with rig.opened() as transport:
        rows = [
            rig.row(10, scan_data("Zo\u00eb \U0001f600 \u202e \u0000 \ud7ff \u4e2d\u6587")),
            rig.row(11)._replace(subject=None),
            rig.row(12, b"{}"),
            rig.row(13)._replace(subject="Ünï/cødé?#&\n"),
        ]
        results = await deliver(transport, rows)
        for result in results:
            assert result.delivered or result.permanent
        taken = [result.id for result in results if result.status is ResultStatus.ACCEPTED]
        assert list(rig.accepted()) == taken
        assert rows[0].id in taken


@rigs()
async def test_the_largest_event_arrives_or_is_refused_alone(rig_type, tmp_path):
    rig = rig_type(tmp_path)
    async with rig.opened() as transport:
        room = 64 * 1024 - len(scan_data("x"))
        rows = some_rows(rig, 10, 9)
        rows[4] = rig.row(14, scan_data("x" * room))
        assert len(rows[4].data) < 64 * 1024
        results = await deliver(transport, rows)
        fits = len(rows[4].data) <= rig.can.largest_data_bytes
        assert [result.delivered for result in results] == [True] * 4 + [fits] + [True] * 4
        assert results[4].delivered or results[4].permanent


@rigs(lambda can: can.finds_unreadable)
async def test_one_unreadable_event_is_found_and_refused_alone(rig_type, tmp_path):
    rig = rig_type(tmp_path)
    async with rig.opened() as transport:
        rows = some_rows(rig, 10, 20)
        rows[7] = rig.row(17, data=b"{torn")
        results = await deliver(transport, rows)
        assert [r.id for r in results if not r.delivered] == [rows[7].id]
        assert results[7].permanent
        assert len(rig.accepted()) == 19


@rigs()
async def test_a_type_it_does_not_carry_is_left_out_and_holds_nothing_up(rig_type, tmp_path):
    rig = rig_type(tmp_path)
    foreign = rig.uncarried()
    rows = some_rows(rig) if foreign is None else [rig.row(10), foreign, rig.row(99)]
    async with rig.opened() as transport:
        results = await deliver(transport, rows)
        assert all(result.delivered for result in results)
        skipped = [result.id for result in results if result.status is ResultStatus.SKIPPED]
        assert skipped == ([] if foreign is None else [foreign.id])
        assert list(rig.accepted()) == [row.id for row in rows if row.id not in skipped]


def assert_tells_nothing_private(error: BaseException | None, log: str) -> None:
    """Neither the error with its causes nor a log line names a person or the secret."""
    told = log
    while error is not None:
        told += f"{error!r} {error} {getattr(error, 'hint', '')}"
        error = error.__cause__
    for private in (PERSON, "p-erika", SECRET):
        assert private not in told


@mishaps()
async def test_whatever_happens_is_a_transport_error_in_time_and_afterwards_all_is_there_once(
    rig_type, mishap, tmp_path, caplog
):
    caplog.set_level(logging.DEBUG)
    rig = rig_type(tmp_path)
    rows = some_rows(rig)
    loop = asyncio.get_running_loop()
    async with rig.opened() as transport:
        rig.befall(mishap)
        began_s = loop.time()
        error = await failure(transport, rows)
        assert loop.time() - began_s < DEADLINE_S + 2
        assert error.permanent is (mishap is Mishap.REFUSED_SECRET)
        assert isinstance(error, UnreachableError) is (mishap in DEAD_LINE)
        assert_tells_nothing_private(error, caplog.text)
        assert bool(rig.accepted()) is (mishap in TAKES_EVERYTHING)
        assert_once(rig, rows, await deliver(transport, rows))


@mishaps(*QUICK)
async def test_a_restart_after_a_mishap_changes_nothing(rig_type, mishap, tmp_path):
    rig = rig_type(tmp_path)
    rows = some_rows(rig)
    async with rig.opened() as transport:
        rig.befall(mishap)
        await failure(transport, rows)
    async with rig.opened() as transport:
        assert_once(rig, rows, await deliver(transport, rows))


@mishaps(*QUICK, Mishap.SILENCE)
async def test_a_mishap_in_the_middle_of_a_backlog_changes_nothing(rig_type, mishap, tmp_path):
    rig = rig_type(tmp_path)
    rows = some_rows(rig, 100, 40)
    results: list[EventResult] = []
    failed = 0
    async with rig.opened() as transport, asyncio.timeout(PATIENCE_S):
        results += await transport.send(rows[:8])
        rig.befall(mishap)
        while len(results) < len(rows):
            try:
                results += await transport.send(rows[len(results) :])
            except TransportError:
                failed += 1
    assert failed >= 1
    assert_once(rig, rows, results)


@mishaps(Mishap.BUSY, Mishap.BUSY_FOR_7_S, Mishap.PATIENCE_UNTIL)
async def test_the_time_a_receiver_asks_for_is_passed_on(rig_type, mishap, tmp_path):
    rig = rig_type(tmp_path)
    async with rig.opened() as transport:
        rig.befall(mishap)
        error = await failure(transport, some_rows(rig))
        wanted_s = {Mishap.BUSY_FOR_7_S: 7.0, Mishap.PATIENCE_UNTIL: 90.0}
        assert error.retry_after_s == wanted_s.get(mishap)


@mishaps(Mishap.REFUSED_SECRET, Mishap.REDIRECT, Mishap.GARBAGE)
async def test_what_a_person_has_to_mend_comes_with_a_hint(rig_type, mishap, tmp_path):
    rig = rig_type(tmp_path)
    async with rig.opened() as transport:
        rig.befall(mishap)
        assert (await failure(transport, some_rows(rig))).hint


@mishaps(Mishap.BLACK_HOLE, Mishap.SILENCE)
async def test_being_cancelled_in_the_middle_leaves_nothing_behind(rig_type, mishap, tmp_path):
    rig = rig_type(tmp_path)
    rows = some_rows(rig)
    async with rig.opened() as transport:
        await deliver(transport, rows[:1])
        before = asyncio.all_tasks()
        rig.befall(mishap)
        sending = asyncio.create_task(transport.send(rows))
        await asyncio.sleep(0.02)
        assert not sending.done()
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        await asyncio.sleep(0)
        assert asyncio.all_tasks() == before
        assert_once(rig, rows, await deliver(transport, rows))


@rigs()
async def test_closing_twice_is_closing(rig_type, tmp_path):
    rig = rig_type(tmp_path)
    async with rig.opened() as transport:
        await deliver(transport, some_rows(rig))
        await transport.close()
        await transport.close()
    assert len(rig.accepted()) == 4


async def test_every_kind_of_transport_has_a_rig():
    from sync.transports.table import TRANSPORTS

    assert set(TRANSPORTS) <= set(RIGS)


async def test_the_sample_event_is_what_the_agent_would_write():
    for rig in RIGS.values():
        assert orjson.loads(scan_data()).keys() == {
            "lane",
            "door",
            "kind",
            "reason",
            "pass_id",
            "visit_id",
            "scanned_at",
        }
        assert rig.can.mishaps
