"""What the contract needs of a transport under test: a rig opens it, looks behind it, breaks it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import ClassVar, Protocol

import orjson

from sync.outbox import OutboxRow
from sync.transports.base import Transport

AT = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
DEADLINE_S = 0.4  # a rig gives its transport this patience, where it can be set
SECRET = "s3cret-of-this-shop"  # what a rig hands to its transport as token, password or key
PERSON = "c-erika-mustermann"  # the subject of the sample rows; never in an error


class Mishap(Enum):
    """What befalls one exchange. The value says it in words."""

    LOST_REQUEST = "the request never arrives and the connection breaks"
    LOST_ANSWER = "the receiver takes everything and the answer is lost"
    CUT_ANSWER = "the receiver takes everything and the answer breaks off"
    BLACK_HOLE = "nothing arrives and nobody answers"
    SILENCE = "the receiver takes everything and never answers"
    DRIP = "the receiver takes everything and the answer drips for ever"
    GARBAGE = "something on the way answers 200 with a page of its own"
    TORN = "the receiver takes everything and its answer is not complete JSON"
    REDIRECT = "something on the way answers with a redirect"
    BROKEN = "the receiver answers 500"
    BUSY = "the receiver answers 503"
    BUSY_FOR_7_S = "the receiver answers 503 with Retry-After: 7"
    PATIENCE_UNTIL = "the receiver answers 429 with a date 90 s ahead in Retry-After"
    REFUSED_SECRET = "the receiver does not accept the secret"


TAKES_EVERYTHING = frozenset(
    {Mishap.LOST_ANSWER, Mishap.CUT_ANSWER, Mishap.SILENCE, Mishap.DRIP, Mishap.TORN}
)
DEAD_LINE = frozenset(
    {
        Mishap.LOST_REQUEST,
        Mishap.LOST_ANSWER,
        Mishap.CUT_ANSWER,
        Mishap.BLACK_HOLE,
        Mishap.SILENCE,
        Mishap.DRIP,
    }
)
OF_HTTP = frozenset(Mishap)


@dataclass(frozen=True, slots=True)
class Can:
    """What a transport and its receiver are capable of; the suite asks for nothing else.

    deduplicates: a repeated event is answered as duplicate. Without it the transport itself
        remembers what it sent, and holds back what may have arrived ("delivery_unknown").
    tells_duplicates: it says of a repeated event that it is one; many just take it as the first.
    refuses: the receiver can refuse one event of many for good, `defers`: for now.
    answers_later_for_all: behind a deferred event the receiver takes nothing.
    announces_window: it learns a reconnect window of 2 s from the receiver.
    finds_unreadable: one event that is not JSON is found among its neighbours.
    largest_data_bytes: larger events are refused one by one, for good.
    mishaps: what the rig can let happen.
    """

    deduplicates: bool = True
    tells_duplicates: bool = True
    refuses: bool = True
    defers: bool = True
    announces_window: bool = False
    finds_unreadable: bool = False
    largest_data_bytes: int = 64 * 1024
    mishaps: frozenset[Mishap] = field(default=OF_HTTP)


class Rig(Protocol):
    """One transport with its receiver. Nothing here opens a socket."""

    can: ClassVar[Can]

    def __init__(self, folder: Path) -> None:
        """`folder` is empty and belongs to this rig."""

    def opened(self) -> AbstractAsyncContextManager[Transport]:
        """The transport, ready to send, with patience `DEADLINE_S`, told `SECRET`; closed after.

        May be entered again: the same receiver, a new transport, as after a restart.
        """

    def row(self, number: int, data: bytes | None = None) -> OutboxRow:
        """The event of this number, one that this transport carries, about `PERSON`."""

    def accepted(self) -> Sequence[str]:
        """The ids that the receiver has taken, in its order, twice if it took one twice."""

    def befall(self, mishap: Mishap) -> None:
        """The next exchange that carries events ends like this. Only those of `can.mishaps`."""

    def refuse(self, event_id: str) -> None:
        """From now on the receiver refuses this event for good. Only if `can.refuses`."""

    def defer(self, event_id: str) -> None:
        """From now on the receiver wants this event later. Only if `can.defers`."""

    def uncarried(self) -> OutboxRow | None:
        """An event of a type that this transport leaves to others; None when it carries all."""


def scan_row(number: int, data: bytes | None = None, subject: str | None = PERSON) -> OutboxRow:
    """A scan as the agent writes it; most rigs send these."""
    return OutboxRow(
        number,
        f"01932b1e-7c3a-7cc0-9d55-{number:012}",
        "store.scan.recorded",
        subject,
        "2026-11-21T10:00:00.000000Z",
        data or scan_data(),
    )


def scan_data(pad: str = "") -> bytes:
    """What a scan's `data` holds; `pad` makes it longer."""
    document = {
        "lane": "till-0",
        "door": "http",
        "kind": "static_pass",
        "reason": None,
        "pass_id": "p-erika",
        "visit_id": "v-1",
        "scanned_at": None,
    }
    if pad:
        document["pad"] = pad
    return orjson.dumps(document)
