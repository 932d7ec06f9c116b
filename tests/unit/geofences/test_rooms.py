"""One room per person: enter, move, leave, and what a silent radio does not mean."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geofences.beacons.model import RoomChangeKind
from geofences.beacons.rooms import Rooms
from geofences.beacons.tracker import DEFAULTS, Rhythm, TrackerSettings, with_override
from geofences.model import Confidence

RADIOS = {"r-a": "a", "r-b": "b", "r-b2": "b"}
ENTERED, STILL, LEFT = RoomChangeKind


def told(changes):
    return [(one.kind, one.zone) for one in changes if one.kind is not STILL]


def stay(rooms, radio, start, seconds, *, rssi=-60, others=()):
    """A tag speaks for some time near one radio; what the rooms told."""
    changes, at = [], start
    noise = random.Random(1)
    while at < start + seconds:
        for other, level in others:
            changes += rooms.on_sighting("c", other, level + noise.choice((-2, -1, 0, 1)), at)
        changes += rooms.on_sighting("c", radio, rssi + noise.choice((-2, -1, 0, 1)), at)
        changes += rooms.tick(at)
        at += 1.0
    return changes


def quiet(rooms, start, seconds, awake=("r-a", "r-b")):
    """Nobody is heard, while radios hear strangers."""
    changes, at = [], start
    while at < start + seconds:
        for radio in awake:
            rooms.pulse(radio, at)
        changes += rooms.tick(at)
        at += 1.0
    return changes


def test_two_sightings_bring_in_who_speaks_seldom():
    rooms = Rooms(RADIOS)
    assert rooms.on_sighting("c", "r-a", -60, 0.0) == []
    assert told(rooms.on_sighting("c", "r-a", -61, 10.0)) == [(ENTERED, "a")]


def test_four_sightings_bring_in_who_speaks_every_second():
    rooms = Rooms(RADIOS)
    for second in range(3):
        assert rooms.on_sighting("c", "r-a", -60 - second, float(second)) == []
    (change,) = rooms.on_sighting("c", "r-a", -61, 3.0)
    assert (change.kind, change.zone, change.reason) == (ENTERED, "a", "sighted")
    assert change.confidence is Confidence.HIGH


def test_who_is_only_just_loud_enough_comes_in_when_it_lasts():
    faint, loud = Rooms(RADIOS), Rooms(RADIOS)
    assert told(stay(loud, "r-a", 0, 19, rssi=-78)) == [(ENTERED, "a")]
    assert told(stay(faint, "r-a", 0, 19, rssi=-83)) == []
    assert told(stay(faint, "r-a", 19, 5, rssi=-83)) == [(ENTERED, "a")]
    passing = Rooms(RADIOS)
    for begin in (0, 30, 60):
        assert told(stay(passing, "r-a", begin, 12, rssi=-83)) == []
        assert told(stay(passing, "r-a", begin + 12, 18, rssi=-95)) == []


def test_somebody_far_outside_is_not_here():
    assert told(stay(Rooms(RADIOS), "r-a", 0, 120, rssi=-101)) == []


def test_a_clearly_louder_room_wins_within_half_a_minute_and_not_at_once():
    rooms = Rooms(RADIOS)
    stay(rooms, "r-a", 0, 300, others=[("r-b", -75)])
    assert told(stay(rooms, "r-b", 300, 8, rssi=-55, others=[("r-a", -75)])) == []
    changes = stay(rooms, "r-b", 308, 22, rssi=-55, others=[("r-a", -75)])
    assert told(changes) == [(LEFT, "a"), (ENTERED, "b")]


def test_it_wins_within_forty_seconds_of_somebody_who_has_just_come():
    rooms = Rooms(RADIOS)
    stay(rooms, "r-a", 0, 20)
    changes = stay(rooms, "r-b", 20, 40, rssi=-55, others=[("r-a", -75)])
    assert told(changes) == [(LEFT, "a"), (ENTERED, "b")]


def test_the_border_between_two_rooms_is_not_crossed_back_and_forth():
    rooms, noise = Rooms(RADIOS), random.Random(3)
    changes, at = [], 0.0
    while at < 600:
        changes += rooms.on_sighting("c", "r-a", -65 + noise.gauss(0, 4), at)
        changes += rooms.on_sighting("c", "r-b", -65 + noise.gauss(0, 4), at)
        at += 1.0
    assert len(told(changes)) <= 3


def test_a_body_that_turns_at_a_border_is_no_walk_and_a_walk_from_there_is_noticed():
    rooms = Rooms(RADIOS)
    stay(rooms, "r-a", 0, 120, rssi=-65, others=[("r-b", -66)])
    assert told(stay(rooms, "r-b", 120, 30, rssi=-65, others=[("r-a", -76)])) == []
    assert told(stay(rooms, "r-a", 150, 60, rssi=-65, others=[("r-b", -66)])) == []
    walked = stay(rooms, "r-b", 210, 150, rssi=-55, others=[("r-a", -75)])
    assert told(walked) == [(LEFT, "a"), (ENTERED, "b")]


@pytest.mark.parametrize(("lead_db", "seconds", "moves"), [(20, 30, True), (1, 150, False)])
def test_the_less_a_room_led_the_louder_the_other_must_be(lead_db, seconds, moves):
    rooms = Rooms(RADIOS)
    stay(rooms, "r-a", 0, 180, rssi=-65, others=[("r-b", -65 - lead_db)])
    changes = stay(rooms, "r-b", 180, seconds, rssi=-65, others=[("r-a", -77)])
    assert told(changes) == ([(LEFT, "a"), (ENTERED, "b")] if moves else [])


def moves_after_s(turn_db):
    """Ten minutes at a border, shielded now and then by `turn_db`; then a lead of 10 dB stays."""
    rooms, noise = Rooms(RADIOS), random.Random(0)
    for second in range(1200):
        shielded = "r-a" if second >= 600 or second // 30 % 2 else "r-b"
        loss_db = 10 if second >= 600 else turn_db
        for radio in ("r-a", "r-b"):
            level = -65 - (loss_db if radio == shielded else 0) + noise.gauss(0, 2)
            changes = told(rooms.on_sighting("c", radio, level, float(second)))
            if changes == [(LEFT, "a"), (ENTERED, "b")]:
                return second - 600
            assert changes in ([], [(ENTERED, "a")])
    return None


def test_where_a_body_was_seen_to_turn_a_move_is_believed_later_but_it_is():
    assert 0 < moves_after_s(0) + 30 < moves_after_s(10) < 400


def test_a_zone_heard_for_the_first_time_had_no_part_of_the_border():
    soon, late = Rooms(RADIOS), Rooms(RADIOS)
    stay(soon, "r-a", 0, 300)
    stay(late, "r-a", 0, 300, rssi=-62, others=[("r-b", -62)])
    for rooms, moves in ((soon, True), (late, False)):
        changes = stay(rooms, "r-b", 300, 30, rssi=-62, others=[("r-a", -74)])
        assert told(changes) == ([(LEFT, "a"), (ENTERED, "b")] if moves else [])


def test_of_two_rooms_that_are_both_louder_the_first_waits_until_it_is_clear():
    radios = {"r-a": "a", "r-b": "b", "r-c": "c"}
    alone, torn = Rooms(radios), Rooms(radios)
    for rooms in (alone, torn):
        stay(rooms, "r-a", 0, 120, rssi=-60, others=[("r-b", -80), ("r-c", -80)])
    clear = stay(alone, "r-b", 120, 24, rssi=-60, others=[("r-a", -80), ("r-c", -80)])
    unclear = stay(torn, "r-b", 120, 24, rssi=-60, others=[("r-a", -80), ("r-c", -61)])
    assert told(clear) == [(LEFT, "a"), (ENTERED, "b")]
    assert told(unclear) == []


def test_adverts_that_a_satellite_posts_late_count_as_well():
    rooms = Rooms(RADIOS)
    stay(rooms, "r-a", 0, 30, rssi=-60, others=[("r-b", -75)])
    changes = []
    for second in range(30, 75):
        changes += rooms.on_sighting("c", "r-a", -78 - second % 3, float(second))
        changes += rooms.on_sighting("c", "r-b", -55 - second % 3, second - 3.5)
        changes += rooms.tick(float(second))
    assert told(changes) == [(LEFT, "a"), (ENTERED, "b")]


def test_who_comes_back_is_judged_by_what_is_heard_then():
    rooms = Rooms(RADIOS)
    stay(rooms, "r-a", 0, 300, rssi=-60, others=[("r-b", -85)])
    assert told(quiet(rooms, 300, 60)) == [(LEFT, "a")]
    back = stay(rooms, "r-b", 360, 5, rssi=-62, others=[("r-a", -66)])
    back += stay(rooms, "r-a", 365, 30, rssi=-64, others=[("r-b", -66)])
    assert told(back) == [(ENTERED, "b")]


def test_the_way_back_into_the_room_just_left_gets_easier_with_time():
    weaker = [("r-b", -70)]  # 10 dB: enough to move, not enough to move straight back
    soon, late = Rooms(RADIOS), Rooms(RADIOS)
    for rooms, wait_s in ((soon, 60), (late, 1500)):
        stay(rooms, "r-a", 0, 20)
        stay(rooms, "r-b", 20, wait_s, rssi=-60, others=[("r-a", -75)])
    assert told(stay(soon, "r-a", 80, 60, rssi=-60, others=weaker)) == []
    assert told(stay(late, "r-a", 1520, 60, rssi=-60, others=weaker)) == [
        (LEFT, "b"),
        (ENTERED, "a"),
    ]


def test_silence_of_living_radios_is_an_exit_after_the_tags_own_rhythm():
    rooms = Rooms(RADIOS)
    stay(rooms, "r-a", 0, 60)
    (change,) = quiet(rooms, 60, 60)
    assert (change.kind, change.zone, change.reason) == (LEFT, "a", "silent")


def test_a_tag_that_speaks_every_forty_seconds_stays():
    rooms = Rooms(RADIOS)
    changes = []
    for number in range(30):
        changes += rooms.on_sighting("c", "r-a", -60 - number % 3, 40.0 * number)
        changes += quiet(rooms, 40.0 * number, 39)
    assert told(changes) == [(ENTERED, "a")]


def test_a_fixed_exit_time_would_lose_that_tag():
    """The known-bad variant: 30 s for everybody, as elsewhere."""
    rooms = Rooms(RADIOS, TrackerSettings(exit_default_s=30, exit_max_s=30, exit_min_s=30))
    changes = []
    for number in range(30):
        changes += rooms.on_sighting("c", "r-a", -60 - number % 3, 40.0 * number)
        changes += quiet(rooms, 40.0 * number, 39)
    assert told(changes) != [(ENTERED, "a")]


def test_a_tracker_that_believes_every_reading_would_flap_at_the_border():
    """The known-bad variant: the louder one wins at once."""
    bad = TrackerSettings(sure=0.5, border_db=0.0, turner_db=0.0, turners=0.0, same_s=0.1)
    rooms, noise = Rooms(RADIOS, bad), random.Random(3)
    changes, at = [], 0.0
    while at < 600:
        changes += rooms.on_sighting("c", "r-a", -65 + noise.gauss(0, 4), at)
        changes += rooms.on_sighting("c", "r-b", -65 + noise.gauss(0, 4), at + 0.3)
        at += 1.0
    assert len(told(changes)) > 20


def test_a_dead_radio_makes_nobody_leave_and_its_zone_is_blind():
    rooms = Rooms(RADIOS)
    stay(rooms, "r-a", 0, 60)
    rooms.radio_alive("r-a", False, 60.0)
    assert quiet(rooms, 60, 900, awake=("r-b",)) == []
    assert rooms.blind_zones() == {"a"}
    rooms.radio_alive("r-a", True, 960.0)
    assert rooms.blind_zones() == frozenset()
    assert told(quiet(rooms, 960, 10)) == []  # a grace of one exit time
    assert told(quiet(rooms, 970, 120)) == [(LEFT, "a")]


def test_a_zone_with_one_living_radio_is_not_blind():
    rooms = Rooms(RADIOS)
    rooms.radio_alive("r-b", False, 0.0)
    assert rooms.blind_zones() == frozenset()


def test_a_radio_that_hears_nobody_at_all_is_not_believed_at_once():
    rooms = Rooms(RADIOS)
    stay(rooms, "r-a", 0, 60)
    assert told(quiet(rooms, 60, 80, awake=())) == []  # stalled, and nobody has said so yet
    assert told(quiet(rooms, 140, 120, awake=())) == [(LEFT, "a")]  # its watchdog kept quiet


def test_a_frozen_stream_is_a_ghost():
    rooms, at = Rooms(RADIOS), 0.0
    changes = []
    while at < 300:
        changes += rooms.on_sighting("c", "r-a", -60, at)
        changes += rooms.tick(at)
        rooms.pulse("r-b", at)
        at += 1.0
    assert told(changes) == [(ENTERED, "a"), (LEFT, "a")]


def test_late_sightings_change_nothing_now():
    rooms = Rooms(RADIOS)
    stay(rooms, "r-a", 100, 30)
    assert stay(rooms, "r-b", 0, 60, rssi=-40) == []
    assert rooms.where("c") == "a"


def test_a_restart_tells_nothing_new_and_forgets_who_does_not_come_back():
    rooms = Rooms(RADIOS)
    rooms.restore("c", "a", 0.0)
    rooms.restore("gone", "a", 0.0)
    assert told(stay(rooms, "r-a", 0, 20)) == []
    changes = stay(rooms, "r-a", 20, 120)
    assert [(one.subject, one.kind) for one in changes if one.kind is LEFT] == [("gone", LEFT)]


def test_renewed_evidence_is_told_now_and_then():
    changes = stay(Rooms(RADIOS), "r-a", 0, 121)
    assert [one.kind for one in changes] == [ENTERED, STILL, STILL, STILL]


def test_somebody_forgotten_is_new_again():
    rooms = Rooms(RADIOS)
    stay(rooms, "r-a", 0, 20)
    rooms.forget("c")
    assert rooms.where("c") is None
    assert told(stay(rooms, "r-a", 20, 5)) == [(ENTERED, "a")]


def test_a_node_that_reports_distances_compares_with_a_radio():
    rooms = Rooms(RADIOS)
    changes = []
    for second in range(20):
        changes += rooms.on_distance("c", "r-b", 2.0, float(second))
        changes += rooms.on_sighting("c", "r-a", -85, float(second))
    assert told(changes) == [(ENTERED, "b")]


def test_unknown_radios_and_bad_numbers_are_nothing():
    rooms = Rooms(RADIOS)
    assert rooms.on_sighting("c", "r-x", -60, 0.0) == []
    assert rooms.on_distance("c", "r-a", float("nan"), 0.0) == []


def test_a_tag_s_rhythm_leaves_out_what_was_the_radio_s_silence():
    rhythm = Rhythm()
    for second in range(10):
        rhythm.hear(float(second))
    rhythm.interrupt()
    rhythm.hear(500.0)
    rhythm.hear(501.0)
    assert rhythm.exit_s(DEFAULTS) == DEFAULTS.exit_min_s


def test_a_setting_that_does_not_exist_is_refused():
    assert with_override(DEFAULTS, "border_db", 9.0).border_db == 9.0
    for name, value in [("border", 1.0), ("border_db", float("nan"))]:
        with pytest.raises(ValueError, match="border_db"):
            with_override(DEFAULTS, name, value)


@pytest.mark.parametrize(("name", "value"), [("noise_db", 0.0), ("same_s", -1.0), ("sure", 1.5)])
def test_a_setting_that_nothing_could_be_weighed_with_is_refused(name, value):
    with pytest.raises(ValueError, match=name):
        with_override(DEFAULTS, name, value)


heard = st.lists(
    st.tuples(
        st.sampled_from(["c-1", "c-2"]),
        st.sampled_from(["r-a", "r-b", "r-b2", "r-x"]),
        st.integers(-110, -30),
        st.floats(0, 40),
    ),
    max_size=120,
)


@given(heard, st.booleans())
def test_everybody_is_in_one_zone_and_enters_before_leaving(steps, dies):
    rooms, at, where = Rooms(RADIOS), 0.0, {}
    for number, (subject, radio, rssi, pause) in enumerate(steps):
        at += pause
        if dies and number == len(steps) // 2:
            rooms.radio_alive("r-a", False, at)
        for change in rooms.on_sighting(subject, radio, rssi, at) + rooms.tick(at):
            known = where.get(change.subject)
            if change.kind is ENTERED:
                assert known is None
                where[change.subject] = change.zone
            else:
                assert known == change.zone
                if change.kind is LEFT:
                    where[change.subject] = None
    for subject, zone in where.items():
        assert rooms.where(subject) == zone


@given(heard)
def test_everybody_who_is_silent_for_long_is_gone(steps):
    rooms, at = Rooms(RADIOS), 0.0
    for subject, radio, rssi, pause in steps:
        at += pause
        rooms.on_sighting(subject, radio, rssi, at)
    quiet(rooms, at, 600)
    assert rooms.where("c-1") is None
    assert rooms.where("c-2") is None
