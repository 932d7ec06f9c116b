"""Contacts, segments, points, tiers and vouchers of SAP Emarsys, as documents of the change feed.

Emarsys tells nobody what changes: this part asks on a schedule, and for one customer on a first
scan. docs/emarsys.md shows the set-up. `people` holds the table the ledger keeps for it.
"""
