"""A scan, what it turned out to be, and why a pass was refused."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class ScanSource(StrEnum):
    """Which door a scan came through."""

    HTTP = "http"
    SERIAL = "serial"
    HID = "hid"
    TABLET = "tablet"


@dataclass(frozen=True, slots=True)
class Scan:
    """One trigger pull. `data` is the decoded text, without AIM prefix if a reader split it off."""

    lane: str
    data: str
    source: ScanSource
    received_at: datetime
    symbology: str | None = None  # AIM identifier without "]", e.g. "Q1", if known
    scanned_at: datetime | None = None  # as the reader says; may be wrong
    scan_id: str | None = None  # the caller's idempotency key


class ScanKind(StrEnum):
    """What the scanned text is."""

    STATIC_PASS = "static_pass"
    SIGNED_PASS = "signed_pass"
    ROTATING_PASS = "rotating_pass"
    PRODUCT = "product"  # GS1: an article, not a person
    UNKNOWN = "unknown"


class ScanReason(StrEnum):
    """Why a scan names nobody. The reason of every refusal; `None` beside a customer."""

    UNKNOWN_PASS = "unknown_pass"
    EMPTY = "empty"
    TOO_LONG = "too_long"
    NOT_A_PASS = "not_a_pass"  # a product code, a receipt ...
    AMBIGUOUS = "ambiguous"  # fits two passes equally well, so it names neither
    MALFORMED = "malformed"
    UNKNOWN_KEY = "unknown_key"
    BAD_SIGNATURE = "bad_signature"
    NOT_YET_VALID = "not_yet_valid"
    EXPIRED = "expired"
    VOIDED = "voided"
    WRONG_CODE = "wrong_code"  # right pattern, wrong one-time value
    OUTSIDE_WINDOW = "outside_window"  # a rotating code of another time: a screenshot
    REPLAYED = "replayed"  # a rotating code that was already used
    CLOCK_UNTRUSTED = "clock_untrusted"  # this box does not know the time
    CUSTOMER_GONE = "customer_gone"  # the pass is known, its owner was deleted
    NO_CONSENT = "no_consent"
    NOT_THIS_PERSON = "not_this_person"
    NOT_ADDRESSABLE = "not_addressable"  # a person state forbids a greeting by name


@dataclass(frozen=True, slots=True)
class OnceCode:
    """What must be remembered so that a rotating code counts once: the pass and its window."""

    pass_id: str
    counter: int


@dataclass(frozen=True, slots=True)
class Resolution:
    """The pure answer to "who is this?": a customer id, or the reason why not."""

    kind: ScanKind
    customer_id: str | None = None
    pass_id: str | None = None
    reason: ScanReason | None = None
    once: OnceCode | None = None
