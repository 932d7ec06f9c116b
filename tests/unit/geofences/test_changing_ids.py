"""Eddystone-EID and private addresses: published vectors, wrong clocks, bounded memory."""

import random

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB
from hypothesis import given
from hypothesis import strategies as st

from geofences.beacons import addresses, ephemeral, resolving
from geofences.beacons.addresses import PrivateAddresses
from geofences.beacons.ephemeral import EphemeralIds
from geofences.beacons.model import Beacon, BeaconKind

IRK = bytes.fromhex("ec0234a357c8ad05341010a60a397d9b")
EID_KEY = bytes.fromhex("0102030405060708090a111213141516")
PUBLISHED = "70:81:94:0D:FB:AA"
NOW = 1_763_700_000.0
MADE = NOW - 30 * 86_400


def phone(key: bytes = IRK, name: str = "p") -> Beacon:
    return Beacon(name, BeaconKind.IRK, subject=name, key=key.hex())


def tag(
    exponent: int = 10, offset_s: float = MADE, key: bytes = EID_KEY, name: str = "e"
) -> Beacon:
    return Beacon(
        name,
        BeaconKind.EDDYSTONE_EID,
        subject=name,
        key=key.hex(),
        exponent=exponent,
        clock_offset_s=offset_s,
    )


def shown(beacon: Beacon, at: float) -> str:
    beacon_time_s = int(at - beacon.clock_offset_s)
    return resolving.eid_at(bytes.fromhex(beacon.key), beacon.exponent, beacon_time_s).hex()


# -- arithmetic ----------------------------------------------------------------------------------


def test_the_published_eid():
    assert resolving.eid_at(EID_KEY, 10, 0).hex() == "a9b76a71c5f89290"


def as_specified(key: bytes, exponent: int, at: int) -> bytes:
    """The specification's two steps, written down once more."""

    def aes(with_key: bytes, block: bytes) -> bytes:
        return Cipher(AES(with_key), ECB()).encryptor().update(block)  # noqa: S305  prescribed

    temporary = aes(key, bytes(11) + b"\xff\x00\x00" + at.to_bytes(4, "big")[:2])
    quantised = at & ~((1 << exponent) - 1)
    return aes(temporary, bytes(11) + bytes([exponent]) + quantised.to_bytes(4, "big"))[:8]


@given(st.binary(min_size=16, max_size=16), st.integers(0, 15), st.integers(0, 2**32 - 1))
def test_an_eid_is_what_the_specification_says(key, exponent, at):
    assert resolving.eid_at(key, exponent, at) == as_specified(key, exponent, at)


@given(st.integers(0, 15), st.integers(0, 2**32 - 1))
def test_an_eid_stays_for_its_window_and_changes_with_it(exponent, at):
    start = at >> exponent << exponent
    first = resolving.eid_at(EID_KEY, exponent, start)
    assert resolving.eid_at(EID_KEY, exponent, at) == first
    assert resolving.eid_at(EID_KEY, exponent, start + (1 << exponent)) != first


def test_a_row_of_windows_is_the_same_as_each_alone():
    across_a_temporary_key = range(62, 67)
    row = list(resolving.eids(EID_KEY, 10, across_a_temporary_key))
    assert row == [
        resolving.eid_at(EID_KEY, 10, window * 1024) for window in across_a_temporary_key
    ]


def test_the_published_private_address():
    key = resolving.encryptor(IRK)
    assert key.update(bytes(13) + bytes.fromhex("708194")).hex() == (
        "159d5fb72ebe2311a48c1bdcc40dfbaa"
    )
    assert resolving.hash_of(key, bytes.fromhex("708194")).hex() == "0dfbaa"


# -- private addresses ---------------------------------------------------------------------------


def test_an_address_is_found_among_many_keys():
    dice = random.Random(1)
    strangers = [phone(dice.randbytes(16), f"s-{number}") for number in range(50)]
    known = PrivateAddresses([*strangers[:25], phone(), *strangers[25:]])
    assert known.beacon_of(PUBLISHED) == phone()
    assert known.beacon_of(PUBLISHED) == phone()


def test_a_key_the_wrong_way_round_finds_nothing():
    assert PrivateAddresses([phone(IRK[::-1])]).beacon_of(PUBLISHED) is None


@pytest.mark.parametrize(
    "address",
    ["F0:81:94:0D:FB:AA", "30:81:94:0D:FB:AA", "B0:81:94:0D:FB:AA", "", "x", "70:81", "7", "70:zz"],
)
def test_addresses_of_another_kind_are_not_tried(address):
    assert PrivateAddresses([phone()]).beacon_of(address) is None


def test_only_addresses_whose_top_bits_are_01_are_resolvable():
    every = [bytes((first,)) + bytes(5) for first in range(256)]
    resolvable = [raw[0] for raw in every if resolving.is_resolvable(raw)]
    tried = [raw[0] for raw in every if raw.hex().upper()[0] in addresses.FIRST_DIGITS]
    assert resolvable == tried == list(range(0x40, 0x80))


def test_an_address_is_asked_of_the_keys_once(monkeypatch):
    known, tried = PrivateAddresses([phone()]), []
    resolved = PrivateAddresses._resolved
    monkeypatch.setattr(
        PrivateAddresses, "_resolved", lambda self, raw: tried.append(raw) or resolved(self, raw)
    )
    for address in (PUBLISHED, "70:00:00:00:00:01") * 3:
        known.beacon_of(address)
    assert len(tried) == 2


def test_what_is_remembered_of_strangers_is_bounded_and_the_newest(monkeypatch):
    monkeypatch.setattr(addresses, "MAX_ADDRESSES", 10)
    known = PrivateAddresses([phone()])
    for number in range(100):
        known.beacon_of(PUBLISHED)
        known.beacon_of(f"70:00:00:00:00:{number:02X}")
    assert len(known._known) == 10
    assert PUBLISHED in known._known


# -- Eddystone-EID -------------------------------------------------------------------------------


@given(st.floats(0, 4e9), st.integers(0, 15), st.integers(-2, 2))
def test_an_eid_is_known_two_windows_off(age_s, exponent, windows):
    beacon = tag(exponent, offset_s=NOW)
    off_s = age_s + windows * 2**exponent
    if not 0 <= off_s < 2**32:
        return
    assert EphemeralIds([beacon]).beacon_of(shown(beacon, NOW + off_s), NOW + age_s) is beacon


@pytest.mark.parametrize("exponent", [6, 9, 10, 12])
def test_two_windows_aside_are_known_from_the_first_moment(exponent, monkeypatch):
    monkeypatch.setattr(ephemeral, "DRIFT", 0.0)
    beacon, step_s = tag(exponent), 1 << exponent
    known = EphemeralIds([beacon])
    for second in range(0, 8192, 61):
        at = NOW + second
        for windows in (-2, -1, 0, 1, 2):
            assert known.beacon_of(shown(beacon, at + windows * step_s), at) is beacon


@pytest.mark.parametrize("days", [1, 30, 365])
@pytest.mark.parametrize("direction", [1, -1])
@pytest.mark.parametrize("exponent", [8, 10, 15])
def test_a_drifting_beacon_is_known_for_a_year(days, direction, exponent):
    age_s = days * 86_400
    beacon = tag(exponent, NOW - age_s)
    theirs = NOW + direction * age_s * ephemeral.DRIFT
    assert EphemeralIds([beacon]).beacon_of(shown(beacon, theirs), NOW) is beacon


@pytest.mark.parametrize("off_s", [-86_400, -6 * 3600, 6 * 3600, 86_400])
def test_a_recorded_eid_of_another_hour_is_nobodys(off_s):
    for beacon in (tag(), tag(offset_s=0.0)):
        assert EphemeralIds([beacon]).beacon_of(shown(beacon, NOW + off_s), NOW) is None


def test_beacons_of_every_rhythm_are_known_side_by_side():
    beacons = [tag(k, MADE + k, bytes((k + 1,)) * 16, f"e-{k}") for k in range(16)]
    known = EphemeralIds(beacons)
    for beacon in beacons:
        assert known.beacon_of(shown(beacon, NOW), NOW) is beacon


def test_two_beacons_that_show_the_same_are_nobody():
    assert EphemeralIds([tag(), tag(name="twin")]).beacon_of(shown(tag(), NOW), NOW) is None


@pytest.mark.parametrize("at", [float("nan"), float("inf"), -1e18, -1.0, 0.0, 1e18])
def test_no_clock_is_too_wrong(at):
    known = EphemeralIds([tag(), tag(0)])
    assert known.beacon_of("00" * 8, at) is None
    assert known.beacon_of(shown(tag(), NOW), NOW) is not None


def test_late_sightings_and_one_wrong_clock_do_not_make_the_tables_anew(monkeypatch):
    made = []
    windows = ephemeral._Rotation._windows
    monkeypatch.setattr(
        ephemeral._Rotation, "_windows", lambda *args: made.append(1) or windows(*args)
    )
    beacon = tag()
    known = EphemeralIds([beacon])
    for jump in (-9e6, -8e6, -7e6):
        known.beacon_of("", NOW + jump)
    made.clear()
    for second in range(60):
        for at in (NOW + second, NOW + second - 900, NOW + 1e8 + second):
            assert known.beacon_of(shown(beacon, at), at) is beacon
    assert len(made) <= 4
    assert len(known._rotations[0]._tables) == ephemeral.TABLES_KEPT


def test_without_windows_aside_a_drifting_beacon_would_be_lost(monkeypatch):
    beacon = tag(offset_s=NOW - 365 * 86_400)
    eid = shown(beacon, NOW + 4000)
    assert EphemeralIds([beacon]).beacon_of(eid, NOW) is beacon
    monkeypatch.setattr(ephemeral, "DRIFT", 0.0)
    assert EphemeralIds([beacon]).beacon_of(eid, NOW) is None
