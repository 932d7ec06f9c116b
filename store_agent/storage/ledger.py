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
        (
            "0003_rights",
            """
            -- `receipt`: till/day/number, by which a return finds its sale.
            ALTER TABLE sales ADD COLUMN receipt TEXT;
            CREATE INDEX sales_receipt ON sales (receipt) WHERE receipt IS NOT NULL;

            -- Till transactions that were voided; one that came before its commit is a tombstone.
            CREATE TABLE voids (
                txn_id TEXT PRIMARY KEY, till TEXT NOT NULL, at TEXT NOT NULL, reason TEXT NOT NULL
            ) WITHOUT ROWID;

            CREATE INDEX visits_customer ON visits (customer_id);

            -- What is held for one basket; it ends by itself.
            CREATE TABLE reservations (
                txn_id TEXT PRIMARY KEY, id TEXT NOT NULL UNIQUE, till TEXT NOT NULL,
                customer_id TEXT, revision INTEGER NOT NULL, expires_at TEXT NOT NULL,
                state TEXT NOT NULL
            ) WITHOUT ROWID;
            CREATE INDEX reservations_live ON reservations (expires_at) WHERE state = 'live';
            CREATE TABLE holds (
                txn_id TEXT NOT NULL, n INTEGER NOT NULL, offer_id TEXT NOT NULL, voucher_id TEXT,
                units INTEGER NOT NULL, points INTEGER NOT NULL, doc BLOB NOT NULL,
                PRIMARY KEY (txn_id, n)
            ) WITHOUT ROWID;
            CREATE INDEX holds_voucher ON holds (voucher_id) WHERE voucher_id IS NOT NULL;
            CREATE INDEX holds_offer ON holds (offer_id);

            CREATE TABLE redemptions (
                id TEXT PRIMARY KEY, txn_id TEXT NOT NULL, offer_id TEXT NOT NULL, voucher_id TEXT,
                lot_id TEXT, customer_id TEXT, units INTEGER NOT NULL,
                amount_minor INTEGER NOT NULL, currency TEXT NOT NULL, till TEXT NOT NULL,
                business_date TEXT NOT NULL, at TEXT NOT NULL, state TEXT NOT NULL,
                points INTEGER NOT NULL, returned_minor INTEGER NOT NULL DEFAULT 0, reason TEXT,
                seen_at TEXT, doc BLOB NOT NULL
            ) WITHOUT ROWID;
            CREATE INDEX redemptions_txn ON redemptions (txn_id);
            CREATE INDEX redemptions_offer ON redemptions (offer_id, business_date);
            -- The last line of defence: one accepted redemption per voucher.
            CREATE UNIQUE INDEX redemptions_once ON redemptions (voucher_id)
                WHERE voucher_id IS NOT NULL AND state = 'redeemed';
            CREATE INDEX redemptions_conflicts ON redemptions (at) WHERE state = 'conflict';

            -- Escrow: what this store may spend of an offer's budget.
            CREATE TABLE lots (
                lot_id TEXT PRIMARY KEY, offer_id TEXT NOT NULL, amount INTEGER NOT NULL,
                remaining INTEGER NOT NULL CHECK (remaining BETWEEN 0 AND amount),
                unit TEXT NOT NULL, lot_class TEXT NOT NULL, spend_until TEXT, state TEXT NOT NULL,
                granted_at TEXT NOT NULL
            ) WITHOUT ROWID;
            CREATE INDEX lots_active ON lots (offer_id) WHERE state = 'active';
            -- For ever: a late copy of a grant must not open a closed lot again.
            CREATE TABLE closed_lots (lot_id TEXT PRIMARY KEY, at TEXT NOT NULL) WITHOUT ROWID;
            -- Ownerships of vouchers that were given back.
            CREATE TABLE released_vouchers (
                voucher_id TEXT NOT NULL, grant_id TEXT NOT NULL, at TEXT NOT NULL,
                PRIMARY KEY (voucher_id, grant_id)
            ) WITHOUT ROWID;
            -- What the platform was asked for, so that it is asked once.
            CREATE TABLE wanted (
                kind TEXT NOT NULL, key TEXT NOT NULL, at TEXT NOT NULL,
                PRIMARY KEY (kind, key)
            ) WITHOUT ROWID;

            CREATE TABLE points (
                id TEXT PRIMARY KEY, customer_id TEXT NOT NULL, kind TEXT NOT NULL,
                points INTEGER NOT NULL, at TEXT NOT NULL, txn_id TEXT NOT NULL, expires_at TEXT,
                confirmed INTEGER NOT NULL DEFAULT 0
            ) WITHOUT ROWID;
            CREATE INDEX points_pending ON points (customer_id) WHERE confirmed = 0;
            CREATE INDEX points_txn ON points (txn_id);

            CREATE TABLE returns (
                return_txn_id TEXT PRIMARY KEY, txn_id TEXT, till TEXT NOT NULL, at TEXT NOT NULL,
                doc BLOB NOT NULL
            ) WITHOUT ROWID;
            CREATE TABLE returned_lines (
                txn_id TEXT NOT NULL, line_id TEXT NOT NULL, qty_milli INTEGER NOT NULL,
                PRIMARY KEY (txn_id, line_id)
            ) WITHOUT ROWID;
            """,
        ),
        (
            "0004_counts_for_caps",
            """
            -- A popular offer has tens of thousands of redemptions: each cap is counted in an index
            -- that holds all columns it asks about.
            DROP INDEX redemptions_offer;
            CREATE INDEX redemptions_of_person
                ON redemptions (offer_id, customer_id, business_date, state, voucher_id)
                WHERE voucher_id IS NULL AND state = 'redeemed';
            CREATE INDEX redemptions_of_day
                ON redemptions (offer_id, business_date, state, voucher_id)
                WHERE voucher_id IS NULL AND state = 'redeemed';
            """,
        ),
        (
            "0006_advising",
            """
            -- Notes as this shop wrote or removed them, until the feed has them.
            CREATE TABLE notes (
                id TEXT PRIMARY KEY, customer_id TEXT NOT NULL, text TEXT NOT NULL,
                at TEXT NOT NULL, author TEXT NOT NULL, author_name TEXT NOT NULL,
                store TEXT NOT NULL, removed_at TEXT, event_id TEXT NOT NULL,
                confirmed INTEGER NOT NULL DEFAULT 0
            ) WITHOUT ROWID;
            CREATE INDEX notes_customer ON notes (customer_id);
            CREATE INDEX notes_event ON notes (event_id);
            """,
        ),
        (
            "0006_advising_tasks",
            """
            CREATE TABLE tasks (
                id TEXT PRIMARY KEY, customer_id TEXT, changed_at TEXT NOT NULL, doc BLOB NOT NULL,
                event_id TEXT NOT NULL, confirmed INTEGER NOT NULL DEFAULT 0
            ) WITHOUT ROWID;
            CREATE INDEX tasks_event ON tasks (event_id);
            """,
        ),
        (
            "0007_turned_tablets",
            """
            -- Tablets lent to a customer for one page; locked until somebody's PIN ends it.
            CREATE TABLE turned_tablets (
                device_id TEXT PRIMARY KEY, customer_id TEXT NOT NULL, page TEXT NOT NULL,
                language TEXT NOT NULL, staff_id TEXT NOT NULL, started_at TEXT NOT NULL,
                last_at TEXT NOT NULL
            ) WITHOUT ROWID;
            """,
        ),
        (
            "0006_advising_topics",
            """
            CREATE TABLE topics (
                customer_id TEXT NOT NULL, topic TEXT NOT NULL, visit_id TEXT NOT NULL,
                outcome TEXT NOT NULL, at TEXT NOT NULL,
                PRIMARY KEY (customer_id, topic, visit_id)
            ) WITHOUT ROWID;
            CREATE INDEX topics_at ON topics (at);
            """,
        ),
        (
            "0006_advising_clients",
            """
            CREATE TABLE touches (
                id TEXT PRIMARY KEY, customer_id TEXT NOT NULL, channel TEXT NOT NULL,
                at TEXT NOT NULL, staff_id TEXT NOT NULL, store TEXT NOT NULL,
                removed INTEGER NOT NULL, event_id TEXT NOT NULL,
                confirmed INTEGER NOT NULL DEFAULT 0
            ) WITHOUT ROWID;
            CREATE INDEX touches_customer ON touches (customer_id);
            CREATE INDEX touches_event ON touches (event_id);
            -- Who looks after whom, where this shop changed it and the feed has not said so yet.
            CREATE TABLE clients (
                customer_id TEXT PRIMARY KEY, staff_id TEXT NOT NULL, event_id TEXT NOT NULL,
                confirmed INTEGER NOT NULL DEFAULT 0
            ) WITHOUT ROWID;
            """,
        ),
        (
            "0008_preferences",
            """
            -- What customers told here about themselves, until the feed has it.
            CREATE TABLE preferences (
                n INTEGER PRIMARY KEY, event_id TEXT NOT NULL, customer_id TEXT NOT NULL,
                label TEXT NOT NULL, value TEXT NOT NULL, at TEXT NOT NULL,
                confirmed INTEGER NOT NULL DEFAULT 0
            );
            CREATE INDEX preferences_pending ON preferences (customer_id) WHERE confirmed = 0;
            CREATE INDEX preferences_event ON preferences (event_id);
            """,
        ),
        (
            "0009_surveys",
            """
            CREATE TABLE surveys (
                id TEXT PRIMARY KEY, customer_id TEXT NOT NULL, score INTEGER NOT NULL,
                at TEXT NOT NULL
            ) WITHOUT ROWID;
            CREATE INDEX surveys_customer ON surveys (customer_id, at);
            """,
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class LedgerIdentity:
    """Who a ledger belongs to. A fresh file is a fresh `epoch`: numbers never repeat within one."""

    store_id: str
    epoch: str  # UUIDv7, 32 hex digits


def epoch(connection: Connection) -> str:
    """Whose life this ledger is: see LedgerIdentity."""
    return str(meta.get(connection, "epoch"))


def identify(tx: Connection, store_id: str, at: datetime) -> LedgerIdentity:
    """Read the identity, or give it to a new file. Raises OtherStore when it is not `store_id`'s.

    Must run inside a write transaction.
    """
    known = meta.get(tx, "store_id")
    if known is None:
        fresh = UUID(str(uuid7())).hex
        meta.put(tx, "store_id", store_id)
        meta.put(tx, "epoch", fresh)
        meta.put_time(tx, "created_at", at)
        return LedgerIdentity(store_id, fresh)
    if known != store_id:
        raise OtherStore(
            f"this ledger belongs to store {known!r}, not to {store_id!r}",
            hint="Set store_id back, or give the agent an empty data folder.",
        )
    return LedgerIdentity(store_id, epoch(tx))
