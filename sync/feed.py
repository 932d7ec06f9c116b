"""The platform's documents on their way to the shop: a snapshot, then changes behind a cursor."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from sync.errors import CursorLostError, TransportError
from sync.snapshots import SnapshotPiece, SnapshotPosition
from sync.transports.http import HttpLine

ANSWER_MARGIN_S = 10.0  # what a long poll may take beyond the wait it asked for
CURSOR_LOST = 409
PARTIAL_CONTENT = 206
RANGE_IS_OVER = 416


class ChangeOp(StrEnum):
    """What happens to a document. A merge's `doc` is `{old_id, new_id}`."""

    UPSERT = "upsert"
    DELETE = "delete"
    MERGE = "merge"


@dataclass(frozen=True, slots=True)
class Change:
    """One change. `confirms` is the id of the shop's event that it answers.

    `version` is the version of the collection's schema that `doc` is written in.
    """

    collection: str
    key: str
    op: ChangeOp
    doc: Mapping[str, Any] | None = None
    confirms: str | None = None
    version: int = 1


@dataclass(frozen=True, slots=True)
class ChangesPage:
    """One answer of the feed. `malformed` counts entries that were no change and are left out."""

    changes: tuple[Change, ...]
    cursor: str
    up_to_date: bool
    server_time: datetime | None = None
    reconnect_window_s: float | None = None
    malformed: int = 0


class Feed(Protocol):
    """Where documents come from. Raises TransportError and nothing else."""

    async def changes(self, cursor: str, wait_s: float) -> ChangesPage:
        """What follows `cursor`; waits up to `wait_s` for something. Raises CursorLostError."""

    def snapshot(
        self, position: SnapshotPosition | None = None
    ) -> AsyncGenerator[SnapshotPiece, None]:
        """The whole state as zstd-compressed NDJSON, in pieces.

        Goes on at `position` while the platform has that very stream, else begins another one.
        """

    async def close(self) -> None:
        """Release connections."""


class HttpFeed:
    """The feed over HTTP, as docs/platform-api.md describes it."""

    def __init__(self, line: HttpLine, store_id: str) -> None:
        """Speak for one store."""
        self._line = line
        self._path = f"/v1/stores/{store_id}"

    async def changes(self, cursor: str, wait_s: float) -> ChangesPage:
        """One long poll."""
        silent_s = wait_s + ANSWER_MARGIN_S
        answer = await self._line.request(
            "GET",
            f"{self._path}/changes",
            params={"cursor": cursor, "wait": f"{wait_s:g}"},
            deadline_s=silent_s,
            idle_s=silent_s,
        )
        if answer.status == CURSOR_LOST:
            raise CursorLostError("the platform does not know this feed position any more")
        if answer.status != 200:
            raise self._line.refuse(answer.status, answer.headers)
        return _page(answer.document())

    async def snapshot(
        self, position: SnapshotPosition | None = None
    ) -> AsyncGenerator[SnapshotPiece, None]:
        """Stream the snapshot as it was compressed by the platform."""
        headers = {"accept-encoding": "zstd"}
        if position is not None:
            headers |= {"range": f"bytes={position.offset}-", "if-range": position.tag}
        async with self._line.stream("GET", f"{self._path}/snapshot", headers=headers) as response:
            if response.status_code == RANGE_IS_OVER:
                return  # all of it is here
            offset = self._begins_at(response.status_code, response.headers, position)
            tag = response.headers.get("etag")
            async for piece in response.aiter_raw():
                yield SnapshotPiece(piece, offset, tag)
                offset += len(piece)

    def _begins_at(
        self, status: int, headers: Mapping[str, str], position: SnapshotPosition | None
    ) -> int:
        """The offset of the answer's first byte. Raises TransportError when it is no snapshot."""
        if status not in {200, PARTIAL_CONTENT}:
            raise self._line.refuse(status, headers)
        if headers.get("content-encoding") != "zstd":
            raise TransportError("the snapshot is not zstd", hint="Is a proxy on the way?")
        if status == 200:
            return 0
        wanted = position.offset if position is not None else 0
        if not headers.get("content-range", "").startswith(f"bytes {wanted}-"):
            raise TransportError("the platform sent another part of the snapshot")
        return wanted

    async def close(self) -> None:
        """Close the line."""
        await self._line.close()


def _page(document: dict[str, Any]) -> ChangesPage:
    entries, cursor = document.get("changes"), document.get("cursor")
    if not isinstance(entries, list) or not isinstance(cursor, str) or not cursor:
        raise TransportError("the platform's answer is no page of changes")
    changes = tuple(change for entry in entries if (change := change_of(entry)) is not None)
    window_s = document.get("reconnect_window_s")
    return ChangesPage(
        changes,
        cursor,
        up_to_date=document.get("up_to_date") is True,
        server_time=_moment(document.get("server_time")),
        reconnect_window_s=float(window_s) if isinstance(window_s, int | float) else None,
        malformed=len(entries) - len(changes),
    )


def change_of(entry: Any) -> Change | None:
    """The change that `entry` describes; None when it is none."""
    try:
        change = Change(
            entry["collection"],
            entry["key"],
            ChangeOp(entry["op"]),
            entry.get("doc"),
            entry.get("confirms"),
            entry.get("v", 1),
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
    return change if _is_sound(change) else None


def _is_sound(change: Change) -> bool:
    needs_doc = change.op is not ChangeOp.DELETE
    return (
        isinstance(change.collection, str)
        and isinstance(change.key, str)
        and isinstance(change.confirms, str | None)
        and type(change.version) is int
        and isinstance(change.doc, dict if needs_doc else dict | None)
    )


def _moment(text: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
    return moment if moment.tzinfo else None
