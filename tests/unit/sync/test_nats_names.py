"""Subjects, keys and what the server says, read and written."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from sync.errors import TransportError
from sync.jetstream import credentials, names, wire
from sync.jetstream.fake import matches
from sync.jetstream.port import RefusedError


@given(st.text(min_size=1, max_size=20))
def test_any_store_is_one_token_and_comes_back(store_id):
    token = names.token(store_id)
    assert not set(token) & set(".*> \t\r\n")
    assert names.text_of(token) == store_id
    subject = names.event("store", store_id, "urgent", "store.sale.recorded")
    assert names.store_of(subject, "store") == store_id
    assert matches(subject, names.events_of_lane("store", "urgent"))
    assert not matches(subject, names.events_of_lane("store", "ordinary"))


@pytest.mark.parametrize("subject", ["store", "store.", "shop.s1.urgent.t", "stores.s1.urgent.t"])
def test_a_subject_of_others_names_no_store(subject):
    assert names.store_of(subject, "store") == ""


@pytest.mark.parametrize(
    ("subject", "wanted", "fits"),
    [
        ("a.b.c", "a.*.c", True),
        ("a.b.c", "a.>", True),
        ("a", "a.>", False),
        ("a.b", "a.*.c", False),
        ("a.b.c", "a.b", False),
    ],
)
def test_the_fake_filters_as_nats_does(subject, wanted, fits):
    assert matches(subject, wanted) is fits


def a_seed(private: bytes = bytes(range(32)), prefix: int = 20 << 3) -> str:
    """An nkey seed as the nkeys tool writes it."""
    head = bytes([(18 << 3) | prefix >> 5, (prefix & 31) << 3])
    return credentials._encode(head + private)


def test_a_seed_signs_for_its_public_key():
    identity = credentials.from_seed(a_seed())
    assert identity.public_key.startswith("U")
    raw = base64.b32decode(identity.public_key + "=" * (-len(identity.public_key) % 8))
    key = Ed25519PublicKey.from_public_bytes(raw[1:33])
    key.verify(base64.b64decode(identity.sign("nonce")), b"nonce")
    assert "private" not in repr(identity)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "SU",
        "not base32!",
        "SU" + "ü" * 56,
        a_seed()[:-1] + ("A" if a_seed()[-1] != "A" else "B"),
        a_seed()[:-6],
        a_seed(prefix=0),  # an account's
    ],
)
def test_what_is_no_users_seed_is_refused_without_repeating_it(text):
    with pytest.raises(TransportError) as caught:
        credentials.from_seed(text)
    assert caught.value.permanent
    assert caught.value.hint
    assert not text or text not in str(caught.value)


def test_a_credentials_file_holds_jwt_and_seed(tmp_path):
    path = tmp_path / "shop.creds"
    path.write_text(
        "-----BEGIN NATS USER JWT-----\neyJ0eXAi.body.sig\n------END NATS USER JWT------\n\n"
        "************************* IMPORTANT *************************\n"
        f"-----BEGIN USER NKEY SEED-----\n{a_seed()}\n------END USER NKEY SEED------\n"
    )
    identity = credentials.from_creds(path)
    assert identity.jwt == b"eyJ0eXAi.body.sig"
    assert identity.public_key == credentials.from_seed(a_seed()).public_key


@pytest.mark.parametrize("content", [None, "", "-----BEGIN NATS USER JWT-----\nx\n------END\n"])
def test_a_file_that_is_none_is_refused(tmp_path, content):
    path = tmp_path / "shop.creds"
    if content is not None:
        path.write_text(content)
    with pytest.raises(TransportError) as caught:
        credentials.from_creds(path)
    assert caught.value.permanent


def test_where_a_message_stands_is_in_both_forms_of_the_reply_subject():
    short = "$JS.ACK.EVENTS.r1.1.42.7.1795593850643389251.5"
    long = "$JS.ACK.hub.ACCOUNT.EVENTS.r1.1.42.7.1795593850643389251.5.x9"
    assert wire.delivery_of(short) == wire.delivery_of(long)
    assert wire.delivery_of(short) == wire.Delivery(42, 7, 1795593850643389251, 5)


@pytest.mark.parametrize("reply", ["", "_INBOX.x", "$JS.ACK.a.b.c.d.e.f.g"])
def test_a_message_that_no_stream_delivered_is_an_error(reply):
    with pytest.raises(TransportError):
        wire.delivery_of(reply)


@pytest.mark.parametrize("body", [b"", b"[]", b"<html>", b'{"error":{"err_code":10077}}'])
def test_an_answer_that_is_none_is_a_transport_error(body):
    with pytest.raises(TransportError):
        wire.document_of(body)


def test_a_refusal_keeps_the_servers_code_and_words():
    with pytest.raises(RefusedError) as caught:
        wire.document_of(b'{"error":{"code":404,"err_code":10059,"description":"not found"}}')
    assert (caught.value.code, str(caught.value), caught.value.permanent) == (
        10059,
        "not found",
        True,
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-25T08:03:18.47055826Z", 1_795_593_798_470_558_260),
        ("2026-11-25T08:03:18Z", 1_795_593_798_000_000_000),
        ("1970-01-01T00:00:00.000000001Z", 1),
    ],
)
def test_the_servers_time_is_read_to_the_nanosecond(text, expected):
    assert wire.nanoseconds(text) == expected


def test_a_stream_described_in_an_unknown_form_is_an_error():
    for document in ({}, {"config": {}, "state": {}}, {"config": None, "state": None}):
        with pytest.raises(TransportError):
            wire.facts_of(document, 1024)
