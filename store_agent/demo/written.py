"""How the demo's platform keeps what staff write: notes and tasks, read in every shop."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pydantic import TypeAdapter

from store_agent.domain.events import EventType
from store_agent.domain.note import Note
from store_agent.domain.task import Task
from store_agent.domain.touch import Touch
from sync.reference_platform.rules import Documents, PlatformEvent

_read_text = TypeAdapter(str).validate_python
_read_flag = TypeAdapter(bool).validate_python


def _note(event: PlatformEvent, store: Documents) -> None:
    """A note is read in every shop; one that was removed, in none."""
    data = event.data
    note_id = _read_text(data["note_id"])
    if _read_flag(data["removed"]):
        store.delete("notes", note_id, confirms=event.id)
        return
    document = {
        "id": note_id,
        "customer_id": event.subject,
        "text": data["text"],
        "at": data["written_at"],
        "author": data["author"],
        "author_name": data["author_name"],
        "store": event.store_id,
    }
    TypeAdapter(Note).validate_python(document)
    store.put("notes", note_id, document, confirms=event.id)


def _task(event: PlatformEvent, store: Documents) -> None:
    """The whole task comes each time; one that another shop changed stays that shop's."""
    data = dict(event.data)
    task_id = _read_text(data.pop("task_id"))
    data.pop("changed_by", None)
    known = store.get("tasks", task_id) or {}
    document = {
        **data,
        "id": task_id,
        "customer_id": event.subject,
        "changed_at": event.time,
        "store": known.get("store", event.store_id),
    }
    TypeAdapter(Task).validate_python(document)
    store.put("tasks", task_id, document, confirms=event.id)


def _touch(event: PlatformEvent, store: Documents) -> None:
    data = event.data
    touch_id = _read_text(data["touch_id"])
    if _read_flag(data["removed"]):
        store.delete("touches", touch_id, confirms=event.id)
        return
    document = {
        "id": touch_id,
        "customer_id": event.subject,
        "channel": data["channel"],
        "at": data["touched_at"],
        "staff_id": data["staff_id"],
        "store": event.store_id,
    }
    TypeAdapter(Touch).validate_python(document)
    store.put("touches", touch_id, document, confirms=event.id)


def _client(event: PlatformEvent, store: Documents) -> None:
    customer = store.get("customers", event.subject or "")
    if customer is not None:
        advisor = _read_text(event.data["advisor"])
        document = {**customer, "advisor": advisor}
        store.put("customers", str(event.subject), document, confirms=event.id)


RULES: Mapping[str, Callable[[PlatformEvent, Documents], None]] = {
    EventType.NOTE_RECORDED: _note,
    EventType.TASK_CHANGED: _task,
    EventType.TOUCH_RECORDED: _touch,
    EventType.CLIENT_CHANGED: _client,
}
