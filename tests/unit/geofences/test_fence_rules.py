"""Every rule of the state machine, one by one."""

from dataclasses import replace

import pytest
from fence_play import LON, Play, at, document, engine, feature, fix, seen, square

from geofences import files
from geofences.engine import Engine
from geofences.fence_set import FenceSet
from geofences.model import AccuracyKind, Confidence, Refusal, Sense
from geofences.state import Phase

AWAY = (0, 400)


def arrived(**rules):
    """Somebody who came from far away and is in the shop since second 300."""
    return Play(engine(**rules)).stay(0, 60, *AWAY).stay(300, 331, 0, 0)


def test_one_strong_fix_is_an_enter():
    play = Play().see(fix(0, *AWAY), fix(300, 0, 0))
    assert play.told() == [("enter", "shop")]
    (enter,) = play.events
    assert (enter.reason, enter.confidence, enter.initial) == (
        "strong_fix",
        Confidence.HIGH,
        False,
    )


def test_a_first_fix_inside_is_an_initial_enter_and_outside_nothing():
    (enter,) = Play().see(fix(0, 0, 0)).events
    assert enter.initial
    assert Play().see(fix(0, *AWAY)).events == []


def test_a_marginal_enter_needs_a_second_fix_in_time():
    play = Play().see(fix(0, *AWAY), fix(300, 0, 27, 25.0))
    assert play.events == []
    assert play.see(fix(390, 0, 27, 25.0)).events[0].reason == "confirmed_fix"


def test_a_second_fix_that_comes_too_late_begins_anew():
    play = Play().see(fix(0, *AWAY), fix(300, 0, 27, 25.0), fix(430, 0, 27, 25.0))
    assert play.events == []
    assert play.see(fix(500, 0, 27, 25.0)).told() == [("enter", "shop")]


def test_one_fix_outside_cancels_a_pending_enter():
    play = Play().see(
        fix(0, *AWAY), fix(300, 0, 27, 25.0), fix(330, 0, 45, 25.0), fix(360, 0, 27, 25.0)
    )
    assert play.events == []


def test_a_coarse_fix_never_starts_an_enter():
    assert Play().stay(0, 300, 0, 0, accuracy_m=458.0).events == []


def test_an_observation_commits_shop_and_zone_at_once():
    play = Play().see(seen(0, "left"))
    assert play.told() == [("enter", "shop"), ("enter", "left")]
    assert {event.confidence for event in play.events} == {Confidence.HIGH}
    assert play.state.inside() == ("left", "shop")


def test_an_exit_needs_two_fixes_half_a_minute_apart():
    play = arrived().see(fix(360, 0, 100), fix(375, 0, 100))
    assert play.of("shop") == ["enter"]
    play.see(fix(390, 0, 100))
    exit_ = play.events[-1]
    assert (exit_.kind.value, exit_.at, exit_.emitted_at) == ("exit", at(360), at(390))


def test_only_a_fix_near_the_shop_cancels_an_exit():
    play = arrived().see(fix(360, 0, 100), fix(375, 0, 60, 40.0), fix(400, 0, 100))
    assert play.of("shop")[-1] == "exit"
    play = arrived().see(fix(360, 0, 100), fix(375, 0, 45), fix(400, 0, 100))
    assert play.of("shop") == ["enter"]


def test_somebody_just_outside_the_wall_has_not_left():
    assert arrived().stay(360, 900, 0, 48).of("shop").count("exit") == 0


def test_a_coarse_fix_far_away_counts_for_the_exit():
    play = arrived().see(fix(360, 0, 900, 400.0), fix(400, 0, 900, 400.0))
    assert play.of("shop")[-1] == "exit"


def test_a_dwell_comes_once_per_stay():
    play = arrived().stay(345, 1200, 0, 0)
    assert play.of("shop").count("dwell") == 1
    (dwell,) = [
        event for event in play.events if event.kind.value == "dwell" and event.fence_id == "shop"
    ]
    assert dwell.dwell_s == 300.0
    assert dwell.at >= at(600)


def test_a_dwell_with_several_thresholds_tells_each():
    play = arrived(dwell_s=[60, 300]).stay(345, 1200, 0, 0)
    dwells = [
        event.dwell_s
        for event in play.events
        if event.kind.value == "dwell" and event.fence_id == "shop"
    ]
    assert dwells == [60.0, 300.0]


def test_a_neighbour_at_the_wall_is_no_dwell():
    play = Play().see(fix(0, *AWAY)).stay(300, 1500, 0, 27, accuracy_m=8.0).stay(1500, 3000, 0, 40)
    assert "dwell" in play.of("shop")
    outside = Play().see(fix(0, *AWAY), fix(300, 0, 25, 40.0), fix(330, 0, 25, 40.0))
    outside.stay(345, 1200, 0, 38, accuracy_m=40.0)
    assert "dwell" not in outside.of("shop")


def test_a_tick_tells_a_dwell_that_needs_no_new_fix():
    play = arrived().stay(345, 591, 0, 0)
    assert "dwell" not in play.of("shop")
    play.tick(605)
    assert play.of("shop")[-1] == "dwell"


def test_a_dwell_needs_fresh_evidence():
    play = arrived().stay(345, 420, 0, 0).tick(605)
    assert "dwell" not in play.of("shop")


def test_who_moves_past_is_held_and_enters_on_stopping():
    play = Play()
    for second in range(0, 120, 5):
        play.see(fix(second, -300 + 5 * second, 0))
    assert play.of("shop") == []
    play = Play().see(fix(0, 0, 0, speed_mps=12.0))
    assert play.events == []


def test_who_strolls_past_is_held_however_often_the_phone_reports():
    for every in (1, 5):
        play = Play()
        for second in range(0, 140, every):
            play.see(fix(second, -110 + second, 29))  # along the wall, a metre inside
        assert play.of("shop") == []
        assert len(play.state.track) <= 62


def test_a_dwell_weighs_the_whole_stay_however_often_the_phone_reports():
    for every in (1, 3):
        play = Play(engine(pass_by=False)).see(fix(0, 0, 0))
        play.stay(every, 181, -36, 0, every).stay(183, 311, 0, 0, every)
        assert "dwell" not in play.of("shop")  # 3 of 5 minutes were more likely in the street
        assert len(play.state.fences["shop"].proofs) <= 121
        play.stay(312, 600, 0, 0, every)
        assert play.of("shop").count("dwell") == 1


def test_who_comes_by_car_arrives_eagerly_at_the_curb():
    play = Play(engine(cars=True)).see(fix(0, 900, 0), fix(15, 700, 0), fix(90, 70, 0, 50.0))
    assert play.events[-1].reason == "eager_fix"


def test_an_approach_is_told_in_stages_with_the_time_of_arrival():
    play = Play(engine(cars=True))
    for second, east in ((0, 1900), (30, 1600), (60, 1300), (90, 900), (120, 480), (150, 300)):
        play.see(fix(second, east, 0))
    stages = [(event.approach.value, event.fence_id) for event in play.events]
    assert stages == [("approaching", "cars"), ("nearby", "cars")]
    assert 100 < play.events[0].eta_s < 200


def test_who_drives_away_is_not_coming():
    play = Play(engine(cars=True))
    for second, east in ((0, 300), (30, 600), (60, 900), (90, 1300)):
        play.see(fix(second, east, 0))
    assert play.events == []


def test_a_return_soon_after_is_true_but_no_news():
    play = arrived().see(fix(360, 0, 100), fix(400, 0, 100)).stay(600, 900, 0, 0)
    enters = [
        event.notify
        for event in play.events
        if event.kind.value == "enter" and event.fence_id == "shop"
    ]
    assert enters == [True, False]


def test_fixes_wait_for_older_ones_that_are_on_their_way():
    play = Play(engine(reorder_s=5.0)).see(fix(0, 0, 0))
    assert play.events == []
    assert play.tick(6).told() == [("enter", "shop")]


def test_a_late_fix_never_changes_the_live_state():
    play = arrived().see(fix(360, 0, 100), fix(400, 0, 100))
    before = play.state
    play.see(replace(fix(350, 0, 0), received_at=at(500)))
    assert play.state == before
    assert play.refused == []


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (replace(fix(200, 0, 0), received_at=at(0)), Refusal.FUTURE),
        (replace(fix(0, 0, 0), received_at=at(90_000)), Refusal.TOO_OLD),
        (replace(fix(0, 0, 0), lat=91.0), Refusal.OUT_OF_RANGE),
        (replace(fix(0, 0, 0), lon=float("nan")), Refusal.NOT_FINITE),
        (fix(0, 0, 0, -1.0), Refusal.INVALID_ACCURACY),
    ],
)
def test_a_bad_fix_is_refused_and_moves_nothing(bad, reason):
    play = Play().see(bad)
    assert play.refused == [reason]
    assert play.state.is_idle


def test_a_duplicate_is_told_and_changes_nothing():
    play = arrived()
    before = play.state
    play.see(fix(330, 0, 0))
    assert (play.refused, play.state) == (["duplicate"], before)


def test_an_impossible_jump_starts_no_stay_and_ends_none():
    play = Play().see(fix(0, 0, 9000), fix(15, 0, 0))
    assert play.events == []
    play = arrived().see(fix(345, 0, 9000), fix(360, 0, 0))
    assert play.of("shop") == ["enter"]


def test_unknown_accuracy_is_low_confidence():
    for accuracy_m in (None, 0.0):
        play = Play().see(fix(0, 0, 0, accuracy_m), fix(60, 0, 0, accuracy_m))
        assert play.events[0].confidence is Confidence.LOW


def test_accuracy_means_something_else_on_each_platform():
    strong = {}
    for kind in (AccuracyKind.ANDROID, AccuracyKind.W3C):
        play = Play().see(fix(0, 0, 15, 30.0, accuracy_kind=kind))
        strong[kind] = bool(play.events)
    assert strong == {AccuracyKind.ANDROID: False, AccuracyKind.W3C: True}


def test_silence_makes_a_stay_stale_and_then_ends_it():
    play = arrived().tick(330 + 900)
    assert play.state.fences["shop"].phase is Phase.STALE
    play.tick(330 + 3600)
    exit_ = play.events[-1]
    assert (exit_.reason, exit_.at, exit_.confidence) == ("timeout", at(330), Confidence.LOW)
    assert play.tick(330 + 3 * 3600).state.is_idle


def test_a_zone_expires_first_and_a_blind_one_with_its_shop():
    play = Play().see(seen(0, "left")).tick(200)
    assert play.told()[-1] == ("exit", "left")
    blind = Play().see(seen(0, "left")).tick(200, ["left"])
    assert blind.state.inside() == ("left", "shop")
    assert blind.tick(3700, ["left"]).state.inside() == ()


def test_parents_leave_last():
    play = Play().see(seen(0, "left")).see(fix(200, 0, 400), fix(240, 0, 400))
    assert play.told()[-2:] == [("exit", "left"), ("exit", "shop")]
    assert play.events[-2].reason == "parent_left"


def test_nobody_is_in_two_zones_and_a_zone_that_holds_is_not_left_at_once():
    play = Play().see(seen(0, "left"), seen(5, "right"))
    assert play.state.inside() == ("left", "shop")
    play.see(seen(11, "right"))
    assert play.told()[-2:] == [("exit", "left"), ("enter", "right")]


def test_gone_leaves_the_zone_and_not_the_shop():
    play = Play().see(seen(0, "left"), seen(40, "left", Sense.GONE))
    assert play.state.inside() == ("shop",)
    assert play.events[-1].reason == "beacon_gone"
    assert Play().see(seen(0, "shop"), seen(9, "shop", Sense.GONE)).state.inside() == ("shop",)


def test_what_the_radio_sees_now_outweighs_a_phone_that_says_it_left():
    play = Play()
    for second in range(0, 300, 15):
        play.see(seen(second, "left"), fix(second + 1, 0, 150))
    assert (
        play.told()
        == [("enter", "shop"), ("enter", "left"), ("dwell", "left"), ("dwell", "shop")][
            : len(play.told())
        ]
    )
    assert "exit" not in [kind for kind, _ in play.told()]


def test_a_phone_inside_a_zone_enters_no_shop_by_that():
    play = Play().see(fix(0, *AWAY), fix(20, 0, 300), fix(40, -16, -16))
    assert play.of("left") == []


def test_consent_withdrawn_leaves_everything_and_keeps_nothing():
    play = Play().see(seen(0, "left"))
    step = play.engine.forget(play.state, at(10))
    assert [(e.fence_id, e.reason) for e in step.events] == [
        ("left", "consent"),
        ("shop", "consent"),
    ]
    assert {event.distance_m for event in step.events} == {None}
    assert step.state.is_idle


def test_a_closed_shop_is_left_by_everybody():
    play = Play().see(seen(0, "left"))
    assert [e.reason for e in play.engine.close(play.state, at(10)).events] == ["closed"] * 2


def redrawn(play, changed):
    play.engine = Engine(FenceSet(files.read(changed)), reorder_s=0)
    play._take(play.engine.fences_changed(play.state, at(340)))
    return play


def test_a_fence_that_did_not_change_tells_nothing():
    play = arrived()
    assert redrawn(play, document()).told() == [("enter", "shop")]


def test_a_fence_drawn_elsewhere_is_left_and_one_drawn_around_is_kept():
    moved = document(lon=LON + 0.01)
    assert redrawn(arrived(), moved).events[-1].reason == "fence_changed"
    wider = document(exit_buffer_m=30)
    play = arrived()
    stay = play.events[-1].stay_id
    assert redrawn(play, wider).told() == [("enter", "shop")]
    play.see(fix(360, 0, 100), fix(400, 0, 100))
    assert play.events[-1].stay_id == stay


def test_a_removed_fence_is_left():
    rest = {"type": "FeatureCollection", "features": document(cars=True)["features"][3:]}
    assert redrawn(arrived(), rest).events[-1].reason == "fence_removed"


def test_the_same_thing_found_out_again_has_the_same_id():
    first, second = arrived().events[0], arrived().events[0]
    assert (first.id, first.stay_id) == (second.id, second.stay_id)
    later = Play().see(fix(0, *AWAY)).see(fix(900, 0, 0)).events[0]
    assert later.id != first.id


def test_a_wide_fence_leaves_more_room():
    used = Engine(FenceSet([wide_fence()]), reorder_s=0)
    play = Play(used).see(fix(0, 0, 0)).see(fix(600, 0, 2090), fix(660, 0, 2090))
    assert play.of("wide") == ["enter"]
    assert play.see(fix(700, 0, 2200), fix(760, 0, 2200)).of("wide")[-1] == "exit"


def test_a_shop_at_the_date_line_is_like_any_other():
    play = Play(engine(lon=180.0))
    play.see(fix(0, 0, 400, lon=180.0), fix(300, -5, 0, lon=180.0))
    assert play.of("shop") == ["enter"]


def test_two_glitches_do_not_confirm_each_other():
    play = arrived().see(fix(345, 0, 9000), fix(380, 0, -9000))
    assert play.of("shop") == ["enter"]
    play.see(fix(440, 0, -9000))  # they are there indeed
    exit_ = play.events[-1]
    assert (exit_.kind.value, exit_.at) == ("exit", at(345))


def test_a_coarse_fix_outside_cancels_a_pending_enter_too():
    play = Play().see(
        fix(0, *AWAY), fix(300, 0, 27, 25.0), fix(330, 0, 900, 400.0), fix(360, 0, 27, 25.0)
    )
    assert play.events == []


def test_a_dwell_of_positions_without_an_accuracy_is_low_confidence():
    play = Play(engine(dwell_probability=0.1)).stay(0, 400, 0, 0, accuracy_m=None)
    (dwell,) = [event for event in play.events if event.kind.value == "dwell"]
    assert dwell.probability > 0.75
    assert dwell.confidence is Confidence.LOW


def test_a_short_dwell_with_too_few_fixes_does_not_hide_a_long_one():
    play = Play(engine(dwell_s=[60, 300])).stay(300, 900, 0, 0, every=60)
    dwells = [event.dwell_s for event in play.events if event.kind.value == "dwell"]
    assert dwells == [300.0]


def inside_out(changed):
    """The same fences, every child before its parent."""
    return changed | {"features": changed["features"][::-1]}


def test_one_fix_enters_the_shop_and_its_zone_whatever_their_order_in_the_file():
    play = Play(Engine(FenceSet(files.read(inside_out(document()))), reorder_s=0))
    play.see(fix(0, -16, -16))
    assert play.told() == [("enter", "shop"), ("enter", "left")]


def test_removed_fences_are_left_from_the_inside_out():
    play = redrawn(Play().see(seen(0, "left")), {"type": "FeatureCollection", "features": []})
    assert [(e.fence_id, e.reason) for e in play.events[2:]] == [
        ("left", "fence_removed"),
        ("shop", "fence_removed"),
    ]


@pytest.mark.parametrize(("accuracy_m", "told"), [(8.0, ["enter"]), (300.0, [])])
def test_who_stands_where_a_fence_is_drawn_comes_in_unless_the_position_is_coarse(accuracy_m, told):
    play = Play().see(fix(300, 0, 900, accuracy_m))
    play.engine = Engine(FenceSet([*files.read(document()), wide_fence()]), reorder_s=0)
    assert play.engine.fences_changed(play.state, at(340)).events == ()  # it is not new
    play._take(play.engine.fences_changed(play.state, at(340), {"wide"}))
    assert play.of("wide") == told
    assert {event.reason for event in play.events} <= {"fence_changed"}


def wide_fence():
    wide = feature("wide", square(-2000, -2000, 4000), kind="area")
    return files.read({"type": "FeatureCollection", "features": [wide]})[0]


def test_an_accuracy_below_five_metres_is_taken_as_five():
    assert Play().see(fix(0, 0, 27.5, 1.0)).events == []  # 0.78 by five metres, 1.00 by one
    assert Play().see(fix(0, 0, 26.5, 1.0)).events[0].confidence is Confidence.MEDIUM


@pytest.mark.parametrize(
    ("accuracy_m", "stays_m", "leaves_m"),
    [(1.0, 24, 26), (30.0, 49, 51), (None, 69, 71), (0.0, 69, 71), (400.0, 168, 172)],
)
def test_to_leave_takes_20_m_and_the_accuracy_of_at_most_150(accuracy_m, stays_m, leaves_m):
    for outside_m, left in ((stays_m, False), (leaves_m, True)):
        play = arrived().stay(360, 420, 0, 30 + outside_m, accuracy_m=accuracy_m)
        assert (play.of("shop")[-1] == "exit") is left


def test_who_steps_over_the_date_line_does_not_move_past():
    play = Play(engine(lon=180.0))
    play.see(fix(0, 35, 0, lon=180.0), fix(60, -10, 0, lon=180.0))
    assert play.of("shop") == ["enter"]
