"""Whose transmitter: published vectors, two sightings before belief, chance matches."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geofences.beacons import resolving
from geofences.beacons.frames import EddystoneEid, IBeacon, NoBeacon
from geofences.beacons.identify import Identifier
from geofences.beacons.model import Beacon, BeaconKind

UUID = "00000000-0000-4000-8000-0000000000FF"
TAG = Beacon("t-1", BeaconKind.IBEACON, subject="c-1", uuid=UUID, major=1, minor=2)
IRK = bytes.fromhex("ec0234a357c8ad05341010a60a397d9b")
PHONE = Beacon("p-1", BeaconKind.IRK, subject="c-1", key=IRK.hex())
EID_KEY = "0102030405060708090a111213141516"
EID = Beacon("e-1", BeaconKind.EDDYSTONE_EID, subject="c-1", key=EID_KEY, exponent=10)
FRAME = IBeacon(UUID, 1, 2, -59)
NOTHING = NoBeacon()


def address_of(irk: bytes, prand: str) -> str:
    raw = bytes.fromhex(prand)
    found = raw + resolving.hash_of(resolving.encryptor(irk), raw)
    return ":".join(f"{byte:02X}" for byte in found)


def test_the_published_eid():
    assert resolving.eid_at(bytes.fromhex(EID_KEY), 10, 0).hex() == "a9b76a71c5f89290"


def test_the_published_private_address():
    assert address_of(IRK, "708194") == "70:81:94:0D:FB:AA"


def test_a_tag_is_believed_at_its_second_sighting():
    identifier = Identifier([TAG])
    first = identifier.identify("C2:00:00:00:00:01", FRAME, 1.0)
    again = identifier.identify("C2:00:00:00:00:01", FRAME, 1.0)  # the same advert, twice
    second = identifier.identify("C2:00:00:00:00:09", FRAME, 2.0)  # its address may change
    assert [one.confirmed for one in (first, again, second)] == [False, False, True]
    assert second.beacon is TAG


def test_a_strangers_tag_is_nobodys():
    assert Identifier([TAG]).identify("", replace(FRAME, minor=3), 1.0) is None


def test_a_tag_of_two_owners_is_nobodys():
    other = replace(TAG, id="t-2", subject="c-2")
    assert Identifier([TAG, other]).identify("", FRAME, 1.0) is None


def test_the_power_in_the_document_wins_over_what_the_tag_says():
    measured = replace(TAG, power_1m_dbm=-66)
    assert Identifier([measured]).identify("", FRAME, 1.0).power_1m_dbm == -66


def test_one_private_address_may_be_chance_and_two_are_not():
    identifier = Identifier([PHONE])
    first = identifier.identify(address_of(IRK, "708194"), NOTHING, 1.0)
    same = identifier.identify(address_of(IRK, "708194"), NOTHING, 9.0)
    second = identifier.identify(address_of(IRK, "712345"), NOTHING, 900.0)
    assert [one.confirmed for one in (first, same, second)] == [False, False, True]


def test_other_evidence_of_the_person_confirms_an_address():
    identifier = Identifier([PHONE])
    assert not identifier.identify(address_of(IRK, "708194"), NOTHING, 1.0).confirmed
    identifier.corroborate("c-1")
    assert identifier.identify(address_of(IRK, "708194"), NOTHING, 2.0).confirmed
    assert not identifier.identify(address_of(IRK, "708194"), NOTHING, 4000.0).confirmed


def test_an_address_that_fits_two_keys_names_nobody():
    twin = replace(PHONE, id="p-2", subject="c-2")
    assert Identifier([PHONE, twin]).identify(address_of(IRK, "708194"), NOTHING, 1.0) is None


@pytest.mark.parametrize("address", ["F0:81:94:0D:FB:AA", "30:81:94:0D:FB:AA", "", "x", "70:81"])
def test_addresses_of_another_kind_are_not_tried(address):
    assert Identifier([PHONE]).identify(address, NOTHING, 1.0) is None


@given(st.floats(0, 4e9), st.integers(0, 15), st.floats(-1.5, 1.5))
def test_an_eid_is_known_though_the_clock_is_a_window_off(at, exponent, windows):
    beacon = replace(EID, exponent=exponent)
    shown_at = max(0.0, at + windows * 2**exponent)
    if shown_at >= 2**32:
        return
    eid = resolving.eid_at(bytes.fromhex(EID_KEY), exponent, int(shown_at)).hex()
    found = Identifier([beacon]).identify("", EddystoneEid(eid, -60), at)
    assert found is not None
    assert found.beacon is beacon


def test_an_eid_of_last_week_is_unknown():
    old = resolving.eid_at(bytes.fromhex(EID_KEY), 10, 0).hex()
    assert Identifier([EID]).identify("", EddystoneEid(old, -60), 7 * 86400.0) is None


@pytest.mark.parametrize(
    ("beacon", "word"),
    [
        (replace(TAG, uuid="xyz"), "uuid"),
        (replace(TAG, major=None), "major"),
        (replace(TAG, minor=70000), "minor"),
        (replace(PHONE, key="00"), "key"),
        (replace(EID, exponent=16), "exponent"),
        (Beacon("a", BeaconKind.ALTBEACON, code="00"), "code"),
        (Beacon("u", BeaconKind.EDDYSTONE_UID, namespace="00" * 10, instance="0"), "instance"),
    ],
)
def test_an_unusable_beacon_is_named_and_the_rest_goes_on(beacon, word):
    identifier, (fault,) = Identifier.build([beacon, replace(TAG, id="good", minor=9)])
    assert fault.feature == beacon.id
    assert word in fault.reason
    assert identifier.identify("", replace(FRAME, minor=9), 1.0) is not None


def test_what_it_remembers_of_strangers_is_bounded(monkeypatch):
    monkeypatch.setattr("geofences.beacons.identify.MAX_ADDRESSES", 10)
    identifier = Identifier([PHONE])
    for number in range(100):
        identifier.identify(f"70:00:00:00:00:{number:02X}", NOTHING, float(number))
    assert len(identifier._addresses) == 10
