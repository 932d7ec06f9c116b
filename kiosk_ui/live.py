"""Live pages: one hub that knows every open page, and the SSE messages each page gets.

A stream holds no queue. It remembers which fragments it sent and is woken when something changed;
then it sends what differs *now*. A slow or sleeping tablet can therefore pile up nothing, bursts
collapse into the newest state, and a new connection starts with everything.

All methods belong to the event loop the streams run in.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

from kiosk_ui.errors import ShopUnavailable
from kiosk_ui.model import Viewer
from kiosk_ui.printer import Fragment

RETRY_MS = 1000  # how soon a browser comes back; Chromium's own 3 s delays a restart of the box
BEAT_S = 10.0  # app.js rebuilds the stream after 25 s of silence
MIN_GAP_S = 0.05  # at most 20 pushes a second to one tablet; the first of a burst goes at once
UNAVAILABLE_PAUSE_S = 1.0  # the agent is busy (queue full, disk full): ask again, gently
MAX_STREAMS_PER_DEVICE = 4  # a browser opens six connections to one host; leave two for the rest


class PageKind(Enum):
    """Which page a stream feeds."""

    FLOOR = "floor"
    CUSTOMER = "customer"
    STATUS = "status"
    PLAN = "plan"
    CONFLICTS = "conflicts"
    AREA = "area"


@dataclass(frozen=True, slots=True)
class Page:
    """An open page; `customer_id` only with CUSTOMER (which shows the floor beside it).

    `key` only with AREA: `<area>` or `<area>:<what it shows>`.
    """

    kind: PageKind
    customer_id: str = ""
    key: str = ""

    @property
    def shows_floor(self) -> bool:
        """Whether what happens in the shop is on this page, not only the state of the box."""
        return self.kind is not PageKind.STATUS


class Ending(Enum):
    """Why a stream ends."""

    STOPPED = "stopped"  # the box goes down: the browser reconnects by itself
    LOCKED = "locked"  # lock, log-out or revocation: show the lock screen, stay away
    CROWDED_OUT = "crowded_out"  # the device opened more pages than it may stream


@dataclass(eq=False, slots=True)
class Stream:
    """One open page of one device."""

    page: Page
    viewer: Viewer
    ending: Ending | None = None
    woken: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    def wake(self) -> None:
        """Something this page shows may have changed."""
        self.woken.set()

    def end(self, ending: Ending) -> None:
        """Finish at once; the first reason stays."""
        self.ending = self.ending or ending
        self.ended.set()
        self.woken.set()

    async def wait_for_change(self, timeout_s: float) -> bool:
        """True when woken, False after `timeout_s` of quiet."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self.woken.wait(), timeout_s)
        return self.woken.is_set()

    async def rest(self, duration_s: float) -> None:
        """Let a burst gather; an ending cuts it short."""
        if duration_s > 0:
            with suppress(TimeoutError):
                await asyncio.wait_for(self.ended.wait(), duration_s)


class Hub:
    """Every open page of every tablet, and the versions of what they show."""

    def __init__(self) -> None:
        """No page is open."""
        self.floor_version = 0
        self.status_version = 0
        self.customer_version = 0
        self._streams: list[Stream] = []
        self._closed = False

    def floor_changed(self) -> None:
        """Somebody came, went, or became somebody who needs someone."""
        self.floor_version += 1
        self._wake(stream for stream in self._streams if stream.page.shows_floor)

    def customer_changed(self, customer_id: str) -> None:
        """What an open page of this customer shows has changed (the floor is said separately)."""
        self.customer_version += 1
        self._wake(s for s in self._streams if s.page.customer_id == customer_id)

    def all_customers_changed(self) -> None:
        """Anything about anybody may have changed: news from the platform, a withdrawn consent."""
        self.customer_version += 1
        self._wake(stream for stream in self._streams if stream.page.customer_id)

    def status_changed(self) -> None:
        """The line, the outbox or a component changed."""
        self.status_version += 1
        self._wake(self._streams)

    def lock(self, device_id: str) -> None:
        """Show the lock screen on every page of this device and end its streams."""
        for stream in self._of(device_id):
            stream.end(Ending.LOCKED)

    def close(self) -> None:
        """The box goes down: end every stream now and accept no other."""
        self._closed = True
        for stream in self._streams:
            stream.end(Ending.STOPPED)

    def open(self, page: Page, viewer: Viewer) -> Stream:
        """A new stream; the device's oldest ends when it has too many."""
        mine = self._of(viewer.device_id)
        for old in mine[: max(0, len(mine) - MAX_STREAMS_PER_DEVICE + 1)]:
            old.end(Ending.CROWDED_OUT)
        stream = Stream(page, viewer)
        self._streams.append(stream)
        if self._closed:
            stream.end(Ending.STOPPED)
        return stream

    def forget(self, stream: Stream) -> None:
        """The browser went away."""
        if stream in self._streams:
            self._streams.remove(stream)

    def open_streams(self) -> int:
        """How many pages listen now."""
        return len(self._streams)

    def _of(self, device_id: str) -> list[Stream]:
        return [s for s in self._streams if s.viewer.device_id == device_id and not s.ending]

    def _wake(self, streams: Iterable[Stream]) -> None:
        for stream in streams:
            stream.wake()


class Fragments(Protocol):
    """Where a stream gets its HTML from (kiosk_ui.board.Board)."""

    async def current(self, page: Page, viewer: Viewer) -> tuple[Fragment, ...]:
        """Everything on `page` that can change, as it is now."""

    def clock(self, viewer: Viewer) -> Fragment:
        """The time of the last update."""

    def farewell(self, ending: Ending, viewer: Viewer) -> tuple[Fragment, ...]:
        """What the page shows after its stream has ended for good."""


def message(event: str, fragments: Iterable[Fragment]) -> str:
    """One SSE message; line breaks inside the HTML are framed, never lost."""
    html = "".join(fragment.pushed for fragment in fragments)
    data = "".join(f"data: {line}\n" for line in html.splitlines() or [""])
    return f"event: {event}\n{data}\n"


async def messages(
    stream: Stream, hub: Hub, fragments: Fragments, monotonic: Callable[[], float]
) -> AsyncIterator[str]:
    """What one page receives, from the full state on connecting to its farewell."""
    sent: dict[str, str] = {}
    try:
        yield f"retry: {RETRY_MS}\n\n"
        while stream.ending is None:
            started = monotonic()
            stream.woken.clear()
            fresh = await _fresh(stream, fragments, sent)
            if fresh:
                yield message("state", [*fresh, fragments.clock(stream.viewer)])
            await stream.rest(MIN_GAP_S - (monotonic() - started))
            if not await stream.wait_for_change(BEAT_S):
                yield message("beat", [fragments.clock(stream.viewer)])
        farewell = fragments.farewell(stream.ending, stream.viewer)
        if farewell:
            yield message("state", farewell)
    finally:
        hub.forget(stream)


async def _fresh(stream: Stream, fragments: Fragments, sent: dict[str, str]) -> list[Fragment]:
    try:
        current = await fragments.current(stream.page, stream.viewer)
    except ShopUnavailable:
        stream.wake()
        await stream.rest(UNAVAILABLE_PAUSE_S)
        return []
    fresh = [fragment for fragment in current if sent.get(fragment.id) != fragment.version]
    sent.update((fragment.id, fragment.version) for fragment in fresh)
    return fresh
