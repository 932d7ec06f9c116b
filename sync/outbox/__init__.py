"""The outbox: events that left a business transaction and wait for those who want them.

Rows live in the caller's database and transaction. There are two lanes; order is promised within
one, and for each subject across both. Each transport has its own position in each, its own
quarantine, and holds up nobody.
docs/sync.md tells the whole story.
"""

from sync.outbox.caps import Caps, ClassCap, DropReason, Usage
from sync.outbox.drops import (
    Candidate,
    Dropped,
    Place,
    drop,
    gates,
    oldest,
    set_gates,
    take_untold,
    untold,
)
from sync.outbox.enrolment import configured, enrol, recall_window, remember_window
from sync.outbox.figures import Backlog, backlog, free_pages, usage, vacuum
from sync.outbox.forward import waiting_subjects
from sync.outbox.quarantine import (
    Quarantined,
    export,
    json_line,
    quarantine,
    quarantine_count,
    quarantined,
    retry,
)
from sync.outbox.queue import (
    PLATFORM,
    acknowledge,
    count_stale,
    page,
    position,
    purge,
    purgeable,
    put,
)
from sync.outbox.rescue import TABLES, rescue
from sync.outbox.rows import (
    MAX_DATA_BYTES,
    SEQUENCE_DIGITS,
    Connection,
    Cursor,
    EventClass,
    Lane,
    OutboxEvent,
    OutboxRow,
    as_sequence,
    from_rfc3339,
    to_rfc3339,
)
from sync.outbox.tables import MIGRATIONS

__all__ = [
    "MAX_DATA_BYTES",
    "MIGRATIONS",
    "PLATFORM",
    "SEQUENCE_DIGITS",
    "TABLES",
    "Backlog",
    "Candidate",
    "Caps",
    "ClassCap",
    "Connection",
    "Cursor",
    "DropReason",
    "Dropped",
    "EventClass",
    "Lane",
    "OutboxEvent",
    "OutboxRow",
    "Place",
    "Quarantined",
    "Usage",
    "acknowledge",
    "as_sequence",
    "backlog",
    "configured",
    "count_stale",
    "drop",
    "enrol",
    "export",
    "free_pages",
    "from_rfc3339",
    "gates",
    "json_line",
    "oldest",
    "page",
    "position",
    "purge",
    "purgeable",
    "put",
    "quarantine",
    "quarantine_count",
    "quarantined",
    "recall_window",
    "remember_window",
    "rescue",
    "retry",
    "set_gates",
    "take_untold",
    "to_rfc3339",
    "untold",
    "usage",
    "vacuum",
    "waiting_subjects",
]
