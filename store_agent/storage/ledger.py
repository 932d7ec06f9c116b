"""The ledger: what must never be lost. Schema, and who the file belongs to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from uuid_utils import uuid7

from store_agent.storage import meta
from store_agent.storage.connection import Connection
from store_agent.storage.errors import OtherStore
from store_agent.storage.migrations import MigrationSet

FILE = "ledger.db"

MIGRATIONS = MigrationSet(
    "ledger",
    (
        (
            "0001_first_form",
            """
            CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;

            -- Answers already given, so that a retry gets the same one.
            CREATE TABLE answers (
                door TEXT NOT NULL, key TEXT NOT NULL, body_hash BLOB NOT NULL,
                answer BLOB NOT NULL, at TEXT NOT NULL,
                PRIMARY KEY (door, key)
            ) WITHOUT ROWID;
            CREATE INDEX answers_at ON answers (at);

            -- Rotating codes that have been shown once.
            CREATE TABLE once_codes (
                pass_id TEXT NOT NULL, counter INTEGER NOT NULL, at TEXT NOT NULL,
                PRIMARY KEY (pass_id, counter)
            ) WITHOUT ROWID;
            CREATE INDEX once_codes_at ON once_codes (at);

            CREATE TABLE visits (
                id TEXT PRIMARY KEY, customer_id TEXT NOT NULL, started_at TEXT NOT NULL,
                last_seen_at TEXT NOT NULL, lane TEXT NOT NULL, ended_at TEXT,
                other_person INTEGER NOT NULL DEFAULT 0, said INTEGER NOT NULL DEFAULT 0
            ) WITHOUT ROWID;
            CREATE UNIQUE INDEX visits_open ON visits (customer_id) WHERE ended_at IS NULL;

            -- `n` is the order in which the answers were given; a clock may jump.
            CREATE TABLE consents (
                n INTEGER PRIMARY KEY, event_id TEXT NOT NULL UNIQUE,
                customer_id TEXT NOT NULL, purpose TEXT NOT NULL, state TEXT NOT NULL,
                decided_at TEXT NOT NULL, how TEXT NOT NULL, text_version TEXT NOT NULL,
                language TEXT NOT NULL, device_id TEXT, staff_id TEXT,
                confirmed INTEGER NOT NULL DEFAULT 0
            );
            CREATE INDEX consents_undelivered ON consents (customer_id) WHERE confirmed = 0;

            CREATE TABLE person_states (
                n INTEGER PRIMARY KEY, event_id TEXT NOT NULL UNIQUE, customer_id TEXT NOT NULL,
                state TEXT NOT NULL, is_on INTEGER NOT NULL, at TEXT NOT NULL,
                confirmed INTEGER NOT NULL DEFAULT 0
            );
            CREATE INDEX person_states_pending ON person_states (customer_id) WHERE confirmed = 0;

            CREATE TABLE devices (
                id TEXT PRIMARY KEY, name TEXT NOT NULL, cookie_hash TEXT NOT NULL UNIQUE,
                paired_at TEXT NOT NULL, last_seen_at TEXT NOT NULL, revoked_at TEXT
            ) WITHOUT ROWID;

            CREATE TABLE staff_pins (
                staff_id TEXT PRIMARY KEY, pin_hash TEXT NOT NULL, set_at TEXT NOT NULL,
                failures INTEGER NOT NULL DEFAULT 0, locked_until TEXT
            ) WITHOUT ROWID;

            CREATE TABLE sessions (
                token_hash TEXT PRIMARY KEY, device_id TEXT NOT NULL, staff_id TEXT NOT NULL,
                started_at TEXT NOT NULL, last_seen_at TEXT NOT NULL, expires_at TEXT NOT NULL
            ) WITHOUT ROWID;
            CREATE INDEX sessions_device ON sessions (device_id);

            CREATE TABLE access_log (
                id INTEGER PRIMARY KEY, at TEXT NOT NULL, staff_id TEXT, device_id TEXT,
                customer_id TEXT, action TEXT NOT NULL
            );
            CREATE INDEX access_log_customer ON access_log (customer_id, id);

            CREATE TABLE sales (
                txn_id TEXT PRIMARY KEY, event_id TEXT NOT NULL, received_at TEXT NOT NULL,
                customer_ref TEXT, doc BLOB NOT NULL
            ) WITHOUT ROWID;
            """,
        ),
        (
            "0002_presence",
            """
            ALTER TABLE visits ADD COLUMN evidence TEXT NOT NULL DEFAULT 'scan';
            ALTER TABLE visits ADD COLUMN confidence TEXT NOT NULL DEFAULT 'high';
            ALTER TABLE visits ADD COLUMN zone TEXT;
            ALTER TABLE visits ADD COLUMN indoor_at TEXT;
            ALTER TABLE visits ADD COLUMN claimed_by TEXT;
            ALTER TABLE visits ADD COLUMN claimed_at TEXT;

            -- What the fences know of each subject who agreed to be noticed; gone with the consent.
            CREATE TABLE whereabouts (subject TEXT PRIMARY KEY, doc BLOB NOT NULL) WITHOUT ROWID;

            -- Who is on the way, or near and not known to be inside.
            CREATE TABLE arrivals (
                customer_id TEXT NOT NULL, fence_id TEXT NOT NULL, stage TEXT NOT NULL,
                since TEXT NOT NULL, as_of TEXT NOT NULL, eta_at TEXT, confidence TEXT NOT NULL,
                PRIMARY KEY (customer_id, fence_id)
            ) WITHOUT ROWID;

            -- Fences drawn in this shop, until the feed has them.
            CREATE TABLE fence_edits (
                n INTEGER PRIMARY KEY, event_id TEXT NOT NULL UNIQUE, doc BLOB NOT NULL,
                at TEXT NOT NULL, confirmed INTEGER NOT NULL DEFAULT 0
            );
            """,
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class LedgerIdentity:
    """Who a ledger belongs to. A fresh file is a fresh `epoch`: numbers never repeat within one."""

    store_id: str
    epoch: str  # UUIDv7, 32 hex digits


def identify(tx: Connection, store_id: str, at: datetime) -> LedgerIdentity:
    """Read the identity, or give it to a new file. Raises OtherStore when it is not `store_id`'s.

    Must run inside a write transaction.
    """
    known = meta.get(tx, "store_id")
    if known is None:
        epoch = UUID(str(uuid7())).hex
        meta.put(tx, "store_id", store_id)
        meta.put(tx, "epoch", epoch)
        meta.put_time(tx, "created_at", at)
        return LedgerIdentity(store_id, epoch)
    if known != store_id:
        raise OtherStore(
            f"this ledger belongs to store {known!r}, not to {store_id!r}",
            hint="Set store_id back, or give the agent an empty data folder.",
        )
    return LedgerIdentity(store_id, str(meta.get(tx, "epoch")))
