"""What a fences file may hold, what it means, and how it is refused."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from fence_shapes import box

from geofences import file_shapes, files
from geofences.model import Circle, FenceKind, FencesRefused, Polygons
from geofences.rules import RULES

RING = [list(position) for position in box(13.4, 52.5, 13.401, 52.501)]
HOLE = [list(position) for position in box(13.4004, 52.5004, 13.4006, 52.5006)]
SQUARE = {"type": "Polygon", "coordinates": [RING]}


def feature(geometry=SQUARE, feature_id="shop", **properties) -> dict:
    made = {"type": "Feature", "geometry": geometry, "properties": properties}
    return made if feature_id is None else {**made, "id": feature_id}


def collection(*features) -> dict:
    return {"type": "FeatureCollection", "features": list(features)}


def polygon(*rings) -> dict:
    return {"type": "Polygon", "coordinates": list(rings)}


def point(lon=13.4, lat=52.5) -> dict:
    return {"type": "Point", "coordinates": [lon, lat]}


def only(geometry=SQUARE, feature_id="shop", **properties):
    (fence,) = files.read(collection(feature(geometry, feature_id, **properties)))
    return fence


def faults(*features) -> list[tuple[str, str]]:
    with pytest.raises(FencesRefused) as caught:
        files.read(collection(*features))
    return [(fault.feature, fault.reason) for fault in caught.value.faults]


def reason(geometry=SQUARE, **properties) -> str:
    ((_, told),) = faults(feature(geometry, **properties))
    return told


def test_a_polygon_with_a_hole_is_a_fence_with_the_rules_of_its_kind() -> None:
    fence = only(polygon(RING, HOLE), name="Sample Shop", kind="zone", color="#f00")
    assert (fence.id, fence.name, fence.kind) == ("shop", "Sample Shop", FenceKind.ZONE)
    assert fence.shape == Polygons(((box(13.4, 52.5, 13.401, 52.501), tuple(map(tuple, HOLE))),))
    assert fence.rules == RULES[FenceKind.ZONE]
    assert dict(fence.properties) == {"color": "#f00"}
    assert fence.parent is None


def test_a_point_with_a_radius_is_a_circle() -> None:
    fence = only(point(), radius_m=30)
    assert fence.shape == Circle(lat=52.5, lon=13.4, radius_m=30.0)
    assert dict(fence.properties) == {}


def test_a_fence_is_a_store_unless_it_says_otherwise() -> None:
    assert only().kind is FenceKind.STORE


def test_several_polygons_and_an_altitude_are_fine() -> None:
    high = [[lon + 1, lat, 31.5] for lon, lat in RING]
    fence = only({"type": "MultiPolygon", "coordinates": [[RING], [high]]})
    assert [len(part[0]) for part in fence.shape.polygons] == [5, 5]
    assert fence.shape.polygons[1][0][0] == (14.4, 52.5)


@pytest.mark.parametrize("wrap", [lambda one: one, collection, lambda one: [collection(one), one]])
def test_a_feature_a_collection_or_a_list_of_them_is_read(wrap) -> None:
    one = feature(feature_id=None, name="A")
    document = wrap(one)
    if isinstance(document, list):
        document = [collection(one), feature(feature_id="b")]
    assert files.read(document)[0].id == "a"


def test_no_features_are_no_fences() -> None:
    assert files.read(collection()) == ()


@pytest.mark.parametrize(
    ("feature_id", "properties", "expected"),
    [
        ("main", {"id": "other", "name": "Shop"}, "main"),
        (None, {"id": "other", "name": "Shop"}, "other"),
        (None, {"name": "Bücher & Tee, 2. Stock"}, "bücher-tee-2-stock"),
        (7, {}, "7"),
        (7.0, {}, "7"),
        (0, {}, "0"),
    ],
)
def test_the_id_is_the_features_or_a_property_or_made_of_the_name(
    feature_id, properties, expected
) -> None:
    fence = only(feature_id=feature_id, **properties)
    assert fence.id == expected
    assert fence.name == properties.get("name", expected)


def test_empty_attributes_of_a_drawing_program_are_as_good_as_none() -> None:
    fence = only(kind=None, parent=None, name=None, radius_m=None, dwell_s=None, pass_by=None)
    assert fence.rules == RULES[FenceKind.STORE]


def test_rules_are_overridden_by_properties_of_their_name() -> None:
    fence = only(kind="curbside", dwell_s=[900, 60, 300.0], exit_fixes=3, pass_by=True, stale_s=60)
    assert fence.rules == replace(
        RULES[FenceKind.CURBSIDE],
        dwell_s=(60.0, 300.0, 900.0),
        exit_fixes=3,
        pass_by=True,
        stale_s=60.0,
    )
    assert only(dwell_s=45).rules.dwell_s == (45.0,)
    assert only(dwell_s=[]).rules.dwell_s == ()


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ({"exit_buffer_m": "20"}, "exit_buffer_m must be a number"),
        ({"exit_buffer_m": True}, "exit_buffer_m must be a number"),
        ({"exit_buffer_m": -1}, "exit_buffer_m must be from 0 to 100000"),
        ({"enter_probability": 80}, "enter_probability must be from 0.01 to 1"),
        ({"exit_fixes": 1.5}, "exit_fixes must be a whole number"),
        ({"exit_fixes": 0}, "exit_fixes must be from 1 to 100"),
        ({"pass_by": 1}, "pass_by must be true or false"),
        ({"dwell_s": ["60"]}, "dwell_s must be a number"),
        ({"dwell_s": [60, 0]}, "dwell_s must be from 1 to 604800"),
        ({"dwell_s": {"a": 1}}, "dwell_s must be a number"),
        ({"expire_s": 10**400}, "its properties cannot be written as JSON"),
    ],
)
def test_a_rule_that_cannot_be_meant_is_refused(properties, expected) -> None:
    assert expected in [told for _, told in faults(feature(**properties))]


@pytest.mark.parametrize(
    ("geometry", "expected"),
    [
        (None, "has no geometry"),
        ("POLYGON", "geometry must be an object"),
        ({}, "geometry type ? is not supported"),
        ({"type": "LineString", "coordinates": RING}, 'type "LineString" is not supported'),
        ({"type": "GeometryCollection", "geometries": [SQUARE]}, "is not supported"),
        ({"type": "MultiPoint", "coordinates": [[1, 2]]}, "is not supported"),
        ({"type": "Polygon"}, "expected a list of rings"),
        (polygon(), "empty list of rings"),
        (polygon([]), "empty list of positions"),
        ({"type": "MultiPolygon", "coordinates": []}, "empty list of polygons"),
        (polygon(RING[:-1]), "not closed"),
        (polygon([*RING[:-1], [13.4000001, 52.5]]), "not closed"),
        (polygon([RING[0], RING[1], RING[0]]), "at least 4 positions"),
        (polygon([*RING[:2], [float("nan"), 52.5], *RING[3:]]), "no finite number"),
        (polygon([*RING[:2], [13.4, float("inf")], *RING[3:]]), "no finite number"),
        (polygon([*RING[:2], [13.4, 10**400], *RING[3:]]), "no finite number"),
        (polygon([*RING[:2], ["13.4", 52.5], *RING[3:]]), "no finite number"),
        (polygon([*RING[:2], [13.4, True], *RING[3:]]), "no finite number"),
        (polygon([*RING[:2], [13.4, 52.5, None], *RING[3:]]), "no finite number"),
        (polygon([*RING[:2], [13.4], *RING[3:]]), "must be [longitude, latitude]"),
        (polygon([*RING[:2], 13.4, *RING[3:]]), "must be [longitude, latitude]"),
        (polygon([[lat * 2, lon] for lon, lat in RING]), None),
        (polygon([[lon, lat + 40] for lon, lat in RING]), "latitude 92.5 is outside"),
        (polygon([[lon + 360, lat] for lon, lat in RING]), "longitude 373.4 is outside"),
        (polygon([[lon + 170, lat] for lon, lat in RING]), "longitude is outside -180..180"),
        (polygon([*RING[:2], [190, 52.501], *RING[3:]]), "longitude is outside -180..180"),
        (polygon([RING[0], RING[2], RING[1], RING[3], RING[0]]), "Self-intersection["),
        (polygon([RING[0], RING[1], RING[0], RING[1], RING[0]]), "zero area"),
        (polygon([[0.1, 0.1], [0.2, 0.2], [0.3, 0.3], [0.1, 0.1]]), "zero area"),
        (polygon([RING[0]] * 4), "zero area"),
        (polygon(RING, [RING[0]] * 4), "zero area"),
        (polygon(RING, [[lon + 1, lat] for lon, lat in HOLE]), "Hole lies outside shell["),
        (polygon(HOLE, RING), "Hole lies outside shell["),
        (polygon(RING, HOLE, HOLE), "elf-intersection"),
        ({"type": "MultiPolygon", "coordinates": [[RING], [HOLE]]}, "Nested shells["),
        ({"type": "MultiPolygon", "coordinates": [[RING], [RING]]}, "elf-intersection"),
        (polygon([[-100, 0], [0, 0], [80, 0], [80, 9], [-100, 9], [-100, 0]]), "wider than 180"),
        (point(), "a Point needs the property radius_m"),
        ({"type": "Point", "coordinates": []}, "must be [longitude, latitude]"),
    ],
)
def test_a_geometry_that_is_no_area_is_refused(geometry, expected) -> None:
    if expected is None:
        assert only(geometry).shape
    else:
        assert expected in "; ".join(told for _, told in faults(feature(geometry)))


@pytest.mark.parametrize(
    ("radius_m", "expected"),
    [
        (0, "more than 0"),
        (-5, "more than 0"),
        ("30", "must be a number"),
        (True, "must be a number"),
        (float("nan"), "must be a number"),
        (2e6, "at most 1000000"),
    ],
)
def test_a_circle_needs_a_radius(radius_m, expected) -> None:
    assert expected in reason(point(), radius_m=radius_m)


def test_a_circle_needs_its_centre_on_earth() -> None:
    assert "latitude 95 is outside" in reason(point(13, 95), radius_m=5)
    assert "longitude 181 is outside" in reason(point(181, 50), radius_m=5)


def test_all_faults_of_a_file_are_told_at_once() -> None:
    told = faults(
        feature(polygon(RING[:-1], HOLE[:2]), "a"),
        feature(None, None, name="Named only", kind="shed", parent="nowhere", stale_s="x"),
        feature(None, None),
        "nonsense",
        {"type": "Feature", "id": "e", "geometry": SQUARE, "properties": []},
        feature(feature_id="fine"),
    )
    assert told == [
        ("a", "a ring is not closed: its last position must be like its first"),
        (
            "a",
            "a ring needs at least 4 positions, the last one like the first; this one has 2",
        ),
        ("named-only", 'there is no fence "nowhere" to be its parent'),
        ("named-only", "has no geometry"),
        ("named-only", "kind must be one of store, zone, curbside, area"),
        ("named-only", "stale_s must be a number"),
        ("#3", "has no geometry"),
        ("#4", "is not a GeoJSON Feature"),
        ("e", "properties must be an object"),
    ]


@pytest.mark.parametrize("document", [None, 1, "x", {}, point(), {"type": "Topology"}, [[]], [1]])
def test_what_is_no_geojson_is_refused_for_the_file(document) -> None:
    with pytest.raises(FencesRefused) as caught:
        files.read(document)
    assert [fault.feature for fault in caught.value.faults] == [""]


def test_features_must_be_a_list() -> None:
    with pytest.raises(FencesRefused, match="no list of features"):
        files.read({"type": "FeatureCollection", "features": {}})


def test_two_fences_of_one_id_are_refused_even_when_made_of_names() -> None:
    told = faults(feature(feature_id=None, name="My Shop"), feature(feature_id="my-shop"))
    assert told == [("my-shop", '2 features have the id "my-shop"')] * 2


@pytest.mark.parametrize("bad", ["", " x", "x\n", "x" * 101, [], {}, True, 1.5, 1e300, "\ud800"])
def test_an_id_must_be_short_and_on_one_line(bad) -> None:
    told = [text for _, text in faults(feature(feature_id=bad))]
    assert "id must be a text of 1 to 100 characters or a whole number" in told


@pytest.mark.parametrize("bad", ["", " ", 7, [], "a\nb", "x" * 201])
def test_a_name_must_be_readable(bad) -> None:
    assert "name must be a text" in reason(name=bad)


def test_parents_may_come_later_in_the_file() -> None:
    zone, shop = files.read(collection(feature(feature_id="zone", parent="shop"), feature()))
    assert (zone.parent, shop.parent) == ("shop", None)


def test_a_parent_with_a_fault_of_its_own_is_a_parent_all_the_same() -> None:
    told = faults(feature(feature_id="zone", parent="shop"), feature(None))
    assert told == [("shop", "has no geometry")]


@pytest.mark.parametrize("parents", [["a"], ["b", "a"], ["b", "c", "a"]])
def test_a_circle_of_parents_is_refused(parents) -> None:
    told = faults(*(feature(feature_id=i, parent=p) for i, p in zip("abc", parents, strict=False)))
    assert {fence_id for fence_id, _ in told} == set("abc"[: len(parents)])
    assert all("form a circle" in text for _, text in told)


def test_ten_levels_are_possible_and_eleven_are_not() -> None:
    chain = [feature(feature_id=0), *(feature(feature_id=n, parent=n - 1) for n in range(1, 11))]
    assert len(files.read(collection(*chain[:10]))) == 10
    assert [fence_id for fence_id, _ in faults(*chain)] == ["10"]


def test_too_many_features_and_positions_are_refused(monkeypatch) -> None:
    monkeypatch.setattr(files, "MAX_FENCES", 2)
    monkeypatch.setattr(file_shapes, "MAX_POSITIONS", 9)
    assert faults(*[feature(feature_id=n) for n in range(3)])[0][1].startswith("has 3 features")
    assert reason(polygon(RING, HOLE)) == "has more than 9 positions"
    assert only(polygon(RING))


def test_properties_too_long_to_keep_are_refused() -> None:
    assert "longer than" in reason(note="x" * 20_000)


def test_a_foreign_coordinate_system_is_refused() -> None:
    other = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::3857"}}
    usual = {"type": "name", "properties": {"name": "urn:ogc:def:crs:OGC:1.3:CRS84"}}
    assert files.read(collection(feature()) | {"crs": usual})
    assert files.read(collection(feature()) | {"crs": None})
    with pytest.raises(FencesRefused, match="not WGS 84"):
        files.read(collection(feature()) | {"crs": other})


def test_a_fence_across_180_may_be_raw_counted_on_or_cut() -> None:
    raw = only(polygon([list(p) for p in box(179.99, 52, -179.99, 52.01)]))
    counted_on = only(polygon([list(p) for p in box(179.99, 52, 180.01, 52.01)]))
    backwards = only(polygon([list(p) for p in box(-180.01, 52, -179.99, 52.01)]))
    assert raw.shape == counted_on.shape
    assert raw.version == counted_on.version == backwards.version
    halves = (
        [[list(p) for p in box(179.99, 52, 180, 52.01)]],
        [[list(p) for p in box(-180, 52, -179.99, 52.01)]],
    )
    cut = only({"type": "MultiPolygon", "coordinates": list(halves)})
    assert [part[0][0][0] for part in cut.shape.polygons] == [179.99, 180.0]


def test_parts_that_overlap_only_across_180_are_refused() -> None:
    parts = [[[list(p) for p in box(west, 52, west + 0.02, 52.01)]] for west in (179.99, -180.0)]
    assert reason({"type": "MultiPolygon", "coordinates": parts}) == "its polygons overlap"


def test_the_version_tells_what_a_fence_means_not_how_it_is_written() -> None:
    version = only(polygon(RING, HOLE)).version
    turned = [*RING[2:-1], *RING[:3]]
    assert len(version) == 16
    assert only(polygon(turned, HOLE[::-1]), name="Renamed", note="x").version == version
    assert only(polygon(turned[::-1], HOLE), feature_id="other").version == version
    assert only(polygon([[lon, lat, 12] for lon, lat in RING], HOLE)).version == version
    assert only(polygon(RING, HOLE), dwell_s=300, exit_buffer_m=20).version == version


@pytest.mark.parametrize(
    "changed",
    [
        {"geometry": polygon(RING)},
        {"geometry": polygon([[lon, lat + 1e-6] for lon, lat in RING], HOLE)},
        {"kind": "area"},
        {"exit_buffer_m": 21},
        {"dwell_s": [300, 600]},
        {"pass_by": False},
    ],
)
def test_the_version_changes_with_shape_rules_and_kind(changed) -> None:
    before = only(polygon(RING, HOLE)).version
    assert only(**{"geometry": polygon(RING, HOLE), **changed}).version != before


def test_the_version_changes_with_the_parent() -> None:
    zone, _ = files.read(collection(feature(feature_id="zone", parent="shop"), feature()))
    assert zone.version != only().version


def test_a_circle_of_another_radius_has_another_version() -> None:
    assert only(point(), radius_m=5).version != only(point(), radius_m=6).version
    assert only(point(180, 5), radius_m=5).version == only(point(-180, 5), radius_m=5).version


def test_a_file_is_read_as_text_or_bytes_with_or_without_a_mark() -> None:
    text = json.dumps(collection(feature(name="Café")), ensure_ascii=False)
    for content in (text, text.encode(), b"\xef\xbb\xbf" + text.encode()):
        assert files.read_text(content)[0].name == "Café"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("", "is not JSON: Expecting value (line 1, column 1)"),
        ('{"a": 1,}', "line 1"),
        (b"\xff\xfe{}", "is not UTF-8: byte 0"),
        ("[" * 100_000, "is not JSON"),
        ("1" * 5_000, "is not JSON"),
        ("{}", "is not a GeoJSON FeatureCollection"),
    ],
)
def test_what_is_not_even_json_is_refused_in_the_same_way(content, expected) -> None:
    with pytest.raises(FencesRefused) as caught:
        files.read_text(content)
    assert expected in caught.value.faults[0].reason
    assert caught.value.faults[0].feature == ""


@pytest.mark.parametrize("literal", ["1e999", "NaN", "-Infinity"])
def test_what_is_beyond_all_numbers_is_no_coordinate_and_its_fence_is_named(literal) -> None:
    text = json.dumps(collection(feature(feature_id="fine"), feature(polygon(HOLE), "yard")))
    with pytest.raises(FencesRefused) as caught:
        files.read_text(text.replace("13.4004,", f"{literal},"))
    (fault,) = caught.value.faults
    assert (fault.feature, "no finite number" in fault.reason) == ("yard", True)


def test_no_property_is_beyond_all_numbers_either() -> None:
    assert reason(note=[float("nan")]) == "its properties cannot be written as JSON"


@pytest.mark.parametrize("name", ["radius_m", "radius"])
def test_the_radius_may_be_called_by_its_usual_name(name) -> None:
    fence = only(point(), **{name: 30})
    assert fence.shape == Circle(lat=52.5, lon=13.4, radius_m=30.0)
    assert dict(fence.properties) == {}
    assert files.warnings([only(point(), **{name: 300})]) == ()


def test_a_fence_without_id_and_name_is_taken_and_is_worth_a_second_look() -> None:
    nameless = feature(feature_id=None)
    (fence,) = files.read(collection(nameless))
    assert fence.id == fence.name == files.read(collection(feature(), nameless))[1].id
    (warning,) = files.warnings([fence])
    assert (warning.feature, "has no id" in warning.reason) == (fence.id, True)
    others = [feature(polygon(HOLE), None), *(feature(point(), None, radius_m=n) for n in (20, 30))]
    assert len({one.id for one in files.read(collection(nameless, *others))}) == 4
    assert "2 features have the id" in faults(nameless, nameless)[0][1]


def test_a_name_without_letters_is_a_name_all_the_same() -> None:
    fence = only(feature_id=None, name="!?")
    assert (fence.name, fence.id) == ("!?", only(feature_id=None).id)


@pytest.mark.parametrize("geometry", [SQUARE, {"type": "MultiPolygon", "coordinates": [[RING]]}])
def test_an_area_alone_is_a_fence(geometry) -> None:
    (fence,) = files.read(geometry)
    assert fence.shape == Polygons(((tuple(map(tuple, RING)),),))


def test_a_fence_cut_at_180_may_go_on_counting() -> None:
    parts = [[[list(p) for p in box(west, 52, west + 1, 53)]] for west in (179, 180)]
    cut = only({"type": "MultiPolygon", "coordinates": parts})
    assert cut.version == only({"type": "MultiPolygon", "coordinates": wrapped(parts)}).version
    assert "outside -180..180" in reason({"type": "MultiPolygon", "coordinates": parts[1:]})


def wrapped(parts) -> list:
    return [
        [[[lon - 360 if n else lon, lat] for lon, lat in ring] for ring in part]
        for n, part in enumerate(parts)
    ]


def warned(*features) -> list[tuple[str, str]]:
    fences = files.read(collection(*features))
    return [(fault.feature, fault.reason) for fault in files.warnings(fences)]


def test_an_ordinary_shop_needs_no_second_look() -> None:
    assert warned(feature(), feature(polygon(HOLE), "till", kind="zone", parent="shop")) == []


def test_wide_and_narrow_fences_are_worth_a_second_look() -> None:
    wide = feature(polygon([list(p) for p in box(13, 52, 13.2, 52.1)]), "wide")
    ((one, first), (other, second)) = warned(wide, feature(point(), "tiny", radius_m=10))
    assert (one, other) == ("wide", "tiny")
    assert first.startswith("is 18 km across")
    assert second.startswith("is 20 m across")


def test_a_child_outside_its_parent_is_worth_a_second_look() -> None:
    away = feature(point(13.5), "away", radius_m=20, parent="shop")
    assert warned(feature(), away)[0][1].startswith('lies outside its parent "shop"')


def test_a_misspelt_rule_is_worth_a_second_look() -> None:
    ((_, told),) = warned(feature(exit_bufer_m=5, colour="red"))
    assert told == 'the property "exit_bufer_m" is no rule; is "exit_buffer_m" meant?'


def documented_rules() -> dict[str, list[str]]:
    """The table of docs/geofences.md: rule -> what its columns say."""
    lines = Path("docs/geofences.md").read_text().splitlines()
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines]
    return {row[0].strip("`"): row[1:4] for row in rows if len(row) == 5}


@pytest.mark.parametrize(("column", "kind"), [(0, "store"), (1, "zone"), (2, "curbside")])
def test_the_documented_defaults_are_those_in_force(column, kind) -> None:
    documented = documented_rules()
    for name, value in asdict(RULES[FenceKind(kind)]).items():
        (number,) = value if isinstance(value, tuple) else (value,)
        told = str(number).lower() if isinstance(number, bool) else f"{number:g}"
        assert documented[name][column] == told


def test_the_documented_example_is_a_usable_file() -> None:
    text = Path("docs/geofences.md").read_text().split("```json")[1].split("```")[0]
    shop, shoes = files.read_text(text)
    assert (shop.rules.dwell_s, shoes.parent) == ((300.0, 900.0), "shop")
    assert files.warnings((shop, shoes)) == ()
