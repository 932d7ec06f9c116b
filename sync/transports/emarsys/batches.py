"""One call for many contacts, and what became of each of them.

A whole call may be refused for one entry's sake, and errors may come under keys that are none of
ours: then the batch is halved until every answer is about somebody.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from sync.transports.emarsys.replies import Reply, Verdict

MAX_CONTACTS = 1000  # per call; more is refused (1000)
TAKEN = frozenset({Verdict.DONE, Verdict.DONE_WITH_WARNING})


@dataclass(frozen=True, slots=True)
class Entry:
    """One contact's part of a call, ready for JSON."""

    contact: str
    item: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one entry. `code` is Emarsys' replyCode, if it gave one."""

    verdict: Verdict
    code: int | None = None


Ask = Callable[[Sequence[Mapping[str, Any]]], Awaitable[Reply]]


async def deliver(
    ask: Ask, entries: Sequence[Entry], outcomes: dict[str, Outcome], max_bytes: int
) -> None:
    """Send all entries, in as few calls as fit; fills `outcomes` by contact.

    Each contact stands in `entries` once. After a TransportError `outcomes` holds those that were
    answered before it.
    """
    for chunk in _chunks(entries, max_bytes):
        await _deliver(ask, chunk, outcomes)


async def _deliver(ask: Ask, entries: Sequence[Entry], outcomes: dict[str, Outcome]) -> None:
    reply = await ask([entry.item for entry in entries])
    if len(entries) == 1:
        outcomes[entries[0].contact] = _single(reply)
    elif reply.verdict in TAKEN and _is_about(reply, entries):
        outcomes.update(_each(reply, entries))
    else:
        middle = len(entries) // 2
        await _deliver(ask, entries[:middle], outcomes)
        await _deliver(ask, entries[middle:], outcomes)


def _single(reply: Reply) -> Outcome:
    if reply.verdict in TAKEN and reply.errors:
        return Outcome(reply.errors[0].verdict, reply.errors[0].code)
    return Outcome(reply.verdict, reply.code)


def _is_about(reply: Reply, entries: Sequence[Entry]) -> bool:
    known = {entry.contact for entry in entries}
    return all(error.key in known for error in reply.errors)


def _each(reply: Reply, entries: Sequence[Entry]) -> dict[str, Outcome]:
    every = Outcome(reply.verdict, reply.code)
    errors = {error.key: Outcome(error.verdict, error.code) for error in reply.errors}
    return {entry.contact: errors.get(entry.contact, every) for entry in entries}


def _chunks(entries: Sequence[Entry], max_bytes: int) -> list[list[Entry]]:
    chunks: list[list[Entry]] = []
    room = 0
    for entry in entries:
        size = len(orjson.dumps(entry.item)) + 1
        if not chunks or size > room or len(chunks[-1]) == MAX_CONTACTS:
            chunks.append([])
            room = max_bytes
        chunks[-1].append(entry)
        room -= size
    return chunks
