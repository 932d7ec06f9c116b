"""What one Emarsys account holds. In memory; tests look into it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from itertools import count
from typing import Any

OPT_IN = "31"
STANDARD_FIELDS = {
    "1": "First Name",
    "2": "Last Name",
    "3": "E-Mail",
    "4": "Date of Birth",
    "15": "Phone",
    OPT_IN: "Opt-In",
    "35": "Registration Language",
    "37": "Mobile",
    "46": "Salutation",
    "48": "Date of first registration",
}
FIRST_CUSTOM_FIELD = 1001


class Fault(StrEnum):
    """What the next request meets with. None of them does anything else."""

    BUSY = "busy"  # 429/7003, with X-RateLimit-Reset and without Retry-After
    BROKEN = "broken"  # 500
    BAD_GATEWAY = "bad_gateway"  # 502
    UNAVAILABLE = "unavailable"  # 503
    TOKEN_LOST = "token_lost"  # 401/1 although the token had time left


@dataclass(slots=True)
class Contact:
    """One contact; `fields` by field id."""

    id: int
    uid: str
    fields: dict[str, str | None]


@dataclass(frozen=True, slots=True)
class Triggered:
    """One external event that took effect."""

    event: str
    contact: str
    trigger_id: str
    event_time: str
    arrived_at: datetime
    data: Mapping[str, Any]


@dataclass(slots=True)
class Segment:
    """Who is in it, by contact id, and how many looks its evaluation still takes."""

    members: set[int]
    looks_left: int = 1


@dataclass(slots=True)
class Loyal:
    """One member of the loyalty programme, as the contact API shows them."""

    contact: dict[str, Any]
    vouchers: list[dict[str, Any]] = field(default_factory=list)


@dataclass(slots=True)
class Account:
    """The whole account. `now` is Emarsys' clock."""

    now: Callable[[], datetime]
    client_id: str = "shop"
    client_secret: str = "secret"
    token_life_s: float = 3600.0
    per_minute: int = 1000
    forbidden: set[str] = field(default_factory=set)  # beginnings of paths without permission
    merchant_id: str = "merchant"
    sales_token: str = "sales-token"
    loyalty_key: str = "loyalty-key"
    asks_for_launch: bool = False  # unsubscribes need launch_id and email_id (1006)
    faults: list[Fault] = field(default_factory=list)
    racing: set[str] = field(default_factory=set)  # keys whose next upsert collides (2006)
    refused: dict[str, int] = field(default_factory=dict)  # trigger ids refused with this code
    unattached: set[int] = field(default_factory=set)  # events nothing is attached to (5005)
    contacts: list[Contact] = field(default_factory=list)
    custom: dict[str, str] = field(default_factory=dict)  # id -> name
    vouchers: set[str] = field(default_factory=set)  # ids of voucher fields
    choices: dict[str, dict[str, str]] = field(default_factory=dict)  # labels by choice, by field
    events: dict[int, str] = field(default_factory=dict)
    triggered: list[Triggered] = field(default_factory=list)
    unsubscribed: list[str] = field(default_factory=list)
    lists: dict[int, list[int]] = field(default_factory=dict)
    segments: dict[int, Segment] = field(default_factory=dict)
    tables: dict[str, dict[str, Mapping[str, Any]]] = field(default_factory=dict)
    sales: list[dict[str, str]] = field(default_factory=list)
    loyal: dict[str, Loyal] = field(default_factory=dict)
    broken_members: set[str] = field(default_factory=set)  # whose loyalty answer is a 500
    requests: list[str] = field(default_factory=list)  # "METHOD path", in order
    tokens: dict[str, datetime] = field(default_factory=dict)  # -> when it ends
    nonces: set[str] = field(default_factory=set)
    _seen: set[tuple[int, str, str]] = field(default_factory=set)
    _numbers: Iterable[int] = field(default_factory=lambda: count(100_001))

    def __post_init__(self) -> None:
        """The opt-in is a choice in every account."""
        self.choices.setdefault(OPT_IN, {"1": "True", "2": "False"})

    def add_field(self, name: str, *, is_voucher: bool = False) -> str:
        """A custom field; its id, which differs from account to account."""
        field_id = str(FIRST_CUSTOM_FIELD + len(self.custom))
        self.custom[field_id] = name
        if is_voucher:
            self.vouchers.add(field_id)
        return field_id

    def add_contact(self, **fields: str | None) -> Contact:
        """A contact; fields by id with an `f` in front: `add_contact(f3="anna@example.com")`."""
        return self.create({name.removeprefix("f"): value for name, value in fields.items()})

    def create(self, fields: Mapping[str, str | None]) -> Contact:
        """A contact with these fields by id."""
        number = next(iter(self._numbers))
        contact = Contact(number, f"u{number:x}", dict(fields))
        self.contacts.append(contact)
        return contact

    def add_event(self, name: str) -> int:
        """An external event; its id."""
        event_id = 500 + len(self.events)
        self.events[event_id] = name
        return event_id

    def find(self, key_id: str, value: str) -> list[Contact]:
        """All contacts with this value of the key: "id", "uid" or a field."""
        if key_id == "id":
            return [one for one in self.contacts if str(one.id) == value]
        if key_id == "uid":
            return [one for one in self.contacts if one.uid == value]
        return [one for one in self.contacts if one.fields.get(key_id) == value]

    def is_field(self, field_id: str) -> bool:
        """Whether the account has this field."""
        return field_id in STANDARD_FIELDS or field_id in self.custom

    def is_first(self, event_id: int, contact: str, trigger_id: str) -> bool:
        """Whether this trigger is new; a repeat is ignored."""
        seen = (event_id, contact, trigger_id)
        if seen in self._seen:
            return False
        self._seen.add(seen)
        return True
