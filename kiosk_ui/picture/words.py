"""Codes of this room that staff read as words."""

from __future__ import annotations

from collections.abc import Mapping

from kiosk_ui.words import msg

CASES: Mapping[str, str] = {
    "complaint": msg("Complaint"),
    "late_delivery": msg("Late delivery"),
    "repair": msg("Repair or alteration"),
    "question": msg("Unanswered question"),
}
ARTICLE_REASONS: Mapping[str, str] = {
    "wished": msg("On the wish list and in stock"),
    "in_basket": msg("Left in the online basket"),
    "goes_with": msg("Goes with: %(because)s"),
    "viewed": msg("Looked at online"),
}
DEEDS: Mapping[str, str] = {
    "settle_case": msg("First settle what is open"),
    "hand_over": msg("Hand over the order"),
    "use_voucher": msg("Mention the voucher"),
    "reorder": msg("Ask whether it is used up"),
    "show_article": msg("Show this article"),
    "keep_in_touch": msg("Keep in touch"),
}
DEED_REASONS: Mapping[str, str] = {
    "settle_case": msg("The shop owes an answer; until then nothing is sold."),
    "hand_over": msg("It lies here ready for pickup."),
    "use_voucher": msg("It would be lost soon."),
    "reorder": msg("Bought again and again, and due about now."),
    "wished": msg("On the wish list and in stock"),
    "in_basket": msg("Left in the online basket"),
    "goes_with": msg("Often bought together in this shop"),
    "viewed": msg("Looked at online"),
    "keep_in_touch": msg("Away for longer than their own rhythm."),
}
MILESTONES: Mapping[str, str] = {
    "birthday": msg("Birthday"),
    "voucher_ends": msg("A voucher ends"),
    "reorder_due": msg("Probably used up: %(title)s"),
    "next_tier": msg("%(missing)s to %(title)s"),
}
DRIFTS: Mapping[str, str] = {
    "as_usual": msg("Comes as usual"),
    "later": msg("Later than usual"),
    "slipping": msg("Slipping away"),
    "gone": msg("Has not come for very long"),
}
TRENDS: Mapping[str, str] = {
    "rising": msg("Orders are getting larger"),
    "steady": msg("Orders stay about the same"),
    "falling": msg("Orders are getting smaller"),
}
STAGES: Mapping[str, str] = {
    "lead": msg("Not a customer yet"),
    "first_time": msg("Bought once"),
    "active": msg("Active customer"),
    "lapsing": msg("About to be lost"),
    "lapsed": msg("Lost"),
    "won_back": msg("Won back"),
}
CHANNELS: Mapping[str, str] = {
    "store": msg("In the shop"),
    "online": msg("Online"),
    "email": msg("E-mail"),
    "phone": msg("Phone"),
    "sms": msg("SMS"),
    "whatsapp": msg("WhatsApp"),
    "app": msg("App"),
    "post": msg("Letter"),
}
TOUCHES: Mapping[str, str] = {
    "visit": msg("Was here"),
    "bought": msg("Bought"),
    "returned": msg("Brought back"),
    "contact": msg("Contacted"),
}
