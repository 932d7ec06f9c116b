"""`store-agent replay sightings`: a radio recording through the shop's own radios and beacons."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import chain, pairwise
from pathlib import Path
from typing import Any, TextIO

import orjson
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from geofences.beacons.adverts import parse_all
from geofences.beacons.identify import Identifier
from geofences.beacons.model import Beacon, RoomChange, RoomChangeKind, Sighting
from geofences.beacons.rooms import Rooms
from geofences.beacons.tracker import DEFAULTS, TrackerSettings, with_override
from geofences.sightings import SightingRefused, read_sighting
from store_agent.domain.errors import InvalidInput

TICK_S = 1.0
DAY_S = 86400.0
# Longer than any tag takes to be gone: a quiet night need not be played second by second.
LONGEST_SILENCE_S = 600.0
EVENTS = {RoomChangeKind.ENTERED: "enter", RoomChangeKind.LEFT: "exit"}


class RadioEntry(BaseModel):
    """One radio and the zone it watches."""

    model_config = ConfigDict(extra="ignore")
    name: str
    zone: str


class ShopFile(BaseModel):
    """The radios and beacons of a recording."""

    model_config = ConfigDict(extra="ignore")
    radios: list[RadioEntry]
    beacons: list[dict[str, Any]] = []


def replay_sightings(
    lines: TextIO, out: TextIO, shop_path: Path, overrides: tuple[str, ...]
) -> None:
    """Print who entered and left which zone. Raises InvalidInput for an unusable shop or setting.

    A line that is no sighting is told on stderr and the replay goes on. Nobody leaves by the end
    of the recording.
    """
    shop = _read(shop_path)
    rooms = Rooms({radio.name: radio.zone for radio in shop.radios}, _settings(overrides))
    player = _Player(rooms, _identifier(shop))
    for sighting, following in pairwise(chain(_sightings(lines), [None])):
        if sighting is not None and not _is_far_ahead(sighting, player.now, following):
            _print(out, player.play(sighting))


def _sightings(lines: TextIO) -> Iterator[Sighting]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            yield read_sighting(_document(line))
        except SightingRefused as refused:
            sys.stderr.write(f"line {number}: {refused}\n")


def _is_far_ahead(sighting: Sighting, now: float | None, following: Sighting | None) -> bool:
    """Said by a clock with a wrong date: believed, all that follow would be too late.

    It lies days after what was before it, and after what comes next.
    """
    if following is None or sighting.at - following.at <= DAY_S:
        return False
    is_wrong = now is None or sighting.at - now > DAY_S
    if is_wrong:
        when = datetime.fromtimestamp(sighting.at, UTC)
        sys.stderr.write(f"radio {sighting.radio}: seen_at {when:%Y-%m-%d} is days ahead\n")
    return is_wrong


class _Player:
    """Time goes on with the recording."""

    def __init__(self, rooms: Rooms, identifier: Identifier) -> None:
        self._rooms = rooms
        self._identifier = identifier
        self.now: float | None = None  # of the recording, seconds since 1970

    def play(self, sighting: Sighting) -> Iterator[RoomChange]:
        """Everything that follows up to this sighting, and from it."""
        yield from self._until(sighting.at)
        self._rooms.pulse(sighting.radio, sighting.at)
        frames = parse_all(sighting.advert)
        each = (self._identifier.identify(sighting.address, one, sighting.at) for one in frames)
        found = next((one for one in each if one is not None), None)
        if found is not None and found.confirmed and found.beacon.subject is not None:
            yield from self._rooms.on_sighting(
                found.beacon.subject,
                sighting.radio,
                sighting.rssi_dbm,
                sighting.at,
                found.power_1m_dbm,
            )

    def _until(self, at: float) -> Iterator[RoomChange]:
        now = at if self.now is None else self.now
        stop = min(at, now + LONGEST_SILENCE_S)
        while now + TICK_S <= stop:
            now += TICK_S
            yield from self._rooms.tick(now)
        self.now = max(now, at)


def _read(path: Path) -> ShopFile:
    try:
        return ShopFile.model_validate_json(path.read_bytes())
    except OSError as error:
        raise InvalidInput(f"cannot read {path}: {error.strerror}", hint="Check --shop.") from error
    except ValidationError as error:
        raise InvalidInput(
            f"{path}: {error.errors()[0]['msg']}", hint="See docs/radios.md.", field="shop"
        ) from error


def _identifier(shop: ShopFile) -> Identifier:
    try:
        beacons = TypeAdapter(list[Beacon]).validate_python(shop.beacons)
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors()[0]["loc"])
        raise InvalidInput(
            f"beacon {where}: {error.errors()[0]['msg']}", hint="See docs/beacons.md."
        ) from error
    identifier, faults = Identifier.build(beacons)
    if faults:
        raise InvalidInput(
            f"beacon {faults[0].feature}: {faults[0].reason}", hint="See docs/beacons.md."
        )
    return identifier


def _settings(overrides: Iterable[str]) -> TrackerSettings:
    settings = DEFAULTS
    for override in overrides:
        name, _, text = override.partition("=")
        try:
            settings = with_override(settings, name, float(text))
        except ValueError as error:
            raise InvalidInput(str(error), hint="See docs/radios.md.", field="set") from error
    return settings


def _document(line: str) -> object:
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise SightingRefused("", "is not JSON") from error


def _print(out: TextIO, changes: Iterable[RoomChange]) -> None:
    for change in changes:
        event = EVENTS.get(change.kind)
        if event is None:
            continue
        shown = {
            "event": event,
            "subject": change.subject,
            "zone": change.zone,
            "at": datetime.fromtimestamp(change.at, UTC),
            "confidence": change.confidence,
            "reason": change.reason,
        }
        out.write(orjson.dumps(shown, option=orjson.OPT_UTC_Z).decode() + "\n")
