"""In which order shown offers stand: rights that run out first, then need, never spend.

Both keys end in the id, so the order is total and does not depend on the order of the input.
"""

from __future__ import annotations

from store_agent.domain.offer import Offer, Voucher
from store_agent.offers.audience import Shopper
from store_agent.offers.windows import Moment, expiry_order

# The kind of a benefit stands before its value, because values of different kinds cannot be
# compared without a basket; within one kind more is better.
Key = tuple[object, ...]


def voucher_key(voucher: Voucher, moment: Moment) -> Key:
    """Nearest expiry, then kind and value, then id."""
    benefit = voucher.benefit
    expiry = expiry_order(voucher.valid_until, moment.zone)
    return (expiry, benefit.kind, -benefit.value, voucher.id)


def offer_key(offer: Offer, shopper: Shopper, moment: Moment) -> Key:
    """Priority, wish list, interest, kind and value, nearest expiry, id: in this order."""
    benefit = offer.benefit
    return (
        -offer.priority,
        not _is_wished(offer, shopper),
        -_interest(offer, shopper),
        benefit.kind,
        -benefit.value,
        expiry_order(offer.valid_until, moment.zone),
        offer.id,
    )


def _is_wished(offer: Offer, shopper: Shopper) -> bool:
    return bool(offer.skus) and not shopper.wished_skus.isdisjoint(offer.skus)


def _interest(offer: Offer, shopper: Shopper) -> float:
    """The largest share of purchases in one of the offer's categories: interest, not turnover."""
    if not offer.categories or not shopper.interests:
        return 0.0
    return max(shopper.interests.get(category, 0.0) for category in offer.categories)
