"""What holds for every walk, and known-bad engines that these properties find out."""

from dataclasses import replace

import pytest
from fence_play import LON, Play, at, engine, fix, seen
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from geofences import positions
from geofences.engine import Engine
from geofences.locations import LocationRefused, read_location
from geofences.model import FixRefused, Sense
from geofences.state import SubjectState, load
from geofences.work import Work

MANY = settings(max_examples=60)


@st.composite
def walks(draw, longest=25):
    """Fixes with some observations between them, in order of time."""
    steps = draw(
        st.lists(
            st.tuples(
                st.integers(3, 240),
                st.sampled_from([-400, -60, -35, -20, 0, 5, 25, 29, 45, 90, 400]),
                st.sampled_from([-90, -28, -10, 0, 27, 60, 300]),
                st.sampled_from([None, 4.0, 12.0, 30.0, 90.0, 300.0]),
                st.sampled_from(["fix", "fix", "fix", "fix", "left", "right", "shop", "gone"]),
            ),
            min_size=1,
            max_size=longest,
        )
    )
    seconds, evidence = 0, []
    for pause, east, north, accuracy_m, kind in steps:
        seconds += pause
        if kind == "fix":
            evidence.append(fix(seconds, east, north, accuracy_m))
        elif kind == "gone":
            evidence.append(seen(seconds, "left", Sense.GONE))
        else:
            evidence.append(seen(seconds, kind))
    return evidence


def fixes_only(evidence):
    return [one for one in evidence if hasattr(one, "lat")]


def played(evidence, used=None):
    play = Play(used or engine())
    previous = 0.0
    for one in evidence:
        arrived = (one.received_at - at(0)).total_seconds()
        tick = previous + 10
        while tick < arrived and tick < previous + 400:
            play.tick(tick)
            tick += 10
        previous = max(previous, arrived)
        play.see(one)
    return play


def what(play):
    return [
        (e.kind, e.fence_id, e.at, e.reason, e.confidence, e.stay_id, e.dwell_s)
        for e in play.events
    ]


def assert_alternates(play):
    inside: set[str] = set()
    for event in play.events:
        if event.kind.value == "enter":
            assert event.fence_id not in inside
            inside.add(event.fence_id)
        elif event.kind.value == "exit":
            assert event.fence_id in inside
            inside.remove(event.fence_id)
    assert inside == set(play.state.inside())
    assert not {"left", "right"} <= inside


@MANY
@given(walks())
def test_enter_and_exit_alternate_and_children_are_inside_parents(evidence):
    play = played(evidence)
    assert_alternates(play)
    assert "shop" in play.state.inside() or not play.state.inside()


@MANY
@given(walks(), st.sampled_from([-179.9996, 180.0, -180.0, 0.0, 93.7]))
def test_moving_everything_in_longitude_changes_nothing(evidence, lon):
    moved = [
        replace(one, lon=(one.lon - LON + lon + 180) % 360 - 180) if hasattr(one, "lat") else one
        for one in evidence
    ]
    here, there = played(evidence), played(moved, engine(lon=lon))
    assert what(here) == what(there)


@MANY
@given(walks(), st.randoms(use_true_random=False))
def test_the_order_of_arrival_within_the_window_changes_nothing(evidence, random):
    fixes = fixes_only(evidence)
    assume(len(fixes) > 1)
    squeezed = [replace(one, fixed_at=at(i), received_at=at(100)) for i, one in enumerate(fixes)]
    end = at(200)
    shuffled = list(squeezed)
    random.shuffle(shuffled)
    results = []
    for order in (squeezed, shuffled):
        play = Play(engine(reorder_s=60.0)).see(*order)
        play._take(play.engine.tick(play.state, end))
        results.append(what(play))
    assert results[0] == results[1]


def arrival_order(monkeypatch):
    """The known-bad engine: whatever comes last is the newest."""

    def release(self, work):
        for one in work.held:
            positions.take(work, one)
        work.held = ()

    monkeypatch.setattr(Engine, "_release", release)


def test_an_engine_that_goes_by_arrival_is_found_out(monkeypatch):
    arrival_order(monkeypatch)
    inside, away = fix(0, 0, 0), [fix(300, 0, 300), fix(360, 0, 300)]
    late = [replace(fix(second, 0, 0), received_at=at(400)) for second in (280, 290)]
    play = Play(engine(pass_by=False)).see(inside, *away, *late)
    assert play.state.inside() == ("shop",)  # a ghost: the true engine has them gone
    monkeypatch.undo()
    true = Play(engine(pass_by=False)).see(inside, *away, *late)
    assert true.state.inside() == ()


def test_an_engine_without_exit_confirmation_is_found_out(monkeypatch):
    def jittery():
        play = Play(engine(pass_by=False)).see(fix(0, 0, 0))
        for n in range(1, 41):  # every fourth fix is a glitch
            play.see(fix(15 * n, 0, 150 if n % 4 == 0 else 0, 4.0))
        return play.of("shop").count("exit")

    assert jittery() == 0

    def leave_at_once(work, one, placing, jumped):
        work.leave(placing.fence.id, one.fixed_at, "left", "low")

    monkeypatch.setattr(positions, "_pend_out", leave_at_once)
    assert jittery() >= 5


def test_an_engine_that_enters_twice_is_found_out(monkeypatch):
    monkeypatch.setattr(Work, "is_within", lambda self, fence_id: False)
    play = Play()
    step = play.engine.on_fix(play.state, fix(0, 0, 0), at(0))
    play.events += [*step.events, *play.engine.on_fix(step.state, fix(15, 0, 0), at(15)).events]
    with pytest.raises(AssertionError):
        assert_alternates(play)


@MANY
@given(walks(), st.data())
def test_duplicates_change_nothing(evidence, data):
    doubled = []
    for one in evidence:
        doubled.append(one)
        if hasattr(one, "lat") and data.draw(st.booleans()):
            doubled.append(one)
    assert what(played(doubled)) == what(played(evidence))


@MANY
@given(walks())
def test_everybody_who_has_left_is_gone_after_the_expiry(evidence):
    play = played(evidence)
    last = (evidence[-1].received_at - at(0)).total_seconds()
    for seconds in range(10, 3700, 60):
        play.tick(last + seconds)
    assert play.state.inside() == ()
    play.tick(last + 3 * 3600)
    assert play.state.is_idle
    assert_alternates(play)


@MANY
@given(walks())
def test_times_are_never_before_what_they_end(evidence):
    entered = {}
    for event in played(evidence).events:
        if event.kind.value == "enter":
            entered[event.fence_id] = event.at
        else:
            assert event.at >= entered[event.fence_id]
        assert event.emitted_at >= event.at


@MANY
@given(walks())
def test_ids_are_unique(evidence):
    ids = [event.id for event in played(evidence).events]
    assert len(ids) == len(set(ids))


json_like = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=4)
    ),
    max_leaves=8,
)
fields = st.fixed_dictionaries(
    {},
    optional={
        name: json_like
        | st.sampled_from(["c", 50.9365, 6.948, 8.0, "android", "2026-11-21T10:00:00Z"])
        for name in (
            "subject",
            "lat",
            "lon",
            "accuracy_m",
            "accuracy_kind",
            "fixed_at",
            "source",
            "speed_mps",
        )
    },
)


@given(json_like | fields)
def test_any_json_as_a_position_is_a_fix_or_refused_and_never_changes_a_state_by_that(document):
    state = SubjectState.new("c")
    try:
        one = read_location(document, at(0))
        step = engine().on_fix(state, one, at(0))
    except (LocationRefused, FixRefused):
        assert state.is_idle
    else:
        assert step.state.subject == "c"


@given(st.binary(max_size=60))
def test_any_bytes_as_a_state_are_refused(document):
    with pytest.raises(ValueError, match="state"):
        load(document)
