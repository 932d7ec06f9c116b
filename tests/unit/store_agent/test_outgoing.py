"""How the agent's events leave: in which lane, of which class, and what tells of a loss."""

from datetime import UTC, datetime

import orjson
import pytest

from store_agent.app.waiting import caps
from store_agent.config import parse
from store_agent.domain.events import EventType
from store_agent.outgoing import PLACES, tombstone
from sync.outbox import ClassCap, Dropped, DropReason, EventClass, Lane

AT = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
MIB = 1024 * 1024


def test_every_event_has_its_lane_and_class():
    assert set(PLACES) == set(EventType)


@pytest.mark.parametrize("kind", ["sale", "redemption", "points", "return", "consent", "lot"])
def test_money_and_consent_go_first_and_are_never_dropped(kind):
    places = {place for event, place in PLACES.items() if f".{kind}." in event}
    assert places == {(Lane.URGENT, EventClass.RIGHT)}


@pytest.mark.parametrize("kind", ["zone", "approach"])
def test_where_somebody_was_goes_last_and_is_dropped_first(kind):
    places = {place for event, place in PLACES.items() if f".{kind}." in event}
    assert places == {(Lane.ORDINARY, EventClass.PRESENCE)}


def test_a_loss_is_told_as_a_right_with_the_sequences_of_the_wire():
    dropped = Dropped(EventClass.PRESENCE, DropReason.BYTES, 5, 17, 9, {"platform": 9, "crm": 2})
    event = tombstone("e1", AT, dropped)
    assert (event.lane, event.event_class) == (Lane.URGENT, EventClass.RIGHT)
    assert event.type == "store.events.dropped"
    assert orjson.loads(event.data) == {
        "class": "presence",
        "reason": "bytes",
        "first_sequence": "00000000000000000005",
        "last_sequence": "00000000000000000017",
        "count": 9,
        "missing": {"platform": 9, "crm": 2},
    }


def test_the_settings_say_how_much_may_wait():
    settings = parse(
        {
            "store": {"id": "s1"},
            "outbox": {"max_mb": 10, "min_free_mb": 5, "presence": {"max_events": 7}},
        }
    )
    found = caps(settings.outbox)
    assert (found.max_bytes, found.min_room_bytes) == (10 * MIB, 5 * MIB)
    assert found.presence == ClassCap(max_count=7)
    assert found.record == ClassCap(max_bytes=1024 * MIB, max_age_s=180 * 86400.0)
