"""Which beacon shows an Eddystone-EID now: tables of what each may show, made ahead. Pure.

A look-up is one dictionary access. A table holds for a stretch of time; the last few are kept, so
that a sighting that arrives late, or a clock that was set, does not make them anew every time.
"""

from __future__ import annotations

import math
from collections import OrderedDict, defaultdict
from collections.abc import Iterable

from geofences.beacons import resolving
from geofences.beacons.model import Beacon

DRIFT = 150e-6  # of a beacon's clock, at most
# A beacon whose clock was read longer ago than this must be read again: wider tables would believe
# ids that were recorded hours ago.
DRIFT_COUNTS_S = 365 * 86400.0
# A beacon chooses its own moment within a window to change, and our clock may be a little off.
WINDOWS_ASIDE = 2
MAX_WINDOWS_ASIDE = 32  # for beacons that change every few seconds
LEAST_STRETCH_S = 512  # that a table holds for
TABLES_KEPT = 3  # per exponent: now, a moment ago, and one wrong clock

Table = dict[str, Beacon | None]  # by EID in hex


class EphemeralIds:
    """Beacons that are known by their keys, by what they show at a time."""

    def __init__(self, beacons: Iterable[Beacon]) -> None:
        """Usable Eddystone-EID beacons."""
        groups: dict[int, list[tuple[bytes, Beacon]]] = defaultdict(list)
        for beacon in beacons:
            groups[beacon.exponent].append((bytes.fromhex(beacon.key), beacon))
        self._rotations = [_Rotation(exponent, known) for exponent, known in groups.items()]

    def beacon_of(self, eid: str, at: float) -> Beacon | None:
        """Who shows `eid` (hex) around `at`; None for a stranger's, and for one that fits two."""
        if not self._rotations or not math.isfinite(at):
            return None
        tables = (rotation.table(at) for rotation in self._rotations)
        found = [table[eid] for table in tables if eid in table]
        return found[0] if len(found) == 1 else None


class _Rotation:
    """All beacons that change every 2^`exponent` seconds."""

    def __init__(self, exponent: int, beacons: list[tuple[bytes, Beacon]]) -> None:
        self._exponent = exponent
        self._beacons = beacons
        self._stretch_s = max(1 << exponent, LEAST_STRETCH_S)
        self._tables: OrderedDict[int, Table] = OrderedDict()

    def table(self, at: float) -> Table:
        stretch = int(at // self._stretch_s)
        table = self._tables.get(stretch)
        if table is None:
            table = self._tables[stretch] = self._made(stretch)
            if len(self._tables) > TABLES_KEPT:
                self._tables.popitem(last=False)
        else:
            self._tables.move_to_end(stretch)
        return table

    def _made(self, stretch: int) -> Table:
        table: Table = {}
        start_s = float(stretch * self._stretch_s)
        for key, beacon in self._beacons:
            windows = self._windows(start_s - beacon.clock_offset_s)
            for eid in resolving.eids(key, self._exponent, windows):
                text = eid.hex()
                table[text] = beacon if table.get(text, beacon) is beacon else None
        return table

    def _windows(self, start_s: float) -> range:
        """The windows a beacon may be in while this stretch lasts, `start_s` by its own clock."""
        step_s = 1 << self._exponent
        last = resolving.MAX_BEACON_TIME_S // step_s
        drift_s = DRIFT * min(max(start_s, 0.0), DRIFT_COUNTS_S)
        aside = min(WINDOWS_ASIDE + math.ceil(drift_s / step_s), MAX_WINDOWS_ASIDE)
        first = int(start_s // step_s) - aside
        end = int((start_s + self._stretch_s) // step_s) + aside
        return range(max(first, 0), min(end, last) + 1)
