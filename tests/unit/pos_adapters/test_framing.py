"""From serial bytes to lines, whatever the line does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pos_adapters.scanners.framing import MAX_LINE_BYTES, STALE_AFTER_S, LineFramer


@pytest.mark.parametrize("suffix", [b"\r", b"\n", b"\r\n", b"\r\n\r\n"])
def test_every_usual_suffix_ends_a_line(suffix: bytes) -> None:
    framer = LineFramer()
    assert framer.feed(b"A1" + suffix + b"B2" + suffix, 0.0) == ["A1", "B2"]
    assert framer.dropped == 0


@given(st.lists(st.text("AÄ€]1\x1d", min_size=1), max_size=6), st.data())
def test_it_does_not_matter_how_the_bytes_arrive(lines: list[str], data: st.DataObject) -> None:
    stream = "".join(line + "\r\n" for line in lines).encode()
    framer, read = LineFramer(), []
    while stream:
        size = data.draw(st.integers(1, len(stream)))
        read += framer.feed(stream[:size], 0.0)
        stream = stream[size:]
    assert read == lines


def test_latin_1_is_read_where_utf_8_fails() -> None:
    framer = LineFramer()
    assert framer.feed("Müller\rÜ\r".encode(), 0.0) == ["Müller", "Ü"]
    assert framer.feed("Müller\rÜ".encode("latin-1") + b"\xc3\r", 0.0) == ["Müller", "ÜÃ"]


def test_nuls_are_padding() -> None:
    assert LineFramer().feed(b"\0A\0B\0\r\0\0\r", 0.0) == ["AB"]


def test_an_oversized_line_is_dropped_as_a_whole_and_counted() -> None:
    framer = LineFramer()
    for _ in range(100):
        assert framer.feed(b"x" * MAX_LINE_BYTES, 0.0) == []
        assert len(framer._line) <= MAX_LINE_BYTES
    assert framer.feed(b"tail\rGOOD\r", 0.0) == ["GOOD"]
    assert framer.dropped == 1
    assert framer.feed(b"y" * MAX_LINE_BYTES + b"\r", 0.0) == ["y" * MAX_LINE_BYTES]


def test_the_prefix_is_taken_off_and_lines_without_it_are_dropped() -> None:
    framer = LineFramer(prefix=b"\x02")
    assert framer.feed(b"\x02CODE\rnoise\r\r\x02\r", 0.0) == ["CODE"]
    assert framer.dropped == 1


def test_an_old_beginning_does_not_spoil_the_next_line() -> None:
    framer = LineFramer()
    assert framer.feed(b"noise", 0.0) == []
    assert framer.feed(b"CODE\r", STALE_AFTER_S) == ["CODE"]
    assert framer.dropped == 1
    assert framer.feed(b"CO", 1.1) == []
    assert framer.feed(b"DE\r", 1.2) == ["CODE"]


@given(st.lists(st.binary(max_size=200)), st.binary(max_size=2))
def test_any_bytes_are_survived(chunks: list[bytes], prefix: bytes) -> None:
    framer = LineFramer(prefix, max_bytes=100)
    for chunk in chunks:
        for line in framer.feed(chunk, 0.0):
            assert line
            assert len(line) <= 100
