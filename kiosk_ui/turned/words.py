"""Codes of this room as staff and customers read them."""

from __future__ import annotations

from collections.abc import Mapping

from kiosk_ui.words import msg

KINDS: Mapping[str, str] = {
    "consent": msg("Ask for consent"),
}
SAID: Mapping[str, str] = {
    "consents": msg("Saved. It holds from this moment on."),
}
