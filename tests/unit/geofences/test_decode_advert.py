"""`decode advert`: one object a line, however the bytes were written down."""

import json
from io import BytesIO, StringIO, TextIOWrapper

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store_agent.commands.decode_advert import decode_adverts

IBEACON = "0201061aff4c0002154142434445464748494041424344454600010002f8"
SPACED = " ".join(IBEACON[i : i + 2] for i in range(0, len(IBEACON), 2))
EDDYSTONE_TLM = "0201060303aafe1116aafe20000b1813000000146700002ac4"


def decoded(text: str) -> list[dict[str, object]]:
    out = StringIO()
    decode_adverts(StringIO(text), out)
    return [json.loads(line) for line in out.getvalue().splitlines()]


@pytest.mark.parametrize(
    "text",
    [
        IBEACON,
        IBEACON.upper(),
        SPACED,
        SPACED.replace(" ", ":"),
        SPACED.replace(" ", "-"),
        "0x" + IBEACON,
        "0X" + SPACED.replace(" ", ", 0x"),
        f"  {IBEACON}\r",
        "\ufeff" + IBEACON,
        "\\x" + SPACED.replace(" ", "\\x"),
        f'"{SPACED.replace(" ", "_")}"',
    ],
)
def test_hex_may_be_written_as_people_write_it(text):
    assert decoded(text + "\n") == [
        {
            "kind": "ibeacon",
            "uuid": "41424344-4546-4748-4940-414243444546",
            "major": 1,
            "minor": 2,
            "power_1m_dbm": -8,
        }
    ]


def test_letters_of_a_uuid_are_upper_case_and_of_other_ids_lower():
    ibeacon = "1aff4c000215" + "ab" * 16 + "0001" + "0002" + "c5"
    uid = "1516aafe00e3" + "AB" * 16
    first, second = decoded(f"{ibeacon}\n{uid}\n")
    assert first["uuid"] == "ABABABAB-ABAB-ABAB-ABAB-ABABABABABAB"
    assert (second["namespace"], second["instance"]) == ("ab" * 10, "ab" * 6)


def test_an_altbeacon_tells_its_id_by_that_name():
    (told,) = decoded("02011a1bff1801beac2f234454cf6d4a0fadf2f4911ba9ffa600010002c509\n")
    assert told == {
        "kind": "altbeacon",
        "company": 0x0118,
        "id": "2f234454cf6d4a0fadf2f4911ba9ffa600010002",
        "power_1m_dbm": -59,
        "reserved": 9,
    }


def test_telemetry_in_its_units():
    (told,) = decoded(EDDYSTONE_TLM)
    assert told == {
        "kind": "eddystone_tlm",
        "voltage_mv": 2840,
        "temperature_c": 19.0,
        "advertisements": 5223,
        "uptime_s": 1094.8,
        "encrypted": False,
    }


def test_every_line_has_its_answer_in_its_place():
    kinds = [told["kind"] for told in decoded(f"{IBEACON}\n\nhello\n020\n020106\n")]
    assert kinds == ["ibeacon", "malformed", "malformed", "malformed", "none"]


NO_BEACONS = """
0aff4c0001000000000000
0aff4c0010050318aabbcc
1eff4c00121910000102030405060708090a0b0c0d0e0f101112131415160000
0716aafe21000a0b
1aff0600021541424344454647484940414243444546000100c2f8
0201060303aafe
0201060000
02
"""
MALFORMED = """
1aff4c0002154142434445464748494041424344454600010002
0201061bff4c000215
19ff1801beac2f234454cf6d4a0fadf2f4911ba9ffa600010002
1416aafe00e31234567890123467890100000000
0416aafe20
1416aafe200100000000000000000000000000000000
0916aafe10f803610e62
0616aafe10f804
0716aafe10f8030e
0c16aafe30e3a9b76a71c5f892
020
hello
"""


@pytest.mark.parametrize(("lines", "kind"), [(NO_BEACONS, "none"), (MALFORMED, "malformed")])
def test_what_claims_to_be_no_beacon_is_none_and_what_breaks_its_claim_malformed(lines, kind):
    told = decoded(lines.lstrip())
    assert [one["kind"] for one in told] == [kind] * lines.strip().count("\n") + [kind]


def test_lookalikes_are_what_their_bytes_say():
    tilt = "1aff4c000215a495bb10c5b14b44b5121370f02d74de004403ecc5"
    thermometer = "1aff4c000215" + b"Kitchen 21.50 C ".hex() + "00010002c5"
    first, second = decoded(f"{tilt}\n{thermometer}\n")
    assert (first["kind"], first["major"], first["minor"]) == ("ibeacon", 68, 1004)
    assert second["kind"] == "ibeacon"


def test_a_malformed_line_says_why():
    for told in decoded("hello\n\n0516aafe00e3\n"):
        assert set(told) == {"kind", "reason"}
        assert told["reason"]


@given(st.text(max_size=80))
def test_any_line_decodes_to_one_object(line):
    (told,) = decoded(line.replace("\n", " ").replace("\r", " ") + "\n")
    assert told["kind"]


@given(st.binary(max_size=80))
def test_a_file_that_is_no_text_is_malformed(data):
    out = StringIO()
    decode_adverts(TextIOWrapper(BytesIO(data + b"\n"), encoding="utf-8"), out)
    assert all(json.loads(line)["kind"] for line in out.getvalue().splitlines())
