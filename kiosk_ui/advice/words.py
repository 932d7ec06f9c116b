"""Codes of this room as staff read them."""

from __future__ import annotations

from collections.abc import Mapping

from kiosk_ui.words import msg

SENSITIVE: Mapping[str, str] = {
    "health": msg("health"),
    "religion": msg("religion or belief"),
    "politics": msg("political opinion"),
    "sexuality": msg("sexuality"),
    "union": msg("trade unions"),
    "payment_card": msg("the number of a payment card"),
    "bank_account": msg("the number of a bank account"),
    "password": msg("a password or PIN"),
}
NEVER_KEPT = frozenset({"payment_card"})

TASK_KINDS: Mapping[str, str] = {
    "follow_up": msg("Get in touch"),
    "appointment": msg("Appointment"),
    "hand_over": msg("Hand-over"),
    "service": msg("Service"),
    "other": msg("Other"),
}
