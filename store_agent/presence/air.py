"""From radio to evidence: who was heard, whether they may be, and in which zone they are.

Lives on the event loop and in memory: single sightings are worth nothing, only rooms are. Whoever
did not agree to be noticed is not tracked at all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime

from geofences.beacons.adverts import parse_all
from geofences.beacons.identify import Identifier
from geofences.beacons.model import (
    Beacon,
    BeaconKind,
    Recognised,
    RoomChange,
    RoomChangeKind,
    Sighting,
)
from geofences.beacons.rooms import Rooms
from geofences.beacons.tracker import DEFAULTS, TrackerSettings
from geofences.model import Fault, Observation, Sense
from store_agent.domain.catalog import Transmitter, TransmitterKind
from store_agent.domain.greeting import Evidence
from store_agent.presence.people import Standing

STANDING_KEPT_S = 60.0  # a consent asked for again after this; a change of consent asks at once
MAX_STANDINGS = 20_000  # subjects remembered; more than a shop's beacons
SATELLITE_SILENT_S = 90.0  # no post for so long: its radio hears nothing we would know of


class Air:
    """The radios of one shop. All methods belong to the event loop."""

    def __init__(
        self,
        radios: Mapping[str, str],
        monotonic: Callable[[], float],
        now: Callable[[], datetime],
        settings: TrackerSettings = DEFAULTS,
    ) -> None:
        """`radios` maps each radio's name to the zone it watches."""
        self._radios = dict(radios)
        self._monotonic = monotonic
        self._now = now
        self._rooms = Rooms(self._radios, settings)
        self._identifier = Identifier(())
        self._nodes: dict[str, str] = {}
        self._fixed: dict[tuple[str, int | None, int | None], str] = {}
        self._standings: dict[str, tuple[Standing, float]] = {}
        self._asked: set[str] = set()
        self._awaited: frozenset[str] = frozenset()
        self._changes: list[RoomChange] = []
        self._ambient: dict[str, float] = {}
        self._last_post: dict[str, float] = {}
        self.faults: tuple[Fault, ...] = ()
        self.used = 0  # sightings of people who may be noticed: nobody else is counted live

    # -- what is known ------------------------------------------------------------------------

    def learn(self, transmitters: Iterable[Transmitter]) -> None:
        """Know these beacons and no others from now on; unusable ones stand in `faults`."""
        known = tuple(transmitters)
        beacons = [_beacon(one) for one in known if one.kind is not TransmitterKind.NODE]
        self._identifier, self.faults = Identifier.build(beacons, self._identifier)
        self._nodes = {_node(one): one.customer_id for one in known if one.customer_id is not None}
        self._fixed = {
            (one.uuid.upper(), one.major, one.minor): one.zone
            for one in known
            if one.kind is TransmitterKind.IBEACON and one.zone is not None
        }

    def zone_of(self, uuid: str, major: int | None, minor: int | None) -> str | None:
        """The zone of a beacon fixed in the shop, as a phone reports it."""
        return self._fixed.get((uuid.upper(), major, minor))

    def restore(self, subject: str, zone: str, at: datetime) -> None:
        """After a restart: where somebody was believed to be."""
        self._rooms.restore(subject, zone, at.timestamp())

    def corroborate(self, subject: str) -> None:
        """Other evidence says that this person is here: an address that fits is theirs."""
        self._identifier.corroborate(subject, self._now().timestamp())

    def forget_standings(self) -> None:
        """Consents may have changed: ask again before anybody is tracked further."""
        self._standings.clear()
        self._awaited = frozenset()  # an answer that is under way may be old

    # -- evidence -----------------------------------------------------------------------------

    def hear(self, sighting: Sighting) -> None:
        """One radio heard one transmitter."""
        # The clock of a satellite may be ahead; nothing is heard before it is said.
        at = min(sighting.at, self._now().timestamp())
        self._rooms.pulse(sighting.radio, at)
        found = self._identified(sighting, at)
        if found is None or found.beacon.subject is None:
            return
        subject = found.beacon.subject
        if found.confirmed and self._may_track(subject, at):
            self.used += 1
            self._changes += self._rooms.on_sighting(
                subject, sighting.radio, sighting.rssi_dbm, at, found.power_1m_dbm
            )

    def _identified(self, sighting: Sighting, at: float) -> Recognised | None:
        """Whose it is by any of its frames: some tags send two formats, and we know one."""
        frames = parse_all(sighting.advert)
        found = (self._identifier.identify(sighting.address, frame, at) for frame in frames)
        return next((one for one in found if one is not None), None)

    def reads(self, node: str, radio: str, distance_m: float, at: float) -> None:
        """A node in the shop reports how far away one of its devices is."""
        subject = self._nodes.get(node)
        if subject is not None and self._may_track(subject, at):
            self.used += 1
            self._changes += self._rooms.on_distance(subject, radio, distance_m, at)

    def knows(self, radio: str) -> bool:
        """Whether a radio of this name is configured."""
        return radio in self._radios

    def posted(self, radio: str) -> None:
        """A satellite delivered: its radio is alive."""
        self._last_post[radio] = self._monotonic()
        self.alive(radio, is_alive=True)

    def alive(self, radio: str, *, is_alive: bool) -> None:
        """A radio works, or hears nothing although it should."""
        self._rooms.radio_alive(radio, is_alive, self._now().timestamp())

    # -- what follows -------------------------------------------------------------------------

    def unasked(self) -> frozenset[str]:
        """Subjects that were heard and whose consent is not known."""
        self._awaited, self._asked = frozenset(self._asked), set()
        return self._awaited

    def answer(self, standings: Mapping[str, Standing]) -> None:
        """What those subjects agreed to, unless consents have changed since they were asked."""
        now = self._monotonic()
        if len(self._standings) + len(standings) > MAX_STANDINGS:
            self._standings.clear()
        for subject, standing in standings.items():
            if subject in self._awaited:
                self._standings[subject] = (standing, now)
            if not standing.noticed:
                self._rooms.forget(subject)

    def evidence(self) -> list[Observation]:
        """What the radios have found out since the last call, as evidence for the fences."""
        now = self._now()
        for radio, last in self._last_post.items():
            if self._monotonic() - last > SATELLITE_SILENT_S:
                self.alive(radio, is_alive=False)
        changes = self._changes + self._rooms.tick(now.timestamp())
        self._changes = []
        return [_observation(change, now) for change in changes]

    def ambient(self) -> dict[str, float]:
        """Who was heard without having agreed to be noticed, and when: for the hourly number."""
        heard, self._ambient = self._ambient, {}
        return heard

    def blind_zones(self) -> frozenset[str]:
        """Zones whose radios are all silent: who is there is not known."""
        return self._rooms.blind_zones()

    def _may_track(self, subject: str, at: float) -> bool:
        known = self._standings.get(subject)
        if known is None or self._monotonic() - known[1] > STANDING_KEPT_S:
            self._asked.add(subject)
            return known is not None and known[0].noticed
        if not known[0].noticed and known[0].customer_id:
            self._ambient[known[0].customer_id] = at
        return known[0].noticed


def _node(one: Transmitter) -> str:
    """What the nodes in the shop call it: tags by what they send, phones by the alias given."""
    if one.kind is TransmitterKind.IBEACON:
        return f"iBeacon:{one.uuid.lower()}-{one.major}-{one.minor}"
    return one.node


def _beacon(one: Transmitter) -> Beacon:
    return Beacon(
        id=one.id,
        kind=BeaconKind(one.kind.value),
        subject=one.customer_id,
        zone=one.zone,
        uuid=one.uuid,
        major=one.major,
        minor=one.minor,
        code=one.code,
        namespace=one.namespace,
        instance=one.instance,
        key=one.key,
        exponent=one.exponent,
        clock_offset_s=one.clock_offset_s,
        power_1m_dbm=one.power_1m_dbm,
    )


def _observation(change: RoomChange, now: datetime) -> Observation:
    gone = change.kind is RoomChangeKind.LEFT
    return Observation(
        subject=change.subject,
        fence_id=change.zone,
        seen_at=datetime.fromtimestamp(change.at, UTC),
        received_at=now,
        evidence=Evidence.BEACON.value,
        sense=Sense.GONE if gone else Sense.PRESENT,
    )
