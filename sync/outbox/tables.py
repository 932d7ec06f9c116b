"""The outbox's tables. They live in the caller's database, beside the business rows.

Totals are kept by triggers, in the transaction of the row itself: asking how much waits costs the
same at any backlog, whoever inserts or deletes.
"""

from __future__ import annotations

from sync import true_time

# What a row takes beside its `data`: the other columns, its indexes, its part of the pages.
ROW_OVERHEAD_BYTES = 200

_TABLES = f"""
    -- `seq` never repeats in the life of a file, and it alone is the order.
    CREATE TABLE outbox (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        type TEXT NOT NULL,
        subject TEXT,
        occurred_at TEXT NOT NULL,
        data BLOB NOT NULL,
        lane INTEGER NOT NULL CHECK (lane IN (0, 1)),
        event_class TEXT NOT NULL CHECK (event_class IN ('right', 'record', 'presence')),
        clock INTEGER
    ) STRICT;
    CREATE INDEX outbox_lane ON outbox (lane);
    -- What an urgent event takes along.
    CREATE INDEX outbox_of_subject ON outbox (subject) WHERE lane = 1 AND subject IS NOT NULL;
    -- What may be dropped, oldest first.
    CREATE INDEX outbox_low ON outbox (event_class) WHERE event_class <> 'right';

    -- `put` counts every event ever stored; `stored` and `bytes` what is in `outbox` now.
    CREATE TABLE outbox_totals (
        lane INTEGER NOT NULL,
        event_class TEXT NOT NULL,
        put INTEGER NOT NULL DEFAULT 0,
        stored INTEGER NOT NULL DEFAULT 0,
        bytes INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (lane, event_class)
    ) STRICT, WITHOUT ROWID;
    INSERT INTO outbox_totals (lane, event_class) VALUES
        (0, 'right'), (0, 'record'), (0, 'presence'), (1, 'right'), (1, 'record'), (1, 'presence');
    CREATE TRIGGER outbox_counts_in AFTER INSERT ON outbox BEGIN
        UPDATE outbox_totals SET put = put + 1, stored = stored + 1,
            bytes = bytes + length(new.data) + {ROW_OVERHEAD_BYTES}
            WHERE lane = new.lane AND event_class = new.event_class;
    END;
    CREATE TRIGGER outbox_counts_out AFTER DELETE ON outbox BEGIN
        UPDATE outbox_totals SET stored = stored - 1,
            bytes = bytes - length(old.data) - {ROW_OVERHEAD_BYTES}
            WHERE lane = old.lane AND event_class = old.event_class;
    END;

    -- A transport that is configured no more keeps its row, and holds nothing up.
    CREATE TABLE outbox_transports (
        name TEXT PRIMARY KEY,
        is_configured INTEGER NOT NULL,
        reconnect_window_s REAL,
        stale INTEGER NOT NULL DEFAULT 0,
        dropped INTEGER NOT NULL DEFAULT 0
    ) STRICT, WITHOUT ROWID;
    -- `passed`: how many of the lane's events are behind this position, of all that were ever put.
    CREATE TABLE outbox_cursors (
        transport TEXT NOT NULL,
        lane INTEGER NOT NULL,
        seq INTEGER NOT NULL,
        passed INTEGER NOT NULL,
        PRIMARY KEY (transport, lane)
    ) STRICT, WITHOUT ROWID;

    -- What one transport refuses for good. `retry_seq`: it stands in that transport's queue again.
    CREATE TABLE outbox_quarantine (
        n INTEGER PRIMARY KEY,
        transport TEXT NOT NULL,
        seq INTEGER NOT NULL,
        id TEXT NOT NULL,
        type TEXT NOT NULL,
        subject TEXT,
        occurred_at TEXT NOT NULL,
        data BLOB NOT NULL,
        lane INTEGER NOT NULL,
        event_class TEXT NOT NULL,
        clock INTEGER,
        code TEXT NOT NULL,
        reason TEXT NOT NULL,
        quarantined_at TEXT NOT NULL,
        retry_seq INTEGER,
        UNIQUE (transport, id)
    ) STRICT;
    CREATE INDEX outbox_retries ON outbox_quarantine (transport, lane, retry_seq)
        WHERE retry_seq IS NOT NULL;
    CREATE INDEX outbox_held ON outbox_quarantine (event_class) WHERE event_class <> 'right';
    -- `held` waits for a decision, `retrying` for its turn.
    CREATE TABLE outbox_held_totals (
        transport TEXT NOT NULL,
        event_class TEXT NOT NULL,
        held INTEGER NOT NULL DEFAULT 0,
        retrying INTEGER NOT NULL DEFAULT 0,
        bytes INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (transport, event_class)
    ) STRICT, WITHOUT ROWID;
    CREATE TRIGGER outbox_counts_held AFTER INSERT ON outbox_quarantine BEGIN
        INSERT INTO outbox_held_totals (transport, event_class)
            VALUES (new.transport, new.event_class) ON CONFLICT DO NOTHING;
        UPDATE outbox_held_totals SET held = held + (new.retry_seq IS NULL),
            retrying = retrying + (new.retry_seq IS NOT NULL),
            bytes = bytes + length(new.data) + {ROW_OVERHEAD_BYTES}
            WHERE transport = new.transport AND event_class = new.event_class;
    END;
    CREATE TRIGGER outbox_counts_freed AFTER DELETE ON outbox_quarantine BEGIN
        UPDATE outbox_held_totals SET held = held - (old.retry_seq IS NULL),
            retrying = retrying - (old.retry_seq IS NOT NULL),
            bytes = bytes - length(old.data) - {ROW_OVERHEAD_BYTES}
            WHERE transport = old.transport AND event_class = old.event_class;
    END;
    CREATE TRIGGER outbox_counts_retried AFTER UPDATE OF retry_seq ON outbox_quarantine BEGIN
        UPDATE outbox_held_totals SET
            held = held + (new.retry_seq IS NULL) - (old.retry_seq IS NULL),
            retrying = retrying + (new.retry_seq IS NOT NULL) - (old.retry_seq IS NOT NULL)
            WHERE transport = new.transport AND event_class = new.event_class;
    END;

    -- A class that takes nothing in at the moment.
    CREATE TABLE outbox_gates (event_class TEXT PRIMARY KEY, reason TEXT NOT NULL)
        STRICT, WITHOUT ROWID;
    -- What was dropped and not yet told. Transport '' counts each event once, the others those
    -- that they had not got.
    CREATE TABLE outbox_drops (
        event_class TEXT NOT NULL,
        reason TEXT NOT NULL,
        transport TEXT NOT NULL,
        first_seq INTEGER NOT NULL,
        last_seq INTEGER NOT NULL,
        count INTEGER NOT NULL,
        PRIMARY KEY (event_class, reason, transport)
    ) STRICT, WITHOUT ROWID;
"""  # noqa: S608  a number of this module

MIGRATIONS: tuple[tuple[str, str], ...] = (
    *true_time.MIGRATIONS,
    ("outbox_001_first_form", _TABLES),
)
