"""The cache: what the platform can send again. Schema only; `changes` fills it.

Every collection keeps the platform's JSON document as it came, so that fields this release does
not know survive. The other columns are what is searched by.
"""

from __future__ import annotations

from store_agent.storage.migrations import MigrationSet

FILE = "cache.db"

# `words` says what the words are. `~` is part of a word. Beginnings of 2 to 6 letters have an index
# of their own: among 1M customers a 5-letter one takes 0.06 ms instead of 0.6 (p99 0.2, not 6).
# AUTOINCREMENT: a number that was once a customer's is never somebody else's.
_SEARCH_TABLE = """
    CREATE VIRTUAL TABLE customer_words USING fts5 (
        words, content = '', contentless_delete = 1, detail = none, prefix = '2 3 4 5 6',
        tokenize = "ascii tokenchars '~'"
    );
    CREATE TABLE customer_numbers (word TEXT NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (word, n))
        WITHOUT ROWID;
"""

MIGRATIONS = MigrationSet(
    "cache",
    (
        (
            "0001_first_form",
            """
            CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;
            CREATE TABLE versions (collection TEXT PRIMARY KEY, version INTEGER NOT NULL)
                WITHOUT ROWID;

            CREATE TABLE customers (
                n INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, doc BLOB NOT NULL
            );
            CREATE TABLE merged_customers (old_id TEXT PRIMARY KEY, new_id TEXT NOT NULL)
                WITHOUT ROWID;
            """
            + _SEARCH_TABLE
            + """
            CREATE TABLE passes (
                id TEXT PRIMARY KEY, customer_id TEXT NOT NULL, message TEXT,
                anchor TEXT, anchor_offset INTEGER, doc BLOB NOT NULL
            ) WITHOUT ROWID;
            CREATE INDEX passes_message ON passes (message) WHERE message IS NOT NULL;
            CREATE INDEX passes_anchor ON passes (anchor, anchor_offset) WHERE anchor IS NOT NULL;
            CREATE INDEX passes_customer ON passes (customer_id);
            -- The few (offset, length) at which a rotating pattern may have its anchor.
            CREATE TABLE anchor_shapes (
                anchor_offset INTEGER NOT NULL, length INTEGER NOT NULL,
                PRIMARY KEY (anchor_offset, length)
            ) WITHOUT ROWID;

            CREATE TABLE signing_keys (id TEXT PRIMARY KEY, doc BLOB NOT NULL) WITHOUT ROWID;
            CREATE TABLE offers (id TEXT PRIMARY KEY, doc BLOB NOT NULL) WITHOUT ROWID;
            -- What one customer has lies together: a scan reads one page instead of many.
            CREATE TABLE vouchers (
                id TEXT NOT NULL UNIQUE, customer_id TEXT NOT NULL, doc BLOB NOT NULL,
                PRIMARY KEY (customer_id, id)
            ) WITHOUT ROWID;
            CREATE TABLE purchases (
                id TEXT NOT NULL UNIQUE, customer_id TEXT NOT NULL, at TEXT NOT NULL,
                gift INTEGER NOT NULL, doc BLOB NOT NULL,
                PRIMARY KEY (customer_id, at, id)
            ) WITHOUT ROWID;
            CREATE TABLE products (id TEXT PRIMARY KEY, doc BLOB NOT NULL) WITHOUT ROWID;
            CREATE TABLE stock (id TEXT PRIMARY KEY, sku TEXT NOT NULL, doc BLOB NOT NULL)
                WITHOUT ROWID;
            CREATE INDEX stock_sku ON stock (sku);
            CREATE TABLE staff (id TEXT PRIMARY KEY, doc BLOB NOT NULL) WITHOUT ROWID;
            CREATE TABLE fences (id TEXT PRIMARY KEY, doc BLOB NOT NULL) WITHOUT ROWID;

            -- Documents this release could not read; the rest of their batch went on.
            CREATE TABLE quarantine (
                collection TEXT NOT NULL, key TEXT NOT NULL, reason TEXT NOT NULL, at TEXT NOT NULL,
                doc BLOB, PRIMARY KEY (collection, key)
            ) WITHOUT ROWID;
            """,
        ),
        (
            "0002_beacons",
            """
            CREATE TABLE beacons (id TEXT PRIMARY KEY, doc BLOB NOT NULL) WITHOUT ROWID;
            """,
        ),
        (
            "0003_rights",
            """
            CREATE TABLE lots (
                id TEXT PRIMARY KEY, store_id TEXT NOT NULL, doc BLOB NOT NULL
            ) WITHOUT ROWID;
            CREATE INDEX lots_store ON lots (store_id);
            ALTER TABLE vouchers ADD COLUMN code TEXT;
            ALTER TABLE vouchers ADD COLUMN recalled INTEGER NOT NULL DEFAULT 0;
            CREATE INDEX vouchers_recalled ON vouchers (recalled) WHERE recalled = 1;
            CREATE INDEX vouchers_code ON vouchers (code) WHERE code IS NOT NULL;
            CREATE TABLE weather (id TEXT PRIMARY KEY, doc BLOB NOT NULL) WITHOUT ROWID;
            """,
        ),
        (
            "0004_merges",
            """
            CREATE INDEX merged_customers_new ON merged_customers (new_id);
            """,
        ),
        (
            "0005_scope",
            """
            -- Whose full document came by a look-up, not by the feed: they do not stay for ever.
            CREATE TABLE looked_up (customer_id TEXT PRIMARY KEY, at TEXT NOT NULL) WITHOUT ROWID;
            -- Documents of collections this release does not know, since the last snapshot.
            CREATE TABLE ignored (collection TEXT PRIMARY KEY, n INTEGER NOT NULL) WITHOUT ROWID;
            ALTER TABLE quarantine ADD COLUMN version INTEGER NOT NULL DEFAULT 1;
            """,
        ),
        (
            "0006_advising",
            """
            CREATE TABLE notes (
                id TEXT NOT NULL UNIQUE, customer_id TEXT NOT NULL, doc BLOB NOT NULL,
                PRIMARY KEY (customer_id, id)
            ) WITHOUT ROWID;
            """,
        ),
        (
            "0006_advising_tasks",
            """
            CREATE TABLE tasks (
                id TEXT PRIMARY KEY, customer_id TEXT, store TEXT NOT NULL, state TEXT NOT NULL,
                doc BLOB NOT NULL
            ) WITHOUT ROWID;
            CREATE INDEX tasks_open ON tasks (store) WHERE state = 'open';
            CREATE INDEX tasks_customer ON tasks (customer_id) WHERE customer_id IS NOT NULL;
            """,
        ),
        (
            "0006_advising_clients",
            """
            CREATE TABLE touches (
                id TEXT NOT NULL UNIQUE, customer_id TEXT NOT NULL, doc BLOB NOT NULL,
                PRIMARY KEY (customer_id, id)
            ) WITHOUT ROWID;
            CREATE INDEX customers_advisor
                ON customers (json_extract(CAST(doc AS TEXT), '$.advisor'));
            """,
        ),
    ),
)
