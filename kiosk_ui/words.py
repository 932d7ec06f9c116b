"""Codes that staff read as words. `msg` only marks a text for the catalogue."""

from __future__ import annotations

from collections.abc import Mapping


def msg(text: str) -> str:
    """Mark `text` for translation; the translation happens when it is printed."""
    return text


SCAN_REASONS: Mapping[str, str] = {
    "unknown_pass": msg("This pass is not known here"),
    "empty": msg("The scanner sent nothing"),
    "too_long": msg("That was too long for a pass"),
    "not_a_pass": msg("That is an article, not a pass"),
    "ambiguous": msg("This code fits two passes; please ask for the name"),
    "malformed": msg("The code is damaged"),
    "unknown_key": msg("This pass is from another issuer"),
    "bad_signature": msg("The pass is not genuine"),
    "not_yet_valid": msg("The pass is not valid yet"),
    "expired": msg("The pass has expired"),
    "voided": msg("The pass has been withdrawn"),
    "wrong_code": msg("Please scan the pass again"),
    "outside_window": msg("That looks like a screenshot; please open the pass itself"),
    "replayed": msg("This code was already used; please scan again"),
    "clock_untrusted": msg("The box does not know the time yet"),
    "customer_gone": msg("This pass belongs to nobody any more"),
    "no_consent": msg("Does not wish to be addressed by name"),
    "not_this_person": msg("Somebody else carries this pass"),
    "not_addressable": msg("Please serve as any guest"),
}
UNKNOWN_REASON = msg("Please serve as any guest")

MARKS: Mapping[str, str] = {
    "do_not_approach": msg("Please do not approach"),
    "gift": msg("Buys a gift"),
    "under_16": msg("Under 16"),
    "colleague": msg("Colleague"),
}
MARK_NOTES: Mapping[str, str] = {
    "do_not_approach": msg("Would like to look around alone. Serve when asked."),
    "gift": msg("Say nothing about what was bought."),
    "under_16": msg("No offers and no advertising."),
    "colleague": msg("Staff purchases do not count."),
}

OFFER_REASONS: Mapping[str, str] = {
    "issued_right": msg("Issued to this customer"),
    "matches": msg("Meets every condition today"),
}
PROPOSALS: Mapping[str, str] = {
    "waiting": msg("Offered to %(till)s at %(when)s. No answer yet."),
    "accepted": msg("%(till)s accepted it."),
    "declined": msg("%(till)s declined it."),
    "unanswered": msg("%(till)s did not answer."),
}
ANSWERS: Mapping[str, str] = {
    "said": msg("Said. Nothing more is suggested today."),
    "not_now": msg("Not now. It rests for today."),
    "not_interested": msg("Not interested. It will not be suggested for half a year."),
}
ORIGINS: Mapping[str, str] = {
    "told": msg("told us"),
    "observed": msg("observed"),
    "inferred": msg("assumed"),
}
ORDERS: Mapping[str, str] = {
    "pickup": msg("Ready for pickup"),
    "return": msg("Return expected"),
    "delivery": msg("On its way"),
}
OPENED_BY: Mapping[str, str] = {
    "scan": msg("Pass scanned"),
    "check_in": msg("Checked in"),
    "search": msg("Found by search"),
}
NOTICED_BY: Mapping[str, str] = {
    "scan": msg("Pass scanned"),
    "beacon": msg("Noticed by key tag or phone"),
    "fence": msg("Noticed by their phone's position"),
    "till": msg("Seen at the till"),
}
SURENESS: Mapping[str, str] = {
    "high": msg("here"),
    "medium": msg("probably here"),
    "low": msg("perhaps here"),
}
STAGES: Mapping[str, str] = {
    "approaching": msg("on the way"),
    "nearby": msg("nearly here"),
    "at_curbside": msg("waiting outside"),
    "at_store": msg("near the shop"),
}
PURPOSES: Mapping[str, str] = {
    "clienteling": msg("Address by name"),
    "location": msg("Be noticed in the shop"),
    "marketing.email": msg("E-mail"),
    "marketing.sms": msg("SMS"),
    "marketing.phone": msg("Phone"),
    "marketing.post": msg("Letter"),
    "marketing.push": msg("App messages"),
    "marketing.whatsapp": msg("WhatsApp"),
}
FACTS: Mapping[str, str] = {
    "size": msg("Size"),
    "size.top": msg("Tops"),
    "size.trousers": msg("Trousers"),
    "size.dress": msg("Dress"),
    "size.shoes": msg("Shoes"),
    "size.coat": msg("Coat"),
    "fit": msg("Fit"),
    "brand": msg("Brand"),
    "brands": msg("Brands"),
    "colour": msg("Colours"),
    "interest": msg("Interests"),
    "contact.channel": msg("Reached best by"),
    "contact.frequency": msg("How often"),
    "contact.topics": msg("Topics"),
    "material": msg("Material"),
    "allergy": msg("Does not tolerate"),
}
COMPONENTS: Mapping[str, str] = {
    "ledger": msg("Ledger"),
    "cache": msg("Customer data"),
    "storage": msg("Storage"),
    "disk": msg("Disk"),
    "outbox": msg("Outbox"),
    "platform": msg("Line to the platform"),
    "line": msg("Line to the platform"),
    "feed": msg("Changes from the platform"),
    "snapshot": msg("Loading customer data"),
    "profiles": msg("Data from the platform"),
    "clock": msg("Clock"),
    "scanners": msg("Scanners"),
    "tablets": msg("Tablets"),
    "jobs": msg("Regular jobs"),
    "certificate": msg("Certificate"),
}
# Components of which a shop has several: the first word of the name, then which one.
COMPONENT_KINDS: Mapping[str, str] = {
    "scanner": msg("Scanner %(which)s"),
    "line": msg("Line %(which)s"),
}
# How the agent's reasons begin; what follows (an error's own words, a number) stays as it is.
COMPONENT_REASONS: Mapping[str, str] = {
    "no platform is configured": msg("No platform is configured"),
    "no contact yet": msg("No contact yet"),
    "no connection to the platform": msg("No connection to the platform"),
    "the platform does not answer in time": msg("The platform does not answer in time"),
    "no answer within": msg("No answer within"),
    "the clock is wrong: rotating and signed passes are refused": msg(
        "The clock is wrong: rotating and signed passes are refused"
    ),
    "a copy is being taken": msg("A copy is being taken"),
    "some documents of the platform cannot be read": msg(
        "Some documents of the platform cannot be read"
    ),
    "cannot be written": msg("Cannot be written"),
    "not connected": msg("Not connected"),
    "unplugged": msg("Unplugged"),
    "in use by another program": msg("In use by another program"),
}
COMPONENT_STATES: Mapping[str, str] = {
    "ok": msg("in order"),
    "degraded": msg("limited"),
    "offline": msg("offline"),
    "down": msg("down"),
}
LANES: Mapping[str, str] = {
    "door": msg("Entrance"),
    "entrance": msg("Entrance"),
}
ROLES: Mapping[str, str] = {
    "associate": msg("Sales"),
    "manager": msg("Store management"),
}
