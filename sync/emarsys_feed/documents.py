"""A contact as the documents of the change feed. Pure.

What Emarsys does not say is left out: nobody is claimed to have agreed to anything, or to own it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sync.emarsys_feed.member import Member
from sync.emarsys_feed.settings import Loyalty, Profile, Settings, VoucherOwner
from sync.feed import Change, ChangeOp
from sync.transports.emarsys.directory import FieldIds
from sync.transports.emarsys.replies import number
from sync.transports.emarsys.settings import NULL

ORIGIN = "emarsys"
PASS_PREFIX = "emarsys:"  # in front of the customer id, as the id of their pass
# Emarsys keeps no date of an opt-in: a yes counts since the registration, or since for ever, so
# that no answer anybody gave can be older.
SINCE_EVER = datetime(1970, 1, 1, tzinfo=UTC)
LANGUAGE = re.compile(r"[a-z]{2}")
MAX_SECONDS = 100_000_000_000  # above it a number is milliseconds


@dataclass(frozen=True, slots=True)
class Contact:
    """One contact as getdata shows it; `values` by field id."""

    id: int
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Beside:
    """What is known of a contact beside its fields. A stub is sent without any of it."""

    segments: tuple[str, ...] = ()
    member: Member | None = None
    is_stub: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """How contacts are read: the settings, the account's numbers, the labels of choices."""

    settings: Settings
    fields: FieldIds
    store_id: str
    currency: str
    labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # by field id

    def customer_id(self, contact: Contact) -> str:
        """The shop's id of a contact; "" when the key field is empty."""
        key = self.fields[self.settings.key]
        return str(contact.id) if key == "id" else contact.values.get(key, "")

    def loyalty_id(self, contact: Contact) -> str:
        """By what the loyalty programme knows a contact."""
        loyalty = self.settings.loyalty
        if loyalty is not None and loyalty.contact_id == "email":
            return self.value(contact, Profile.EMAIL)
        return self.customer_id(contact)

    def value(self, contact: Contact, name: Profile) -> str:
        """A profile field as people read it."""
        named = self.settings.profile_fields.get(name)
        if named is None:
            return ""
        field_id = self.fields[named]
        text = contact.values.get(field_id, "")
        return self.labels.get(field_id, {}).get(text, text)


def contact_of(entry: Mapping[str, Any]) -> Contact | None:
    """One entry of a getdata result; ids come as numbers and as text."""
    contact_id = number(entry.get("id"))
    if contact_id is None:
        return None
    values = {str(name): str(value) for name, value in entry.items() if value not in (None, "")}
    return Contact(contact_id, values)


def documents(
    contact: Contact,
    reading: Reading,
    as_of: datetime,
    beside: Beside,
) -> list[Change]:
    """All documents about one contact, as upserts; none without a customer id."""
    customer_id = reading.customer_id(contact)
    if not customer_id:
        return []
    doc = _stub(contact, reading, customer_id, as_of)
    found = []
    if beside.is_stub:
        doc["stub"] = True
    else:
        doc |= _profile(contact, reading, as_of, beside.segments)
        doc |= _loyalty(beside.member)
        found = _vouchers(customer_id, doc, reading, beside.member)
    return [_upsert("customers", customer_id, doc), *_passes(contact, reading, doc), *found]


def _stub(contact: Contact, reading: Reading, customer_id: str, as_of: datetime) -> dict[str, Any]:
    """What recognises and addresses somebody, and what they agreed to."""
    first, last = (
        reading.value(contact, Profile.FIRST_NAME),
        reading.value(contact, Profile.LAST_NAME),
    )
    language = reading.value(contact, Profile.LANGUAGE).lower()
    doc = {
        "id": customer_id,
        "display_name": f"{first} {last}".strip() or customer_id,
        "last_name": last,
        "salutation": reading.value(contact, Profile.SALUTATION),
        "home_store": reading.value(contact, Profile.HOME_STORE),
        "language": language if LANGUAGE.fullmatch(language) else "",
        "as_of": _text(as_of),
        "origin": ORIGIN,
    }
    doc = {name: value for name, value in doc.items() if value}
    return doc | {"consents": _consents(contact, reading, as_of)}


def _profile(
    contact: Contact, reading: Reading, as_of: datetime, segments: tuple[str, ...]
) -> dict[str, Any]:
    doc: dict[str, Any] = {
        "first_name": reading.value(contact, Profile.FIRST_NAME),
        "email": reading.value(contact, Profile.EMAIL),
        "phone": reading.value(contact, Profile.PHONE),
        "member_number": reading.value(contact, Profile.MEMBER_NUMBER),
        "birthday": _birthday(reading.value(contact, Profile.BIRTHDAY)),
        "segments": sorted(segments),
        "facts": _facts(contact, reading, as_of),
    }
    if tier := reading.value(contact, Profile.TIER):
        doc["tier"] = {"name": tier}
    points = _whole(reading.value(contact, Profile.POINTS))
    if points is not None:
        doc |= {"points": points, "points_as_of": _text(as_of)}
    return {name: value for name, value in doc.items() if value not in ("", None, [])}


def _loyalty(member: Member | None) -> dict[str, Any]:
    """What the programme itself says counts before what a contact field says."""
    doc: dict[str, Any] = {}
    if member is None:
        return doc
    if member.tier:
        doc["tier"] = {"name": member.tier, "next_name": member.next_tier or None}
    if member.points is not None:
        doc |= {"points": member.points, "points_as_of": _text(member.as_of)}
    return doc


def _consents(contact: Contact, reading: Reading, as_of: datetime) -> list[dict[str, Any]]:
    found = []
    for purpose, rule in reading.settings.consents.items():
        value = contact.values.get(reading.fields[rule.field], NULL)
        if value == rule.granted:
            state, at = "granted", _since(contact, reading)
        elif value == rule.withdrawn and value != NULL:
            state, at = "withdrawn", as_of
        else:
            continue  # never asked: absent is no
        found.append({"purpose": purpose, "state": state, "decided_at": _text(at), "how": ORIGIN})
    return found


def _since(contact: Contact, reading: Reading) -> datetime:
    text = reading.value(contact, Profile.REGISTERED_AT)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return SINCE_EVER
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _facts(contact: Contact, reading: Reading, as_of: datetime) -> list[dict[str, Any]]:
    found = []
    for label, one in reading.settings.facts.items():
        field_id = reading.fields[one.field]
        text = contact.values.get(field_id, "")
        value = reading.labels.get(field_id, {}).get(text, text)
        if value:
            fact = {"label": label, "value": value, "origin": one.origin, "as_of": _text(as_of)}
            found.append(fact)
    return found


def _passes(contact: Contact, reading: Reading, doc: Mapping[str, Any]) -> list[Change]:
    named = reading.settings.pass_field
    message = contact.values.get(reading.fields[named], "") if named else ""
    if not message:
        return []
    pass_id = f"{PASS_PREFIX}{doc['id']}"
    one = {"id": pass_id, "customer_id": doc["id"], "message": message, "origin": ORIGIN}
    return [_upsert("passes", pass_id, one)]


def _vouchers(
    customer_id: str, doc: Mapping[str, Any], reading: Reading, member: Member | None
) -> list[Change]:
    loyalty = reading.settings.loyalty
    if member is None or loyalty is None:
        return []
    found = (_voucher(customer_id, doc, one, reading, member) for one in member.vouchers)
    return [_upsert("vouchers", one["id"], one) for one in found if one is not None]


def _voucher(
    customer_id: str,
    doc: Mapping[str, Any],
    one: Mapping[str, Any],
    reading: Reading,
    member: Member,
) -> dict[str, Any] | None:
    """A voucher that has a code; without one it is a reward nobody has taken yet."""
    loyalty = reading.settings.loyalty
    code, title = str(one.get("code") or ""), str(one.get("title") or "")
    ends = _moment(one.get("validUntil"))
    unreadable = one.get("validUntil") not in (None, "") and ends is None
    if loyalty is None or not code or not title or one.get("id") is None or unreadable:
        return None
    return {
        "id": f"{PASS_PREFIX}{one['id']}",
        "customer_id": customer_id,
        "title": {"de": title, "en": title},
        "code": code,
        "benefit": _benefit(one, loyalty),
        "valid_until": None if ends is None else _text(ends),
        "redeemed_at": _text(member.as_of) if one.get("isRedeemed") is True else None,
        "currency": loyalty.currency or reading.currency,
        "owner_store": _owner(doc, loyalty, reading.store_id),
        "grant": f"{ORIGIN}-{one['id']}",
        "as_of": _text(member.as_of),
        "origin": ORIGIN,
    }


def _benefit(one: Mapping[str, Any], loyalty: Loyalty) -> dict[str, Any]:
    """What the settings say of this sort; else staff hand it over, and the till knows the code."""
    for name in ("voucherSubType", "voucherType", "title"):
        rule = loyalty.benefits.get(str(one.get(name) or ""))
        if rule is not None:
            return rule.model_dump()
    return {"kind": "gift"}


def _owner(doc: Mapping[str, Any], loyalty: Loyalty, store_id: str) -> str:
    if loyalty.voucher_owner is VoucherOwner.HERE:
        return store_id
    return str(doc.get("home_store", "")) if loyalty.voucher_owner is VoucherOwner.HOME else ""


def member_of(contact: Mapping[str, Any], vouchers: Mapping[str, Any], as_of: datetime) -> Member:
    """The two answers of the loyalty API as one value; what has another form is left out."""
    tier, following = contact.get("tier"), contact.get("nextTier")
    points = contact.get("points")
    listed = vouchers.get("vouchers")
    return Member(
        as_of,
        _name(tier),
        _name(following),
        _whole(points.get("balance")) if isinstance(points, dict) else None,
        tuple(one for one in listed if isinstance(one, dict)) if isinstance(listed, list) else (),
    )


def _name(tier: Any) -> str:
    return str(tier.get("name") or "") if isinstance(tier, dict) else ""


def _whole(value: Any) -> int | None:
    if isinstance(value, bool) or value in (None, ""):
        return None
    try:
        return int(float(value))
    except (TypeError, ValueError, OverflowError):
        return None


def _birthday(text: str) -> str | None:
    try:
        return date.fromisoformat(text[:10]).isoformat()
    except ValueError:
        return None


def _moment(value: Any) -> datetime | None:
    """When a voucher ends: ISO text (a date is the whole day, UTC), or unix time."""
    seconds = number(value)
    try:
        if seconds is not None:
            return datetime.fromtimestamp(seconds / (1000 if seconds > MAX_SECONDS else 1), UTC)
        if not isinstance(value, str):
            return None
        moment = datetime.fromisoformat(value)
    except (ValueError, OverflowError, OSError):
        return None
    if len(value) == len("2026-11-21"):
        moment += timedelta(days=1)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _upsert(collection: str, key: str, doc: Mapping[str, Any]) -> Change:
    return Change(collection, key, ChangeOp.UPSERT, doc)
