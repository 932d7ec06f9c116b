"""What the fences know of each subject who agreed to be noticed: one document each."""

from __future__ import annotations

from store_agent.storage.connection import Connection


def get(connection: Connection, subject: str) -> bytes | None:
    """The subject's document, or None."""
    rows = connection.execute(
        "SELECT doc FROM whereabouts WHERE subject = ?", (subject,)
    ).fetchall()
    return bytes(rows[0][0]) if rows else None


def everybody(connection: Connection) -> list[tuple[str, bytes]]:
    """Subject and document of all."""
    rows = connection.execute("SELECT subject, doc FROM whereabouts ORDER BY subject")
    return [(subject, bytes(doc)) for subject, doc in rows]


def put(tx: Connection, subject: str, doc: bytes) -> None:
    """Keep a document in place of the last one."""
    tx.execute(
        "INSERT INTO whereabouts (subject, doc) VALUES (?, ?)"
        " ON CONFLICT (subject) DO UPDATE SET doc = excluded.doc",
        (subject, doc),
    )


def forget(tx: Connection, subject: str) -> None:
    """Nothing is known of this subject any more."""
    tx.execute("DELETE FROM whereabouts WHERE subject = ?", (subject,))
