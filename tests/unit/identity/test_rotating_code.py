"""Rotating codes: RFC vectors, windows, timestamps, replay, and the anchor storage indexes by."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from unit.identity.pass_builders import (
    NOW,
    RFC_KEY_HEX,
    MemoryBook,
    rotating_pass,
    rotation,
    scan,
)

from store_agent.domain.catalog import Rotation, TotpField
from store_agent.domain.errors import InvalidInput
from store_agent.domain.scan import OnceCode, ScanKind, ScanReason
from store_agent.identity.rotating import Anchor, anchor, code_at
from store_agent.identity.totp import one_time_value

RFC_6238 = [
    (59, "94287082"),
    (1111111109, "07081804"),
    (1111111111, "14050471"),
    (1234567890, "89005924"),
    (2000000000, "69279037"),
    (20000000000, "65353130"),
]
PERIOD = timedelta(seconds=30)
BOOK = MemoryBook([rotating_pass()])


def at(seconds: float) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)


def test_a_period_of_thirty_seconds_starts_now() -> None:
    assert NOW.timestamp() % 30 == 0  # the tests below count on it


@pytest.mark.parametrize(("seconds", "value"), RFC_6238)
def test_it_computes_the_vectors_of_rfc_6238(seconds: int, value: str) -> None:
    assert one_time_value(bytes.fromhex(RFC_KEY_HEX), seconds // 30, 8) == value


@pytest.mark.parametrize(("seconds", "value"), RFC_6238)
def test_it_accepts_the_vectors_of_rfc_6238(seconds: int, value: str) -> None:
    code = f"MyRotatingBarcode-{seconds}-{value}"
    assert code_at(rotation(), at(seconds)) == code
    found = scan(code, BOOK, now=at(seconds))
    assert (found.kind, found.customer_id, found.once) == (
        ScanKind.ROTATING_PASS,
        "owner of r-1",
        OnceCode("r-1", seconds // 30),
    )


@pytest.mark.parametrize(("seconds", "value"), RFC_6238)
def test_the_embedded_time_may_be_the_start_of_the_period(seconds: int, value: str) -> None:
    code = f"MyRotatingBarcode-{seconds // 30 * 30}-{value}"
    assert scan(code, BOOK, now=at(seconds)).once == OnceCode("r-1", seconds // 30)


@pytest.mark.parametrize(
    ("shown_ago_s", "reason"),
    [
        (0, None),
        (29, None),
        (30, None),
        (31, ScanReason.OUTSIDE_WINDOW),
        (3600, ScanReason.OUTSIDE_WINDOW),
        (-30, None),
        (-59, None),
        (-60, ScanReason.OUTSIDE_WINDOW),
    ],
)
def test_one_window_each_side_is_accepted(shown_ago_s: int, reason: ScanReason | None) -> None:
    code = code_at(rotation(), NOW - timedelta(seconds=shown_ago_s))
    assert scan(code, BOOK, now=NOW).reason is reason


def test_a_code_without_a_timestamp_of_another_time_is_wrong() -> None:
    turning = rotation(pattern="CARD7-{totp_value_0}")
    book = MemoryBook([rotating_pass("r-2", turning)])
    assert scan(code_at(turning, NOW - PERIOD), book).customer_id == "owner of r-2"
    assert scan(code_at(turning, NOW + PERIOD), book).customer_id == "owner of r-2"
    assert scan(code_at(turning, NOW - 2 * PERIOD), book).reason is ScanReason.WRONG_CODE


def test_a_timestamp_cannot_be_exchanged() -> None:
    old = code_at(rotation(), NOW - timedelta(hours=1))
    fresh = code_at(rotation(), NOW)
    prefix, stamp, _ = fresh.split("-")
    assert scan(f"{prefix}-{stamp}-{old.rsplit('-', 1)[1]}", BOOK).reason is ScanReason.WRONG_CODE


def test_every_wrong_character_is_refused() -> None:
    code = code_at(rotation(), NOW)
    seconds_within_the_window = (26, 27)
    for place in set(range(len(code))) - set(seconds_within_the_window):
        wrong = "1" if code[place] != "1" else "2"
        assert scan(code[:place] + wrong + code[place + 1 :], BOOK).customer_id is None


@pytest.mark.parametrize("extra", ["0{}", "{}0", "x{}", "{} "])
def test_the_whole_text_must_match(extra: str) -> None:
    assert scan(extra.format(code_at(rotation(), NOW)), BOOK).customer_id is None


def test_digits_of_other_scripts_are_no_digits() -> None:
    code = code_at(rotation(), NOW)
    foreign = code[:-1] + chr(0x0660 + int(code[-1]))
    assert scan(foreign, BOOK).reason is ScanReason.UNKNOWN_PASS


def test_each_counter_is_accepted_once_in_any_order() -> None:
    book = MemoryBook([rotating_pass()])
    earlier, current = code_at(rotation(), NOW - PERIOD), code_at(rotation(), NOW)
    for code, reason in [
        (current, None),
        (earlier, None),  # a second lane that read its code a moment ago
        (current, ScanReason.REPLAYED),
        (earlier, ScanReason.REPLAYED),
    ]:
        found = scan(code, book)
        assert found.reason is reason
        assert (found.customer_id is None) == (reason is not None)
        if found.once:
            book.used.add(found.once)


def test_two_renderings_of_one_window_are_the_same_code() -> None:
    start, later = (
        scan(code_at(rotation(), NOW + s * timedelta(seconds=1)), BOOK) for s in (0, 29)
    )
    assert start.once == later.once


@given(st.lists(st.tuples(st.integers(-90, 90), st.integers(-90, 90)), max_size=12))
def test_no_window_is_ever_accepted_twice(scans: list[tuple[int, int]]) -> None:
    book = MemoryBook([rotating_pass()])
    accepted = []
    for shown_s, read_s in scans:
        found = scan(
            code_at(rotation(), NOW + timedelta(seconds=shown_s)),
            book,
            now=NOW + timedelta(seconds=read_s),
        )
        if found.once:
            accepted.append(shown_s // 30)
            book.used.add(found.once)
    assert len(accepted) == len(set(accepted))


def test_a_box_without_the_time_says_so() -> None:
    code = code_at(rotation(), NOW)
    assert scan(code, BOOK, clock_trusted=False).reason is ScanReason.CLOCK_UNTRUSTED


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"voided": True}, ScanReason.VOIDED),
        ({"valid_until": NOW}, ScanReason.EXPIRED),
        ({"valid_from": NOW + PERIOD}, ScanReason.NOT_YET_VALID),
    ],
)
def test_the_pass_map_can_stop_a_rotating_pass(changes, reason) -> None:
    book = MemoryBook([rotating_pass(**changes)])
    assert scan(code_at(rotation(), NOW), book).reason is reason


TWO_VALUES = Rotation(
    "{totp_value_1}|{totp_timestamp_millis}{totp_value_0}-{totp_timestamp_seconds}",
    20_000,
    (TotpField("aa" * 20, 6), TotpField("BB" * 20, 10)),
)


def test_every_field_has_its_own_key_and_length() -> None:
    code = code_at(TWO_VALUES, NOW)
    book = MemoryBook([rotating_pass("two", TWO_VALUES)])
    assert len(code) == 10 + 1 + 13 + 6 + 1 + 10
    assert scan(code, book).customer_id == "owner of two"
    for place in (0, 9, 24, 29):  # first and last digit of either value
        wrong = str((int(code[place]) + 1) % 10)
        changed = code[:place] + wrong + code[place + 1 :]
        assert scan(changed, book).reason is ScanReason.WRONG_CODE


def test_timestamps_that_contradict_each_other_are_wrong() -> None:
    code = code_at(TWO_VALUES, NOW)
    other = code_at(TWO_VALUES, NOW + timedelta(seconds=40))
    book = MemoryBook([rotating_pass("two", TWO_VALUES)])
    assert scan(code[:-10] + other[-10:], book).reason is ScanReason.WRONG_CODE


def test_a_period_of_odd_milliseconds_accepts_its_start_in_seconds() -> None:
    turning = rotation(period_ms=2500)
    start_ms = 1_800_000_002_500
    code = code_at(turning, at(start_ms / 1000)).replace(str(start_ms // 1000), "1800000002")
    book = MemoryBook([rotating_pass("odd", turning)])
    assert scan(code, book, now=at(start_ms / 1000)).customer_id == "owner of odd"


@pytest.mark.parametrize(
    "broken",
    [
        rotation(pattern="no value"),
        rotation(pattern="{totp_value_1}"),
        rotation(period_ms=0),
        rotation(fields=(TotpField("xyz", 8),)),
        rotation(fields=(TotpField("", 8),)),
        rotation(fields=(TotpField(RFC_KEY_HEX, 0),)),
        rotation(fields=(TotpField(RFC_KEY_HEX, 11),)),
        rotation(fields=()),
    ],
)
def test_an_unusable_rotation_recognises_nobody(broken: Rotation) -> None:
    with pytest.raises(InvalidInput):
        code_at(broken, NOW)
    assert scan("MyRotatingBarcode-1-1", MemoryBook([rotating_pass("b", broken)])).reason is (
        ScanReason.UNKNOWN_PASS
    )


def test_two_passes_that_accept_one_code_name_nobody() -> None:
    book = MemoryBook([rotating_pass("a"), rotating_pass("b")])
    found = scan(code_at(rotation(), NOW), book)
    assert (found.reason, found.customer_id) == (ScanReason.AMBIGUOUS, None)


def test_a_shared_pattern_finds_the_right_key() -> None:
    other = rotation(fields=(TotpField("00" * 20, 8),))
    book = MemoryBook([rotating_pass("a", other), rotating_pass("b")])
    assert scan(code_at(rotation(), NOW), book).pass_id == "b"


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        (
            "MyRotatingBarcode-{totp_timestamp_seconds}-{totp_value_0}",
            Anchor(0, "MyRotatingBarcode-"),
        ),
        ("A{totp_timestamp_seconds}-CARD7-{totp_value_0}", Anchor(11, "-CARD7-")),
        ("A{totp_timestamp_millis}-CARD7-{totp_value_0}", Anchor(14, "-CARD7-")),
        ("A-{totp_value_0}-CARD7", Anchor(10, "-CARD7")),
        ("{totp_value_0}", Anchor(0, "")),
        ("{unknown}{totp_value_0}", Anchor(0, "{unknown}")),
    ],
)
def test_the_longest_literal_at_a_fixed_place_is_the_anchor(pattern: str, expected: Anchor) -> None:
    assert anchor(pattern, (TotpField(RFC_KEY_HEX, 8),)) == expected


def test_behind_a_value_of_unknown_width_nothing_is_fixed() -> None:
    assert anchor("A-{totp_value_0}-CARD7") == Anchor(0, "A-")


PARTS = st.lists(
    st.sampled_from(
        ["{totp_value_0}", "{totp_value_1}", "{totp_timestamp_seconds}", "{totp_timestamp_millis}"]
    )
    | st.text("AB0-{}", max_size=6),
    max_size=6,
)


@given(
    PARTS,
    st.integers(1, 10),
    st.integers(1, 10),
    st.integers(1000, 600_000),
    st.datetimes(datetime(2026, 1, 1), datetime(2046, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001  the strategy adds the zone
)
def test_a_rendered_code_is_found_by_its_anchor_and_accepted(parts, first, second, period, when):
    fields = (TotpField("aa" * 20, first), TotpField("bb" * 20, second))
    turning = Rotation("".join(parts), period, fields)
    try:
        code = code_at(turning, when)
    except InvalidInput:
        assume(False)
    assert anchor(turning.pattern, fields).fits(code)
    assert anchor(turning.pattern).fits(code)
    assume(code.strip() and code[0] != "]")
    found = scan(code, MemoryBook([rotating_pass("any", turning)]), now=when)
    assert (found.pass_id, found.reason) == ("any", None)
