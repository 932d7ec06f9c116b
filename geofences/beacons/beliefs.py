"""When an identity is believed: one sighting alone names nobody. Pure."""

from __future__ import annotations

from dataclasses import dataclass

# A second private address proves the key only near the first one: an address fits a stranger's key
# by chance once in 2^24, with 5,000 keys and 2,000 new addresses a day that is 0.6 a day. Were the
# keys of everybody who came today believed until the evening, one stranger in three months would
# be called by a customer's name; with two hours, one in three years.
CHAIN_S = 7200.0
CORROBORATED_S = 3600.0  # a scan this near is other evidence that the phone's owner is here


@dataclass(slots=True)
class _Phone:
    """The last address a key resolved, and whether it was the second in a row."""

    address: str
    at: float
    is_believed: bool


class Beliefs:
    """What was heard of known beacons; as many entries as there are beacons."""

    def __init__(self) -> None:
        """Nothing was heard."""
        self._first_heard: dict[str, float] = {}
        self._heard_twice: set[str] = set()
        self._phones: dict[str, _Phone] = {}
        self._corroborated: dict[str, float | None] = {}

    def of_frame(self, beacon_id: str, at: float) -> bool:
        """A beacon named itself; it is believed from its second sighting on."""
        if beacon_id in self._heard_twice:
            return True
        if self._first_heard.setdefault(beacon_id, at) == at:
            return False
        self._heard_twice.add(beacon_id)
        return True

    def of_address(self, beacon_id: str, subject: str | None, address: str, at: float) -> bool:
        """A key explains an address; believed after two different ones, or other evidence."""
        phone = self._phones.get(beacon_id)
        if phone is None or abs(at - phone.at) > CHAIN_S:
            self._phones[beacon_id] = phone = _Phone(address, at, is_believed=False)
        phone.is_believed = phone.is_believed or address != phone.address
        phone.address, phone.at = address, max(at, phone.at)
        return phone.is_believed or self._is_corroborated(subject, at)

    def corroborate(self, subject: str, at: float | None) -> None:
        """Other evidence of a person; None = as of the first sighting that follows."""
        self._corroborated[subject] = at

    def keep_from(self, before: Beliefs, beacon_ids: frozenset[str]) -> None:
        """Go on believing what was found out about these beacons, and about people."""
        self._first_heard = {k: v for k, v in before._first_heard.items() if k in beacon_ids}
        self._heard_twice = before._heard_twice & beacon_ids
        self._phones = {k: v for k, v in before._phones.items() if k in beacon_ids}
        self._corroborated = dict(before._corroborated)

    def _is_corroborated(self, subject: str | None, at: float) -> bool:
        if subject is None or subject not in self._corroborated:
            return False
        since = self._corroborated[subject]
        if since is None:
            since = self._corroborated[subject] = at
        return abs(at - since) <= CORROBORATED_S
