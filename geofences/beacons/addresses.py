"""Whose phone has a private address: every known key is asked once per address. Pure."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable

from geofences.beacons import resolving
from geofences.beacons.model import Beacon

# Remembered hits and misses; a busy street for a day. An answer stays true as long as the keys do.
MAX_ADDRESSES = 20_000
FIRST_DIGITS = frozenset("4567")  # of an address whose top bits are 01


class PrivateAddresses:
    """Phones that are known by their identity resolving keys."""

    def __init__(self, beacons: Iterable[Beacon]) -> None:
        """Usable IRK beacons. An encryptor per key is kept, 5,000 of them take 1 ms an address."""
        self._beacons = tuple(beacons)
        self._blocks = [
            resolving.encryptor(bytes.fromhex(beacon.key)).update for beacon in self._beacons
        ]
        self._known: OrderedDict[str, Beacon | None] = OrderedDict()

    def beacon_of(self, address: str) -> Beacon | None:
        """The phone `address` belongs to; None for a stranger's, and for one that fits two keys."""
        if not self._blocks or address[:1] not in FIRST_DIGITS:
            return None
        if address in self._known:
            self._known.move_to_end(address)
            return self._known[address]
        beacon = self._resolved(resolving.address_bytes(address))
        self._known[address] = beacon
        if len(self._known) > MAX_ADDRESSES:
            self._known.popitem(last=False)
        return beacon

    def _resolved(self, raw: bytes) -> Beacon | None:
        if not resolving.is_resolvable(raw):
            return None
        block, wanted = resolving.hash_block(raw), raw[resolving.PRAND_BYTES :]
        found = [i for i, encrypt in enumerate(self._blocks) if encrypt(block)[13:] == wanted]
        return self._beacons[found[0]] if len(found) == 1 else None
