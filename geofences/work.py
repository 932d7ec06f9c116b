"""One step under way: the state as it changes, and the events it leads to. Pure."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from geofences.fence_set import FenceSet
from geofences.model import Confidence, Fence, Fix, Reason, ZoneEvent, ZoneEventKind
from geofences.state import FenceState, Phase, SubjectState


class Work:
    """Mutable for the length of one step; `frozen` gives the state afterwards."""

    __slots__ = (
        "before",
        "events",
        "fences",
        "first_at",
        "held",
        "last",
        "now",
        "places",
        "subject",
        "track",
    )

    def __init__(self, fences: FenceSet, state: SubjectState, now: datetime) -> None:
        """Begin where `state` stands."""
        self.fences = fences
        self.now = now
        self.subject = state.subject
        self.last: Fix | None = state.last
        self.held = state.held
        self.track = state.track
        self.first_at = state.first_at
        self.places: dict[str, FenceState] = dict(state.fences)
        self.events: list[ZoneEvent] = []
        self.before = state

    def of(self, fence: Fence) -> FenceState:
        """What is known about one fence."""
        return self.places.get(fence.id) or FenceState(fence.version)

    def within(self) -> list[str]:
        """The fences entered and not left."""
        return [fence_id for fence_id, known in self.places.items() if known.is_within]

    def is_within(self, fence_id: str | None) -> bool:
        """Whether a fence was entered and not left."""
        known = self.places.get(fence_id or "")
        return known is not None and known.is_within

    def frozen(self) -> SubjectState:
        """The state after this step; the very same object when nothing changed."""
        before, known = self.before, self.places
        blank = [fence_id for fence_id, one in known.items() if one.is_blank]
        if blank:
            known = {key: one for key, one in known.items() if key not in blank}
        within, now_within = before.within, self.within()
        if len(now_within) != len(within) or not all(map(within.__contains__, now_within)):
            within = self.fences.smallest_first(now_within)
        same = (
            self.last is before.last
            and self.held == before.held
            and self.first_at == before.first_at
            and known == before.fences
        )
        if same:
            return before
        return SubjectState(
            self.subject, self.last, self.held, self.track, self.first_at, known, within
        )

    def enter(  # noqa: PLR0913  what an event tells
        self,
        fence: Fence,
        at: datetime,
        reason: str,
        confidence: Confidence,
        *,
        probability: float | None = None,
        initial: bool = False,
    ) -> None:
        """Come in, through every parent first; nothing for somebody who is inside."""
        if self.is_within(fence.id):
            return
        parent = self.fences.fences.get(fence.parent or "")
        if parent is not None:
            self.enter(parent, at, Reason.CHILD_ENTERED, confidence, initial=initial)
        before = self.of(fence)
        if before.exited_at is not None:  # a correction must not lie before what it corrects
            at = max(at, before.exited_at)
        stay_id = _digest(self.subject, fence.id, at.isoformat())
        self.places[fence.id] = FenceState(
            fence.version,
            Phase.INSIDE,
            stay_id=str(stay_id),
            enter_at=at,
            evidence_at=at,
            exited_at=before.exited_at,
        )
        self.tell(
            ZoneEventKind.ENTER,
            fence.id,
            at,
            reason,
            confidence,
            probability=probability,
            initial=initial,
            notify=_is_news(before.exited_at, at, fence.rules.retrigger_s),
        )

    def leave(
        self,
        fence_id: str,
        at: datetime,
        reason: str,
        confidence: Confidence,
        probability: float | None = None,
    ) -> None:
        """Go out, out of every child first; nothing for somebody who is not inside."""
        if not self.is_within(fence_id):
            return
        for child in self.fences.children(fence_id):
            why = reason if reason in {Reason.CONSENT, Reason.CLOSED} else Reason.PARENT_LEFT
            self.leave(child, at, why, confidence)
        before = self.places[fence_id]
        at = max(at, before.enter_at or at)
        self.tell(ZoneEventKind.EXIT, fence_id, at, reason, confidence, probability=probability)
        self.places[fence_id] = FenceState(before.version, exited_at=at)

    def tell(
        self,
        kind: ZoneEventKind,
        fence_id: str,
        at: datetime,
        reason: str,
        confidence: Confidence,
        **more: object,
    ) -> None:
        """Note one event about a fence whose state is as it should be told."""
        known = self.places[fence_id]
        detail = str(more.get("dwell_s") or more.get("approach") or "")
        stay_id = known.stay_id
        if known.approach_at is not None and not stay_id:  # on the way: the stay is still to come
            began = known.approach_at.isoformat()
            stay_id = str(_digest(self.subject, fence_id, "approach", began))
        event_id = _digest(self.subject, fence_id, stay_id, kind.value, detail)
        event = ZoneEvent(
            str(event_id),
            kind,
            self.subject,
            fence_id,
            known.version,
            stay_id,
            at,
            self.now,
            confidence,
            reason,
        )
        self.events.append(replace(event, **more))  # type: ignore[arg-type]


def _is_news(exited_at: datetime | None, at: datetime, retrigger_s: float) -> bool:
    return exited_at is None or (at - exited_at).total_seconds() >= retrigger_s


def _digest(*parts: str) -> UUID:
    """The same parts give the same id: a UUIDv8 (RFC 9562), made of their SHA-256."""
    number = int.from_bytes(hashlib.sha256("\n".join(parts).encode()).digest()[:16], "big")
    number = number & ~(0xF << 76) | (8 << 76)
    return UUID(int=number & ~(0x3 << 62) | (0x2 << 62))
