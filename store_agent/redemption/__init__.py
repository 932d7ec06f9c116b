"""Reserve · commit · void · return, on the ledger: what may be spent, is held, or was spent."""
