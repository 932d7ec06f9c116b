"""Reading a snapshot off the wire: zstd NDJSON, in bounded memory."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, BinaryIO, NamedTuple, Protocol, cast

import orjson
import zstandard

READ_BYTES = 256 * 1024
MAX_LINE_BYTES = 1024 * 1024  # one document; more is no document of ours
MAX_WINDOW_BYTES = 8 * 1024 * 1024  # what a zstd frame may make us keep in memory
MAX_TOTAL_BYTES = 32 * 1024**3  # a decompression bomb would fill the disk otherwise

# The usual form of a line. What does not look like it is parsed as a whole, which takes longer.
_USUAL = re.compile(rb'\{"collection":"([a-z_]+)","key":"([^"\\]+)","doc":(\{.*\})\}\s*')


class Source(Protocol):
    """The compressed stream."""

    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes as soon as there are some; none at the end."""


class BadSnapshot(Exception):
    """The stream is not a snapshot; the message goes to the log of the agent."""


@dataclass(frozen=True, slots=True)
class Start:
    """The first line: how many documents follow, and the platform's time."""

    total: int
    as_of: datetime


class Document(NamedTuple):
    """One document, still JSON. `raw` is not checked: it may even not be JSON.

    A tuple: of a million others each costs twice the time.
    """

    collection: str
    key: str
    raw: bytes
    version: int = 1


@dataclass(frozen=True, slots=True)
class End:
    """The last line: where the feed goes on, and how many documents were sent."""

    cursor: str
    count: int


Entry = Start | Document | End


def entries(source: Source) -> Iterator[Entry]:
    """The lines of a zstd stream. Raises BadSnapshot; ZstdError when it is not zstd."""
    match = _USUAL.fullmatch
    for line in _lines(source):
        usual = match(line)
        if usual is not None:
            collection, key, raw = usual.groups()
            yield Document(collection.decode(), key.decode("utf-8", "replace"), raw)
        elif line.strip():
            yield _entry(line)


def _lines(source: Source) -> Iterator[bytes]:
    decompressor = zstandard.ZstdDecompressor(max_window_size=MAX_WINDOW_BYTES)
    total = 0
    rest = b""
    file = cast(BinaryIO, source)  # of which it only reads
    with decompressor.stream_reader(file, read_across_frames=True, closefd=False) as reader:
        while piece := reader.read(READ_BYTES):
            total += len(piece)
            lines = (rest + piece).split(b"\n")
            rest = lines.pop()
            if len(rest) > MAX_LINE_BYTES or total > MAX_TOTAL_BYTES:
                raise BadSnapshot("a line or the whole is larger than a snapshot may be")
            yield from lines
    yield rest


def _entry(line: bytes) -> Entry:
    try:
        fields: dict[str, Any] = orjson.loads(line)
        if "snapshot" in fields:
            return _start(fields["snapshot"])
        if "cursor" in fields:
            return End(str(fields["cursor"]), int(fields["count"]))
        return Document(
            str(fields["collection"]),
            str(fields["key"]),
            orjson.dumps(fields["doc"]),
            int(fields.get("v", 1)),
        )
    except (KeyError, TypeError, ValueError) as error:  # a JSONDecodeError is a ValueError
        raise BadSnapshot("a line is no part of a snapshot") from error


def _start(head: dict[str, Any]) -> Start:
    as_of = datetime.fromisoformat(head["as_of"])
    if as_of.tzinfo is None:
        raise BadSnapshot("as_of needs a time zone")
    return Start(int(head["total"]), as_of)
