"""What a till may do by itself while even this box is away: a signed, short-lived list.

JWS compact serialisation (RFC 7515) with EdDSA (RFC 8037); the key is derived from a secret of this
box, so it is the same after a restart. A till notes the public key when it is set up.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from store_agent.domain.greeting import OfferReason
from store_agent.domain.language import pick_text
from store_agent.domain.offer import NO_CAPS, Offer, OfflineClass
from store_agent.offers.audience import EVERYBODY
from store_agent.offers.windows import Moment, out_of_dates

VALID_FOR = timedelta(hours=4)  # longer than a router takes, shorter than a campaign


class BundleSigner:
    """Signs with this box's own key."""

    def __init__(self, secret: bytes) -> None:
        """`secret` is random and never changes."""
        seed = HKDF(SHA256(), 32, salt=None, info=b"offline_bundle").derive(secret)
        self._key = Ed25519PrivateKey.from_private_bytes(seed)

    @property
    def public_key(self) -> str:
        """Base64url, 32 bytes, as in a JWK's `x`."""
        return _text(self._key.public_key().public_bytes_raw())

    def sign(self, claims: Mapping[str, Any]) -> str:
        """A JWS whose payload is `claims`."""
        header = _text(orjson.dumps({"alg": "EdDSA", "typ": "JWT"}))
        body = _text(orjson.dumps(claims, option=orjson.OPT_UTC_Z))
        signed = f"{header}.{body}"
        return f"{signed}.{_text(self._key.sign(signed.encode()))}"


def claims(
    store_id: str, offers: Iterable[Offer], moment: Moment, language: str, tills: int
) -> dict[str, Any]:
    """Per offer: `allow`, `deny`, or `limit` with how often this till may give it.

    Only what is for everybody and bounded by nothing outside this till is allowed. Vouchers, points
    and lots are denied: only the box knows whether they are still there.
    """
    at: datetime = moment.at
    return {
        "iss": f"/stores/{store_id}",
        "iat": int(at.timestamp()),
        "exp": int((at + VALID_FOR).timestamp()),
        "vouchers": "deny",
        "points": "deny",
        "offers": [
            {
                "offer_id": offer.id,
                "title": pick_text(offer.title, language),
                "benefit": {"kind": offer.benefit.kind, "value": offer.benefit.value},
                "skus": offer.skus,
                "categories": offer.categories,
                "min_value": offer.conditions.min_value_minor,
                **rule(offer, moment, tills),
            }
            for offer in offers
        ],
    }


def rule(offer: Offer, moment: Moment, tills: int) -> dict[str, Any]:
    """How one offer may be used without the box."""
    ended = out_of_dates(offer, moment) is OfferReason.EXPIRED
    personal = offer.audience != EVERYBODY or offer.caps.per_person or offer.caps.per_person_day
    if ended or offer.stopped or personal or offer.offline is not OfflineClass.ANY:
        return {"offline": "deny"}
    if offer.control_share or offer.triggers:
        return {"offline": "deny"}
    if offer.caps == NO_CAPS:
        return {"offline": "allow"}
    capped = [one for one in (offer.caps.per_store, offer.caps.per_store_day) if one is not None]
    share = min(capped) // max(1, tills)
    return {"offline": "limit", "n": share} if share else {"offline": "deny"}


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
