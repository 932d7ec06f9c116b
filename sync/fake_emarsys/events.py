"""External events."""

from __future__ import annotations

import re
from typing import Any

import orjson

from sync.fake_emarsys.account import Account, Triggered
from sync.fake_emarsys.contacts import MAX_CONTACTS
from sync.fake_emarsys.door import Refused

EVENT_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.000)?Z")
RESERVED = "ems_event_time"
MAX_EVENT_BYTES = 1_000_000
MAX_FORWARDED_BYTES = 100_000


def listed(account: Account) -> list[dict[str, Any]]:
    """`GET /event/`."""
    return [{"id": str(n), "name": name, "created": ""} for n, name in account.events.items()]


def create(account: Account, asked: dict[str, Any]) -> dict[str, Any]:
    """`POST /event`."""
    name = asked.get("name")
    if not isinstance(name, str) or not name:
        raise Refused(400, 5002, "No event name")
    if name in account.events.values():
        raise Refused(400, 5003, "Event already exists")
    return {"id": account.add_event(name), "name": name}


def trigger(account: Account, event_id: int, asked: dict[str, Any]) -> dict[str, Any]:
    """`POST /event/{id}/trigger`, single or batch. Repeats of a trigger_id are ignored."""
    if event_id not in account.events:
        raise Refused(400, 5001, "Invalid event id")
    key_id = str(asked.get("key_id"))
    entries = asked.get("contacts", [asked])
    if len(entries) > MAX_CONTACTS:
        raise Refused(400, 1000, "The request exceeded the maximum batch size 1,000")
    for entry in entries:
        _check(entry)
    errors: dict[str, dict[str, str]] = {}
    ids = []
    for entry in entries:
        contact = str(entry.get("external_id"))
        code = account.refused.get(str(entry.get("trigger_id")))
        found = account.find(key_id, contact)
        if len(found) != 1:
            code = 2010 if found else 2008
        if code is not None:
            errors[contact] = {str(code): f"{key_id} - {contact}"}
            continue
        ids.append(str(found[0].id))
        _take(account, event_id, contact, entry)
    _warn(account, event_id, entries)
    return {"ids": ids, "errors": errors} if "contacts" in asked else {}


def _check(entry: dict[str, Any]) -> None:
    if not EVENT_TIME.fullmatch(str(entry.get("event_time", "2026-01-01T00:00:00Z"))):
        raise Refused(400, 5010, "Invalid event_time")
    data = entry.get("data", {})
    if not isinstance(data, dict):
        raise Refused(400, 5009, "data must be an object")
    if RESERVED in data:
        raise Refused(400, 5011, f"{RESERVED} is reserved")
    if len(orjson.dumps(data)) > MAX_EVENT_BYTES:
        raise Refused(413, 1, "Event too large")


def _take(account: Account, event_id: int, contact: str, entry: dict[str, Any]) -> None:
    trigger_id = str(entry.get("trigger_id"))
    if not account.is_first(event_id, contact, trigger_id):
        return
    account.triggered.append(
        Triggered(
            account.events[event_id],
            contact,
            trigger_id,
            str(entry.get("event_time")),
            account.now(),
            entry.get("data", {}),
        )
    )


def _warn(account: Account, event_id: int, entries: list[dict[str, Any]]) -> None:
    if event_id in account.unattached:
        raise Refused(400, 5005, "Nothing executable is attached")
    if any(len(orjson.dumps(one.get("data", {}))) > MAX_FORWARDED_BYTES for one in entries):
        raise Refused(400, 5008, "Too large for Interactions")
