"""Reading by pulling: which words of the server end what, and that a gap is never read over."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

import orjson
import pytest

from sync.errors import TransportError, UnreachableError
from sync.jetstream import tail as tails
from sync.jetstream.link import Reply
from sync.jetstream.tail import PullTail

pytestmark = pytest.mark.asyncio


class ScriptedLink:
    """A connection whose server answers each pull with what the test prepared."""

    def __init__(self) -> None:
        self.broken = False
        self.pulls: list[tuple[str, dict[str, object]]] = []
        self.answers: list[list[Callable[[str], Reply]]] = []
        self.hear: list[Callable[[Reply], None]] = []
        self.ended: list[Callable[[TransportError], None]] = []
        self.progress = b""

    async def subscribe(
        self, hear: Callable[[Reply], None], ended: Callable[[TransportError], None]
    ) -> str:
        self.hear.append(hear)
        self.ended.append(ended)
        return f"_INBOX.s1.r.{len(self.hear)}"

    async def pull(self, subject: str, body: bytes, inbox: str) -> None:
        self.pulls.append((inbox, orjson.loads(body)))
        number = int(inbox.split(".")[-2]) - 1
        for answer in self.answers.pop(0) if self.answers else []:
            self.hear[number](answer(inbox))

    async def ask(self, subject: str, body: bytes) -> Reply:
        return Reply("", "", self.progress, {})

    async def close(self) -> None:
        self.broken = True


def message(seq: int, pending: int = 0, reader_seq: int | None = None) -> Callable[[str], Reply]:
    place = f"1.{seq}.{reader_seq or seq}.1795593850643389251.{pending}"
    return lambda _: Reply("feed.all.customers", f"$JS.ACK.FEED.r.{place}", b"{}", {})


def status(code: str, words: str = "", **more: str) -> Callable[[str], Reply]:
    headers: Mapping[str, str] = {"Status": code, "Description": words, **more}
    return lambda inbox: Reply(inbox, "", b"", headers)


async def opened(*answers: list[Callable[[str], Reply]], readers: int = 1) -> PullTail:
    link = ScriptedLink()
    link.answers = list(answers)
    return await PullTail.open(link, "$JS.API", "FEED", [(f"r{n}", 0) for n in range(readers)])


def link_of(tail: PullTail) -> ScriptedLink:
    return tail._link


async def seqs(tail: PullTail, limit: int = 10, wait_s: float = 0.0) -> list[int]:
    return [found.seq for found in await tail.fetch(limit, wait_s)]


async def test_what_is_there_comes_at_once_and_the_pull_asks_for_no_more():
    tail = await opened([message(1, 1), message(2), status("404", "No Messages")])
    assert await seqs(tail) == [1, 2]
    assert link_of(tail).pulls[0][1] == {
        "batch": 10,
        "max_bytes": tails.PULL_BYTES,
        "no_wait": True,
    }


async def test_nothing_there_is_an_empty_answer():
    assert await seqs(await opened([status("404", "No Messages")])) == []


async def test_the_last_word_of_an_old_pull_does_not_end_the_next():
    """The server tells "Batch Completed" behind a full page, when the next pull is under way."""
    tail = await opened([message(1, 2), message(2, 1)], [])
    link = link_of(tail)
    assert await seqs(tail, limit=2) == [1, 2]
    reading = asyncio.create_task(seqs(tail, limit=2))
    await asyncio.sleep(0)
    link.hear[0](status("409", "Batch Completed")(link.pulls[0][0]))
    await asyncio.sleep(0)
    link.hear[0](message(3)(link.pulls[1][0]))
    assert await reading == [3]


async def test_a_poll_goes_on_waiting_when_its_pull_ended_early():
    tail = await opened([status("408", "Request Timeout")], [message(1)])
    assert await seqs(tail, wait_s=2.0) == [1]
    assert len(link_of(tail).pulls) == 2


async def test_a_poll_that_was_answered_goes_on_with_the_pull_that_is_still_under_way():
    tail = await opened([message(1)])
    assert await seqs(tail, wait_s=2.0) == [1]
    asyncio.get_running_loop().call_later(
        0.01, link_of(tail).hear[0], message(2)(link_of(tail).pulls[0][0])
    )
    assert await seqs(tail, wait_s=2.0) == [2]
    assert len(link_of(tail).pulls) == 1


async def test_a_long_poll_asks_for_heartbeats_and_they_keep_it_alive():
    tail = await opened([status("100", "Idle Heartbeat"), message(1)])
    assert await seqs(tail, wait_s=25.0) == [1]
    assert link_of(tail).pulls[0][1]["idle_heartbeat"] == 5_000_000_000
    assert link_of(tail).pulls[0][1]["expires"] == 25_000_000_000


async def test_silence_ends_the_connection(monkeypatch):
    monkeypatch.setattr(tails, "SILENT_S", 0.02)
    tail = await opened([])
    with pytest.raises(UnreachableError, match="no word"):
        await tail.fetch(10, 25.0)
    assert link_of(tail).broken


async def test_a_message_that_is_missing_on_the_way_is_noticed():
    tail = await opened([message(1, 2), message(3)])
    with pytest.raises(UnreachableError, match="missing"):
        await tail.fetch(10, 0.0)


async def test_numbers_that_the_stream_skips_are_no_gap():
    tail = await opened([message(5, 1, reader_seq=1), message(9, reader_seq=2), status("404")])
    assert await seqs(tail) == [5, 9]


@pytest.mark.parametrize(
    "end",
    [status("409", "Consumer Deleted"), status("409", "Leadership Change"), status("503")],
)
async def test_a_reader_that_is_no_more_on_the_server_is_an_error(end):
    tail = await opened([end])
    with pytest.raises(UnreachableError):
        await tail.fetch(10, 1.0)


async def test_a_page_that_is_full_by_its_bytes_is_a_page():
    tail = await opened([message(1, 5), status("409", "Message Size Exceeds MaxBytes")])
    assert await seqs(tail, wait_s=1.0) == [1]


async def test_the_end_of_the_connection_is_told_to_whoever_reads_and_again():
    tail = await opened([])
    reading = asyncio.create_task(tail.fetch(10, 25.0))
    await asyncio.sleep(0)
    link_of(tail).ended[0](UnreachableError("the connection has ended"))
    with pytest.raises(UnreachableError):
        await reading
    with pytest.raises(UnreachableError):
        await tail.fetch(10, 0.0)


async def test_two_filters_are_read_side_by_side():
    tail = await opened(
        [message(1), status("404")], [message(4, reader_seq=1), status("404")], readers=2
    )
    assert await seqs(tail) == [1, 4]


@pytest.mark.parametrize(
    ("delivered", "pending", "position"), [(1, 0, 90), (2, 0, 1), (1, 3, 1)], ids=str
)
async def test_a_reader_settles_only_when_nothing_is_left_or_on_the_way(
    delivered, pending, position
):
    tail = await opened([message(1), status("404")])
    await tail.fetch(10, 0.0)
    link_of(tail).progress = orjson.dumps(
        {"delivered": {"consumer_seq": delivered}, "num_pending": pending}
    )
    assert await tail.settle(90) == (position,)
