"""A turned tablet: lent to ONE customer for ONE page, for a short while.

It says who may answer for whom: what comes from a device with an open grant was tapped by the
customer, because nothing else can be reached there.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

IDLE = timedelta(minutes=2)  # without a tap; then the page says goodbye
LONGEST = timedelta(minutes=30)  # in all, whatever is tapped
CLOCK_SLACK = timedelta(seconds=5)  # a clock that is set back further closes the page


class TurnedPage(StrEnum):
    """What a tablet can be turned for."""

    CONSENT = "consent"  # yes or no, purpose by purpose
    KNOWN = "known"  # what this shop knows about me
    PREFERENCES = "preferences"
    SURVEY = "survey"


@dataclass(frozen=True, slots=True)
class Grant:
    """One device, one customer, one page. `staff_id` turned the tablet."""

    device_id: str
    customer_id: str
    page: TurnedPage
    language: str
    staff_id: str
    started_at: datetime
    last_at: datetime

    @property
    def expires_at(self) -> datetime:
        """From here on the page shows nothing of the customer."""
        return min(self.last_at + IDLE, self.started_at + LONGEST)

    def is_open(self, now: datetime) -> bool:
        """Whether the page may still be shown and answered."""
        return self.last_at - CLOCK_SLACK <= now < self.expires_at
