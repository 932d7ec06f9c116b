"""Thousands of seeded bad lines: the platform ends with each event once, in order per customer.

`SOAK=1` plays 5,000 schedules. Known-bad agents and platforms are found out by the same schedules.
"""

import asyncio
import os
import shutil
import tempfile
from contextlib import asynccontextmanager
from functools import partial
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from sync import outbox
from sync.push import Pusher
from sync.reference_platform import PlatformSettings, intake, serve
from sync.reference_platform.limits import Limits
from tests.chaos_proxy import Mishap
from tests.chaos_world import AT, TOKEN, WINDOW_S, Trial, hurried, play

SOAK = bool(os.environ.get("SOAK"))
SCHEDULES = 5000 if SOAK else 200
AT_ONCE = 25
pytestmark = [pytest.mark.timeout(3600 if SOAK else 120)]


@asynccontextmanager
async def platform(folder: Path):
    """The reference platform; (host, port) and a reader of what it took."""
    ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    stop = asyncio.Event()
    settings = PlatformSettings(
        folder / "platform", TOKEN, lambda: AT, limits=Limits(reconnect_window_s=WINDOW_S)
    )
    serving = asyncio.create_task(serve(settings, stop=stop, on_ready=ready.set_result))
    url = await ready
    async with httpx.AsyncClient(
        base_url=url, headers={"authorization": f"Bearer {TOKEN}"}, timeout=30
    ) as client:

        async def accepted(store: str) -> list[str]:
            ids: list[str] = []
            after = ""
            while True:
                path = f"/v1/stores/{store}/events"
                page = (await client.get(path, params={"after": after})).json()
                if not page["events"]:
                    return ids
                ids += [event["id"] for event in page["events"]]
                after = page["next"]

        address = urlsplit(url)
        yield (address.hostname, address.port), accepted
    stop.set()
    await serving


@pytest.fixture
def memory_folder():
    """A folder in memory: this is about the line, and thousands of fsyncs would be the time."""
    folder = Path(tempfile.mkdtemp(dir="/dev/shm" if Path("/dev/shm").is_dir() else None))  # noqa: S108
    yield folder
    shutil.rmtree(folder)


async def found_in(folder: Path, seeds, **bad) -> tuple[dict[int, list[str]], set[Mishap]]:
    async with platform(folder) as (upstream, accepted):
        trials = [Trial(seed, folder, upstream, accepted, **bad) for seed in seeds]
        faults = await play(trials, AT_ONCE)
        seen = {mishap for trial in trials for mishap in trial.seen}
    return faults, seen


@pytest.mark.asyncio
async def test_whatever_the_line_does_each_event_arrives_once_and_in_order(
    memory_folder, monkeypatch
):
    with hurried(monkeypatch):
        faults, seen = await found_in(memory_folder, range(SCHEDULES))
    assert faults == {}
    assert seen == set(Mishap), "each kind of mishap happened"


def _acknowledge_before_the_answer(monkeypatch):
    """Known bad: the position moves when a batch leaves."""
    deliver = Pusher._deliver

    async def hasty(self, batch):
        await self._ledger.write(
            partial(
                outbox.acknowledge,
                up_to_seq=batch.rows[-1].seq,
                transport=self._name,
                lane=batch.lane,
            )
        )
        await deliver(self, batch)

    monkeypatch.setattr(Pusher, "_deliver", hasty)


def _skip_after_a_failure(monkeypatch):
    """Known bad: what was read ahead stays next, although the batch before it failed."""
    deliver = Pusher._deliver

    async def forgetful(self, batch):
        try:
            await deliver(self, batch)
        except Exception:
            self._reached[batch.lane] = batch.rows[-1].seq
            raise

    monkeypatch.setattr(Pusher, "_deliver", forgetful)


def _platform_forgets_ids(monkeypatch):
    """Known bad: a platform that takes a repetition for something new."""
    insert, numbers = intake._Desk._insert, count()

    def forgetful(self, element):
        return insert(self, element | {"source": f"{element['source']}/{next(numbers)}"})

    monkeypatch.setattr(intake._Desk, "_insert", forgetful)


MISTAKES = [_acknowledge_before_the_answer, _skip_after_a_failure, _platform_forgets_ids]


@pytest.mark.asyncio
@pytest.mark.parametrize("mistake", MISTAKES)
async def test_a_known_mistake_is_found_out(memory_folder, monkeypatch, mistake):
    mistake(monkeypatch)
    monkeypatch.setattr("tests.chaos_world.PATIENCE_S", 3.0)
    with hurried(monkeypatch):
        faults, _ = await found_in(memory_folder, range(40))
    assert faults
