"""The tags of the sample shop: what the platform knows of them, and what they send."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import orjson
import pytest
from pydantic import TypeAdapter

from geofences import files
from geofences.beacons import adverts, resolving
from geofences.beacons.identify import Identifier
from geofences.beacons.model import Beacon, BeaconKind
from geofences.fence_set import FenceSet
from store_agent.config import PresenceSettings
from store_agent.demo import beacons, place
from store_agent.demo.radios import SATELLITES, radio_settings
from store_agent.demo.shop import documents
from store_agent.demo.showcase import Showcase, showcase
from store_agent.demo.transmitters import ADDRESS_S, ShownCarrier, fixed_carriers, on_air
from store_agent.domain.catalog import Transmitter
from store_agent.domain.customer import Customer
from store_agent.presence.people import Standing, standing

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
KINDS = {"ibeacon", "eddystone_uid", "eddystone_eid", "irk"}


@pytest.fixture(scope="module")
def known() -> list[Transmitter]:
    """Every beacon of a shop, read as the agent reads it."""
    docs = [doc for kind, _, doc in documents(7, 900, NOW) if kind == "beacons"]
    return TypeAdapter(list[Transmitter]).validate_json(orjson.dumps(docs), strict=True)


@pytest.fixture(scope="module")
def standings() -> dict[str, Standing]:
    read = TypeAdapter(Customer).validate_python
    rows = documents(7, 400, NOW)
    return {key: standing(read(doc)) for kind, key, doc in rows if kind == "customers"}


@pytest.fixture(scope="module")
def shown() -> Showcase:
    return showcase(7, 900, NOW)


def identifier(known: list[Transmitter]) -> Identifier:
    made, faults = Identifier.build(_beacon(one) for one in known)
    assert faults == ()
    return made


def _beacon(one: Transmitter) -> Beacon:
    names = set(Beacon.__slots__) - {"id", "kind", "subject"}
    rest: dict[str, Any] = {name: getattr(one, name) for name in names}
    return Beacon(one.id, BeaconKind(one.kind), one.customer_id, **rest)


def one_of(shown: Showcase, kind: str) -> ShownCarrier:
    return next(carrier for carrier in shown.carriers if carrier.kind == kind)


def test_only_the_first_customers_carry_one_and_of_every_kind(known: list[Transmitter]) -> None:
    carried = [one for one in known if one.customer_id is not None]
    kinds = Counter(one.kind.value for one in carried)
    assert set(kinds) == KINDS
    assert kinds.most_common(1)[0][0] == "ibeacon"
    assert all(int(one.id[2:]) < beacons.CARRIERS_AMONG for one in carried)
    assert len({one.customer_id for one in carried}) == len(carried) > 40


def test_one_beacon_is_fixed_in_each_zone(known: list[Transmitter]) -> None:
    fixed = [one for one in known if one.customer_id is None]
    assert [one.zone for one in fixed] == list(place.zone_corners())
    assert set(fixed_carriers()) == set(place.zone_corners())


def test_some_carriers_agreed_to_less_than_others(
    known: list[Transmitter], standings: dict[str, Standing]
) -> None:
    carriers = [standings[one.customer_id] for one in known if one.customer_id]
    assert sum(one.named for one in carriers) > 0.6 * len(carriers)
    assert sum(not one.noticed for one in carriers) >= 3
    assert any(one.noticed and not one.named for one in carriers)


@pytest.mark.parametrize("seed", [1, 7, 11, 42])
def test_at_least_ten_customers_come_by_car_for_an_order(seed: int) -> None:
    shown = showcase(seed, 60, NOW)
    assert len(shown.pickups) >= 10
    assert set(shown.pickups) <= set(shown.phones)


def test_phones_are_those_who_agreed_and_no_others(
    shown: Showcase, standings: dict[str, Standing]
) -> None:
    assert list(shown.phones) == [key for key, one in standings.items() if one.noticed]


def test_demo_json_tells_the_same_carriers_as_the_feed(
    shown: Showcase, known: list[Transmitter]
) -> None:
    feed = {one.id: one for one in known}
    lists = shown.as_json()
    assert {one["kind"] for one in lists["carriers"]} == KINDS
    for carrier in lists["carriers"]:
        own = feed[carrier["beacon_id"]]
        assert own.customer_id == carrier["customer_id"]
        for name in set(carrier) - {"beacon_id", "power_1m_dbm"}:
            assert getattr(own, name) == carrier[name]
    irk = next(one for one in lists["carriers"] if one["kind"] == "irk")
    assert set(irk) == {"customer_id", "beacon_id", "kind", "key", "power_1m_dbm"}


@pytest.mark.parametrize("kind", ["ibeacon", "eddystone_uid", "eddystone_eid"])
@pytest.mark.parametrize("later_s", [0.0, 3600.0, 86_400.0])
def test_the_agents_own_reader_recognises_every_tag(
    known: list[Transmitter], shown: Showcase, kind: str, later_s: float
) -> None:
    at = NOW.timestamp() + later_s
    who = identifier(known)
    for carrier in (one for one in shown.carriers if one.kind == kind):
        packet = on_air(carrier, at)
        frame = adverts.parse(packet.advert)
        assert frame.kind == kind
        found = who.identify(packet.address, frame, at)
        assert found is not None
        assert found.beacon.id == carrier.beacon_id
        assert found.power_1m_dbm == beacons.POWER_1M_DBM


def test_a_phone_is_recognised_by_its_second_address(
    known: list[Transmitter], shown: Showcase
) -> None:
    carrier, who, at = one_of(shown, "irk"), identifier(known), NOW.timestamp()
    first, second = on_air(carrier, at), on_air(carrier, at + ADDRESS_S)
    assert first.address != second.address
    assert all(_is_private(packet.address) for packet in (first, second))
    early = who.identify(first.address, adverts.parse(first.advert), at)
    late = who.identify(second.address, adverts.parse(second.advert), at + ADDRESS_S)
    assert early is not None
    assert not early.confirmed
    assert late is not None
    assert late.confirmed
    assert late.beacon.id == carrier.beacon_id


def _is_private(address: str) -> bool:
    return resolving.is_resolvable(resolving.address_bytes(address))


def test_a_phone_keeps_its_address_for_a_while_and_a_tag_for_ever(shown: Showcase) -> None:
    phone, tag, at = one_of(shown, "irk"), one_of(shown, "ibeacon"), NOW.timestamp()
    addresses = [on_air(phone, at + second).address for second in range(0, 2 * ADDRESS_S, 5)]
    assert sum(before != after for before, after in pairwise(addresses)) == 2
    assert on_air(tag, at) == on_air(tag, at + 86_400)


def test_no_two_tags_look_alike(shown: Showcase) -> None:
    at = NOW.timestamp()
    packets = [on_air(one, at) for one in (*shown.carriers, *fixed_carriers().values())]
    assert len({packet.address for packet in packets}) == len(packets)


def test_the_fences_are_accepted_as_they_are() -> None:
    fences = files.read(place.fences_document())
    kinds = {fence.id: fence.kind.value for fence in fences}
    assert kinds["building"] == "store"
    assert kinds["parking"] == "curbside"
    assert [key for key, kind in kinds.items() if kind == "zone"] == list(place.zone_corners())
    assert files.warnings(fences) == ()


def test_every_satellite_stands_in_the_zone_it_watches() -> None:
    fences = FenceSet(files.read(place.fences_document()))
    settings = PresenceSettings.model_validate({"radios": radio_settings()})
    assert [radio.name for radio in settings.radios] == [one.name for one in SATELLITES]
    for satellite, radio in zip(SATELLITES, settings.radios, strict=True):
        lat, lon = place.degrees(*satellite.at)
        inside = {one.fence.id for one in fences.place(lat, lon, 0.0) if one.inside}
        assert inside == {radio.zone, "building"}
        assert radio.kind == "satellite"
