"""A second process that writes the new cache's rows while the first one reads the stream.

Reading and checking documents and writing rows cost about the same; side by side they take half
the time. The rows go through a pipe, which also holds back whichever is ahead.
"""

from __future__ import annotations

import marshal
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from fcntl import F_SETPIPE_SZ, fcntl
from typing import Any, BinaryIO, cast

from store_agent.storage.connection import Connection, Parameters, Row

PIPE_BYTES = 1024 * 1024
_LENGTH_BYTES = 4
_DONE = b""

Write = Callable[[Iterator["Statement"]], None]
"""What the second process does with the statements; it returns after the last one."""
Statement = tuple[str, list[Parameters] | None, Parameters]
"""SQL with many rows, or with one."""


class WriterFailed(Exception):
    """The second process ended before its work: the disk is full, or it was killed."""


class NoRows:
    """What a statement answers that is run somewhere else, later."""

    def fetchone(self) -> Row | None:
        """Nothing."""
        return None

    def fetchall(self) -> list[Row]:
        """Nothing."""
        return []

    def __iter__(self) -> Iterator[Row]:
        """Nothing."""
        return iter(())


class RowWriter:
    """A connection that is elsewhere: it takes statements and answers nothing."""

    in_transaction = True

    def __init__(self, pipe: BinaryIO) -> None:
        """Send statements through `pipe`."""
        self._pipe = pipe

    def execute(self, sql: str, params: Parameters = (), /) -> NoRows:
        """Run one statement there."""
        self._send((sql, None, tuple(params)))
        return NoRows()

    def executemany(self, sql: str, params: Iterable[Parameters], /) -> NoRows:
        """Run one statement there for each of `params`."""
        self._send((sql, list(params), ()))
        return NoRows()

    def close(self) -> None:
        """Say that nothing follows."""
        self._put(_DONE)
        self._pipe.close()

    def _send(self, statement: Statement) -> None:
        self._put(marshal.dumps(cast(Any, statement)))

    def _put(self, data: bytes) -> None:
        try:
            self._pipe.write(len(data).to_bytes(_LENGTH_BYTES))
            self._pipe.write(data)
        except BrokenPipeError as error:
            raise WriterFailed("the writer is gone") from error


@contextmanager
def elsewhere(write: Write) -> Iterator[Connection]:
    """A connection to a process that runs `write`; its work is done when the block ends well.

    Raises WriterFailed. When the block fails, the process ends without having finished.
    """
    receiving, sending = os.pipe()
    fcntl(sending, F_SETPIPE_SZ, PIPE_BYTES)
    child = os.fork()
    if child == 0:
        os.close(sending)
        _be_the_writer(receiving, write)
    os.close(receiving)
    try:
        with os.fdopen(sending, "wb", buffering=0) as pipe:
            rows = RowWriter(pipe)
            yield rows
            rows.close()
    finally:
        _, status = os.waitpid(child, 0)
    if status != 0:
        raise WriterFailed(f"the writer ended with {os.waitstatus_to_exitcode(status)}")


def run(connection: Connection, statements: Iterator[Statement]) -> None:
    """Run them all."""
    for sql, many, one in statements:
        if many is None:
            connection.execute(sql, one)
        else:
            connection.executemany(sql, many)


def _be_the_writer(receiving: int, write: Write) -> None:
    """Never returns: this is a copy of somebody else's process."""
    code = 1
    try:
        for inherited in (0, 1):  # whoever waits for the reader's end must not wait for this one
            os.close(inherited)
        with os.fdopen(receiving, "rb", buffering=PIPE_BYTES) as pipe:
            write(_statements(pipe))
        code = 0
    finally:
        os._exit(code)


def _statements(pipe: BinaryIO) -> Iterator[Statement]:
    """Until the sender says that it is done. Raises EOFError when it is merely gone."""
    while True:
        size = int.from_bytes(_exactly(pipe, _LENGTH_BYTES))
        if size == 0:
            return
        statement: Any = marshal.loads(_exactly(pipe, size))  # noqa: S302  this program's own
        yield statement


def _exactly(pipe: BinaryIO, size: int) -> bytes:
    data = pipe.read(size)
    if len(data) < size:
        raise EOFError("the reader of the stream is gone")
    return data
