"""`store-agent outbox`: what waits for which receiver, what was refused, and another try."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, TextIO

import orjson

from store_agent.commands.ledger_beside import reading, writing
from store_agent.config import Settings
from store_agent.domain.errors import NotFound
from store_agent.storage import Connection
from sync import outbox
from sync.outbox import Quarantined
from sync.transports.base import DELIVERY_UNKNOWN

PAGE = 500
EXPORT_MODE = 0o600  # it holds what customers did


@dataclass(frozen=True, slots=True)
class Waiting:
    """One transport: how many events wait and since when, and how many it refuses."""

    transport: str
    waiting: int
    oldest_at: datetime | None
    refused: int
    passed_over: int
    dropped: int


@dataclass(frozen=True, slots=True)
class Refused:
    """One refused event, without what it says about a person."""

    transport: str
    id: str
    type: str
    occurred_at: str
    refused_at: datetime
    code: str
    reason: str


def status(settings: Settings, out: TextIO, *, as_json: bool) -> None:
    """One line for each transport."""
    with reading(settings) as conn:
        found = [_waiting(conn, name) for name in outbox.configured(conn)]
    if as_json:
        _write_json(out, found)
        return
    out.write(
        f"{'transport':20} {'waiting':>9} {'refused':>8} {'stale':>8} {'dropped':>8}  since\n"
    )
    for one in found:
        since = one.oldest_at.isoformat(timespec="seconds") if one.oldest_at else "-"
        out.write(
            f"{one.transport:20} {one.waiting:9} {one.refused:8} {one.passed_over:8}"
            f" {one.dropped:8}  {since}\n"
        )


def list_refused(
    settings: Settings, out: TextIO, transport: str | None, limit: int, *, as_json: bool
) -> None:
    """One line for each refused event, oldest refusal first."""
    with reading(settings) as conn:
        _check(conn, transport)
        found = [_refused(one) for one in outbox.quarantined(conn, transport, limit)]
    if as_json:
        _write_json(out, found)
        return
    for one in found:
        refused_at = one.refused_at.isoformat(timespec="seconds")
        out.write(
            f"{refused_at}  {one.transport}  {one.type}  {one.id}  {one.code}: {one.reason}\n"
        )
    if not found:
        out.write("nothing is refused\n")


def retry(settings: Settings, event_ids: Sequence[str], transport: str | None) -> int:
    """Send refused events once more, all of them if none is named; how many. Raises NotFound.

    "All" leaves out what may have arrived: somebody has to look there first, and name it then.
    The running agent sees it within half a minute.
    """
    with writing(settings) as tx:
        _check(tx, transport)
        wanted = set(event_ids)
        held = [one for one in _all_held(tx, transport) if _is_meant(one, wanted)]
        missing = wanted - {one.row.id for one in held}
        if missing:
            raise NotFound(
                f"not refused: {', '.join(sorted(missing))}", hint="See `store-agent outbox list`."
            )
        return sum(outbox.retry(tx, one.row.id, one.transport) for one in held)


def export(settings: Settings, out: BinaryIO, transport: str | None) -> None:
    """Everything that is refused, as JSON lines, with all the events say."""
    with reading(settings) as conn:
        _check(conn, transport)
        out.writelines(outbox.export(conn, transport))


def private_file(path: Path) -> BinaryIO:
    """A new file that only its owner may read. Raises FileExistsError."""
    path.touch(EXPORT_MODE, exist_ok=False)
    return path.open("wb")


def _check(conn: Connection, transport: str | None) -> None:
    known = outbox.configured(conn)
    if transport is not None and transport not in known:
        raise NotFound(
            f"there is no transport {transport!r}", hint=f"There are: {', '.join(known) or 'none'}."
        )


def _all_held(conn: Connection, transport: str | None) -> Iterator[Quarantined]:
    after = 0
    while page := outbox.quarantined(conn, transport, PAGE, after=after):
        yield from page
        after = page[-1].n


def _is_meant(one: Quarantined, wanted: set[str]) -> bool:
    return one.row.id in wanted if wanted else one.code != DELIVERY_UNKNOWN


def _waiting(conn: Connection, transport: str) -> Waiting:
    found = outbox.backlog(conn, transport)
    return Waiting(
        transport, found.count, found.oldest_at, found.quarantined, found.stale, found.dropped
    )


def _refused(one: Quarantined) -> Refused:
    row = one.row
    return Refused(one.transport, row.id, row.type, row.occurred_at, one.at, one.code, one.reason)


def _write_json(out: TextIO, found: Iterable[Waiting | Refused]) -> None:
    out.writelines(orjson.dumps(one, option=orjson.OPT_UTC_Z).decode() + "\n" for one in found)
