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

CHANNELS: Mapping[str, str] = {
    "phone": msg("Phone"),
    "email": msg("E-mail"),
    "message": msg("Message"),
    "in_person": msg("In person"),
}
TOUCHED: Mapping[str, str] = {
    "phone": msg("I rang"),
    "email": msg("I wrote"),
    "message": msg("I sent it"),
    "in_person": msg("We talked here"),
}
WHY_NOT: Mapping[str, str] = {
    "no_wish": msg("wishes to be left alone"),
    "no_consent": msg("has not agreed to it"),
    "too_often": msg("was contacted often enough this month"),
}
REASONS: Mapping[str, str] = {
    "task_overdue": msg("A task is overdue"),
    "task_due": msg("A task is due today"),
    "birthday": msg("Birthday soon"),
    "welcome": msg("New, and not welcomed yet"),
    "lapsing": msg("Has not bought for long"),
    "near_tier": msg("Close to the next tier"),
}
