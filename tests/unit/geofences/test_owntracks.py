"""The OwnTracks app in all its moods: nothing it sends may be refused, and little is evidence."""

from datetime import UTC, datetime

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geofences.model import Fix
from geofences.owntracks import BeaconSeen, Ignored, Unusable, Waypoint, read, subject_of
from geofences.owntracks_envelope import Envelope

NOW = datetime(2026, 11, 21, 10, tzinfo=UTC)
TST = int(NOW.timestamp()) - 60
LOCATION = {"_type": "location", "lat": 50.9365, "lon": 6.948, "tst": TST}


def one(document, subject="c-1", **more):
    (message,) = read(orjson.dumps(document), subject, NOW, **more)
    return message


def test_a_location():
    fix = one(LOCATION | {"acc": 12, "vel": 36, "t": "u"})
    assert (fix.subject, fix.accuracy_m, fix.speed_mps) == ("c-1", 12.0, 10.0)
    assert fix.fixed_at == datetime.fromtimestamp(TST, UTC)
    assert fix.received_at == NOW


def test_an_empty_body_is_nothing():
    assert read(b"", "c-1", NOW) == ()
    assert read(b"  \n", "c-1", NOW) == ()


def test_numbers_may_be_texts_and_accuracy_may_be_left_out():
    fix = one({"_type": "location", "lat": "50.9", "lon": "6.9", "tst": str(TST)})
    assert (fix.lat, fix.accuracy_m) == (50.9, None)


def test_a_ping_is_no_proof_of_a_place():
    assert one(LOCATION | {"t": "p"}) == Ignored("ping")


def test_a_burst_is_read_as_several():
    found = read(orjson.dumps([LOCATION, LOCATION | {"tst": TST - 30}]), "c-1", NOW)
    assert [type(message) for message in found] == [Fix, Fix]


def test_a_region_transition_is_the_position_with_it():
    message = {"_type": "transition", "event": "enter", "t": "c", "wtst": "1", "desc": "Laden"}
    assert isinstance(one(LOCATION | message), Fix)


@pytest.mark.parametrize(("event", "present"), [("enter", True), ("leave", False)])
def test_a_beacon_transition_at_nowhere_is_beacon_evidence(event, present):
    message = {"_type": "transition", "event": event, "t": "b", "desc": "women"}
    seen = one(message | {"lat": 0, "lon": 0, "acc": 0, "tst": TST})
    assert (seen.region, seen.present) == ("women", present)


def test_ranging_names_the_beacon():
    message = {"_type": "beacon", "uuid": "aa-bb", "major": "1", "minor": 2, "rssi": -60, "prox": 1}
    seen = one(message | {"tst": TST})
    assert isinstance(seen, BeaconSeen)
    assert (seen.uuid, seen.major, seen.minor) == ("AA-BB", 1, 2)


def test_waypoints_cards_and_what_is_new_are_skipped():
    assert isinstance(
        one({"_type": "waypoint", "desc": "Laden", "rad": "50", "tst": "1"}), Waypoint
    )
    for kind in ("lwt", "card", "cmd", "status", "waypoints", "of tomorrow", None, 3):
        assert isinstance(one({"_type": kind}), Ignored)


@pytest.mark.parametrize(
    "bad",
    [
        {"lat": 91},
        {"lat": None},
        {"lat": True},
        {"lon": "far"},
        {"tst": None},
        {"tst": 1e300},
        {"tst": -5},
        {"lat": "nan"},
    ],
)
def test_what_cannot_be_used_says_why(bad):
    message = one(LOCATION | bad)
    assert isinstance(message, Unusable)
    assert next(iter(bad)) in message.reason


def test_whose_phone_it_is():
    assert subject_of("", "query", "basic") == "query"
    assert subject_of("head", "query", "basic") == "head"
    assert one(LOCATION | {"topic": "owntracks/mira/phone"}, "").subject == "mira"
    assert one(LOCATION | {"tid": "MM"}, "").subject == "MM"
    assert isinstance(one(LOCATION, ""), Unusable)


def test_an_envelope_is_opened_with_its_key():
    envelope = Envelope("kein Geheimnis")
    sealed = {"_type": "encrypted", "data": envelope.seal(orjson.dumps(LOCATION))}
    assert isinstance(one(sealed, open_envelope=envelope.open), Fix)
    assert one(sealed, open_envelope=Envelope("ein anderes").open) == Unusable(
        "encrypted with another key"
    )
    assert isinstance(one(sealed), Unusable)
    twice = {"_type": "encrypted", "data": envelope.seal(orjson.dumps(sealed))}
    assert isinstance(one(twice, open_envelope=envelope.open), Ignored)


def test_a_key_is_filled_up_or_cut_to_32_bytes():
    long_key = "ü" * 40
    assert Envelope(long_key[:16]).open(Envelope(long_key).seal(b"x")) == b"x"


@given(st.binary(max_size=200))
def test_any_bytes_are_messages(body):
    read(body, "c-1", NOW, Envelope("k").open)


json_like = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3)
    ),
    max_leaves=6,
)
names = [
    "lat",
    "lon",
    "tst",
    "acc",
    "vel",
    "t",
    "event",
    "uuid",
    "major",
    "minor",
    "data",
    "topic",
    "tid",
    "desc",
]


@given(
    st.sampled_from(["location", "transition", "beacon", "waypoint", "encrypted"]),
    st.dictionaries(st.sampled_from(names), json_like),
)
def test_any_fields_are_a_message(kind, fields):
    try:
        body = orjson.dumps(fields | {"_type": kind})
    except (TypeError, orjson.JSONEncodeError):
        return
    assert len(read(body, "", NOW, Envelope("k").open)) == 1
