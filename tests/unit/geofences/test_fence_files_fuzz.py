"""Whatever JSON is given as a fences file: fences or `FencesRefused`, and fences can be asked."""

from __future__ import annotations

import json
from random import Random

import pytest
import shapely
from fence_shapes import moved, star
from hypothesis import example, given, settings
from hypothesis import strategies as st

from geofences import files
from geofences.fence_set import FenceSet
from geofences.model import Fence, FencesRefused, Rules

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from([10**400, -0.0, 5e-324, 180, -180, 90, "store", "Polygon", "a"])
)
ANY_JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=12,
)
DEGREES = st.sampled_from([0, 1, 2, 3, 1.5, 90, -90, 179.5, 180, -180, -179.5, 181, 13.4])
POSITIONS = st.lists(DEGREES, min_size=2, max_size=3)
RINGS = st.lists(POSITIONS, max_size=6).map(lambda ring: [*ring, *ring[:1]])
COORDINATES = (
    st.lists(RINGS, max_size=3) | st.lists(st.lists(RINGS, max_size=2), max_size=3) | POSITIONS
)
GEOMETRIES = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["Polygon", "MultiPolygon", "Point", "LineString"]),
        "coordinates": COORDINATES | ANY_JSON,
    }
)
NAMES = ["id", "name", "kind", "parent", "radius_m", "dwell_s", "exit_fixes", "pass_by", "stale_s"]
PROPERTIES = st.dictionaries(st.sampled_from(NAMES), SCALARS | ANY_JSON, max_size=5)
FEATURES = st.fixed_dictionaries(
    {"type": st.just("Feature"), "geometry": GEOMETRIES | ANY_JSON},
    optional={"id": SCALARS, "properties": PROPERTIES | ANY_JSON},
)
COLLECTIONS = st.fixed_dictionaries(
    {
        "type": st.just("FeatureCollection"),
        "features": st.lists(FEATURES | ANY_JSON, max_size=3) | ANY_JSON,
    },
    optional={"crs": ANY_JSON},
)


def read_or_refuse(document: object, read=files.read) -> tuple[Fence, ...]:
    try:
        return read(document)
    except FencesRefused as refused:
        faults = refused.faults
    assert faults
    assert all(fault.reason for fault in faults)
    json.dumps([fault.feature + fault.reason for fault in faults], ensure_ascii=False).encode()
    return ()


def check_usable(fences: tuple[Fence, ...]) -> None:
    known = FenceSet(fences)
    files.warnings(fences)
    for fence in fences:
        assert isinstance(fence.rules, Rules)
        for placing in known.place(0.5, 179.9, 20, also=(fence.id,)):
            assert placing.distance_m == placing.distance_m


@given(ANY_JSON | COLLECTIONS | FEATURES | st.lists(COLLECTIONS, max_size=2))
@settings(max_examples=600)
def test_no_document_raises_anything_else(document) -> None:
    check_usable(read_or_refuse(document))


@given(GEOMETRIES, PROPERTIES)
@settings(max_examples=600)
def test_no_geometry_raises_anything_else(geometry, properties) -> None:
    check_usable(
        read_or_refuse(
            {"type": "Feature", "id": "x", "geometry": geometry, "properties": properties}
        )
    )


@given(st.binary() | st.text())
@example(b"[]")
def test_no_content_raises_anything_else(content) -> None:
    with pytest.raises(FencesRefused):
        files.read_text(content)


@given(COLLECTIONS, st.data())
def test_a_file_cut_off_or_damaged_raises_nothing_else(document, data) -> None:
    content = json.dumps(document).encode()
    end = data.draw(st.integers(0, len(content)))
    for damaged in (content[:end], content[:end] + b"\x00" + content[end:]):
        check_usable(read_or_refuse(damaged, files.read_text))


@given(
    st.integers(0, 2**32),
    st.tuples(st.floats(-80, 80), st.floats(-180, 180)),
    st.floats(10, 5_000),
    st.integers(0, 2),
)
def test_every_proper_shape_is_taken_and_keeps_its_version_all_round_the_world(
    seed, centre, radius_m, holes
) -> None:
    shape = moved(star(Random(seed), centre, radius_m, holes=holes), 0.0, within=True)
    fence = read_polygons(shape.polygons)
    turned = read_polygons(tuple(tuple(r[::-1] for r in polygon) for polygon in shape.polygons))
    assert fence.version == turned.version
    outer, *inner = fence.shape.polygons[0]
    assert shapely.Polygon(outer, inner).is_valid


def read_polygons(polygons) -> Fence:
    (polygon,) = polygons
    geometry = {"type": "Polygon", "coordinates": [[list(p) for p in ring] for ring in polygon]}
    (fence,) = files.read({"type": "Feature", "id": "x", "geometry": geometry})
    return fence
