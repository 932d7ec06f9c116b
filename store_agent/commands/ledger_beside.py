"""The ledger, looked into from outside: beside a running agent, or while it is stopped."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from store_agent.config import Settings
from store_agent.storage import keys, ledger
from store_agent.storage.connection import (
    LEDGER_READER,
    LEDGER_WRITER,
    Connection,
    open_connection,
)
from store_agent.storage.errors import StorageRefused
from store_agent.storage.failures import HINTS, classify


@contextmanager
def reading(settings: Settings) -> Iterator[Connection]:
    """One moment of the ledger, read-only. Raises StorageRefused."""
    with _opened(settings, is_writer=False) as connection:
        connection.execute("BEGIN")
        try:
            yield connection
        finally:
            connection.execute("ROLLBACK")


@contextmanager
def writing(settings: Settings) -> Iterator[Connection]:
    """One short durable transaction; the agent's own wait for it. Raises StorageRefused."""
    with _opened(settings, is_writer=True) as connection:
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")


@contextmanager
def _opened(settings: Settings, *, is_writer: bool) -> Iterator[Connection]:
    file = settings.data / ledger.FILE
    key_file = settings.key_path
    for needed in (file, key_file):
        if not needed.exists():
            raise StorageRefused(
                f"there is no {needed}", hint="Check --config; run the agent once, as its user."
            )
    key = keys.load_or_create_key(key_file)
    keys.check_fingerprint(settings.data, key)
    try:
        connection = open_connection(file, key, LEDGER_WRITER if is_writer else LEDGER_READER)
        try:
            yield connection
        finally:
            connection.close()
    except Exception as error:
        if "no such table" in str(error):
            raise StorageRefused(
                f"{file} was written by an older release", hint="Start this release's agent once."
            ) from error
        failure = classify(error)
        if failure is None:
            raise
        raise StorageRefused(f"{file}: {failure.value}", hint=HINTS[failure]) from error
