"""Where the sample shop stands, who works there, and the fences around it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from store_agent.demo.dice import dice

STORE_ID = "koeln-01"
STORE_NAME = "Modehaus Muster"
CITY = "Köln"
ZONE_NAME = "Europe/Berlin"
CURRENCY = "EUR"
SISTER_STORES = ("duesseldorf-01", "bonn-01")
TILLS = ("till-0", "till-1", "till-2", "till-3")
DOOR = "door"
LANES = (DOOR, *TILLS)

# The middle of the invented building: a corner of a large square in Köln.
LATITUDE, LONGITUDE = 50.9365, 6.9480

Document = dict[str, Any]
Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class StaffLogin:
    """One member of staff with the PIN the demo prints. PINs never travel in documents."""

    staff_id: str
    name: str
    role: str  # "associate" | "manager"
    pin: str


_STAFF = (
    ("s-bea", "Bea Beispiel", "associate"),
    ("s-max", "Max Muster", "manager"),
    ("s-pia", "Pia Probe", "associate"),
    ("s-emre", "Emre Exempel", "associate"),
    ("s-dora", "Dora Dummy", "associate"),
)
ADVISORS = ("s-bea", "s-pia", "s-emre")  # who looks after customers of their own


def staff_pins(seed: int) -> tuple[StaffLogin, ...]:
    """Everybody who may use the tablet, with distinct six-digit PINs; Bea first, then Max."""
    pins = dice(seed, "pins").sample(range(100_000, 1_000_000), len(_STAFF))
    return tuple(
        StaffLogin(staff_id, name, role, str(pin))
        for (staff_id, name, role), pin in zip(_STAFF, pins, strict=True)
    )


def staff_documents() -> list[tuple[str, Document]]:
    """Key and document of everybody who works here."""
    return [(key, {"id": key, "name": name, "role": role}) for key, name, role in _STAFF]


# Footprints in metres east and north of the shop's middle, closed by `_ring`.
_FENCES: tuple[tuple[str, str, str | None, tuple[Point, ...]], ...] = (
    ("building", "Modehaus Muster", None, ((-32, -21), (32, -21), (32, 21), (-8, 26), (-32, 21))),
    ("parking", "Parkplatz Abholung", None, ((36, -20), (78, -20), (78, 18), (36, 18))),
    ("entrance", "Eingang", "building", ((-32, -21), (-18, -21), (-18, -9), (-32, -9))),
    ("women", "Damen", "building", ((-18, -21), (8, -21), (8, 4), (-18, 4))),
    ("men", "Herren", "building", ((8, -21), (32, -21), (32, 4), (8, 4))),
    ("shoes", "Schuhe", "building", ((8, 4), (32, 4), (32, 21), (8, 22))),
    ("fitting", "Anprobe", "building", ((-18, 4), (8, 4), (8, 22), (-8, 25), (-18, 23))),
    ("tills", "Kassen", "building", ((-32, -9), (-18, -9), (-18, 23), (-32, 21))),
)
# Metres in one degree of latitude and, at the shop's latitude, of longitude (WGS 84).
_M_PER_DEGREE_NORTH, _M_PER_DEGREE_EAST = 111_250.0, 70_260.0


def zone_corners() -> dict[str, tuple[Point, ...]]:
    """The footprint of each zone in the building, in metres east and north of its middle."""
    return {fence_id: corners for fence_id, _, parent, corners in _FENCES if parent}


def degrees(east_m: float, north_m: float) -> tuple[float, float]:
    """Latitude and longitude of a point given in metres from the shop's middle."""
    return LATITUDE + north_m / _M_PER_DEGREE_NORTH, LONGITUDE + east_m / _M_PER_DEGREE_EAST


def fences_document() -> Document:
    """The shop as one GeoJSON FeatureCollection: building, parking and the zones inside."""
    return {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "id": fence_id,
                "properties": {
                    "name": name,
                    "kind": _kind(fence_id, parent),
                    **({"parent": parent} if parent else {}),
                },
                "geometry": {"type": "Polygon", "coordinates": [_ring(corners)]},
            }
            for fence_id, name, parent, corners in _FENCES
        ],
    }


def _kind(fence_id: str, parent: str | None) -> str:
    if parent:
        return "zone"
    return "curbside" if fence_id == "parking" else "store"


def _ring(corners: Sequence[Point]) -> list[list[float]]:
    placed = (degrees(east_m, north_m) for east_m, north_m in (*corners, corners[0]))
    return [[round(lon, 7), round(lat, 7)] for lat, lon in placed]
