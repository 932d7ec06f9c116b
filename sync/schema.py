"""The tables this part keeps in the ledger.

All of them always exist, whether a kind of transport is in use or not: a file that knows a
migration which the running release does not is taken for a newer release's and refused.
"""

from __future__ import annotations

from sync import outbox
from sync.emarsys_feed import people
from sync.transports.csv_file import tables as csv_file
from sync.transports.emarsys import sent_sales

MIGRATIONS: tuple[tuple[str, str], ...] = (
    *outbox.MIGRATIONS,
    *sent_sales.MIGRATIONS,
    *people.MIGRATIONS,
    *csv_file.MIGRATIONS,
)
