"""Asking the platform about one person without holding anybody up."""

import asyncio
import time

import pytest

from sync.errors import TransportError, UnreachableError
from sync.fakes import MemoryLookups
from sync.feed import Change, ChangeOp
from sync.lookup import Wanted, WantedKind
from sync.lookup_desk import MAX_IN_FLIGHT, MAX_REMEMBERED, REMEMBERED_S, LookupDesk

ERIKA = Wanted(WantedKind.CUSTOMER_ID, "c-1")
DOCUMENT = Change("customers", "c-1", ChangeOp.UPSERT, {"id": "c-1"})
BUDGET_S = 0.05


class MemoryShelf:
    def __init__(self) -> None:
        self.taken: list[Change] = []
        self.marks = 0
        self.broken = False

    def mark(self) -> int:
        self.marks += 1
        return self.marks

    async def take(self, documents, mark):
        assert mark <= self.marks
        if self.broken:
            raise OSError("no space left")
        self.taken += documents


class Scene:
    def __init__(self, **lookups) -> None:
        self.now_s = 1000.0
        self.online = True
        self.platform = MemoryLookups({ERIKA: (DOCUMENT,)}, **lookups)
        self.shelf = MemoryShelf()
        self.desk = LookupDesk(self.platform, self.shelf, lambda: self.now_s, lambda: self.online)

    async def ask(self, wanted: Wanted = ERIKA) -> bool:
        return await self.desk.ask(wanted, BUDGET_S)

    async def waited_s(self, wanted: Wanted = ERIKA) -> float:
        began = time.monotonic()
        await self.ask(wanted)
        return time.monotonic() - began


def somebody(number: int) -> Wanted:
    return Wanted.barcode(f"MEMBER-{number}")


@pytest.mark.asyncio
async def test_an_answer_in_time_is_in_the_cache_when_the_caller_goes_on():
    scene = Scene()
    assert await scene.ask()
    assert scene.shelf.taken == [DOCUMENT]


@pytest.mark.asyncio
async def test_many_who_want_the_same_ask_once():
    scene = Scene(delay_s=0.01)
    assert await asyncio.gather(*(scene.ask() for _ in range(20))) == [True] * 20
    assert scene.platform.asked == [ERIKA]
    assert len(scene.shelf.taken) == 1


@pytest.mark.asyncio
async def test_nobody_is_remembered_for_minutes_and_not_for_ever():
    scene = Scene()
    for _ in range(3):
        assert not await scene.ask(somebody(1))
    assert len(scene.platform.asked) == 1
    scene.now_s += REMEMBERED_S
    await scene.ask(somebody(1))
    assert len(scene.platform.asked) == 2


@pytest.mark.asyncio
async def test_what_is_remembered_has_a_limit():
    scene = Scene()
    for number in range(MAX_REMEMBERED + 1):
        await scene.ask(somebody(number))
    await scene.ask(somebody(MAX_REMEMBERED))
    assert len(scene.platform.asked) == MAX_REMEMBERED + 1
    await scene.ask(somebody(0))
    assert len(scene.platform.asked) == MAX_REMEMBERED + 2


@pytest.mark.asyncio
async def test_a_black_hole_costs_the_budget_once_and_then_nothing():
    scene = Scene(delay_s=3600)
    assert BUDGET_S <= await scene.waited_s() < BUDGET_S + 0.1
    for number in range(50):
        assert await scene.waited_s(somebody(number)) < 0.02
        scene.now_s += 20
    await scene.desk.close()
    assert scene.desk.counts.late == 1


@pytest.mark.asyncio
async def test_several_who_wait_at_once_open_the_breaker_once():
    scene = Scene(delay_s=3600)
    await asyncio.gather(*(scene.ask(somebody(n)) for n in range(MAX_IN_FLIGHT)))
    scene.now_s += 15
    scene.platform.delay_s = 0
    await scene.desk.close()
    scene.desk.fetch(ERIKA)
    await asyncio.sleep(0.01)
    assert await scene.ask(somebody(9)) is False
    assert scene.shelf.taken == [DOCUMENT]


@pytest.mark.asyncio
async def test_after_a_background_answer_in_time_people_wait_for_answers_again():
    scene = Scene(error=UnreachableError("no line"))
    assert not await scene.ask()
    scene.platform.error = None
    assert not await scene.ask()
    assert len(scene.platform.asked) == 1  # the breaker is open
    scene.now_s += 15
    assert not await scene.ask(somebody(1))  # in the background: nobody waits for it
    await asyncio.sleep(0.01)
    assert len(scene.platform.asked) == 2
    assert await scene.ask()


@pytest.mark.asyncio
async def test_an_answer_that_comes_too_late_is_used_all_the_same():
    scene = Scene(delay_s=BUDGET_S * 2)
    assert not await scene.ask()
    await asyncio.sleep(BUDGET_S * 2)
    assert scene.shelf.taken == [DOCUMENT]
    assert scene.desk.counts.found == 1


@pytest.mark.asyncio
async def test_only_a_few_questions_are_under_way_at_once():
    scene = Scene(delay_s=BUDGET_S / 2)
    await asyncio.gather(*(scene.ask(somebody(n)) for n in range(20)))
    assert len(scene.platform.asked) == MAX_IN_FLIGHT


@pytest.mark.asyncio
async def test_nobody_is_asked_while_the_line_is_down():
    scene = Scene()
    scene.online = False
    assert await scene.waited_s() < 0.02
    assert not scene.desk.fetch(ERIKA)
    assert scene.platform.asked == []


@pytest.mark.asyncio
async def test_the_platforms_wish_for_a_pause_is_obeyed():
    scene = Scene(error=TransportError("busy", retry_after_s=600))
    await scene.ask()
    scene.now_s += 599
    await scene.ask()
    assert len(scene.platform.asked) == 1
    scene.now_s += 1
    await scene.ask()
    await asyncio.sleep(0)
    assert len(scene.platform.asked) == 2


@pytest.mark.asyncio
async def test_an_answer_that_cannot_be_kept_harms_nobody(caplog):
    scene = Scene()
    scene.shelf.broken = True
    assert not await scene.ask()
    assert "could not be kept" in caplog.text
    assert await scene.ask(somebody(1)) is False


@pytest.mark.asyncio
async def test_an_end_gives_up_what_is_under_way():
    scene = Scene(delay_s=3600)
    assert scene.desk.fetch(ERIKA)
    await asyncio.sleep(0)
    await scene.desk.close()
    assert scene.shelf.taken == []
