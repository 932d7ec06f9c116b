"""The outbox on a plain SQLite connection, and on the other two kinds the agent uses."""

import sqlite3
from datetime import UTC, datetime, timedelta, timezone
from functools import partial

import apsw
import pytest
import sqlcipher3

from store_agent.storage import migrations
from sync import outbox
from sync.errors import InvalidEventError
from sync.outbox import OutboxEvent

AT = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)


def event(number: int = 1, **fields) -> OutboxEvent:
    values = {
        "id": f"e{number:04}",
        "type": "store.scan.recorded",
        "occurred_at": AT + timedelta(seconds=number),
        "data": b'{"lane":"till-0"}',
    }
    return OutboxEvent(**(values | fields))


def plain():
    return sqlite3.connect(":memory:", isolation_level=None)


def encrypted():
    return sqlcipher3.connect(":memory:", isolation_level=None)


def power_loss_kind():
    return apsw.Connection(":memory:")


KINDS = [plain, encrypted, power_loss_kind]


def opened(kind=plain):
    connection = kind()
    for _, script in outbox.MIGRATIONS:
        for statement in migrations.statements(script):
            connection.execute(statement)
    outbox.enrol(connection, {"platform": True})
    return connection


def filled(count: int, kind=plain):
    connection = opened(kind)
    for number in range(1, count + 1):
        outbox.put(connection, event(number))
    return connection


@pytest.mark.parametrize("kind", KINDS)
def test_a_row_travels_through_put_page_acknowledge_and_purge(kind):
    connection = filled(5, kind)
    rows = outbox.page(connection, limit=3)
    assert [row.id for row in rows] == ["e0001", "e0002", "e0003"]
    assert rows[0].occurred_at == "2026-11-21T10:00:01.000000Z"
    assert rows[0].sequence == "00000000000000000001"
    outbox.acknowledge(connection, rows[-1].seq)
    assert outbox.backlog(connection) == outbox.Backlog(2, AT + timedelta(seconds=4))
    assert outbox.purgeable(connection) == 3
    assert outbox.purge(connection, 2) == 2
    assert outbox.purge(connection, 2) == 1
    assert outbox.purge(connection, 2) == 0
    assert [row.id for row in outbox.page(connection, after_seq=3)] == ["e0004", "e0005"]
    connection.close()


@pytest.mark.parametrize("kind", KINDS)
def test_a_refused_event_is_kept_with_its_reason_and_can_be_retried(kind):
    connection = filled(3, kind)
    bad = outbox.page(connection)[1]
    outbox.quarantine(connection, bad, "platform", "invalid_event", "no such type", AT)
    outbox.acknowledge(connection, 2)
    [kept] = outbox.quarantined(connection)
    assert (kept.row, kept.code, kept.reason, kept.at) == (bad, "invalid_event", "no such type", AT)
    assert outbox.quarantine_count(connection) == 1
    assert [row.id for row in outbox.page(connection)] == ["e0003"]
    assert outbox.retry(connection, "e0002")
    assert not outbox.retry(connection, "e0002")
    assert [(row.id, row.seq) for row in outbox.page(connection)] == [("e0003", 3), ("e0002", 4)]
    assert outbox.quarantine_count(connection) == 0
    connection.close()


def test_put_leaves_the_transaction_to_the_caller():
    connection = opened()
    connection.execute("BEGIN")
    outbox.put(connection, event())
    assert connection.in_transaction
    connection.execute("ROLLBACK")
    assert outbox.backlog(connection).count == 0
    connection.close()


def test_a_sequence_number_never_comes_twice_even_after_everything_was_purged():
    connection = filled(3)
    outbox.acknowledge(connection, 3)
    outbox.purge(connection, 10)
    outbox.put(connection, event(4))
    assert outbox.page(connection)[0].seq == 4
    assert outbox.backlog(connection).count == 1
    connection.close()


def test_an_empty_outbox_has_no_backlog_before_and_after_use():
    connection = opened()
    assert outbox.backlog(connection) == outbox.Backlog(0, None)
    assert outbox.purgeable(connection) == 0
    outbox.put(connection, event())
    outbox.acknowledge(connection, 1)
    outbox.purge(connection, 10)
    assert outbox.backlog(connection) == outbox.Backlog(0, None)
    connection.close()


def test_the_position_never_moves_back():
    connection = filled(5)
    outbox.acknowledge(connection, 4)
    outbox.acknowledge(connection, 2)
    assert outbox.position(connection) == 4
    connection.close()


def test_a_second_transport_keeps_what_it_has_not_delivered():
    connection = filled(5)
    outbox.acknowledge(connection, 5)
    outbox.enrol(connection, {"platform": True, "archive": True})
    outbox.acknowledge(connection, 2, "archive")
    assert outbox.purge(connection, 10) == 2
    assert outbox.backlog(connection, "archive").count == 3
    assert outbox.backlog(connection).count == 0
    connection.close()


def test_the_announced_window_is_remembered_without_touching_the_position():
    connection = filled(2)
    assert outbox.recall_window(connection) is None
    outbox.remember_window(connection, 2.5)
    outbox.acknowledge(connection, 2)
    outbox.remember_window(connection, 3.5)
    assert outbox.recall_window(connection) == 3.5
    assert outbox.position(connection) == 2
    connection.close()


def test_the_same_event_id_is_refused_twice():
    connection = filled(1)
    with pytest.raises(sqlite3.IntegrityError):
        outbox.put(connection, event(1))
    connection.close()


@pytest.mark.parametrize(
    "fields",
    [
        {"id": ""},
        {"type": ""},
        {"data": b"not json"},
        {"data": b"[1]"},
        {"data": b'{"a":1}{'},
        {"data": b'{"a":"' + b"x" * outbox.MAX_DATA_BYTES + b'"}'},
        {"occurred_at": AT.replace(tzinfo=None)},
    ],
)
def test_what_the_platform_could_never_read_is_refused_and_changes_nothing(fields):
    connection = opened()
    with pytest.raises(InvalidEventError):
        outbox.put(connection, event(**fields))
    assert outbox.page(connection) == []
    connection.close()


def test_times_of_any_zone_are_stored_as_utc():
    connection = opened()
    local = datetime(2026, 11, 21, 12, 0, tzinfo=timezone(timedelta(hours=2)))
    outbox.put(connection, event(occurred_at=local))
    assert outbox.page(connection)[0].occurred_at == "2026-11-21T10:00:00.000000Z"
    connection.close()


def work(connection, action) -> int:
    """How many thousands of SQLite instructions `action` takes."""
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 1
        return 0

    connection.set_progress_handler(count, 100)
    action(connection)
    connection.set_progress_handler(None, 0)
    return steps


@pytest.mark.parametrize(
    "action",
    [
        outbox.backlog,
        outbox.purgeable,
        outbox.position,
        partial(outbox.page, limit=5),
    ],
)
def test_looking_costs_the_same_at_any_backlog(action):
    small, large = filled(20), filled(5000)
    outbox.acknowledge(large, 10)
    outbox.acknowledge(small, 10)
    assert work(large, action) <= work(small, action) + 1
    small.close()
    large.close()
