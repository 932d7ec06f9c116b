"""Events to a stream: what is refused before the first one, and order whatever fails."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import orjson
import pytest

from sync.errors import PostponedError, TransportError
from sync.jetstream.fake import FakeLine, FakeServer, Fault
from sync.jetstream.ordered import MOST_SINGLE, WHILE_BUSY
from sync.jetstream.port import Discard, Outgoing, Retention, Storage, Stored
from sync.outbox import Lane, OutboxRow
from sync.transports.base import ResultStatus
from sync.transports.nats import MAX_EVENTS, NatsTransport, Settings, plan_of

AT = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
SETTINGS = Settings(servers=("nats://fake",))
pytestmark = pytest.mark.asyncio


class Bench:
    """A server with the stream as it should be, and a shop's transport to it."""

    def __init__(self) -> None:
        self.at = AT
        self.server = FakeServer(lambda: self.at)
        self.line = self.server.line()

    async def opened(self, settings: Settings = SETTINGS, **facts: object) -> NatsTransport:
        if settings.stream not in self.server.streams and not settings.create:
            await self.line.create(plan_of(settings))
            self.server.change(settings.stream, **facts)
        return NatsTransport(self.line, settings, "s1", "epoch1", deadline_s=0.05)

    @property
    def ids(self) -> list[str]:
        held = self.server.streams["EVENTS"].messages
        return [orjson.loads(message.body)["id"] for message in held]


def row(number: int, data: bytes = b'{"n":1}', lane: Lane = Lane.ORDINARY) -> OutboxRow:
    return OutboxRow(
        number,
        f"e{number:04}",
        "store.scan.recorded",
        "c-1",
        "2026-11-21T10:00:00.000000Z",
        data,
        lane,
    )


def rows(first: int, last: int) -> list[OutboxRow]:
    return [row(number) for number in range(first, last + 1)]


def ids(first: int, last: int) -> list[str]:
    return [one.id for one in rows(first, last)]


async def test_a_message_is_the_cloud_event_in_json_under_store_lane_and_type():
    bench = Bench()
    transport = await bench.opened()
    await transport.send([row(7, lane=Lane.URGENT)])
    [message] = bench.server.streams["EVENTS"].messages
    assert message.subject == "store.s1.urgent.store.scan.recorded"
    assert message.headers == {
        "content-type": "application/cloudevents+json",
        "Nats-Msg-Id": "/stores/s1/epoch1/e0007",
    }
    assert orjson.loads(message.body) == {
        "specversion": "1.0",
        "id": "e0007",
        "source": "/stores/s1/epoch1",
        "type": "store.scan.recorded",
        "subject": "c-1",
        "time": "2026-11-21T10:00:00.000000Z",
        "sequence": "00000000000000000007",
        "datacontenttype": "application/json",
        "data": {"n": 1},
    }


async def test_two_shops_may_give_the_same_id():
    bench = Bench()
    transport = await bench.opened()
    other = NatsTransport(bench.line, SETTINGS, "s2", "epoch1")
    for shop in (transport, other):
        assert {result.status for result in await shop.send(rows(1, 2))} == {"accepted"}
    assert bench.ids == ids(1, 2) * 2


async def test_a_page_is_one_exchange():
    bench = Bench()
    transport = await bench.opened()
    results = await transport.send(rows(1, MAX_EVENTS + 1))
    assert len(results) == MAX_EVENTS
    assert bench.server.exchanges == 1


async def test_two_lanes_never_share_a_run():
    bench = Bench()
    transport = await bench.opened()
    results = await transport.send([row(1), row(2), row(3, lane=Lane.URGENT)])
    assert [result.id for result in results] == ["e0001", "e0002"]


@pytest.mark.parametrize(
    ("facts", "word"),
    [
        ({"storage": Storage.MEMORY}, "storage: file"),
        ({"discard": Discard.OLD}, "discard: new"),
        ({"retention": Retention.INTEREST}, "retention: limits"),
        ({"max_per_subject": 1}, "max_msgs_per_subject"),
        ({"acknowledges": False}, "no_ack"),
        ({"is_async": True}, "persist_mode"),
        ({"is_sealed": True}, "name the stream"),
        ({"is_mirror": True}, "name the stream"),
        ({"max_age_s": 3600.0}, "max_age"),
        ({"replicas": 1, "max_bytes": 1}, "num_replicas: 3"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
async def test_a_stream_that_may_lose_events_gets_none_and_the_hint_says_what_to_set(facts, word):
    bench = Bench()
    transport = await bench.opened(SETTINGS, **facts)
    if "replicas" in facts:
        transport = await bench.opened(SETTINGS.model_copy(update={"min_replicas": 3}))
    with pytest.raises(TransportError) as caught:
        await transport.send([row(1)])
    assert caught.value.permanent
    assert word in caught.value.hint
    assert bench.ids == []


async def test_a_stream_that_became_unfit_is_noticed_after_the_next_failure():
    bench = Bench()
    transport = await bench.opened()
    await transport.send([row(1)])
    bench.server.change("EVENTS", discard=Discard.OLD)
    bench.server.faults = [Fault.LOST_ANSWER]
    for _ in range(2):
        with pytest.raises(TransportError) as caught:
            await transport.send([row(2)])
    assert "discard: new" in caught.value.hint


async def test_what_cannot_be_seen_from_here_is_a_warning():
    bench = Bench()
    transport = await bench.opened(allows_atomic=False, max_bytes=0, max_age_s=2 * 86_400.0)
    await transport.send([row(1)])
    told = " ".join(transport.warnings)
    for word in ("sync_interval: always", "allow_atomic", "max_bytes", "after 2 days"):
        assert word in told


async def test_a_missing_stream_is_made_only_where_the_settings_say_so():
    bench = Bench()
    careful = await bench.opened()
    del bench.server.streams["EVENTS"]
    with pytest.raises(TransportError) as caught:
        await careful.send([row(1)])
    assert caught.value.permanent
    assert "create it" in caught.value.hint
    trial = await bench.opened(SETTINGS.model_copy(update={"create": True}))
    await trial.send([row(1)])
    assert bench.ids == ["e0001"]


async def test_after_a_lost_answer_the_repeated_page_is_two_exchanges_and_nothing_is_twice():
    bench = Bench()
    transport = await bench.opened()
    bench.server.faults = [Fault.LOST_ANSWER]
    with pytest.raises(TransportError):
        await transport.send(rows(1, 400))
    results = await transport.send(rows(1, 450))
    assert [result.id for result in results] == ids(1, 400)
    assert {result.status for result in results} == {ResultStatus.DUPLICATE}
    assert {result.status for result in await transport.send(rows(401, 450))} == {"accepted"}
    assert bench.ids == ids(1, 450)
    assert bench.server.exchanges == 3


async def test_without_the_right_to_look_duplicates_are_found_one_by_one():
    bench = Bench()

    async def forbidden(stream: str, subject: str) -> None:
        raise TransportError("permissions violation", permanent=True)

    transport = await bench.opened()
    await transport.send(rows(1, 150))
    bench.line.last = forbidden
    results = await transport.send(rows(1, 160))
    assert [result.id for result in results] == ids(1, MOST_SINGLE)
    rest = await transport.send(rows(101, 160))
    assert [one.status for one in rest[:51]] == [ResultStatus.DUPLICATE] * 50 + ["accepted"]
    assert bench.ids == ids(1, 160)


async def test_a_position_that_was_lost_sends_old_pages_again_and_misses_nothing_among_them():
    """The newest event of the stream is in none of them."""
    bench = Bench()
    transport = await bench.opened()
    await transport.send(rows(1, 20))
    await transport.send(rows(22, 40))
    page, done = rows(15, 25), 0
    while done < len(page):
        done += len(await transport.send(page[done:]))
    assert bench.ids == [*ids(1, 20), *ids(22, 40), "e0021"]


async def test_an_old_event_among_new_ones_costs_no_event():
    """A restored ledger sends under another epoch what the stream has: e2 before e1."""
    bench = Bench()
    transport = await bench.opened()
    await transport.send([row(2)])
    results = await transport.send(rows(1, 3)) + await transport.send([row(3)])
    assert {result.delivered for result in results} == {True}
    assert set(bench.ids) == {"e0001", "e0002", "e0003"}


async def test_beyond_the_window_events_are_stored_again_for_the_platform_to_drop():
    bench = Bench()
    transport = await bench.opened()
    await transport.send(rows(1, 3))
    bench.at += timedelta(minutes=3)
    assert {result.status for result in await transport.send(rows(1, 3))} == {"accepted"}
    assert bench.ids == ids(1, 3) * 2


async def test_a_full_stream_takes_nothing_of_a_page_so_that_order_holds_and_wants_it_later():
    """The last event would still fit: taken alone, it would overtake the others."""
    bench = Bench()
    transport = await bench.opened(max_bytes=2000)
    page = [row(1, b'{"pad":"%s"}' % (b"x" * 1900)), row(2), row(3)]
    with pytest.raises(PostponedError) as caught:
        await transport.send(page)
    assert caught.value.hint
    assert caught.value.retry_after_s
    assert bench.ids == []
    bench.server.change("EVENTS", max_bytes=1_000_000)
    await transport.send(page)
    assert bench.ids == ids(1, 3)


async def test_a_full_stream_without_batches_stops_at_the_first_that_does_not_fit():
    bench = Bench()
    transport = await bench.opened(allows_atomic=False, max_bytes=2000)
    page = [row(1), row(2, b'{"pad":"%s"}' % (b"x" * 1900)), row(3)]
    assert [result.id for result in await transport.send(page)] == ["e0001"]
    with pytest.raises(PostponedError):
        await transport.send(page[1:])
    assert bench.ids == ["e0001"]


async def test_an_event_that_no_message_can_hold_is_refused_alone():
    bench = Bench()
    transport = await bench.opened(max_message_bytes=2000)
    page = [row(1), row(2, b'{"pad":"%s"}' % (b"x" * 2000)), row(3)]
    results = []
    while len(results) < 3:
        results += await transport.send(page[len(results) :])
    assert [result.delivered for result in results] == [True, False, True]
    assert (results[1].permanent, results[1].code) == (True, "too_large")
    assert bench.ids == ["e0001", "e0003"]


async def test_a_limit_that_was_lowered_meanwhile_refuses_the_large_one_alone():
    bench = Bench()
    transport = await bench.opened()
    await transport.send([row(1)])
    bench.server.change("EVENTS", max_message_bytes=1000)
    page = [row(2), row(3, b'{"pad":"%s"}' % (b"x" * 1500)), row(4)]
    results = await transport.send(page)
    assert [result.delivered for result in results] == [True, False, True]
    assert bench.ids == ["e0001", "e0002", "e0004"]


async def test_a_slow_line_gets_smaller_runs_and_larger_ones_when_it_is_well_again():
    bench = Bench()
    transport = await bench.opened()
    bench.server.faults = [Fault.BLACK_HOLE]
    with pytest.raises(TransportError):
        await transport.send(rows(1, 40))
    assert [len(await transport.send(rows(1, 100)[n:])) for n in (0, 20, 60)] == [20, 40, 40]


async def test_where_too_many_batches_are_under_way_some_events_go_singly_and_in_order():
    bench = Bench()
    transport = await bench.opened()
    bench.server.faults = [Fault.BUSY]
    results = await transport.send(rows(1, 100))
    assert [result.id for result in results] == ids(1, WHILE_BUSY)
    await transport.send(rows(WHILE_BUSY + 1, 100))
    assert bench.ids == ids(1, 100)


async def test_the_window_of_the_operator_is_read_from_the_stream():
    bench = Bench()
    transport = await bench.opened(metadata={"reconnect_window_s": "120"})
    assert transport.reconnect_window_s is None
    await transport.send([row(1)])
    assert transport.reconnect_window_s == 120
    bench.server.change("EVENTS", metadata={"reconnect_window_s": "soon"})
    await transport.prepare()
    assert transport.reconnect_window_s is None


async def test_a_store_whose_name_holds_dots_is_one_word_of_the_subject():
    bench = Bench()
    await bench.line.create(plan_of(SETTINGS))
    transport = NatsTransport(bench.line, SETTINGS, "de.berlin *>", "epoch1")
    await transport.send([row(1)])
    [message] = bench.server.streams["EVENTS"].messages
    assert message.subject == "store.de%2Eberlin%20%2A%3E.ordinary.store.scan.recorded"


async def test_the_suite_can_see_order_break_when_messages_go_one_behind_another():
    """The known-bad way: each for itself without waiting. In a full stream the small overtake."""

    class Careless(FakeLine):
        async def store(self, messages: list[Outgoing], deadline_s: float) -> Stored:
            failed = None
            for message in messages:
                try:
                    stored = await super().store([message], deadline_s)
                except TransportError as error:
                    failed = error
            if failed is not None:
                raise failed
            return stored

    bench = Bench()
    await bench.opened(max_bytes=2000)
    transport = NatsTransport(Careless(bench.server), SETTINGS, "s1", "epoch1")
    page = [row(1, b'{"pad":"%s"}' % (b"x" * 1900)), row(2), row(3)]
    with pytest.raises(PostponedError):
        await transport.send(page)
    assert bench.ids == ["e0002", "e0003"]


async def test_settings_name_one_identity_and_addresses_without_secrets():
    with pytest.raises(ValueError, match="one of credentials_file"):
        Settings(servers=("tls://n:4222",), token="t", user="u")
    with pytest.raises(ValueError, match="own fields"):
        Settings(servers=("tls://user:secret@n:4222",))
    with pytest.raises(ValueError, match="begins with"):
        Settings(servers=("https://n",))
    assert "s3cret" not in repr(Settings(servers=("tls://n",), token="s3cret"))
