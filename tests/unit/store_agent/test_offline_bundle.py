"""The signed list a till falls back to."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import orjson
import pytest
from basket_builders import offer as rule_of
from builders import STORE, offer, shop
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from store_agent.checkout.bundle import rule
from store_agent.domain.offer import Audience, Caps, OfflineClass, Trigger, TriggerKind
from store_agent.offers.windows import moment_of

NOON = moment_of(datetime(2026, 11, 21, 11, tzinfo=UTC), ZoneInfo("Europe/Berlin"))


def unpacked(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@pytest.mark.asyncio
async def test_a_till_can_verify_what_it_was_given_and_nobody_can_change_it(tmp_path):
    async with shop(tmp_path, [offer()]) as running:
        told = (await running.get("/pos/v1/offline-bundle", token="till")).json()
        again = (await running.get("/pos/v1/offline-bundle", token="till")).json()
    assert told["public_key"] == again["public_key"]
    key = Ed25519PublicKey.from_public_bytes(unpacked(told["public_key"]))
    header, body, signature = told["bundle"].split(".")
    key.verify(unpacked(signature), f"{header}.{body}".encode())
    claims = orjson.loads(unpacked(body))
    assert (claims["iss"], claims["exp"] - claims["iat"]) == (f"/stores/{STORE}", 4 * 3600)
    assert [(one["offer_id"], one["offline"]) for one in claims["offers"]] == [("o-1", "allow")]
    with pytest.raises(InvalidSignature):
        key.verify(unpacked(signature), f"{header}.{body}x".encode())


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({}, {"offline": "allow"}),
        ({"caps": Caps(per_store_day=10)}, {"offline": "limit", "n": 2}),
        ({"caps": Caps(per_store=3)}, {"offline": "deny"}),
        ({"caps": Caps(per_person=1)}, {"offline": "deny"}),
        ({"offline": OfflineClass.LOT}, {"offline": "deny"}),
        ({"offline": OfflineClass.ONLINE_ONLY}, {"offline": "deny"}),
        ({"stopped": True}, {"offline": "deny"}),
        ({"audience": Audience(tiers=("Gold",))}, {"offline": "deny"}),
        ({"control_share": 0.1}, {"offline": "deny"}),
        ({"triggers": (Trigger(TriggerKind.SCAN),)}, {"offline": "deny"}),
        ({"valid_until": datetime(2026, 11, 1, tzinfo=UTC)}, {"offline": "deny"}),
    ],
)
def test_only_what_nothing_outside_the_till_bounds_is_allowed(fields, told):
    assert rule(rule_of(**fields), NOON, tills=4) == told
