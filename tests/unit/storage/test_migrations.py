"""Schema scripts: cut into statements, applied once, each in its own transaction."""

from __future__ import annotations

from pathlib import Path

import pytest

from store_agent.storage import migrations
from store_agent.storage.connection import CACHE_WRITER, open_connection
from store_agent.storage.errors import NewerSchema
from store_agent.storage.migrations import MigrationSet

TRIGGER = """CREATE TRIGGER t AFTER INSERT ON a BEGIN
  INSERT INTO b VALUES (1);
  INSERT INTO b VALUES (2);
END;"""


def test_a_script_is_cut_at_its_statements() -> None:
    script = f"CREATE TABLE a (x); -- one; two\nCREATE TABLE b (x DEFAULT ';');\n{TRIGGER}\n"
    found = list(migrations.statements(script))
    assert len(found) == 3
    assert found[0] == "CREATE TABLE a (x);"
    assert found[1].endswith("CREATE TABLE b (x DEFAULT ';');")
    assert found[2] == TRIGGER


def test_a_last_statement_needs_no_semicolon() -> None:
    assert list(migrations.statements("SELECT 1; SELECT 2")) == ["SELECT 1;", "SELECT 2;"]
    assert list(migrations.statements("  \n ")) == []


def test_each_migration_is_applied_once(tmp_path: Path) -> None:
    connection = open_connection(tmp_path / "a.db", None, CACHE_WRITER)
    first = MigrationSet("part", (("0001", "CREATE TABLE a (x)"),))
    second = MigrationSet("part", (*first.migrations, ("0002", "ALTER TABLE a ADD COLUMN y")))
    assert migrations.pending(connection, [first]) == 1
    migrations.apply(connection, [first])
    migrations.apply(connection, [first])
    assert migrations.pending(connection, [second]) == 1
    migrations.apply(connection, [second])
    assert migrations.pending(connection, [second]) == 0
    connection.execute("INSERT INTO a (x, y) VALUES (1, 2)")
    with pytest.raises(NewerSchema):
        migrations.pending(connection, [first])
    connection.close()
