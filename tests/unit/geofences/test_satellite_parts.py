"""What a satellite keeps while the store box is away, and what it does not send at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geofences.beacons.model import Sighting
from geofences.espresense import NodeStatus, RoomReading, read
from geofences.scanner.watchdog import MAX_RETRY_S, MAX_SILENCE_S, Watchdog
from geofences.sightings import SightingRefused, read_sighting
from geofences.spool import Spool
from geofences.thinning import Thinning

HOUR = 3600.0


def test_batches_go_in_order_and_once(tmp_path):
    spool = Spool(tmp_path, 10_000, HOUR)
    spool.put(b"1", 1.0)
    spool.put(b"2", 2.0)
    path, batch = spool.oldest(3.0)
    assert batch == b"1"
    spool.done(path)
    assert spool.oldest(3.0)[1] == b"2"


def test_a_restart_finds_whole_batches_and_no_halves(tmp_path):
    Spool(tmp_path, 10_000, HOUR).put(b"whole", 1.0)
    (tmp_path / "0000000000002000.part").write_bytes(b"ha")
    (tmp_path / "notes.json").write_bytes(b"?")
    again = Spool(tmp_path, 10_000, HOUR)
    assert len(again) == 1
    assert again.oldest(2.0)[1] == b"whole"
    assert not list(tmp_path.glob("*.part"))


def test_two_batches_of_one_moment_are_both_kept_in_their_order(tmp_path):
    spool = Spool(tmp_path, 10_000, HOUR)
    for batch in (b"1", b"2", b"3"):
        spool.put(batch, 5.0)
    sent = []
    while waiting := spool.oldest(6.0):
        sent.append(waiting[1])
        spool.done(waiting[0])
    assert sent == [b"1", b"2", b"3"]


def test_the_oldest_makes_room_and_is_counted(tmp_path):
    spool = Spool(tmp_path, 250, HOUR)
    for number in range(5):
        spool.put(b"x" * 100, float(number))
    assert (len(spool), spool.dropped) == (2, 3)
    assert spool.oldest(5.0)[0].stem.endswith("3000")


def test_what_is_too_old_places_nobody(tmp_path):
    spool = Spool(tmp_path, 10_000, HOUR)
    spool.put(b"old", 0.0)
    spool.put(b"new", 3000.0)
    assert spool.oldest(HOUR + 1)[1] == b"new"
    assert spool.dropped == 1


@given(st.lists(st.integers(1, 400), max_size=20), st.integers(100, 2000))
def test_the_spool_never_grows_beyond_its_cap(tmp_path_factory, sizes, cap):
    folder = tmp_path_factory.mktemp("spool")
    spool = Spool(folder, cap, HOUR)
    for number, size in enumerate(sizes):
        spool.put(b"x" * size, float(number))
    used = sum(path.stat().st_size for path in folder.glob("*.json"))
    assert used <= max(cap, sizes[-1] if sizes else 0)
    assert len(spool) + spool.dropped == len(sizes)


def sighting(at, rssi=-60, address="A"):
    return Sighting("r", address, rssi, b"x", at)


def test_one_a_second_is_enough_but_a_step_is_told_at_once():
    thinning = Thinning()
    passed = [thinning.passes(sighting(at)) for at in (0.0, 0.1, 0.5, 1.0, 1.5)]
    assert passed == [True, False, False, True, False]
    assert thinning.passes(sighting(1.6, -70))
    assert not thinning.passes(sighting(1.65, -60))
    assert thinning.passes(sighting(1.6, address="B"))


def test_a_silent_radio_is_built_anew_with_growing_patience():
    dog, now, builds = Watchdog(), 0.0, []
    dog.built(now)
    while now < 4 * HOUR:
        now += 5
        if dog.is_stalled(now):
            dog.built(now)
            builds.append(now)
    gaps = [after - before for before, after in zip([0.0, *builds], builds, strict=False)]
    assert gaps[:3] == [90.0, 180.0, 360.0]
    assert max(gaps) <= MAX_SILENCE_S
    assert len(builds) <= 14


def test_one_usable_advert_makes_it_impatient_again():
    dog = Watchdog()
    dog.built(0.0)
    dog.built(90.0)
    assert dog.patience_s() == 180.0
    dog.heard(100.0)
    assert (dog.patience_s(), dog.is_silent(120.0)) == (90.0, False)


def test_starts_that_fail_are_tried_less_and_less_often():
    dog = Watchdog()
    waits = [dog.failed() for _ in range(10)]
    assert waits[0] == 2.0
    assert waits == sorted(waits)
    assert waits[-1] == MAX_RETRY_S
    dog.built(0.0)
    assert dog.failed() == 2.0


def test_a_node_s_readings_and_its_last_will():
    payload = b'{"id":"x","distance":2.5,"rssi":-70}'
    assert read("espresense/devices/phone:mira/women", payload) == RoomReading(
        "phone:mira", "women", 2.5
    )
    assert read("espresense/rooms/women/status", b"offline") == NodeStatus("women", False)
    assert read("espresense/rooms/women/status", b"online") == NodeStatus("women", True)


@pytest.mark.parametrize(
    ("topic", "payload"),
    [
        ("espresense/rooms/women/telemetry", b"{}"),
        ("espresense/devices/x/women", b'{"distance":-1}'),
        ("espresense/devices/x/women", b'{"distance":true}'),
        ("espresense/devices/x/women", b"[]"),
        ("espresense/devices//women", b'{"distance":1}'),
        ("elsewhere/devices/x/women", b'{"distance":1}'),
    ],
)
def test_what_else_is_on_the_broker_is_nothing(topic, payload):
    assert read(topic, payload) is None


@given(st.text(max_size=40), st.binary(max_size=60))
def test_any_message_is_read(topic, payload):
    read(topic, payload)
    read("espresense/devices/x/y", payload)


GOOD = {
    "radio": "sat-1",
    "address": "c2:00:00:00:00:01",
    "rssi_dbm": -60,
    "advert": "020106",
    "seen_at": "2026-11-21T10:00:00Z",
}


def test_a_sighting():
    found = read_sighting(GOOD)
    assert (found.address, found.advert) == ("C2:00:00:00:00:01", b"\x02\x01\x06")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("radio", ""),
        ("radio", 7),
        ("address", "c2:00"),
        ("rssi_dbm", True),
        ("rssi_dbm", -60.5),
        ("rssi_dbm", 30),
        ("advert", "0"),
        ("advert", "zz"),
        ("advert", "00" * 2000),
        ("seen_at", "10:00"),
        ("seen_at", "2026-11-21T10:00:00"),
        ("seen_at", None),
    ],
)
def test_a_bad_sighting_names_its_field(field, value):
    with pytest.raises(SightingRefused) as refused:
        read_sighting(GOOD | {field: value})
    assert refused.value.field == field


@given(
    st.none() | st.integers() | st.text() | st.dictionaries(st.sampled_from(list(GOOD)), st.text())
)
def test_any_json_as_a_sighting_is_one_or_refused(document):
    try:
        read_sighting(document)
    except SightingRefused:
        return
