"""Replays: recordings in, events out; bad lines are told and passed over."""

import json
from io import StringIO

import pytest
from presence_builders import FAR, INDOORS, UUID, advert

from store_agent.commands.replay_fixes import replay_fixes
from store_agent.commands.replay_sightings import replay_sightings
from store_agent.demo import place
from store_agent.domain.errors import InvalidInput


def at(second):
    return f"2026-11-21T{10 + second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}Z"


def line(second, where=INDOORS, **more):
    doc = {
        "subject": "c-1",
        "lat": where[0],
        "lon": where[1],
        "accuracy_m": 8,
        "fixed_at": at(second),
    }
    return json.dumps(doc | more)


def played(tmp_path, lines, *overrides):
    path = tmp_path / "fences.geojson"
    path.write_text(json.dumps(place.fences_document()))
    out = StringIO()
    replay_fixes(StringIO("\n".join(lines) + "\n"), out, path, overrides)
    return [json.loads(text) for text in out.getvalue().splitlines()]


VISIT = [line(s, FAR) for s in range(0, 60, 15)] + [line(s) for s in range(240, 1200, 15)]
VISIT += [line(s, FAR) for s in range(1500, 1620, 15)]


def test_a_visit_is_an_enter_a_dwell_and_an_exit(tmp_path):
    events = [e["event"] for e in played(tmp_path, VISIT) if e["fence"] == "building"]
    assert events == ["enter", "dwell", "exit"]


def test_every_event_has_the_promised_fields(tmp_path):
    for event in played(tmp_path, VISIT):
        assert event.keys() >= {"event", "subject", "fence", "at", "confidence", "reason"}
        assert event["at"].endswith("Z")


def test_rules_can_be_tried(tmp_path):
    for override in ("dwell_s=[60,600]", "dwell_s=60,600"):
        events = played(tmp_path, VISIT, override)
        building = [
            e.get("dwell_s") for e in events if e["fence"] == "building" and e["event"] == "dwell"
        ]
        assert building == [60.0, 600.0]


def test_a_long_wait_for_older_fixes_ends_with_the_recording(tmp_path):
    patient = played(tmp_path, [line(0), line(15)], "reorder_s=60")
    assert patient[0]["event"] == "enter"


@pytest.mark.parametrize("far", ["2027-11-21T10:05:00Z", "2026-11-22T11:00:00Z"])
def test_a_phone_with_a_wrong_year_ends_no_stay_and_stops_no_replay(tmp_path, capsys, far):
    wrong = line(0, FAR, fixed_at=far)
    assert played(tmp_path, [*VISIT[:30], wrong, *VISIT[30:]]) == played(tmp_path, VISIT)
    assert "line 31: future" in capsys.readouterr().err
    somebody = line(0, FAR, subject="c-2")
    told = played(tmp_path, [*VISIT[:30], wrong, somebody, *VISIT[30:]])
    assert [e for e in told if e["subject"] == "c-1"] == played(tmp_path, VISIT)


def test_a_recording_of_several_days_is_played_and_what_is_a_day_late_is_not(tmp_path, capsys):
    later = [line(s, fixed_at=f"2026-11-24T10:00:{s:02d}Z") for s in (0, 15)]
    told = played(tmp_path, [line(0), line(15), *later, line(30)])
    building = [(e["event"], e["at"][:10]) for e in told if e["fence"] == "building"]
    assert building == [("enter", "2026-11-21"), ("exit", "2026-11-21"), ("enter", "2026-11-24")]
    assert capsys.readouterr().err == "line 5: too_old\n"


@pytest.mark.parametrize("days_before", [0, 3])
def test_recordings_of_several_people_may_stand_one_after_the_other(tmp_path, days_before):
    """Who comes second in the file is judged by the times of their own fixes."""
    day = f"2026-11-{21 - days_before}"
    visit = [line(s) for s in (0, 15)] + [line(s, FAR) for s in (5000, 5040)]
    others = [text.replace("c-1", "c-2").replace("2026-11-21", day) for text in visit]

    def told(lines):
        return [
            (e["event"], e["at"], e["reason"])
            for e in played(tmp_path, lines)
            if (e["subject"], e["fence"]) == ("c-2", "building")
        ]

    end = f"{day}T10:00:15Z"
    assert told([*visit, *others])[-1] == ("exit", end, "timeout")
    assert told([*visit, *others]) == told([*others, *visit])


def test_bad_lines_are_told_by_number_and_passed_over(tmp_path, capsys):
    lines = ["", "{", line(0, lat="x"), line(0), line(0), "[]"]
    events = played(tmp_path, lines)
    told = capsys.readouterr().err
    assert next(e["fence"] for e in events if e["event"] == "enter") == "building"
    for number, word in ((2, "JSON"), (3, "lat"), (5, "duplicate"), (6, "object")):
        assert f"line {number}: " in told
        assert word in told


@pytest.mark.parametrize(
    "override", ["nothing=1", "exit_fixes=two", "exit_fixes=-1", "reorder_s=-1"]
)
def test_a_rule_that_cannot_be_is_refused(tmp_path, override):
    with pytest.raises(InvalidInput):
        played(tmp_path, VISIT, override)


def test_unusable_fences_are_refused(tmp_path):
    path = tmp_path / "fences.geojson"
    path.write_text("{}")
    with pytest.raises(InvalidInput, match="FeatureCollection"):
        replay_fixes(StringIO(), StringIO(), path, ())
    with pytest.raises(InvalidInput, match="cannot read"):
        replay_fixes(StringIO(), StringIO(), tmp_path / "no", ())


def heard(second, radio, rssi=-55):
    return json.dumps(
        {
            "radio": radio,
            "address": "C2:00:00:00:00:01",
            "rssi_dbm": rssi - second % 3,
            "advert": advert(),
            "seen_at": at(second),
        }
    )


def rooms(tmp_path, lines, *overrides):
    shop = {
        "radios": [{"name": "r-a", "zone": "a"}, {"name": "r-b", "zone": "b"}],
        "beacons": [
            {"id": "t", "kind": "ibeacon", "subject": "c-1", "uuid": UUID, "major": 1, "minor": 1}
        ],
    }
    path = tmp_path / "shop.json"
    path.write_text(json.dumps(shop))
    out = StringIO()
    replay_sightings(StringIO("\n".join(lines) + "\n"), out, path, overrides)
    return [json.loads(text) for text in out.getvalue().splitlines()]


WALK = [heard(s, "r-a") for s in range(60)] + [heard(s, "r-b") for s in range(60, 120)]


def test_a_walk_through_two_zones(tmp_path):
    told = [(e["event"], e["zone"]) for e in rooms(tmp_path, WALK)]
    assert told == [("enter", "a"), ("exit", "a"), ("enter", "b")]


@pytest.mark.parametrize("place", [0, 30, 90])
def test_a_radio_with_a_wrong_year_does_not_stop_the_replay(tmp_path, capsys, place):
    wrong = heard(0, "r-a").replace("2026", "2036")
    assert rooms(tmp_path, [*WALK[:place], wrong, *WALK[place:]]) == rooms(tmp_path, WALK)
    assert "days ahead" in capsys.readouterr().err


def test_a_recording_of_two_days_is_played_to_its_end(tmp_path, capsys):
    next_days = [line.replace("11-21", "11-25") for line in WALK]
    told = [(e["event"], e["zone"]) for e in rooms(tmp_path, [*WALK, *next_days])]
    assert told[3:] == [("exit", "b"), ("enter", "a"), ("exit", "a"), ("enter", "b")]
    assert not capsys.readouterr().err


def test_a_bad_sighting_is_passed_over_and_a_bad_setting_refused(tmp_path, capsys):
    assert rooms(tmp_path, ["{}", "x", *WALK[:5]])
    assert "line 1: radio" in capsys.readouterr().err
    with pytest.raises(InvalidInput):
        rooms(tmp_path, WALK, "hold=3")
