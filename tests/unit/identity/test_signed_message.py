"""Signed messages: one canonical text, every alteration refused, the pass map has the last word."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.identity.pass_builders import (
    NOW,
    MemoryBook,
    claims,
    private_key,
    scan,
    signing_key,
    static_pass,
)

from store_agent.domain.errors import InvalidInput
from store_agent.domain.scan import ScanKind, ScanReason
from store_agent.identity import base32
from store_agent.identity.message import MAX_LENGTH
from store_agent.identity.signed import (
    CLOCK_SKEW,
    MAGIC,
    MAGIC_TEXT,
    MAX_ID_BYTES,
    MAX_KEY_ID_BYTES,
    PassClaims,
    issue,
    take_apart,
    verify,
)

MESSAGE = issue(claims(), private_key())
BOOK = MemoryBook(keys=[signing_key()])
MINUTE = timedelta(minutes=1)


def check(message: str, now: datetime = NOW) -> PassClaims | ScanReason:
    return verify(message, BOOK.signing_key, now)


def test_an_issued_message_verifies_and_names_its_owner() -> None:
    assert check(MESSAGE) == claims()
    found = scan("]Q1" + MESSAGE + "\r\n", BOOK)
    assert (found.kind, found.customer_id, found.pass_id, found.reason) == (
        ScanKind.SIGNED_PASS,
        "c-musterfrau",
        "p-000123",
        None,
    )


def test_the_text_needs_no_keyboard_luck() -> None:
    assert re.fullmatch(r"SAPASS01[0-9A-HJ-NP-X]+", MESSAGE)
    assert base32.decode(MAGIC_TEXT) == MAGIC
    assert len(set(base32.ALPHABET)) == 32
    assert not set("YZIO") & set(base32.ALPHABET)


@given(
    st.text(min_size=1, max_size=8),
    st.text(min_size=1, max_size=16),
    st.text(min_size=1, max_size=16),
    st.integers(0, 2**32 - 1),
)
def test_whatever_was_issued_is_read_back(key_id, pass_id, customer_id, seconds) -> None:
    whole = datetime.fromtimestamp(seconds, UTC)
    token = take_apart(issue(PassClaims(key_id, pass_id, customer_id, whole), private_key()))
    assert token is not None
    assert token.claims == PassClaims(key_id, pass_id, customer_id, whole)


def test_the_longest_message_is_short_enough_to_be_scanned() -> None:
    longest = claims(
        key_id="k" * MAX_KEY_ID_BYTES, pass_id="p" * MAX_ID_BYTES, customer_id="c" * MAX_ID_BYTES
    )
    assert len(issue(longest, private_key())) == 378 < MAX_LENGTH


@pytest.mark.parametrize(
    "changes",
    [
        {"key_id": ""},
        {"pass_id": ""},
        {"customer_id": "ü" * 33},
        {"pass_id": "\udcff"},
        {"expires_at": datetime(1969, 12, 31, tzinfo=UTC)},
        {"expires_at": datetime(2107, 1, 1, tzinfo=UTC)},
    ],
)
def test_unusable_claims_are_not_signed(changes) -> None:
    with pytest.raises(InvalidInput):
        issue(claims(**changes), private_key())


@given(st.data())
def test_no_altered_message_verifies(data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(MESSAGE) - 1))
    char = data.draw(st.sampled_from(base32.ALPHABET) | st.characters())
    altered = data.draw(
        st.sampled_from(
            [
                MESSAGE[:place] + char + MESSAGE[place + 1 :],
                MESSAGE[:place] + char + MESSAGE[place:],
                MESSAGE[:place] + MESSAGE[place + 1 :],
                MESSAGE[:place],
                MESSAGE + char,
                MESSAGE[:place] + MESSAGE[place:].swapcase(),
            ]
        )
    )
    if altered != MESSAGE:
        assert isinstance(check(altered), ScanReason)
        assert (
            scan(altered, BOOK).customer_id is None or altered.strip("\r\n\t\0\x02\x03") == MESSAGE
        )


@pytest.mark.parametrize(
    "altered",
    [MESSAGE.lower(), MESSAGE + "=", MESSAGE + "0", MESSAGE + "00000000", MESSAGE[:-1]],
)
def test_a_second_spelling_is_malformed(altered: str) -> None:
    assert check(altered) is ScanReason.MALFORMED


def test_left_over_bits_must_be_zero() -> None:
    messages = [issue(claims(pass_id="p" * size), private_key()) for size in range(1, 6)]
    with_spare_bits = [m for m in messages if len(m) * 5 % 8]
    assert with_spare_bits
    for message in with_spare_bits:
        last = base32.ALPHABET.index(message[-1])
        assert base32.decode(message[:-1] + base32.ALPHABET[last + 1]) is None


@given(st.binary(max_size=40))
def test_base32_has_one_text_for_one_value(raw: bytes) -> None:
    assert base32.decode(base32.encode(raw)) == raw


def resigned(body: bytes) -> str:
    return base32.encode(body + private_key().sign(body))


def test_trailing_data_is_refused_even_when_signed() -> None:
    token = take_apart(MESSAGE)
    assert token is not None
    assert check(resigned(token.signed)) == claims()
    assert check(resigned(token.signed + b"\0")) is ScanReason.MALFORMED
    assert check(resigned(token.signed[:-1])) is ScanReason.MALFORMED


def test_a_stranger_s_signature_is_refused() -> None:
    assert check(issue(claims(), private_key(bytes(32)))) is ScanReason.BAD_SIGNATURE


def test_an_unknown_key_is_refused() -> None:
    assert check(issue(claims(key_id="other"), private_key())) is ScanReason.UNKNOWN_KEY


@pytest.mark.parametrize("public_key", ["", "AAAA", "not base64!", "ü", "A" * 43 + "=="])
def test_a_key_that_is_none_is_an_unknown_key(public_key: str) -> None:
    book = MemoryBook(keys=[signing_key(public_key=public_key)])
    assert scan(MESSAGE, book).reason in {ScanReason.UNKNOWN_KEY, ScanReason.BAD_SIGNATURE}


def test_nothing_unproven_is_recorded() -> None:
    found = scan(issue(claims(), private_key(bytes(32))), BOOK)
    assert (found.pass_id, found.customer_id) == (None, None)


def test_it_expires_after_the_allowance_for_skew() -> None:
    end = claims().expires_at
    assert check(MESSAGE, end + CLOCK_SKEW - timedelta(seconds=1)) == claims()
    assert check(MESSAGE, end + CLOCK_SKEW) is ScanReason.EXPIRED


@pytest.mark.parametrize(
    ("window", "outcome"),
    [
        ({"valid_from": NOW + MINUTE}, claims()),
        ({"valid_from": NOW + CLOCK_SKEW + MINUTE}, ScanReason.NOT_YET_VALID),
        ({"valid_until": NOW - MINUTE}, claims()),
        ({"valid_until": NOW - CLOCK_SKEW}, ScanReason.EXPIRED),
    ],
)
def test_a_key_counts_only_within_its_window(window, outcome) -> None:
    assert verify(MESSAGE, MemoryBook(keys=[signing_key(**window)]).signing_key, NOW) == outcome


def test_without_a_clock_an_authentic_message_is_refused_for_that_reason() -> None:
    lost = {"now": datetime(1970, 1, 1, tzinfo=UTC), "clock_trusted": False}
    assert scan(MESSAGE, BOOK, **lost).reason is ScanReason.CLOCK_UNTRUSTED
    forged = issue(claims(), private_key(bytes(32)))
    assert scan(forged, BOOK, **lost).reason is ScanReason.BAD_SIGNATURE


def test_the_pass_map_has_the_last_word() -> None:
    known = static_pass("unused", id="p-000123")

    def with_map(**changes):
        return scan(MESSAGE, replace(BOOK, passes=[replace(known, **changes)]))

    assert with_map(voided=True).reason is ScanReason.VOIDED
    assert with_map(valid_until=NOW).reason is ScanReason.EXPIRED
    assert with_map(customer_id="c-merged").customer_id == "c-merged"


def test_a_static_message_may_start_like_a_signed_one() -> None:
    book = MemoryBook([static_pass("SAPASS01-CARD")])
    assert scan("SAPASS01-CARD", book).kind is ScanKind.STATIC_PASS
    assert scan("SAPASS01-OTHER", book).reason is ScanReason.MALFORMED


def test_the_example_in_the_documentation_verifies() -> None:
    text = (Path(__file__).parents[3] / "docs" / "passes.md").read_text(encoding="utf-8")
    messages = re.findall(r"^SAPASS01[0-9A-Z]+$", text, re.MULTILINE)
    assert messages == [issue(claims(), private_key())]
    assert private_key().private_bytes_raw().hex() in text
    assert signing_key().public_key in text
    token = take_apart(messages[0])
    assert token is not None
    rows = re.findall(r"^\| [0-9]+ \|.*`([0-9a-f ]+)` \|$", text, re.MULTILINE)
    assert bytes.fromhex("".join(rows)) == token.signed + token.signature
