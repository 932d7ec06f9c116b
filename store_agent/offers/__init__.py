"""Who may get what, ranked. Consent and control group are decided here. Pure: no I/O, no clock.

`choose` judges every offer and voucher for one person at one moment and keeps the reason of each
decision. docs/offers-and-consent.md explains the rules.
"""

from store_agent.offers.choosing import OfferBook, choose
from store_agent.offers.control import in_control

__all__ = ["OfferBook", "choose", "in_control"]
