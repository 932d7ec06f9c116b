"""Named schema migrations, each in its own transaction, by sqlite-utils.

A migration is (name, SQL script). A file that holds a migration this release does not know comes
from a newer one and is refused.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from store_agent.storage.connection import Connection
from store_agent.storage.errors import NewerSchema

if TYPE_CHECKING:
    from sqlite_utils import Database

Migration = tuple[str, str]


@dataclass(frozen=True, slots=True)
class MigrationSet:
    """The migrations one part owns, in order. `name` must never change."""

    name: str
    migrations: tuple[Migration, ...]


def pending(connection: Connection, sets: Sequence[MigrationSet]) -> int:
    """How many migrations are missing. Raises NewerSchema when the file knows one we do not."""
    known = {(part.name, name) for part in sets for name, _ in part.migrations}
    applied = _applied(connection)
    unknown = applied - known
    if unknown:
        raise NewerSchema(
            f"the file was written by a newer release (migration {min(unknown)[1]!r})",
            hint="Install the newer release again, or restore the copy made before its upgrade.",
        )
    return len(known - applied)


def apply(connection: Connection, sets: Sequence[MigrationSet]) -> None:
    """Apply what is missing."""
    # Imported here because a start without pending migrations, the usual one, does not need it.
    from sqlite_utils import Database  # noqa: PLC0415  see above
    from sqlite_utils.migrations import Migrations  # noqa: PLC0415  see above

    database = Database(
        cast(sqlite3.Connection, connection), recursive_triggers=False, execute_plugins=False
    )
    for part in sets:
        series = Migrations(part.name)
        for name, script in part.migrations:
            series(name=name)(_runner(script))
        series.apply(database)


def _runner(script: str) -> Any:
    def run(database: Database) -> None:
        # executescript() would commit sqlite-utils' transaction first.
        for statement in statements(script):
            database.conn.execute(statement)

    return run


def statements(script: str) -> Iterator[str]:
    """The single statements of a script, triggers in one piece."""
    collected = ""
    for piece in script.split(";"):
        collected += piece + ";"
        if sqlite3.complete_statement(collected):
            if collected.strip(" \n;"):
                yield collected.strip()
            collected = ""


def _applied(connection: Connection) -> set[tuple[str, str]]:
    exists = connection.execute(
        "SELECT 1 FROM sqlite_schema WHERE name = '_sqlite_migrations'"
    ).fetchall()
    if not exists:
        return set()
    rows = connection.execute("SELECT migration_set, name FROM _sqlite_migrations").fetchall()
    return {(row[0], row[1]) for row in rows}
