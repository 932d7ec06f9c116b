"""Advertisements: published examples, lookalikes, and bytes of every kind."""

import json
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geofences.beacons.adverts import parse, structures, to_ad_structures
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
from store_agent.commands.decode_advert import decode_adverts

IBEACON = "0201061aff4c0002154142434445464748494041424344454600010002f8"
ALTBEACON = "02011a1bff1801beac2f234454cf6d4a0fadf2f4911ba9ffa600010002c509"
UID = "0201060303aafe1716aafe00e3123456789012346789010000000000010000"
URL = "0303aafe1316aafe10f8036769746875620063697472757a"
TLM = "0201060303aafe1116aafe20000b1813000000146700002ac4"


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
        "0b16aafe21000000000000",  # the sensor extension
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
        "0516aafe2002",
        "0316aafe",
    ],
)
def test_what_claims_to_be_a_beacon_and_is_not_is_malformed(advert):
    assert isinstance(of(advert), Malformed)


def test_a_beacon_behind_other_structures_and_noise_is_found():
    assert isinstance(of("020106" + "03ff4c00" + IBEACON[6:]), IBeacon)
    assert isinstance(of(IBEACON + "00ffff"), IBeacon)


def test_the_same_service_data_under_its_long_uuid():
    data = to_ad_structures({}, {"0000feaa-0000-1000-8000-00805f9b34fb": b"\x30\xe3" + bytes(8)})
    assert isinstance(parse(data), EddystoneEid)


@given(st.binary(max_size=300))
def test_any_bytes_are_a_frame(advert):
    assert parse(advert).kind
    assert read_eddystone(advert).kind


@given(st.text(max_size=80))
def test_any_line_decodes_to_one_object(line):
    out = StringIO()
    decode_adverts(StringIO(line.replace("\n", " ").replace("\r", " ") + "\n"), out)
    lines = out.getvalue().splitlines()
    assert len(lines) == 1
    assert json.loads(lines[0])["kind"]


@given(
    st.dictionaries(st.integers(0, 0xFFFF), st.binary(max_size=250), max_size=3),
    st.binary(min_size=1, max_size=200),
)
def test_what_bluez_took_apart_is_put_together_again(manufacturer, service):
    uuid = "0000feaa-0000-1000-8000-00805f9b34fb"
    found = list(structures(to_ad_structures(manufacturer, {uuid: service})))
    expected = [(0xFF, c.to_bytes(2, "little") + d) for c, d in manufacturer.items()]
    assert found == [*expected, (0x16, b"\xaa\xfe" + service)]


@pytest.mark.parametrize(
    "text", [IBEACON.upper(), " ".join(IBEACON[i : i + 2] for i in range(0, 60, 2)), "0x" + IBEACON]
)
def test_hex_may_be_written_as_people_write_it(text):
    out = StringIO()
    decode_adverts(StringIO(text + "\n"), out)
    assert json.loads(out.getvalue()) == {
        "kind": "ibeacon",
        "uuid": "41424344-4546-4748-4940-414243444546",
        "major": 1,
        "minor": 2,
        "power_1m_dbm": -8,
    }
