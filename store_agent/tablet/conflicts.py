"""What was given at a till without a right, as the manager reads it. Reads only."""

from __future__ import annotations

from kiosk_ui import model
from store_agent.domain.language import pick_text
from store_agent.domain.rights import Conflict
from store_agent.offers.refusals import sentence_for
from store_agent.redemption import conflicts
from store_agent.storage import View, catalog


def rows(view: View, language: str) -> tuple[model.ConflictRow, ...]:
    """Those nobody has seen, the newest first."""
    return tuple(_row(view, one, language) for one in conflicts.open_ones(view.ledger))


def _row(view: View, one: Conflict, language: str) -> model.ConflictRow:
    return model.ConflictRow(
        id=one.id,
        at=one.at,
        till=one.till,
        title=_title(view, one, language),
        amount=model.Money(one.amount_minor, one.currency),
        why=sentence_for(one.reason, language, currency=one.currency),
    )


def _title(view: View, one: Conflict, language: str) -> str:
    """What it is called, or its id when the platform has taken it away meanwhile."""
    if one.voucher_id is not None:
        for voucher in catalog.vouchers_by_code(view.cache, one.voucher_id):
            return pick_text(voucher.title, language) or one.voucher_id
        return one.voucher_id
    offer = view.offers().by_id.get(one.offer_id)
    return (pick_text(offer.title, language) if offer else "") or one.offer_id
