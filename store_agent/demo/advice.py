"""What staff of the sample shop have written down: notes, tasks, contacts. All of it invented."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from store_agent.demo import cast, place
from store_agent.demo.calendar import Calendar, rfc3339

Document = dict[str, Any]
Row = tuple[str, str, Document]

_ZONE = ZoneInfo(place.ZONE_NAME)
_NOTES = (
    "Sucht für die Hochzeit der Tochter im Mai etwas Festliches in Dunkelgrün.",
    "Probiert am liebsten in Ruhe an; Kabine ganz hinten.",
    "Trägt keine Wolle auf der Haut, Baumwolle und Leinen gern.",
    "Kommt samstags vor dem Markt, hat dann eine Viertelstunde.",
    "Hat den Mantel vom letzten Jahr gelobt und fragt nach einem in Hellgrau.",
    "Looking for a light travel blazer; prefers to be shown two, not ten.",
)
# kind, text, days from today, minutes after now where a time was agreed
_TASKS: tuple[tuple[str, str, int, int | None], ...] = (
    ("follow_up", "Anrufen, sobald der Mantel in 40 da ist", -1, None),
    ("appointment", "Anprobe mit der Schneiderin", 0, 180),
    ("service", "Geänderte Hose bereitlegen", 0, None),
    ("other", "Foto der neuen Schals schicken", 2, None),
)
_CHANNELS = ("phone", "email", "in_person")
_NOTED_EVERY, _TASKED_EVERY, _TOUCHED_EVERY = 3, 7, 4


def documents(index: int, customer_id: str, when: Calendar) -> Iterator[Row]:
    """What was written about customer `index`: only the cast has been talked to so far."""
    if index >= cast.LEADS:
        return
    staff = [(doc["id"], doc["name"]) for _, doc in place.staff_documents()]
    author, author_name = staff[index % len(staff)]
    if index % _NOTED_EVERY == 0:
        yield _note(index, customer_id, author, author_name, when)
    if index % _TASKED_EVERY == 0:
        yield _task(index, customer_id, author, when)
    if index % _TOUCHED_EVERY == 0:
        yield _touch(index, customer_id, author, when)


def _note(index: int, customer_id: str, author: str, author_name: str, when: Calendar) -> Row:
    number = index // _NOTED_EVERY
    key = f"n-{index:07d}"
    return (
        "notes",
        key,
        {
            "id": key,
            "customer_id": customer_id,
            "text": _NOTES[number % len(_NOTES)],
            "at": when.shop_visit(5 + 11 * number, 0.3),
            "author": author,
            "author_name": author_name,
            "store": place.STORE_ID,
        },
    )


def _task(index: int, customer_id: str, author: str, when: Calendar) -> Row:
    number = index // _TASKED_EVERY
    kind, text, days, minutes = _TASKS[number % len(_TASKS)]
    at = None if minutes is None else when.now + timedelta(minutes=minutes)
    day = when.today + timedelta(days=days)
    key = f"t-{index:07d}"
    return (
        "tasks",
        key,
        {
            "id": key,
            "customer_id": customer_id,
            "kind": kind,
            "text": text,
            "due_on": (at.astimezone(_ZONE).date() if at else day).isoformat(),
            "due_at": at and rfc3339(at),
            "assignee": place.ADVISORS[number % len(place.ADVISORS)] if number % 3 else None,
            "created_at": when.shop_visit(3, 0.5),
            "created_by": author,
            "changed_at": when.shop_visit(3, 0.5),
            "store": place.STORE_ID,
        },
    )


def _touch(index: int, customer_id: str, author: str, when: Calendar) -> Row:
    number = index // _TOUCHED_EVERY
    key = f"h-{index:07d}"
    return (
        "touches",
        key,
        {
            "id": key,
            "customer_id": customer_id,
            "channel": _CHANNELS[number % len(_CHANNELS)],
            "at": when.shop_visit(2 + 9 * number, 0.6),
            "staff_id": author,
            "store": place.STORE_ID,
        },
    )
