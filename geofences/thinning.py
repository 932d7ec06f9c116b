"""Which sightings of a satellite are worth sending: not each of ten a second. Pure."""

from __future__ import annotations

from collections import OrderedDict

from geofences.beacons.model import Sighting

GAP_S = 1.0  # the rooms look at seconds
JUMP_DB = 6  # a change as large as this is told at once: somebody moved
LEAST_GAP_S = 0.2
REMEMBERED = 5_000


class Thinning:
    """Remembers what was sent of each transmitter."""

    def __init__(self) -> None:
        """Nothing was sent."""
        self._sent: OrderedDict[tuple[str, bytes], tuple[float, int]] = OrderedDict()

    def passes(self, sighting: Sighting) -> bool:
        """Whether to send it."""
        key = (sighting.address, sighting.advert)
        last = self._sent.get(key)
        if last is not None:
            age_s, change_db = sighting.at - last[0], abs(sighting.rssi_dbm - last[1])
            if age_s < (LEAST_GAP_S if change_db >= JUMP_DB else GAP_S):
                return False
        self._sent[key] = (sighting.at, sighting.rssi_dbm)
        self._sent.move_to_end(key)
        if len(self._sent) > REMEMBERED:
            self._sent.popitem(last=False)
        return True
