"""Subjects and streams. A store or scope is one token of a subject, whatever its name holds."""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import quote, unquote

EVENTS = "EVENTS"  # the default stream of the shops' events
FEED = "FEED"  # the default stream of changes
SNAPSHOTS = "SNAPSHOTS"  # the default bucket of snapshots
ALL = "all"  # the scope of documents for every shop


def token(text: str) -> str:
    """`text` as one token: NATS gives `.`, `*`, `>` and blanks a meaning."""
    return quote(text, safe="").replace(".", "%2E").replace("~", "%7E")


def text_of(one_token: str) -> str:
    """The inverse of `token`."""
    return unquote(one_token)


@lru_cache(maxsize=1024)  # a shop has some dozens
def event(prefix: str, store_id: str, lane: str, event_type: str) -> str:
    """`store.<store>.<lane>.<type>`; the type's dots make tokens, so that it can be filtered."""
    kind = ".".join(token(part) or "%00" for part in event_type.split("."))
    return f"{prefix}.{token(store_id)}.{lane}.{kind}"


def events_of_lane(prefix: str, lane: str) -> str:
    """All events of one lane of all stores."""
    return f"{prefix}.*.{lane}.>"


def store_of(subject: str, prefix: str) -> str:
    """The store that an event's subject names; "" when it is none."""
    parts = subject.removeprefix(f"{prefix}.").split(".", 1)
    return text_of(parts[0]) if subject.startswith(f"{prefix}.") and len(parts) == 2 else ""


def change(prefix: str, scope: str, collection: str) -> str:
    """`feed.<scope>.<collection>`; the scope is `all` or one store."""
    return f"{prefix}.{token(scope)}.{token(collection)}"


def changes_of(prefix: str, scope: str) -> str:
    """Everything of one scope."""
    return f"{prefix}.{token(scope)}.>"
