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
