"""Wallet passes: the text of static ones, the keys of rotating and signed ones, their documents."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from store_agent.demo import cast
from store_agent.demo.calendar import Calendar
from store_agent.demo.dice import secret

Document = dict[str, Any]

SIGNING_KEY_ID = "muster-1"
ROTATION_PERIOD_MS = 30_000
ROTATION_DIGITS = 8  # as in Google's own example
_KEY_BYTES = 20  # what RFC 4226 recommends for HMAC-SHA-1
_CODE_MULTIPLIER = 0x9E3779B1  # odd, hence a bijection on 32 bits: no two customers share a code
_CODE_MASK = 0xFFFF_FFFF
_IN_STORE_PREFIX = "29"  # GS1 prefixes 20-29 are for numbers a company gives out itself
# EAN weights digits by 1 and 3 in turn: the weight of each pair of digits, ready-made.
_PAIR_WEIGHTS = tuple(pair // 10 + 3 * (pair % 10) for pair in range(100))
_PREFIX_WEIGHT = _PAIR_WEIGHTS[int(_IN_STORE_PREFIX)]


_STATIC, _MEMBER_CARD, _SIGNED = 0.55, 0.66, 0.80  # cumulated shares; the rest rotates
_REPLACED = 0.06  # people who changed their phone: the pass before was voided


def passes(
    seed: int, index: int, customer_id: str, when: Calendar, roll: Callable[[], float]
) -> list[Document]:
    """The pass documents of customer `index`, the one in use first."""
    pass_id = f"w-{index:07d}-"
    code = member_code(seed, index)
    owned = {"id": f"{pass_id}0", "customer_id": customer_id}
    current = {**owned, **_content(seed, index, code, roll())}
    fault = cast.pass_fault(index)
    if fault == "voided":
        current["voided"] = True
    elif fault == "expired":
        current["valid_until"] = when.end_of_day(-40)
    elif fault == "not_yet_valid":
        current["valid_from"] = when.end_of_day(200)
    if roll() >= _REPLACED:
        return [current]
    replaced = {"id": f"{pass_id}1", "customer_id": customer_id, "voided": True}
    return [current, {**replaced, "message": f"MUSTER-OLD-{code}"}]


def _content(seed: int, index: int, code: str, share: float) -> Document:
    """What makes a pass: its message, its rotation, or nothing when it is signed."""
    share = _cast_share(index, share)
    if share < _STATIC:
        return {"message": f"MUSTER-{code}"}
    if share < _MEMBER_CARD:
        return {"message": member_number(index)}
    return {} if share < _SIGNED else {"rotation": _rotation(seed, index, code)}


def _rotation(seed: int, index: int, code: str) -> Document:
    """A Google pass with its own key, a new barcode every 30 s."""
    return {
        "pattern": f"MUSTER-{code}-{{totp_timestamp_seconds}}-{{totp_value_0}}",
        "period_ms": ROTATION_PERIOD_MS,
        "fields": [
            {
                "key": secret(seed, "rotation", index)[:_KEY_BYTES].hex(),
                "value_length": ROTATION_DIGITS,
            }
        ],
    }


def _cast_share(index: int, share: float) -> float:
    """Chance, but for the first customers: reusable passes of every kind, then rotating ones."""
    if index < cast.VOUCHER_OWNERS:
        return (0.0, _STATIC, _MEMBER_CARD)[index % 3]
    return _SIGNED if index < cast.VOUCHER_OWNERS + cast.ROTATING_OWNERS else share


def member_number(index: int) -> str:
    """The customer's member number: a valid EAN-13 of the in-store range."""
    weighted, rest = _PREFIX_WEIGHT, index
    while rest:
        rest, pair = divmod(rest, 100)
        weighted += _PAIR_WEIGHTS[pair]
    return f"{_IN_STORE_PREFIX}{index:010d}{-weighted % 10}"


def member_code(seed: int, index: int) -> str:
    """Eight characters in two groups ("9F21-0AC3"), unique within one seed."""
    code = f"{((index + seed + 1) * _CODE_MULTIPLIER) & _CODE_MASK:08X}"
    return f"{code[:4]}-{code[4:]}"


def signing_key(seed: int) -> Ed25519PrivateKey:
    """The private key with which the invented brand signs its passes."""
    return Ed25519PrivateKey.from_private_bytes(secret(seed, "pass signing key"))


def signing_key_document(seed: int) -> tuple[str, Document]:
    """Key and document of the public half."""
    raw = signing_key(seed).public_key().public_bytes_raw()
    public = base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
    return SIGNING_KEY_ID, {"id": SIGNING_KEY_ID, "public_key": public}
