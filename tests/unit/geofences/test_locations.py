"""A reported position as JSON, in the forms that relays send."""

from datetime import UTC, datetime

import pytest

from geofences.locations import LocationRefused, read_location
from geofences.model import AccuracyKind

NOW = datetime(2026, 11, 21, 11, tzinfo=UTC)
TEN = datetime(2026, 11, 21, 10, tzinfo=UTC)


def read(**fields):
    document = {"subject": "c-1", "lat": 50.9, "lon": 6.9, "fixed_at": "2026-11-21T10:00:00Z"}
    return read_location(document | fields, NOW)


def refused(**fields):
    with pytest.raises(LocationRefused) as caught:
        read(**fields)
    return caught.value.field


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-21T10:00:00Z",
        "2026-11-21t10:00:00z",
        "2026-11-21 10:00:00+00:00",
        "2026-11-21T11:00:00.000+01:00",
        "2026-11-21T10:00:00.000000000Z",
        "2026-11-20T22:30:00-11:30",
    ],
)
def test_a_time_may_be_written_in_every_way_of_rfc_3339(text):
    assert read(fixed_at=text).fixed_at == TEN


@pytest.mark.parametrize(
    "bad", [None, "", 1_795_255_200, "1795255200", "2026-11-21T10:00:00", "yesterday", [], True]
)
def test_a_time_without_a_zone_or_of_another_form_is_refused(bad):
    assert refused(fixed_at=bad) == "fixed_at"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("android", AccuracyKind.ANDROID),
        ("iOS", AccuracyKind.IOS),
        ("w3c", AccuracyKind.W3C),
        ("browser", AccuracyKind.W3C),
        ("web", AccuracyKind.W3C),
        ("owntracks", AccuracyKind.UNKNOWN),
        ("unknown", AccuracyKind.UNKNOWN),
    ],
)
def test_the_platform_is_told_by_its_kind_else_by_its_source(name, kind):
    assert read(accuracy_kind=name, source="ios").accuracy_kind is kind
    assert read(source=name).accuracy_kind is kind


def test_a_source_of_another_name_says_nothing_about_the_platform():
    assert read(source="app").accuracy_kind is AccuracyKind.UNKNOWN
    assert read().accuracy_kind is AccuracyKind.UNKNOWN
    assert refused(accuracy_kind="app") == "accuracy_kind"


def test_a_speed_that_the_phone_does_not_know_is_unknown():
    assert read(speed_mps=-1).speed_mps is None
    assert read(speed_mps=3).speed_mps == 3.0
    assert refused(speed_mps="3") == "speed_mps"


@pytest.mark.parametrize("field", ["lat", "lon", "accuracy_m"])
@pytest.mark.parametrize("bad", ["1", True, [], 1e999, 10**400, float("nan")])
def test_a_number_is_a_finite_number(field, bad):
    assert refused(**{field: bad}) == field


@pytest.mark.parametrize("edge", [{"lat": 90}, {"lat": -90}, {"lon": 180}, {"lon": -180}])
def test_the_edges_of_the_earth_are_on_it(edge):
    ((field, value),) = edge.items()
    assert getattr(read(**edge), field) == value
    assert refused(**{field: value * 1.001}) == field
