"""Codes of this room as staff and customers read them."""

from __future__ import annotations

from collections.abc import Mapping

from kiosk_ui.words import msg

KINDS: Mapping[str, str] = {
    "consent": msg("Ask for consent"),
    "preferences": msg("Ask for wishes"),
    "known": msg("Show what we know"),
    "survey": msg("Ask how it was"),
}
SAID: Mapping[str, str] = {
    "consents": msg("Saved. It holds from this moment on."),
    "corrected": msg("Thank you. We know better now."),
    "asked": msg("We have noted it. Somebody will see to it, and to who you are, first of all."),
    "preferences": msg("Thank you. We will keep to it."),
    "sorry": msg("We are sorry. Somebody here will see to it and get back to you."),
    "thanks": msg("That helps us to get better."),
    "glad": msg("We are glad! Do bring a friend along: they will be looked after as well as you."),
}
ORIGINS: Mapping[str, str] = {
    "told": msg("You told us"),
    "observed": msg("We noticed it"),
    "inferred": msg("We only assume it"),
    "staff": msg("What people here wrote and looked at"),
}
KNOWN: Mapping[str, str] = {
    "name": msg("Name"),
    "phone": msg("Phone"),
    "email": msg("E-mail"),
    "birthday": msg("Birthday"),
    "member_number": msg("Member number"),
    "wish_list": msg("Articles on your wish list"),
    "purchases": msg("Purchases, the last one on"),
    "visits": msg("Visits here, the last one on"),
    "present": msg("You are here since"),
    "position": msg("Where you are, while you are here or on your way"),
    "points": msg("Points"),
    "tier": msg("Your status"),
    "vouchers": msg("Vouchers"),
    "orders": msg("Open orders"),
    "viewed": msg("Articles you looked at online"),
    "basket": msg("Articles in a basket you left online"),
    "cases": msg("Complaints, repairs and questions"),
    "touches": msg("Ways on which we wrote to you or called you"),
    "affinities": msg("What you buy most"),
    "segments": msg("Groups we put you into"),
    "lifecycle": msg("How far we know each other"),
    "band": msg("How recently, how often and for how much you buy"),
    "trials": msg("Trials of offers you are part of"),
    "lifetime": msg("What you bought here in all"),
    "next_purchase": msg("When you might come next"),
    "churn": msg("How likely it is that you stay away"),
    "notes": msg("Notes about you; the copy has their words"),
    "tasks": msg("Things to do for you"),
    "states": msg("How to meet you"),
    "advisor": msg("Somebody here looks after you"),
    "looks": msg("How often somebody opened your page here"),
}
LIFECYCLES: Mapping[str, str] = {
    "lead": msg("You have not bought anything yet"),
    "first_time": msg("You bought once"),
    "active": msg("You buy regularly"),
    "lapsing": msg("You come less often"),
    "lapsed": msg("You have not been here for long"),
    "won_back": msg("You came back"),
}
