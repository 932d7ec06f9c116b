"""A transport that carries some types of events only; the others are none of its business."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sync.outbox import OutboxRow
from sync.transports.base import EventResult, ResultStatus, Tended, Transport


class SelectedTransport:
    """Hands on what begins with one of `types`; everything else counts as delivered."""

    def __init__(self, inner: Transport, types: tuple[str, ...]) -> None:
        """`types` are beginnings of event types."""
        self._inner = inner
        self._types = types

    @property
    def reconnect_window_s(self) -> float | None:
        """The inner transport's."""
        return self._inner.reconnect_window_s

    @property
    def server_time(self) -> datetime | None:
        """The inner transport's."""
        return self._inner.server_time

    async def send(self, batch: Sequence[OutboxRow]) -> list[EventResult]:
        """Deliver the head of `batch`; see `Transport.send`."""
        wanted = [row for row in batch if row.type.startswith(self._types)]
        answers = iter(await self._inner.send(wanted) if wanted else ())
        results: list[EventResult] = []
        for row in batch:
            if not row.type.startswith(self._types):
                results.append(EventResult(row.id, ResultStatus.SKIPPED))
                continue
            answer = next(answers, None)
            if answer is None:
                break  # the inner transport took less than it was given
            results.append(answer)
            if not (answer.delivered or answer.permanent):
                break  # wanted later: nothing behind it counts
        return results

    async def tend(self) -> None:
        """Let the inner transport do what it has to do."""
        if isinstance(self._inner, Tended):
            await self._inner.tend()

    async def close(self) -> None:
        """Close the inner transport."""
        await self._inner.close()
