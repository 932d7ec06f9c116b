"""Visits: one stay of one customer. At most one is open per customer."""

from __future__ import annotations

from datetime import datetime

from store_agent.domain.greeting import Confidence, Evidence, Visit
from store_agent.storage.connection import Connection, Row
from store_agent.storage.times import from_text, from_text_or_none, to_text, to_text_or_none

_COLUMNS = (
    "id, customer_id, started_at, last_seen_at, lane, ended_at, other_person, said,"
    " evidence, confidence, zone, indoor_at, claimed_by, claimed_at"
)
_MARKS = ", ".join("?" * len(_COLUMNS.split(",")))


def find_open(connection: Connection, customer_id: str) -> Visit | None:
    """The visit this customer is in, or None."""
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM visits WHERE customer_id = ? AND ended_at IS NULL",  # noqa: S608  constant
        (customer_id,),
    ).fetchall()
    return _visit(rows[0]) if rows else None


def count(connection: Connection, customer_id: str) -> int:
    """How many visits of this customer the ledger has, this one included."""
    rows = connection.execute(
        "SELECT count(*) FROM visits WHERE customer_id = ?", (customer_id,)
    ).fetchall()
    return int(rows[0][0])


def latest(connection: Connection, customer_id: str, limit: int) -> list[Visit]:
    """The last visits of this customer, the newest first; not those of somebody else's."""
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM visits WHERE customer_id = ? AND NOT other_person"  # noqa: S608  constant
        " ORDER BY started_at DESC LIMIT ?",
        (customer_id, limit),
    )
    return [_visit(row) for row in rows]


def seen_since(connection: Connection, customer_id: str, since: datetime) -> bool:
    """Whether the customer was in this shop at that time or later."""
    sql = "SELECT 1 FROM visits WHERE customer_id = ? AND last_seen_at >= ? LIMIT 1"
    return bool(connection.execute(sql, (customer_id, to_text(since))).fetchall())


def get(connection: Connection, visit_id: str) -> Visit | None:
    """One visit, open or ended."""
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM visits WHERE id = ?",  # noqa: S608  constant
        (visit_id,),
    ).fetchall()
    return _visit(rows[0]) if rows else None


def start(tx: Connection, visit: Visit) -> None:
    """Open a visit. The driver's integrity error when the customer already has an open one."""
    tx.execute(
        f"INSERT INTO visits ({_COLUMNS}) VALUES ({_MARKS})",  # noqa: S608  constants
        (
            visit.id,
            visit.customer_id,
            to_text(visit.started_at),
            to_text(visit.last_seen_at),
            visit.lane,
            to_text_or_none(visit.ended_at),
            int(visit.other_person),
            int(visit.said),
            visit.evidence.value,
            visit.confidence.value,
            visit.zone,
            to_text_or_none(visit.indoor_at),
            visit.claimed_by,
            to_text_or_none(visit.claimed_at),
        ),
    )


def touch(
    tx: Connection, visit_id: str, seen_at: datetime, lane: str, evidence: Evidence = Evidence.SCAN
) -> None:
    """A pass was shown or a till knows the customer; `last_seen_at` never goes back."""
    at = to_text(seen_at)
    tx.execute(
        "UPDATE visits SET last_seen_at = max(last_seen_at, ?), lane = ?, evidence = ?,"
        " confidence = 'high', indoor_at = max(coalesce(indoor_at, ''), ?) WHERE id = ?",
        (at, lane, evidence.value, at, visit_id),
    )


def update(tx: Connection, visit: Visit) -> None:
    """Where an open visit is and what told so; the other columns belong to their own verbs."""
    tx.execute(
        "UPDATE visits SET last_seen_at = ?, evidence = ?, confidence = ?, zone = ?, indoor_at = ?"
        " WHERE id = ? AND ended_at IS NULL",
        (
            to_text(visit.last_seen_at),
            visit.evidence.value,
            visit.confidence.value,
            visit.zone,
            to_text_or_none(visit.indoor_at),
            visit.id,
        ),
    )


def claim(tx: Connection, visit_id: str, staff_id: str | None, at: datetime | None) -> None:
    """Somebody takes this customer on, or (None) lets go."""
    tx.execute(
        "UPDATE visits SET claimed_by = ?, claimed_at = ? WHERE id = ?",
        (staff_id, to_text_or_none(at), visit_id),
    )


def hand_over(tx: Connection, visit_id: str, customer_id: str) -> None:
    """The visit is that of the customer into whom its own was merged."""
    tx.execute("UPDATE visits SET customer_id = ? WHERE id = ?", (customer_id, visit_id))


def mark_other_person(tx: Connection, visit_id: str, other: bool) -> None:
    """Staff said whether somebody else carries this pass."""
    tx.execute("UPDATE visits SET other_person = ? WHERE id = ?", (int(other), visit_id))


def mark_said(tx: Connection, visit_id: str, said: bool) -> None:
    """Staff said whether the one thing was said."""
    tx.execute("UPDATE visits SET said = ? WHERE id = ?", (int(said), visit_id))


def end(tx: Connection, visit_id: str, at: datetime) -> None:
    """Close a visit; one that is closed keeps its end."""
    # Who was with whom and where is nobody's business afterwards: staff are not measured.
    tx.execute(
        "UPDATE visits SET ended_at = ?, claimed_by = NULL, claimed_at = NULL, zone = NULL"
        " WHERE id = ? AND ended_at IS NULL",
        (to_text(at), visit_id),
    )


def told_by_radio(connection: Connection) -> list[str]:
    """Customers with ended visits of which only phones and beacons told."""
    rows = connection.execute(
        "SELECT DISTINCT customer_id FROM visits WHERE ended_at IS NOT NULL AND lane = ''"
        " ORDER BY customer_id"
    )
    return [row[0] for row in rows]


def wipe_told_by_radio(tx: Connection, customer_id: str) -> None:
    """Forget the ended visits of a customer in which no pass was shown."""
    tx.execute(
        "DELETE FROM visits WHERE customer_id = ? AND ended_at IS NOT NULL AND lane = ''",
        (customer_id,),
    )


def present(connection: Connection) -> list[Visit]:
    """Who is in the shop: open visits, the latest seen first."""
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM visits WHERE ended_at IS NULL"  # noqa: S608  constant
        " ORDER BY last_seen_at DESC, id DESC"
    )
    return [_visit(row) for row in rows]


def idle(connection: Connection, before: datetime) -> list[Visit]:
    """Open visits without a sign of life since `before`, the longest first."""
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM visits WHERE ended_at IS NULL AND last_seen_at < ?"  # noqa: S608  constant
        " ORDER BY last_seen_at",
        (to_text(before),),
    )
    return [_visit(row) for row in rows]


def _visit(row: Row) -> Visit:
    (
        visit_id,
        customer_id,
        started_at,
        last_seen_at,
        lane,
        ended_at,
        other_person,
        said,
        evidence,
        confidence,
        zone,
        indoor_at,
        claimed_by,
        claimed_at,
    ) = row
    return Visit(
        visit_id,
        customer_id,
        from_text(started_at),
        from_text(last_seen_at),
        lane,
        from_text_or_none(ended_at),
        bool(other_person),
        bool(said),
        Evidence(evidence),
        Confidence(confidence),
        zone,
        from_text_or_none(indoor_at),
        claimed_by,
        from_text_or_none(claimed_at),
    )
