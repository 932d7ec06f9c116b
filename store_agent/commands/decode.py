"""`store-agent decode ...`: lines in, one JSON object a line out, without a running agent."""

from __future__ import annotations

from pathlib import Path
from typing import TextIO

import orjson

from store_agent.clock import SystemClock
from store_agent.domain.errors import InvalidInput
from store_agent.identity.decode import FileBook, decode_pass_line


def decode_passes(lines: TextIO, out: TextIO, book_path: Path | None) -> None:
    """Tell for each line what a scan of it would be."""
    book = _book(book_path)
    clock = SystemClock()
    for line in lines:
        described = decode_pass_line(line.rstrip("\r\n"), book, clock.now())
        out.write(orjson.dumps(described).decode() + "\n")


def _book(path: Path | None) -> FileBook:
    if path is None:
        return FileBook()
    try:
        return FileBook.from_json(path.read_bytes())
    except OSError as error:
        raise InvalidInput(f"cannot read {path}: {error.strerror}", hint="Check --book.") from error
