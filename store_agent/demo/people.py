"""The customers: customer number i is the same person however many there are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from store_agent.demo import cast, contact, names, rights, wallet
from store_agent.demo.calendar import Calendar
from store_agent.demo.consents import consent_documents
from store_agent.demo.dice import Throws
from store_agent.demo.lives import Life, Lives
from store_agent.demo.place import ADVISORS, STORE_ID

Document = dict[str, Any]
Roll = Callable[[], float]

_ONLINE_HOME = 0.1
_YOUNGEST, _AGE_SPAN, _UNDER_16_AGE = 18, 66, 14
_INFORMAL_BELOW_AGE, _INFORMAL_SHARE = 36, 0.6
_BIRTHDAY_KNOWN = 0.7
_ASSIGNED_SHARE = 0.03
_ASSIGNMENTS = ("shoe-weeks:control", "double-points:shown", "welcome-back:shown")


@dataclass(slots=True)  # not frozen: that doubles the cost of making one
class CustomerFile:
    """All documents of one customer."""

    customer: Document
    passes: list[Document]
    vouchers: list[Document]
    purchases: list[Document]


class People:
    """Invents customers one at a time; keeps none."""

    def __init__(self, seed: int, when: Calendar) -> None:
        """The same seed and day give the same people."""
        self._seed = seed
        self._when = when
        self._lives = Lives(seed, when)
        self._throws = Throws(seed, "people")

    def file(self, index: int) -> CustomerFile:
        """Everything about customer number `index` (from 0)."""
        roll = self._throws.of(index)
        customer_id = f"c-{index:07d}"
        life = self._lives.of(index)
        return CustomerFile(
            self._customer(index, customer_id, life, roll),
            wallet.passes(self._seed, index, customer_id, self._when, roll),
            rights.vouchers(index, customer_id, self._when, roll),
            [
                {"id": f"b-{index:07d}-{number}", "customer_id": customer_id, **receipt}
                for number, receipt in enumerate(life.receipts)
            ],
        )

    def _customer(self, index: int, customer_id: str, life: Life, roll: Roll) -> Document:
        person = names.invent(life.gender, roll)
        state = cast.state(index)
        as_of = self._when.minutes_ago[int(roll() * len(self._when.minutes_ago))]
        age = _UNDER_16_AGE if state == "under_16" else _YOUNGEST + int(roll() * _AGE_SPAN)
        informal = age < _INFORMAL_BELOW_AGE and roll() < _INFORMAL_SHARE
        return {
            "id": customer_id,
            "display_name": f"{person.first_name} {person.last_name}",
            "as_of": as_of,
            "first_name": person.first_name,
            "last_name": person.last_name,
            "salutation": contact.salutation(person, roll()),
            "address_form": "informal" if informal else "formal",
            "language": person.language,
            "member_number": wallet.member_number(index),
            "phone": contact.phone(roll()),
            "email": contact.email(person, index, roll()),
            "birthday": self._birthday(index, age, roll),
            "home_store": "online" if roll() < _ONLINE_HOME else STORE_ID,
            "states": [state] if state else [],
            "consents": consent_documents(index, person.language, self._when, roll),
            "points_as_of": as_of,
            **life.learned,
            "open_orders": _open_orders(index, life),
            "assignments": _assignments(index, roll()),
            "advisor": _advisor(index),
        }

    def _birthday(self, index: int, age: int, roll: Roll) -> str | None:
        days_ahead = cast.days_to_birthday(index)
        if days_ahead is None:
            if roll() >= _BIRTHDAY_KNOWN:
                return None
            days_ahead = int(roll() * 365)
        return f"{self._when.today.year - age}-{self._when.anniversary(days_ahead)}"


def _open_orders(index: int, life: Life) -> list[Document]:
    return [{"id": f"o-{index:07d}", **life.open_order}] if life.open_order else []


def _assignments(index: int, share: float) -> list[str]:
    return [_ASSIGNMENTS[index % len(_ASSIGNMENTS)]] if share < _ASSIGNED_SHARE else []


def _advisor(index: int) -> str:
    """Every fourth customer is somebody's."""
    return ADVISORS[index // 4 % len(ADVISORS)] if index % 4 == 0 else ""
