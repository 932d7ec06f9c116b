"""The forms in which the OwnTracks app says things: beacons, waypoints, nowhere, bursts."""

from datetime import UTC, datetime

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geofences.model import Fix
from geofences.owntracks import MAX_MESSAGES, BeaconSeen, Ignored, Unusable, Waypoint, read
from geofences.owntracks_envelope import Envelope

NOW = datetime(2026, 11, 21, 10, tzinfo=UTC)
TST = int(NOW.timestamp()) - 60
AT = datetime.fromtimestamp(TST, UTC)
ANDROID = {
    "_type": "location",
    "BSSID": "00:00:00:00:00:00",
    "_id": "0a0b0c0d",
    "acc": 14,
    "alt": 53,
    "batt": 81,
    "bs": 1,
    "conn": "w",
    "created_at": TST + 2,
    "inregions": ["Musterladen"],
    "inrids": ["6da9cf"],
    "lat": 50.9365,
    "lon": 6.948,
    "m": 1,
    "motionactivities": ["walking"],
    "tid": "mm",
    "tst": TST,
    "vac": 2,
    "vel": 4,
}
TRANSITION = {"_type": "transition", "event": "enter", "tst": TST, "wtst": TST - 9000, "tid": "mm"}
RANGING = {"_type": "beacon", "uuid": "de300000-0000-4000-8000-00000000beac", "tst": TST}
EVERYWHERE = [
    "location",
    "transition",
    "beacon",
    "waypoint",
    "waypoints",
    "encrypted",
    "lwt",
    "steps",
]


def several(document, subject="c-1", **more):
    return read(orjson.dumps(document), subject, NOW, **more)


def one(document, subject="c-1", **more):
    (message,) = several(document, subject, **more)
    return message


def test_everything_a_phone_may_say_about_a_place_is_one_fix():
    assert one(ANDROID) == Fix(
        "c-1", 50.9365, 6.948, AT, NOW, accuracy_m=14.0, source="owntracks", speed_mps=4 / 3.6
    )


@pytest.mark.parametrize("acc", [0, "0", None])
def test_an_accuracy_of_nothing_is_unknown(acc):
    assert one(ANDROID | {"acc": acc}).accuracy_m is None


@pytest.mark.parametrize("acc", ["inf", "1e999", "nan", True, []])
def test_an_accuracy_of_nonsense_is_unusable(acc):
    message = one(ANDROID | {"acc": acc})
    assert isinstance(message, Unusable)
    assert "acc" in message.reason


@pytest.mark.parametrize("vel", [-1, None])
def test_a_speed_that_the_phone_does_not_know_is_unknown(vel):
    assert one(ANDROID | {"vel": vel}).speed_mps is None


@pytest.mark.parametrize("trigger", ["c", "C", "r", "u", "t", "v", "b", None])
def test_a_position_is_one_whatever_made_the_phone_tell_it(trigger):
    assert isinstance(one(ANDROID | {"t": trigger}), Fix)


@pytest.mark.parametrize("trigger", ["b", "u", None])
def test_a_position_at_nowhere_is_none(trigger):
    nowhere = {"lat": 0, "lon": 0.0, "acc": 0, "t": trigger}
    assert one(ANDROID | nowhere) == Ignored("no position")


def test_a_phone_in_the_gulf_of_guinea_is_somewhere():
    assert isinstance(one(ANDROID | {"lat": 0, "lon": 0, "acc": 9}), Fix)
    assert isinstance(one(ANDROID | {"lat": 0, "acc": 0}), Fix)


# -- beacons -------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", [{"lat": 0, "lon": 0, "acc": 0}, {"lat": 50.9, "lon": 6.9}, {}])
@pytest.mark.parametrize("name", [{"desc": "Schuhe", "rid": "6da9cf"}, {"rid": "Schuhe"}])
def test_a_beacon_region_is_known_by_its_name_else_by_its_id(place, name):
    seen = one(TRANSITION | {"t": "b"} | place | name)
    assert seen == BeaconSeen("c-1", AT, present=True, region="Schuhe")


def test_a_transition_without_a_reason_and_a_place_is_a_beacons():
    seen = one(TRANSITION | {"event": "leave", "desc": "Schuhe", "lat": 0, "lon": 0, "acc": 0})
    assert seen == BeaconSeen("c-1", AT, present=False, region="Schuhe")


@pytest.mark.parametrize("trigger", ["c", "l"])
def test_a_circle_without_a_place_is_no_beacon(trigger):
    assert one(TRANSITION | {"t": trigger, "desc": "Schuhe"}) == Ignored("no position")


def test_a_circles_transition_has_the_time_of_the_position_not_of_the_waypoint():
    found = one(TRANSITION | {"t": "c", "lat": 50.9, "lon": 6.9, "acc": 40})
    assert (found.fixed_at, found.accuracy_m) == (AT, 40.0)


def test_ranging_tells_strength_and_nearness():
    seen = one(RANGING | {"major": 0, "minor": "3", "rssi": -61, "prox": 2, "acc": 1.4})
    assert seen == BeaconSeen(
        "c-1",
        AT,
        present=True,
        uuid="DE300000-0000-4000-8000-00000000BEAC",
        major=0,
        minor=3,
        rssi_dbm=-61,
        proximity=2,
    )


def test_a_beacon_that_is_only_remembered_is_no_evidence():
    silent = RANGING | {"major": 0, "minor": 3, "rssi": 0, "prox": 0, "acc": -1}
    assert one(silent) == Ignored("beacon not heard")


@pytest.mark.parametrize("bad", [{}, {"major": 1.5}, {"major": 70_000}, {"major": "first"}])
def test_a_beacon_without_its_numbers_is_unusable(bad):
    message = one(RANGING | {"minor": 3} | bad)
    assert isinstance(message, Unusable)
    assert "major" in message.reason


# -- waypoints -----------------------------------------------------------------------------------


def test_a_waypoint_round_a_place_with_numbers_as_texts():
    document = {"_type": "waypoint", "desc": "Laden", "lat": 50.9, "lon": 6.9, "rid": "6da9cf"}
    found = one(document | {"rad": "50", "tst": str(TST)})
    assert found == Waypoint("c-1", "Laden", "6da9cf", AT, 50.9, 6.9, 50.0)


def test_a_waypoint_round_a_beacon():
    document = {"_type": "waypoint", "desc": "Schuhe", "tst": TST, "uuid": "aa", "major": "1"}
    found = one(document)
    assert (found.uuid, found.major, found.minor) == ("AA", 1, None)


def test_a_list_of_waypoints_is_as_many_and_the_list_says_whose():
    waypoints = [{"desc": "Laden", "tst": "1"}, 7, {"desc": "Lager", "rad": "wide"}]
    document = {"_type": "waypoints", "waypoints": waypoints, "topic": "owntracks/mira/phone"}
    first, second, third = several(document, "")
    assert (first.name, first.subject) == ("Laden", "mira")
    assert isinstance(second, Unusable)
    assert isinstance(third, Unusable)
    assert "rad" in third.reason


# -- whose, bursts, nonsense ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "topic",
    ["owntracks/mira/phone", "owntracks/mira/phone/event", "/owntracks/mira/phone", "any/mira"],
)
def test_a_topic_names_its_user(topic):
    assert one(ANDROID | {"topic": topic}, "").subject == "mira"


@pytest.mark.parametrize("topic", ["", "owntracks", "owntracks//phone", 7, None, []])
def test_a_topic_without_a_user_leaves_it_to_the_tracker_id(topic):
    assert one(ANDROID | {"topic": topic}, "").subject == "mm"


def test_who_signed_in_counts_more_than_what_the_message_says():
    assert one(ANDROID | {"topic": "owntracks/else/phone"}, " c-1 ").subject == "c-1"


def test_a_burst_keeps_its_order_and_what_is_good_in_it():
    found = several([ANDROID, 5, {"_type": "lwt"}, ANDROID | {"tst": TST - 30}])
    assert [type(message) for message in found] == [Fix, Unusable, Ignored, Fix]


def test_a_burst_that_is_too_long_says_so():
    found = several([{}] * (MAX_MESSAGES + 1))
    assert len(found) == MAX_MESSAGES + 1
    assert isinstance(found[-1], Unusable)


@pytest.mark.parametrize("odd", [[], {}, [1], {"a": 1}, 1.5, True, None])
@pytest.mark.parametrize("field", ["_type", "event", "t", "lat", "tst", "desc", "rid", "topic"])
def test_no_field_can_be_of_a_wrong_enough_type(field, odd):
    whole = TRANSITION | {"t": "b", "desc": "Schuhe", "topic": "owntracks/mira/phone"}
    assert len(several(whole | {field: odd}, "")) == 1


@pytest.mark.parametrize("body", [b"{", b"\xff", b"NaN", b"[" * 9999, b'"location"', b"5", b"null"])
def test_a_body_of_anything_else_is_one_unusable_message(body):
    (message,) = read(body, "c-1", NOW)
    assert isinstance(message, Unusable)


values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**64 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(codec="utf-8"), max_size=6),
    st.sampled_from(["enter", "leave", "p", "b", "c", "0", "-1", "1e999", "nan"]),
    st.lists(st.integers(0, 9), max_size=2),
)
FIELDS = [
    "lat",
    "lon",
    "tst",
    "acc",
    "vel",
    "t",
    "event",
    "desc",
    "uuid",
    "major",
    "minor",
    "rad",
    "rid",
    "rssi",
    "prox",
    "waypoints",
    "topic",
    "tid",
    "data",
]
fields = st.dictionaries(st.sampled_from(FIELDS), values)


@given(st.sampled_from(EVERYWHERE), fields, st.sampled_from(["", "c-1"]))
def test_any_fields_are_messages_with_a_finite_place(kind, some, subject):
    for message in several(some | {"_type": kind}, subject, open_envelope=Envelope("k").open):
        if isinstance(message, Fix):
            assert -90 <= message.lat <= 90
            assert -180 <= message.lon <= 180
            assert message.subject
            assert message.fixed_at.tzinfo is UTC


# -- envelopes -----------------------------------------------------------------------------------


def test_an_envelope_is_nonce_and_secretbox_under_the_key_filled_up_with_zeros():
    """Made by libsodium itself: key "muster" and 26 zeros, nonce 00 01 .. 17."""
    sealed = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXWP/hLXsgSGRySucehHCSNuKPrpcd/J7NXxhLUmFpJl7bs6NErnbU"
    assert Envelope("muster").open(sealed) == b'{"_type":"lwt","tst":1}'
    with pytest.raises(ValueError, match="not an envelope of this key"):
        Envelope("Muster").open(sealed)


def test_lines_in_an_envelope_do_not_matter():
    sealed = Envelope("muster").seal(b"{}")
    assert Envelope("muster").open(f"{sealed[:20]}\r\n{sealed[20:]}\n") == b"{}"


@pytest.mark.parametrize("data", ["", "AA==", "ä", "not base64", "A" * 5, "AAAA" * 20])
def test_what_is_no_envelope_is_refused_by_one_error(data):
    with pytest.raises(ValueError, match="not an envelope of this key"):
        Envelope("muster").open(data)


def test_an_altered_envelope_is_refused():
    sealed = Envelope("muster").seal(b'{"_type":"lwt"}')
    for position in (0, 30, 45):
        altered = sealed[:position] + ("A" if sealed[position] != "A" else "B")
        with pytest.raises(ValueError, match="not an envelope"):
            Envelope("muster").open(altered + sealed[position + 1 :])


def test_an_envelope_may_hold_anything_and_is_still_one_message():
    envelope = Envelope("muster")
    for inside in (b"", b"5", b"[]", b"{", b'{"_type":"location"}'):
        message = one(
            {"_type": "encrypted", "data": envelope.seal(inside)}, open_envelope=envelope.open
        )
        assert isinstance(message, Unusable)
