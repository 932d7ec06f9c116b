"""Advertisements: published examples, lookalikes, and bytes of every kind."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geofences.beacons.adverts import parse, parse_all, structures, to_ad_structures
from geofences.beacons.eddystone import read_eddystone
from geofences.beacons.frames import (
    AltBeacon,
    EddystoneEid,
    EddystoneTlm,
    EddystoneUid,
    EddystoneUrl,
    IBeacon,
    Malformed,
    NoBeacon,
)

IBEACON = "0201061aff4c0002154142434445464748494041424344454600010002f8"
ALTBEACON = "02011a1bff1801beac2f234454cf6d4a0fadf2f4911ba9ffa600010002c509"
UID = "0201060303aafe1716aafe00e3123456789012346789010000000000010000"
URL = "0303aafe1316aafe10f8036769746875620063697472757a"
TLM = "0201060303aafe1116aafe20000b1813000000146700002ac4"
KINDS = {
    "ibeacon",
    "altbeacon",
    "eddystone_uid",
    "eddystone_url",
    "eddystone_tlm",
    "eddystone_eid",
    "none",
    "malformed",
}


def of(text: str):
    return parse(bytes.fromhex(text))


def test_an_ibeacon():
    assert of(IBEACON) == IBeacon("41424344-4546-4748-4940-414243444546", 1, 2, -8)


def test_an_altbeacon():
    code = "2f234454cf6d4a0fadf2f4911ba9ffa600010002"
    assert of(ALTBEACON) == AltBeacon(0x0118, code, -59, 9)


def test_an_altbeacon_of_any_company_and_without_its_reserved_byte():
    frame = of("1affffffbeac" + "00" * 20 + "c5")
    assert isinstance(frame, AltBeacon)
    assert (frame.company, frame.reserved) == (0xFFFF, 0)


def test_an_eddystone_uid_whose_power_is_at_0_m():
    assert of(UID) == EddystoneUid("12345678901234678901", "000000000001", -29 - 41)


def test_an_eddystone_uid_without_its_reserved_bytes():
    assert isinstance(of("1516aafe00e3" + "12" * 10 + "34" * 6), EddystoneUid)


def test_an_eddystone_url():
    assert of(URL) == EddystoneUrl("https://github.com/citruz", -8 - 41)


@pytest.mark.parametrize("data", ["10f804", "10f8030e", "10f8037f", "10f80320", "10f8"])
def test_a_url_with_a_reserved_code_is_malformed(data):
    assert isinstance(read_eddystone(bytes.fromhex(data)), Malformed)


def test_eddystone_telemetry():
    assert of(TLM) == EddystoneTlm(2840, 19.0, 5223, 1094.8)


def test_telemetry_that_is_not_supported_is_not_zero():
    frame = read_eddystone(bytes.fromhex("20000000800000000014000000c8"))
    assert (frame.voltage_mv, frame.temperature_c) == (None, None)


def test_telemetry_below_zero_and_encrypted():
    assert read_eddystone(bytes.fromhex("20000b18ff800000000100000001")).temperature_c == -0.5
    assert read_eddystone(b"\x20\x01" + bytes(16)).encrypted


def test_an_eddystone_eid():
    assert of("0d16aafe30e3a9b76a71c5f89290") == EddystoneEid("a9b76a71c5f89290", -29 - 41)


@pytest.mark.parametrize(
    "advert",
    [
        "1eff4c001219" + "00" * 25,  # Find My
        "0aff4c0010050318aabbcc",  # nearby
        "0aff4c0001000000000000",  # overflow
        "0a16aafe21000000000000",  # the sensor extension
        "1aff4d000215" + "41" * 21,  # another company with Apple's numbers
        "0a16abfe00e30000000000",  # another service
        "1209" + "1aff4c000215" + "41" * 11,  # a name with a beacon in it
        "020106",
        "",
        "00",
        "ff",
        "05",
    ],
)
def test_what_only_looks_like_a_beacon_is_none(advert):
    assert of(advert) == NoBeacon()


@pytest.mark.parametrize(
    "advert",
    [
        "19ff4c000215" + "41" * 20,  # cut short
        "1bff4c000216" + "41" * 21 + "f8",  # another length
        "0aff1801beac0000000000",
        "0516aafe00e3",
        "0916aafe30e300000000",
        "0516aafe2000",
        "0416aafe20",
        "0516aafe2002",
        "0516aafe3000",
        "0516aafe10e3",
        "0616aafe10e303",  # a scheme and no address
        "0316aafe",
        IBEACON[:-2],  # the structures end before they said they would
        IBEACON[:16],
        ALTBEACON[:20],
        UID[:-2],
    ],
)
def test_what_claims_to_be_a_beacon_and_is_not_is_malformed(advert):
    assert isinstance(of(advert), Malformed)


def test_a_beacon_behind_other_structures_and_noise_is_found():
    assert isinstance(of("020106" + "03ff4c00" + IBEACON[6:]), IBeacon)
    assert isinstance(of(IBEACON + "00ffff"), IBeacon)


SHORTEST = [
    "00e3" + "11" * 16,
    "10e30361",
    "2000" + "11" * 12,
    "2001" + "11" * 16,
    "30e3" + "11" * 8,
]


@pytest.mark.parametrize("data", SHORTEST)
def test_a_frame_is_whole_to_the_last_byte(data):
    assert not isinstance(read_eddystone(bytes.fromhex(data)), Malformed)
    for size in range(2, len(data), 2):
        assert isinstance(read_eddystone(bytes.fromhex(data[:size])), Malformed)


def test_telemetry_of_another_version_is_malformed():
    assert isinstance(read_eddystone(b"\x20\x02" + bytes(16)), Malformed)


def test_after_a_zero_length_nothing_is_read():
    assert of("0201060000" + IBEACON) == NoBeacon()


def test_a_whole_beacon_counts_more_than_a_broken_one_before_it():
    assert isinstance(of("0516aafe00e3" + IBEACON), IBeacon)
    assert isinstance(of(IBEACON + "0516aafe00e3"), IBeacon)


def test_a_tag_that_sends_two_formats_in_turn_is_both():
    both = parse_all(bytes.fromhex(IBEACON + UID[6:]))
    assert [frame.kind for frame in both] == ["ibeacon", "eddystone_uid"]
    assert parse_all(b"") == (NoBeacon(),)


def test_bytes_behind_a_frame_do_not_matter():
    assert isinstance(of("1cff4c000215" + "41" * 20 + "c5" + "0000"), IBeacon)
    assert of("1eff1801beac" + "2f" * 20 + "c509" + "aabbcc").reserved == 9
    assert read_eddystone(bytes.fromhex("30e3" + "0a" * 8 + "ffff")).eid == "0a" * 8
    assert read_eddystone(bytes.fromhex(TLM[22:] + "ff")) == of(TLM)


def test_an_extended_advertisement_is_longer_than_31_bytes():
    name = "fa09" + "41" * 249
    assert isinstance(of("020106" + name + name + IBEACON[6:]), IBeacon)


BASE = "-0000-1000-8000-00805f9b34fb"
EID_DATA = b"\x30\xe3" + bytes(8)


def test_the_same_service_data_under_each_length_of_its_uuid():
    assert to_ad_structures({}, {"0000FEAA" + BASE.upper(): EID_DATA})[:4].hex() == "0d16aafe"
    long_uuid = bytes.fromhex("fb349b5f8000008000100000aafe0000")
    for kind, uuid in ((0x16, b"\xaa\xfe"), (0x20, b"\xaa\xfe\0\0"), (0x21, long_uuid)):
        data = bytes((kind,)) + uuid + EID_DATA
        assert isinstance(parse(bytes((len(data),)) + data), EddystoneEid)


def test_other_uuids_stay_long():
    uuid = "0a0b0c0d-0000-1000-8000-00805f9b34fb"
    ((kind, data),) = structures(to_ad_structures({}, {uuid: b"\x01"}))
    assert (kind, data.hex()) == (0x21, "fb349b5f80000080001000000d0c0b0a01")


@pytest.mark.parametrize("uuid", ["", "feaa", "0000zzzz" + BASE, "0000" + BASE, "0000fea" + BASE])
def test_what_is_no_uuid_is_left_out(uuid):
    assert to_ad_structures({-1: b"a", 0x1_0000: b"b"}, {uuid: EID_DATA}) == b""


def test_what_does_not_fit_a_structure_is_left_out_and_the_rest_is_not():
    kept = to_ad_structures({1: bytes(252), 2: bytes(253)}, {"0000feaa" + BASE: bytes(253)})
    assert [len(data) for _, data in structures(kept)] == [254]


@given(st.binary(max_size=300))
def test_any_bytes_are_a_frame(advert):
    assert parse(advert).kind
    assert read_eddystone(advert).kind


starts = st.sampled_from(["4c000215", "4c0002", "4c00", "1801beac", "ffffbe"]).map(bytes.fromhex)
eddystone = st.sampled_from(["00", "10", "2000", "2001", "20", "30", "21"]).map(bytes.fromhex)
tails = st.binary(max_size=30)
built = st.one_of(
    st.builds(lambda a, b: b"\xff" + a + b, starts, tails),
    st.builds(lambda a, b: b"\x16\xaa\xfe" + a + b, eddystone, tails),
    st.builds(lambda kind, b: bytes((kind,)) + b, st.integers(0, 255), tails),
)


@given(st.lists(built, max_size=4), st.integers(-3, 3), st.integers(0, 120))
def test_almost_beacons_are_frames_and_never_errors(parts, error, cut):
    advert = b"".join(bytes((max(0, len(part) + error),)) + part for part in parts)[:cut]
    for frame in parse_all(advert):
        assert frame.kind in KINDS
    whole = [(kind, data) for kind, data in structures(advert)]
    if not any(kind in {0xFF, 0x16, 0x20, 0x21} for kind, _ in whole):
        assert isinstance(parse(advert), NoBeacon | Malformed)


beacons = st.one_of(
    st.builds(
        lambda uuid, major, minor, power: (
            {0x4C: b"\x02\x15" + uuid + major + minor + power},
            {},
            ("ibeacon", uuid.hex(), int.from_bytes(major, "big"), int.from_bytes(minor, "big")),
        ),
        *(st.binary(min_size=size, max_size=size) for size in (16, 2, 2, 1)),
    ),
    st.builds(
        lambda tx, ids, rest: (
            {},
            {"0000feaa" + BASE: b"\0" + tx + ids + rest},
            ("eddystone_uid", ids[:10].hex(), ids[10:].hex()),
        ),
        st.binary(min_size=1, max_size=1),
        st.binary(min_size=16, max_size=16),
        st.binary(max_size=4),
    ),
)


@given(beacons, st.dictionaries(st.integers(0x100, 0x200), st.just(b"\1\2"), max_size=2))
def test_what_bluez_took_apart_is_the_same_beacon_again(beacon, others):
    manufacturer, service, said = beacon
    frame = parse(to_ad_structures(others | manufacturer, service))
    if isinstance(frame, IBeacon):
        found = (frame.kind, frame.uuid.replace("-", "").lower(), frame.major, frame.minor)
    else:
        found = (frame.kind, frame.namespace, frame.instance)
    assert found == said


@given(
    st.dictionaries(st.integers(0, 0xFFFF), st.binary(max_size=250), max_size=3),
    st.binary(min_size=1, max_size=200),
)
def test_what_bluez_took_apart_is_put_together_again(manufacturer, service):
    uuid = "0000feaa-0000-1000-8000-00805f9b34fb"
    found = list(structures(to_ad_structures(manufacturer, {uuid: service})))
    expected = [(0xFF, c.to_bytes(2, "little") + d) for c, d in manufacturer.items()]
    assert found == [*expected, (0x16, b"\xaa\xfe" + service)]
