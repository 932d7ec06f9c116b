"""The one thing to say to a customer who was just recognised, and why. Pure: no I/O, no clock.

`relationship` gives the tone, `sentence` the words; docs/offers-and-consent.md has the order of
needs.
"""

from store_agent.greeting.relationship import LONG_ABSENCE_DAYS, relationship
from store_agent.greeting.sentence import sentence, spoken_language

__all__ = ["LONG_ABSENCE_DAYS", "relationship", "sentence", "spoken_language"]
