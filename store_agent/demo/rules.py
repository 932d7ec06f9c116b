"""How the demo's platform settles what a shop tells it about persons, fences and rights.

Implements `sync.reference_platform.rules.Rules`. Every settled change names the event it answers,
so that the shop drops its own pending copy.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import TypeAdapter, ValidationError

from store_agent.demo.place import STORE_ID
from store_agent.demo.settlement import RULES as RIGHTS
from store_agent.demo.written import RULES as WRITTEN
from store_agent.domain.consent import ConsentDecision, ConsentState
from store_agent.domain.customer import PersonState
from store_agent.domain.events import EventType
from sync.reference_platform.rules import Documents, EventRefusedError, PlatformEvent

Document = dict[str, Any]
_Settle = Callable[[Document, PlatformEvent], Document]

_read_state = TypeAdapter(PersonState).validate_python
_read_consent_state = TypeAdapter(ConsentState).validate_python


class DemoRules:
    """The business of the demo's platform; everything else is accepted and only kept."""

    def apply(self, event: PlatformEvent, store: Documents) -> None:
        """Settle one new event; EventRefusedError when its data cannot be understood."""
        if event.type == EventType.FENCES_CHANGED:
            _settle_fences(event, store)
            return
        if event.type in WRITTEN:
            _settle_written(event, store)
            return
        if event.type in RIGHTS:
            _settle_right(event, store)
            return
        settle = _RULES.get(event.type)
        if settle is None or event.subject is None or "visit_id" in event.data:
            return  # `visit_id`: said about one visit, not about the person
        customer = store.get("customers", event.subject)
        if customer is None:
            return  # erased meanwhile: nothing to settle, and nothing to send back
        try:
            settled = settle(customer, event)
        except (KeyError, ValidationError) as error:
            raise EventRefusedError(
                "invalid_data", f"{event.type} lacks a usable {_field(error)}"
            ) from error
        store.put("customers", event.subject, settled, confirms=event.id)


def _settle_fences(event: PlatformEvent, store: Documents) -> None:
    """What the shop drew is what everybody gets from now on."""
    document = event.data.get("document")
    if not isinstance(document, dict):
        raise EventRefusedError("invalid_data", f"{event.type} lacks a usable document")
    store.put("fences", STORE_ID, document, confirms=event.id)


def _settle_written(event: PlatformEvent, store: Documents) -> None:
    try:
        WRITTEN[event.type](event, store)
    except (KeyError, ValidationError) as error:
        raise EventRefusedError(
            "invalid_data", f"{event.type} lacks a usable {_field(error)}"
        ) from error


def _settle_right(event: PlatformEvent, store: Documents) -> None:
    try:
        RIGHTS[event.type](event, store)
    except ValidationError as error:
        raise EventRefusedError(
            "invalid_data", f"{event.type} lacks a usable {_field(error)}"
        ) from error


def _settle_consent(customer: Document, event: PlatformEvent) -> Document:
    """The decision joins the others; which one counts is judged where it is read."""
    data = event.data
    decision = {
        "purpose": data["purpose"],
        "state": _read_consent_state(data["state"]).value,
        "decided_at": event.time,
        **_proof(data),
    }
    TypeAdapter(ConsentDecision).validate_python(decision)
    return {**customer, "consents": [*customer.get("consents", ()), decision]}


def _proof(data: Mapping[str, Any]) -> Document:
    return {name: data[name] for name in ("how", "text_version", "language") if name in data}


def _settle_person(customer: Document, event: PlatformEvent) -> Document:
    state = _read_state(event.data["state"]).value
    states = [known for known in customer.get("states", ()) if known != state]
    if event.data["on"]:
        states.append(state)
    return {**customer, "states": states}


def _field(error: KeyError | ValidationError) -> str:
    if isinstance(error, KeyError):
        return str(error.args[0])
    return str((error.errors()[0]["loc"] or ("state",))[0])


_RULES: Mapping[str, _Settle] = {
    EventType.CONSENT_CHANGED: _settle_consent,
    EventType.PERSON_CHANGED: _settle_person,
}
