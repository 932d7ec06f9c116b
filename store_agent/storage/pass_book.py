"""What identity asks while it resolves a scan, answered from one view."""

from __future__ import annotations

from collections.abc import Sequence

from store_agent.domain.catalog import SigningKey, WalletPass
from store_agent.domain.scan import OnceCode
from store_agent.storage import once_codes, passes
from store_agent.storage.view import View


class StoredPassBook:
    """The `PassBook` of `store_agent.identity`, over one view."""

    def __init__(self, view: View) -> None:
        """Look things up in `view`; use it only inside the read that gave the view."""
        self._view = view

    def by_message(self, message: str) -> WalletPass | None:
        """As `passes` has it."""
        return passes.by_message(self._view.cache, message)

    def by_id(self, pass_id: str) -> WalletPass | None:
        """As `passes` has it."""
        return passes.by_id(self._view.cache, pass_id)

    def rotating_for(self, data: str) -> Sequence[WalletPass]:
        """As `passes` has it."""
        return passes.rotating_for(self._view.cache, data)

    def signing_key(self, key_id: str) -> SigningKey | None:
        """As `passes` has it."""
        return passes.signing_key(self._view.cache, key_id)

    def is_used(self, code: OnceCode) -> bool:
        """Whether the ledger knows the code as burnt."""
        return once_codes.is_used(self._view.ledger, code)
