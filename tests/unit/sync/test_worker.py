"""The worker's loops, with fakes at all four ends."""

import asyncio
import time
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from random import Random

import pytest

from sync import lane_queue, loop, outbox
from sync.errors import CursorLostError, TransportError, UnreachableError
from sync.fakes import MemoryCache, PlainLedger, ScriptedFeed
from sync.feed import Change, ChangeOp, ChangesPage
from sync.outbox import OutboxEvent
from sync.status import LineState
from sync.transports.recording import Fault, RecordingTransport
from sync.worker import Delivery, Ends, SyncWorker

AT = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
QUICK_S = 0.5  # the smallest window a worker accepts


class StandingClock:
    """Wall time stands still; monotonic time runs."""

    def now(self) -> datetime:
        return AT

    def monotonic(self) -> float:
        return time.monotonic()


class FullDisk(PlainLedger):
    full = False

    async def write(self, fn):
        if self.full:
            raise OSError("no space left")
        return await super().write(fn)


class SilentFeed(ScriptedFeed):
    """Answers its script, then keeps the long poll open like a quiet platform."""

    async def changes(self, cursor, wait_s):
        if not self.answers:
            self.waits_s.append(wait_s)
            await asyncio.sleep(3600)
        return await super().changes(cursor, wait_s)


def page(*changes: Change, cursor: str = "log.1", up_to_date: bool = True, **rest) -> ChangesPage:
    return ChangesPage(changes, cursor, up_to_date, **rest)


class Scene:
    def __init__(self, *answers, feed_type=SilentFeed, **transport) -> None:
        self.ledger = FullDisk()
        self.cache = MemoryCache()
        self.feed = feed_type(list(answers))
        self.platform = RecordingTransport(**transport)
        self.statuses = []
        self.restart()

    def restart(self, window_s=QUICK_S):
        ends = Ends(
            (Delivery("platform", self.platform, from_start=True),),
            self.feed,
            self.ledger,
            self.cache,
        )
        dice = Random(3)
        self.worker = SyncWorker(ends, StandingClock(), dice, window_s)
        self.worker.subscribe(self.statuses.append)

    def write(self, *ids: str) -> None:
        for event_id in ids:
            event = OutboxEvent(event_id, "t", AT - timedelta(minutes=5), b"{}")
            self.ledger.transact(partial(outbox.put, event=event))
        self.worker.nudge()

    @property
    def status(self):
        return self.worker.status()

    @property
    def arrived(self) -> list[str]:
        return [row.id for row in self.platform.accepted]

    @asynccontextmanager
    async def working(self):
        task = asyncio.create_task(self.worker.run())
        try:
            yield self
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            self.ledger.close()


async def until(condition, within_s: float = 3.0):
    began_s = time.monotonic()
    while not condition():
        assert time.monotonic() - began_s < within_s, "waited in vain"
        await asyncio.sleep(0.005)


@pytest.mark.asyncio
async def test_it_starts_without_a_claim_about_the_line_then_is_online():
    scene = Scene(page())
    assert scene.status.line is LineState.STARTING
    async with scene.working():
        await until(lambda: scene.status.line is LineState.ONLINE)
        assert scene.status.last_success_at == AT
    assert scene.platform.closed


@pytest.mark.asyncio
async def test_a_nudge_sends_at_once():
    async with Scene(page()).working() as scene:
        await until(lambda: scene.status.line is LineState.ONLINE)
        scene.write("e1", "e2")
        await until(lambda: scene.arrived == ["e1", "e2"], within_s=0.5)
        await until(lambda: scene.status.backlog == 0)


@pytest.mark.asyncio
async def test_without_a_nudge_the_loop_looks_by_itself(monkeypatch):
    monkeypatch.setattr("sync.push.IDLE_S", 0.05)
    async with Scene(page()).working() as scene:
        await until(lambda: scene.status.line is LineState.ONLINE)
        event = OutboxEvent("e1", "t", AT, b"{}")
        scene.ledger.transact(partial(outbox.put, event=event))
        await until(lambda: scene.arrived == ["e1"])


@pytest.mark.asyncio
async def test_a_lost_answer_is_sent_again_and_counts_once():
    scene = Scene(page(), faults=[Fault.LOST_ANSWER])
    scene.write("e1")
    async with scene.working():
        await until(lambda: outbox.position(scene.ledger.connection) == 1)
    assert scene.arrived == ["e1"]
    assert scene.platform.exchanges == 2


@pytest.mark.asyncio
async def test_a_poison_event_goes_to_quarantine_and_the_queue_goes_on():
    scene = Scene(page(), refused={"e2": "invalid_event"})
    scene.write("e1", "e2", "e3")
    async with scene.working():
        await until(lambda: scene.arrived == ["e1", "e3"])
        await until(lambda: scene.status.quarantined == 1)
        assert scene.status.backlog == 0
        assert scene.status.line is LineState.ONLINE


@pytest.mark.asyncio
async def test_an_event_deferred_for_ever_does_not_block_the_queue_for_ever(monkeypatch):
    monkeypatch.setattr(lane_queue, "MAX_DEFERRALS", 2)
    monkeypatch.setattr(lane_queue, "MIN_PATIENCE_S", 0.0)
    scene = Scene(page(), refused={"e2": "not_now"}, deferred={"e2"})
    scene.write("e1", "e2", "e3")
    async with scene.working():
        await until(lambda: scene.arrived == ["e1", "e3"])
        await until(lambda: scene.status.quarantined == 1)
    assert LineState.OFFLINE not in [status.line for status in scene.statuses]


@pytest.mark.asyncio
async def test_an_outage_shows_with_its_reason_and_ends_visibly():
    scene = Scene(page(), UnreachableError("cut"), UnreachableError("cut"), page())
    scene.cache.position = "log.0"
    async with scene.working():
        await until(lambda: len(scene.feed.waits_s) == 5)
    lines = [(status.line, status.reason) for status in scene.statuses]
    assert list(dict.fromkeys(lines)) == [
        (LineState.ONLINE, None),
        (LineState.OFFLINE, "cut"),
    ]
    assert lines[-1] == (LineState.ONLINE, None)


@pytest.mark.asyncio
async def test_events_written_during_an_outage_show_as_backlog(monkeypatch):
    monkeypatch.setattr(loop, "PAUSED_REFRESH_S", 0.01)
    scene = Scene(page(), faults=[Fault.BUSY])
    scene.write("e1")
    async with scene.working():
        await until(lambda: scene.status.line is LineState.OFFLINE)
        scene.write("e2", "e3")
        await until(lambda: scene.status.backlog == 3)
        assert scene.status.oldest_at == AT - timedelta(minutes=5)


class LateFeed(SilentFeed):
    """Takes a moment for its first answer."""

    async def changes(self, cursor, wait_s):
        await asyncio.sleep(0.2)
        return await super().changes(cursor, wait_s)


def scene_of_a_late_feed(fault: Fault) -> Scene:
    scene = Scene(page(), feed_type=LateFeed, faults=[fault])
    scene.restart(window_s=3600)
    scene.cache.position = "log.0"
    scene.write("e1")
    return scene


@pytest.mark.asyncio
async def test_when_one_loop_reaches_the_platform_the_other_does_not_wait_out_its_pause():
    scene = scene_of_a_late_feed(Fault.LOST_REQUEST)
    async with scene.working():
        await until(lambda: scene.status.line is LineState.OFFLINE)
        await until(lambda: scene.arrived == ["e1"])


@pytest.mark.asyncio
async def test_a_pause_the_platform_asked_for_is_not_cut_short():
    scene = scene_of_a_late_feed(Fault.BUSY)
    async with scene.working():
        await until(lambda: scene.status.last_success_at is not None)
        scene.worker.nudge()
        await asyncio.sleep(0.3)
        assert scene.platform.exchanges == 1


@pytest.mark.asyncio
async def test_a_refused_token_shows_its_hint():
    scene = Scene(page(), faults=[Fault.FORBIDDEN] * 99)
    scene.write("e1")
    async with scene.working():
        await until(lambda: scene.status.line is LineState.OFFLINE)
        assert "token" in scene.status.hint


@pytest.mark.asyncio
async def test_a_full_disk_shows_as_a_fault_of_this_box_and_sync_goes_on_after(monkeypatch):
    monkeypatch.setattr(loop, "LOCAL_RETRY_S", 0.05)
    scene = Scene(page())
    scene.ledger.full = True
    scene.write("e1")
    async with scene.working():
        await until(lambda: scene.status.fault is not None)
        assert scene.status.fault == "platform: OSError"
        assert scene.status.line is not LineState.OFFLINE
        scene.ledger.full = False
        await until(lambda: scene.arrived == ["e1"])
        await until(lambda: scene.status.fault is None)


@pytest.mark.asyncio
async def test_the_first_poll_after_trouble_does_not_wait_and_later_ones_do():
    scene = Scene(page(), page(), UnreachableError("cut"), page())
    scene.cache.position = "log.0"
    async with scene.working():
        await until(lambda: len(scene.feed.waits_s) == 5)
    assert scene.feed.waits_s == [0.0, 25.0, 25.0, 0.0, 25.0]


@pytest.mark.asyncio
async def test_a_platform_that_never_waits_is_not_polled_in_a_busy_loop():
    scene = Scene(*[page()] * 500, feed_type=ScriptedFeed)
    scene.cache.position = "log.0"
    async with scene.working():
        await asyncio.sleep(0.2)
        assert len(scene.feed.waits_s) < 5


@pytest.mark.asyncio
async def test_a_lost_cursor_leads_to_a_new_snapshot_without_an_outage():
    scene = Scene(CursorLostError("gone"), page(cursor="log.9"))
    scene.cache.position = "old.1"
    scene.feed.documents = [("customers", "c1", {"id": "c1"})]
    async with scene.working():
        await until(lambda: scene.cache.snapshots == 1)
        await until(lambda: scene.cache.position == "log.9")
    assert scene.cache.documents == {("customers", "c1"): {"id": "c1"}}
    assert LineState.OFFLINE not in [status.line for status in scene.statuses]
    assert scene.statuses[-1].bootstrap is None
    assert max(s.bootstrap.done for s in scene.statuses if s.bootstrap) == 1


@pytest.mark.asyncio
async def test_changes_are_applied_and_the_clock_offset_and_age_are_shown():
    change = Change("customers", "c1", ChangeOp.UPSERT, {"id": "c1"}, confirms="e1")
    scene = Scene(page(change, server_time=AT + timedelta(seconds=90)))
    async with scene.working():
        await until(lambda: scene.cache.confirmed == ["e1"])
        await until(lambda: scene.status.clock_offset_s == 90.0)
        assert scene.status.profiles_as_of == AT


@pytest.mark.asyncio
async def test_the_announced_window_survives_a_restart_without_a_line(tmp_path):
    scene = Scene(page(reconnect_window_s=0.6))
    scene.ledger = PlainLedger(tmp_path / "ledger.db")
    scene.restart(window_s=None)
    async with scene.working():
        await until(lambda: scene.status.line is LineState.ONLINE)
        scene.worker.nudge()
        await until(lambda: outbox.recall_window(scene.ledger.connection) == 0.6)
    scene.ledger = PlainLedger(tmp_path / "ledger.db")
    scene.feed.answers = [UnreachableError("cut")] * 3 + [page()]
    scene.restart(window_s=None)
    async with scene.working():
        await until(lambda: scene.status.line is LineState.ONLINE)


@pytest.mark.asyncio
async def test_cancelling_ends_within_a_second_even_in_a_long_poll_and_a_pause():
    scene = Scene(page(), faults=[Fault.BUSY] * 9)
    scene.write("e1")
    async with scene.working():
        await until(lambda: scene.status.line is LineState.OFFLINE)
        began = time.monotonic()
    assert time.monotonic() - began < 1


@pytest.mark.asyncio
async def test_a_listener_that_fails_or_left_does_not_matter():
    scene = Scene(page(), TransportError("busy", retry_after_s=3600))
    heard = []

    def fail(status):
        raise RuntimeError

    leave = scene.worker.subscribe(heard.append)
    scene.worker.subscribe(fail)
    leave()
    leave()
    async with scene.working():
        await until(lambda: scene.status.line is LineState.OFFLINE)
    assert heard == []
