"""A snapshot's stream: NDJSON, compressed page by page."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import orjson
import zstandard

from sync.feed import Change
from sync.snapshots import SnapshotPiece

ZSTD_LEVEL = 1


class SnapshotWriter:
    """Turns lines into pieces. No tag: a stream made from calls is never the same twice."""

    def __init__(self) -> None:
        """Begin a stream."""
        self._compressor = zstandard.ZstdCompressor(level=ZSTD_LEVEL).compressobj()
        self._offset = 0
        self.count = 0

    def head(self, total: int, as_of: str) -> SnapshotPiece:
        """How many documents about follow, and of when they are."""
        return self._piece([{"snapshot": {"total": total, "as_of": as_of}}])

    def documents(self, changes: Iterable[Change]) -> SnapshotPiece:
        """Some documents."""
        lines = [{"collection": one.collection, "key": one.key, "doc": one.doc} for one in changes]
        self.count += len(lines)
        return self._piece(lines)

    def tail(self, cursor: str) -> SnapshotPiece:
        """Where the feed goes on."""
        return self._piece([{"cursor": cursor, "count": self.count}], is_last=True)

    def _piece(self, lines: Iterable[Any], *, is_last: bool = False) -> SnapshotPiece:
        data = self._compressor.compress(
            b"".join(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE) for line in lines)
        )
        mode = zstandard.COMPRESSOBJ_FLUSH_FINISH if is_last else zstandard.COMPRESSOBJ_FLUSH_BLOCK
        data += self._compressor.flush(mode)
        piece = SnapshotPiece(data, self._offset)
        self._offset += len(data)
        return piece
