"""What an installer sees of one scanned line, with and without a file of passes."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.identity.pass_builders import (
    NOW,
    RFC_KEY_HEX,
    RFC_PATTERN,
    MemoryBook,
    claims,
    private_key,
    rotating_pass,
    rotation,
    scan,
    signing_key,
    static_pass,
)

from store_agent.domain.errors import InvalidInput
from store_agent.domain.scan import Resolution
from store_agent.identity import base32
from store_agent.identity.decode import FileBook, decode_pass_line
from store_agent.identity.rotating import code_at
from store_agent.identity.signed import MAGIC_TEXT, issue

FILE = json.dumps(
    {
        "passes": [
            {"id": "s-1", "customer_id": "c-1", "message": "CARD-1", "from_the_future": 1},
            {
                "id": "r-1",
                "customer_id": "c-2",
                "rotation": {
                    "pattern": RFC_PATTERN,
                    "period_ms": 30000,
                    "fields": [{"key": RFC_KEY_HEX, "value_length": 8}],
                },
            },
        ],
        "signing_keys": [{"id": "2026-a", "public_key": signing_key().public_key}],
    }
)
BOOK = FileBook.from_json(FILE)


def explain(line: str, book: FileBook = BOOK) -> dict[str, object]:
    explained = decode_pass_line(line, book, NOW)
    json.dumps(explained)
    return explained


def test_a_static_pass_is_explained() -> None:
    assert explain("]Q1CARD-1\n") == {
        "kind": "static_pass",
        "reason": None,
        "symbology": "Q1",
        "pass_id": "s-1",
        "customer_id": "c-1",
    }


def test_a_rotating_code_is_explained() -> None:
    line = code_at(rotation(), NOW)
    assert explain(line)["kind"] == "rotating_pass"
    assert explain(line) == explain(line)


def test_a_signed_message_is_explained_although_its_key_is_missing() -> None:
    explained = explain(issue(claims(), private_key()), FileBook())
    assert (explained["kind"], explained["reason"]) == ("signed_pass", "unknown_key")
    assert (explained["key_id"], explained["expires_at"]) == ("2026-a", "2026-12-21T10:00:00Z")
    assert explained["claimed"] == {"pass_id": "p-000123", "customer_id": "c-musterfrau"}
    assert explained["customer_id"] is None


def test_a_signed_message_with_its_key_names_its_owner() -> None:
    explained = explain(issue(claims(), private_key()))
    assert (explained["reason"], explained["customer_id"]) == (None, "c-musterfrau")


def test_an_article_is_explained() -> None:
    explained = explain("]C1010400638133393110LOT\x1d2112345\n")
    assert (explained["kind"], explained["reason"]) == ("product", "not_a_pass")
    assert (explained["gtin"], explained["sscc"]) == ("04006381333931", None)
    assert explained["elements"][1] == {"ai": "10", "value": "LOT"}


@pytest.mark.parametrize(
    ("line", "kind", "reason"),
    [
        ("hello\n", "unknown", "unknown_pass"),
        ("\n", "unknown", "empty"),
        ("x" * 2000, "unknown", "too_long"),
        ("SAPASS01", "signed_pass", "malformed"),
        ("]C1nonsense", "product", "not_a_pass"),
    ],
)
def test_what_names_nobody_has_its_reason(line: str, kind: str, reason: str) -> None:
    explained = explain(line, FileBook())
    assert (explained["kind"], explained["reason"]) == (kind, reason)


@pytest.mark.parametrize("text", ["", "[]", '{"passes": [{"id": "x"}]}', '{"passes": {}}', "\x00"])
def test_an_unusable_file_says_what_is_wrong(text: str) -> None:
    with pytest.raises(InvalidInput, match="pass file") as caught:
        FileBook.from_json(text)
    assert "signing_keys" in caught.value.hint


LOOKALIKES = st.builds(
    str.__add__,
    st.sampled_from(
        [MAGIC_TEXT, "]Q1", "]C1", "https://x/01/", "01", "\x1d", "MyRotatingBarcode-"]
    ),
    st.text(st.sampled_from(base32.ALPHABET + "-/\x1d()?=&%")) | st.text(),
)
ANYTHING = st.text() | LOOKALIKES | st.text(st.characters(), max_size=20)
SYMBOLOGIES = st.none() | st.text(max_size=3) | st.sampled_from(["Q1", "]E0", "C1", "Q3", "I1"])


@given(ANYTHING, SYMBOLOGIES, st.booleans(), st.text(max_size=2))
def test_no_text_ever_raises(data, symbology, clock_trusted, gs_replacement) -> None:
    book = MemoryBook([static_pass(), rotating_pass()], [signing_key()])
    found = scan(
        data,
        book,
        symbology=symbology,
        clock_trusted=clock_trusted,
        gs_replacement=gs_replacement,
    )
    assert isinstance(found, Resolution)
    assert (found.customer_id is None) == (found.reason is not None)
    decode_pass_line(data, BOOK, NOW)
