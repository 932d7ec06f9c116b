"""What this shop knows about a customer, put together for the customer: complete, in plain words.

No names of staff and no texts of theirs: those come with the full copy that can be asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from kiosk_ui.turned.model import KnownLine, KnownOrigin
from store_agent.domain.customer import Customer, Fact, Origin
from store_agent.storage import (
    View,
    access_log,
    arrivals,
    catalog,
    customers,
    notes,
    tasks,
    visits,
    whereabouts,
)

PURCHASES_COUNTED = 10_000
TOLD, OBSERVED, INFERRED = KnownOrigin.TOLD, KnownOrigin.OBSERVED, KnownOrigin.INFERRED


def known(view: View, person: Customer, now: datetime) -> tuple[KnownLine, ...]:
    """Every kind of data about this person on this box."""
    lines = (
        *_told(person),
        *_observed(view, person),
        *_inferred(person),
        *_of_staff(view, person, now),
    )
    return tuple(line for line in lines if line.value or line.at is not None)


def _told(person: Customer) -> Iterator[KnownLine]:
    born = person.birthday
    yield KnownLine("name", person.display_name, TOLD)
    yield KnownLine("phone", person.phone, TOLD)
    yield KnownLine("email", person.email, TOLD)
    yield KnownLine("birthday", f"{born.day}.{born.month}.{born.year}" if born else "", TOLD)
    yield KnownLine("member_number", person.member_number, TOLD)
    yield KnownLine("wish_list", _number(len(person.wish_list)), TOLD)
    yield from (_fact(fact) for fact in person.facts if fact.origin is Origin.TOLD)


def _observed(view: View, person: Customer) -> Iterator[KnownLine]:
    bought = len(catalog.purchases_of(view.cache, person.id, PURCHASES_COUNTED))
    present = visits.find_open(view.ledger, person.id)
    number = max(bought, person.purchase_count)
    yield KnownLine("purchases", _number(number), OBSERVED, person.last_purchase_at)
    yield KnownLine(
        "visits", _number(visits.count(view.ledger, person.id)), OBSERVED, person.last_visit_at
    )
    yield KnownLine("present", "", OBSERVED, present.started_at if present else None)
    is_followed = whereabouts.get(view.ledger, person.id) is not None
    is_expected = arrivals.is_expected(view.ledger, person.id)
    yield KnownLine("position", "yes" if is_followed or is_expected else "", OBSERVED)
    yield KnownLine("points", _number(person.points), OBSERVED, person.points_as_of)
    yield KnownLine("tier", person.tier.name if person.tier else "", OBSERVED)
    yield KnownLine("vouchers", _number(len(catalog.vouchers_of(view.cache, person.id))), OBSERVED)
    yield KnownLine("orders", _number(len(person.open_orders)), OBSERVED)
    yield KnownLine("viewed", _number(len(person.viewed)), OBSERVED)
    left = person.basket
    yield KnownLine("basket", _number(len(left.lines)) if left else "", OBSERVED)
    yield KnownLine("cases", _number(len(person.cases)), OBSERVED)
    yield KnownLine("touches", _number(len(person.last_touch)), OBSERVED)
    yield from (_fact(fact) for fact in person.facts if fact.origin is Origin.OBSERVED)


def _inferred(person: Customer) -> Iterator[KnownLine]:
    yield from (_fact(fact) for fact in person.facts if fact.origin is Origin.INFERRED)
    likes = ", ".join(f"{one.category} {round(one.share * 100)} %" for one in person.affinities)
    yield KnownLine("affinities", likes, INFERRED)
    yield KnownLine("segments", ", ".join(person.segments), INFERRED)
    yield KnownLine("lifecycle", person.lifecycle.value, INFERRED)
    yield KnownLine("band", person.rfm_band, INFERRED)
    yield KnownLine("trials", _number(len(person.assignments)), INFERRED)
    worth = person.value
    if worth is None:
        return
    if worth.lifetime_minor is not None:
        sum_ = f"{worth.lifetime_minor / 100:.2f} {worth.currency}"
        yield KnownLine("lifetime", sum_, INFERRED, worth.as_of)
    yield KnownLine("next_purchase", "", INFERRED, worth.next_purchase_at)
    if worth.churn is not None:
        yield KnownLine("churn", f"{round(worth.churn * 100)} %", INFERRED, worth.as_of)


def _of_staff(view: View, person: Customer, now: datetime) -> Iterator[KnownLine]:
    ids = (person.id, *customers.merged_into(view.cache, person.id))
    written = {note.id for note in notes.cached(view.cache, person.id)}
    for local in notes.local(view.ledger, now, *ids):
        (written.discard if local.removed_at else written.add)(local.note.id)
    todo = {task.id for task in tasks.open_of(view.cache, person.id)}
    todo |= {task.id for task in tasks.local(view.ledger, now, *ids) if task.state == "open"}
    looks = sum(len(access_log.of_customer(view.ledger, one)) for one in ids)
    yield KnownLine("notes", _number(len(written)), KnownOrigin.STAFF)
    yield KnownLine("tasks", _number(len(todo)), KnownOrigin.STAFF)
    yield KnownLine("states", ",".join(person.states), KnownOrigin.STAFF)
    yield KnownLine("advisor", "yes" if person.advisor else "", KnownOrigin.STAFF)
    yield KnownLine("looks", _number(looks), KnownOrigin.STAFF)


def _fact(fact: Fact) -> KnownLine:
    return KnownLine(
        fact.label, fact.value, KnownOrigin(fact.origin.value), fact.as_of, is_fact=True
    )


def _number(count: int) -> str:
    return str(count) if count else ""
