"""THE TABLE: every route, who may use it, and how large a body it takes.

A route that is not in the table answers nobody; a test walks all routes and compares.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from store_agent.config import Audience

KIB = 1024
BODY_LIMIT = 64 * KIB

PUBLIC = frozenset({Audience.PUBLIC})
# A tablet in a customer's hands gets through nothing but this, public doors included.
TURNED = frozenset({Audience.TURNED})
EVERYBODY = PUBLIC | TURNED
DEVICE = frozenset({Audience.DEVICE, Audience.STAFF})
STAFF = frozenset({Audience.STAFF})
SCANNERS = frozenset({Audience.TILL, Audience.SATELLITE, Audience.ADMIN})
TILL = frozenset({Audience.TILL, Audience.ADMIN})
RELAY = frozenset({Audience.RELAY, Audience.ADMIN})
SATELLITE = frozenset({Audience.SATELLITE, Audience.ADMIN})
ADMIN = frozenset({Audience.ADMIN})
MONITOR = frozenset({Audience.MONITOR, Audience.ADMIN})
READERS = frozenset({Audience.ADMIN, Audience.STAFF})


@dataclass(frozen=True, slots=True)
class Door:
    """One route: method, path template, audiences, and the largest body in bytes."""

    method: str
    path: str
    audiences: frozenset[Audience]
    body_limit: int = BODY_LIMIT


DOORS: tuple[Door, ...] = (
    Door("GET", "/healthz", PUBLIC),
    Door("GET", "/ca.crt", PUBLIC),
    Door("GET", "/readyz", MONITOR),
    Door("GET", "/metrics", MONITOR),
    Door("GET", "/openapi.json", MONITOR),
    Door("POST", "/api/v1/scans", SCANNERS),
    Door("POST", "/api/v1/locations", RELAY),
    Door("POST", "/api/v1/owntracks", RELAY),
    Door("POST", "/api/v1/sightings", SATELLITE),
    Door("GET", "/api/v1/fences", READERS),
    Door("PUT", "/api/v1/fences", ADMIN, 48 * KIB),  # it travels in one event of 64 KiB
    Door("GET", "/api/v1/presence", READERS),
    Door("GET", "/api/v1/customers", READERS),
    Door("GET", "/api/v1/customers/{customer_id:path}", READERS),
    Door("POST", "/pos/v1/identify", TILL),
    Door("POST", "/pos/v1/baskets/{txn_id}/evaluate", TILL, 256 * KIB),
    Door("POST", "/pos/v1/baskets/{txn_id}/reserve", TILL, 256 * KIB),
    Door("POST", "/pos/v1/baskets/{txn_id}/commit", TILL, 256 * KIB),
    Door("POST", "/pos/v1/baskets/{txn_id}/void", TILL),
    Door("GET", "/pos/v1/offline-bundle", TILL),
    Door("POST", "/pos/v1/returns", TILL, 256 * KIB),
    Door("POST", "/pos/v1/journal", TILL, 1024 * KIB),
    Door("GET", "/pos/v1/proposals", TILL),
    Door("POST", "/pos/v1/proposals/{proposal_id}", TILL),
    # the tablet: how it gets in
    Door("GET", "/pair", PUBLIC),
    Door("POST", "/pair", PUBLIC),
    Door("GET", "/login", DEVICE),
    Door("POST", "/login", DEVICE),
    Door("POST", "/language", PUBLIC),
    Door("GET", "/static/{digest}/{name:path}", EVERYBODY),
    Door("GET", "/sw.js", EVERYBODY),
    Door("GET", "/manifest.webmanifest", EVERYBODY),
    Door("GET", "/offline", EVERYBODY),
    # the tablet: what staff see and do
    Door("GET", "/", STAFF),
    Door("GET", "/customers/{customer_id:path}", STAFF),
    Door("GET", "/plan", STAFF),
    Door("GET", "/conflicts", STAFF),  # managers; everybody else is told so
    Door("POST", "/conflicts/{conflict_id}/seen", STAFF),
    Door("GET", "/lines", STAFF),  # managers, and so are the next three
    Door("GET", "/lines/refused-events.jsonl", STAFF),
    Door("POST", "/lines/{line}/retry", STAFF),
    Door("POST", "/lines/{line}/events/{event_id}/retry", STAFF),
    Door("POST", "/customers/{customer_id:path}/propose", STAFF),
    Door("GET", "/articles/{sku}", STAFF),
    Door("GET", "/notes/new", STAFF),
    Door("POST", "/notes", STAFF),
    Door("POST", "/notes/{note_id}/remove", STAFF),
    Door("POST", "/notes/{note_id}/restore", STAFF),
    Door("GET", "/tasks", STAFF),
    Door("POST", "/tasks", STAFF),
    Door("GET", "/tasks/new", STAFF),
    Door("POST", "/tasks/{task_id}/done", STAFF),
    Door("POST", "/tasks/{task_id}/open", STAFF),
    Door("GET", "/tasks/{task_id}/hand-over", STAFF),
    Door("POST", "/tasks/{task_id}/hand-over", STAFF),
    Door("GET", "/mine", STAFF),
    Door("POST", "/clients", STAFF),
    Door("POST", "/touches", STAFF),
    Door("POST", "/touches/{touch_id}/take-back", STAFF),
    Door("POST", "/turned", STAFF),
    # the tablet: what a customer sees and does while it is turned
    Door("GET", "/turned", TURNED | DEVICE),  # the staff's tablet is led to its own page
    Door("GET", "/turned/still", TURNED),
    Door("POST", "/turned/stay", TURNED),
    Door("POST", "/turned/language", TURNED),
    Door("POST", "/turned/consents", TURNED),
    Door("POST", "/turned/corrections", TURNED),
    Door("POST", "/turned/requests", TURNED),
    Door("POST", "/turned/preferences", TURNED),
    Door("POST", "/turned/survey", TURNED),
    Door("POST", "/turned/done", TURNED),
    Door("GET", "/turned/back", TURNED),
    Door("POST", "/turned/back", TURNED),
    Door("GET", "/search", STAFF),
    Door("GET", "/status", STAFF),
    Door("GET", "/events", DEVICE),  # without staff it tells the page to lock
    Door("POST", "/lock", DEVICE),
    Door("POST", "/scan", STAFF),
    Door("POST", "/visits/{visit_id}/answer", STAFF),
    Door("POST", "/visits/{visit_id}/take-back", STAFF),
    Door("POST", "/visits/{visit_id}/not-this-person", STAFF),
    Door("POST", "/visits/{visit_id}/this-person", STAFF),
    Door("POST", "/visits/{visit_id}/claim", STAFF),
    Door("POST", "/visits/{visit_id}/release", STAFF),
)


class DoorTable:
    """Finds the door of a request: a dictionary for fixed paths, patterns for the few others."""

    def __init__(self, doors: Iterable[Door]) -> None:
        """Compile the table once."""
        self._fixed: dict[tuple[str, str], Door] = {}
        self._patterns: list[tuple[str, re.Pattern[str], Door]] = []
        for door in doors:
            if "{" in door.path:
                self._patterns.append((door.method, _pattern(door.path), door))
            else:
                self._fixed[door.method, door.path] = door

    def find(self, method: str, path: str) -> Door | None:
        """The door for this request, or None. HEAD uses the door of GET."""
        method = "GET" if method == "HEAD" else method
        door = self._fixed.get((method, path))
        if door is not None:
            return door
        for verb, pattern, candidate in self._patterns:
            if verb == method and pattern.fullmatch(path):
                return candidate
        return None


def _pattern(template: str) -> re.Pattern[str]:
    """`{name}` is one path segment, `{name:path}` the rest."""
    parts = re.split(r"(\{\w+(?::path)?\})", template)
    compiled = [
        ".*" if part.endswith(":path}") else "[^/]+" if part.startswith("{") else re.escape(part)
        for part in parts
    ]
    return re.compile("".join(compiled))
