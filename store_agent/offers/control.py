"""The control group: who does not get a NEW offer, so that its effect can be measured.

Stable without any state: the same person is always in or out, on every box and on the platform.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from hashlib import sha256

from store_agent.domain.offer import Offer

CONTROL_ARM, SHOWN_ARM = "control", "shown"  # as the platform assigns them: "offer-id:control"
HASH_RANGE = 2.0**64  # the first 8 bytes of the digest are a number below this


def in_control(salt: str, customer_id: str, share: float) -> bool:
    """True iff the first 8 bytes (big-endian) of sha256(salt, 0x00, id) / 2^64 < `share`.

    `share` is 0..1. Scaling it by a power of two is exact, and so is comparing an int with a
    float; dividing the int would round the largest hashes up to 1.0 and let them slip out of a
    share of 1.
    """
    return position(salt, customer_id) < share * HASH_RANGE


def position(salt: str, customer_id: str) -> int:
    """Where somebody stands between 0 and `HASH_RANGE`."""
    digest = sha256(b"%b\x00%b" % (salt.encode(), customer_id.encode())).digest()
    return int.from_bytes(digest[:8], "big")


def is_withheld(offer: Offer, customer_id: str, assignments: AbstractSet[str]) -> bool:
    """Whether the control group withholds `offer`; the platform's own assignment wins.

    Should the platform say both, "control" counts: not showing a new offer takes nothing away
    from anybody, while showing it would spoil the measurement.
    """
    if assignments and f"{offer.id}:{CONTROL_ARM}" in assignments:
        return True
    if offer.control_share <= 0 or (assignments and f"{offer.id}:{SHOWN_ARM}" in assignments):
        return False
    return in_control(offer.control_salt, customer_id, offer.control_share)
