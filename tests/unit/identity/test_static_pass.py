"""Static messages: exact, framed, prefixed, misread, and judged by the pass map."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.identity.pass_builders import NOW, MemoryBook, scan, static_pass

from store_agent.domain.scan import ScanKind, ScanReason
from store_agent.identity.message import MAX_LENGTH

LATIN_1 = st.text(st.characters(max_codepoint=0xFF, exclude_categories=["Cc"]), min_size=1)
BROKEN_CLOCK = datetime(1970, 1, 1, 0, 5, tzinfo=UTC)


def read_as_windows_1252(raw: bytes) -> str:
    """As a browser does: the five bytes Windows leaves open become control characters."""
    return "".join(
        bytes([byte]).decode("cp1252", "ignore") or bytes([byte]).decode("latin-1") for byte in raw
    )


def misreadings(message: str) -> list[str]:
    """Every text a reader may deliver for a pass with this message."""
    utf8 = message.encode()
    latin_1 = message.encode("latin-1")
    return [
        message,
        utf8.decode("latin-1"),
        read_as_windows_1252(utf8),
        utf8.decode("latin-1").encode().decode("latin-1"),
        latin_1.decode("utf-8", "surrogateescape"),
    ]


def test_it_recognises_the_exact_message() -> None:
    found = scan("MUSTERFRAU-0001", MemoryBook([static_pass()]))
    assert (found.kind, found.customer_id, found.reason) == (
        ScanKind.STATIC_PASS,
        "c-musterfrau",
        None,
    )


@pytest.mark.parametrize("data", ["X\r\n", "\x02X\x03", "X\r", "X\t", "X\x00", "]Q1X", "]Q1X\r\n"])
def test_it_takes_the_frame_and_the_aim_prefix_off(data: str) -> None:
    assert scan(data, MemoryBook([static_pass("X")])).customer_id == "c-musterfrau"


@pytest.mark.parametrize("symbology", ["Q1", "]Q1", "nonsense", "", "]", "\udcff"])
def test_any_symbology_beside_the_data_is_fine(symbology: str) -> None:
    book = MemoryBook([static_pass("X")])
    assert scan("X", book, symbology=symbology).customer_id == "c-musterfrau"
    assert scan("]Q1X", book, symbology=symbology).customer_id == "c-musterfrau"


def test_a_message_that_itself_starts_like_an_aim_prefix_is_found() -> None:
    assert scan("]Q1X", MemoryBook([static_pass("]Q1X")])).customer_id == "c-musterfrau"


@pytest.mark.parametrize("data", ["", "\r\n", "  ", "]Q1", "]Q1\r\n", "\x00"])
def test_nothing_is_called_empty(data: str) -> None:
    assert scan(data, MemoryBook()).reason is ScanReason.EMPTY


def test_the_length_is_bounded_before_anything_is_looked_up() -> None:
    book = MemoryBook([static_pass("X" * MAX_LENGTH)])
    assert scan("X" * MAX_LENGTH + "\r\n", book).customer_id == "c-musterfrau"
    book.asked.clear()
    assert scan("X" * (MAX_LENGTH + 1), book).reason is ScanReason.TOO_LONG
    assert book.asked == []


def test_an_unknown_text_is_an_unknown_pass() -> None:
    found = scan("never seen", MemoryBook([static_pass()]))
    assert (found.kind, found.reason) == (ScanKind.UNKNOWN, ScanReason.UNKNOWN_PASS)


def test_an_ascii_text_costs_one_look_up() -> None:
    book = MemoryBook()
    scan("never seen", book)
    assert book.asked == ["never seen"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"voided": True}, ScanReason.VOIDED),
        ({"valid_from": NOW + timedelta(seconds=1)}, ScanReason.NOT_YET_VALID),
        ({"valid_from": NOW}, None),
        ({"valid_until": NOW}, ScanReason.EXPIRED),
        ({"valid_until": NOW + timedelta(seconds=1)}, None),
        ({"valid_until": datetime(2026, 1, 1)}, ScanReason.EXPIRED),  # noqa: DTZ001  as a feed may send it
        ({"voided": True, "valid_until": NOW}, ScanReason.VOIDED),
    ],
)
def test_the_pass_map_says_what_is_no_longer_valid(changes, reason) -> None:
    found = scan("X", MemoryBook([static_pass("X", **changes)]))
    assert found.reason is reason
    assert (found.customer_id is None) == (reason is not None)
    assert found.pass_id is not None


def test_a_box_that_lost_its_clock_still_serves_static_passes() -> None:
    dated = static_pass("X", valid_from=NOW - timedelta(days=9), valid_until=NOW)
    book = MemoryBook([dated, static_pass("V", voided=True)])
    lost = {"now": BROKEN_CLOCK, "clock_trusted": False}
    assert scan("X", book, **lost).customer_id == "c-musterfrau"
    assert scan("V", book, **lost).reason is ScanReason.VOIDED


@pytest.mark.parametrize("read", misreadings("Grüße-Ä0815-Größe"))
def test_a_misread_umlaut_still_finds_its_pass(read: str) -> None:
    book = MemoryBook([static_pass("Grüße-Ä0815-Größe")])
    assert scan(read, book).customer_id == "c-musterfrau"


def test_latin_1_bytes_that_happen_to_be_utf_8_find_their_pass() -> None:
    message = "MÃ¼ller"  # as bytes this is the UTF-8 form of another name
    read_as_utf8 = message.encode("latin-1").decode()
    assert scan(read_as_utf8, MemoryBook([static_pass(message)])).customer_id == "c-musterfrau"


def test_a_text_that_fits_two_passes_names_neither() -> None:
    book = MemoryBook([static_pass("Müller"), static_pass("MÃ¼ller")])
    for text in ("Müller", "MÃ¼ller"):
        found = scan(text, book)
        assert (found.reason, found.customer_id) == (ScanReason.AMBIGUOUS, None)


def test_a_replacement_character_is_never_guessed() -> None:
    assert scan("M\ufffdller", MemoryBook([static_pass("Müller")])).customer_id is None


@given(LATIN_1.filter(lambda text: text.strip() == text and not text.startswith("]")))
def test_every_latin_1_message_survives_every_misreading(message: str) -> None:
    book = MemoryBook([static_pass(message)])
    for read in misreadings(message):
        assert scan(read, book).customer_id == "c-musterfrau"


SHORT = st.text(st.sampled_from("aüÃ¼\x83Â©"), min_size=1, max_size=5)


@given(st.sets(SHORT, min_size=2, max_size=12), st.data())
def test_no_misreading_ever_finds_another_pass(messages: set[str], data: st.DataObject) -> None:
    book = MemoryBook([static_pass(message) for message in messages])
    message = data.draw(st.sampled_from(sorted(messages)))
    own = next(p for p in book.passes if p.message == message)
    for read in misreadings(message):
        found = scan(read, book)
        assert found.pass_id == own.id or found.reason is ScanReason.AMBIGUOUS
