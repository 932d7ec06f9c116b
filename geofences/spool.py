"""A satellite's memory while the store box is away: one file per batch, the oldest goes first.

A batch is there or it is not: written beside and renamed. What is too old or too much is dropped
and counted; sightings of an hour ago place nobody.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

SUFFIX = ".json"
DIGITS = 16


class Spool:
    """Batches in one folder."""

    def __init__(self, folder: Path, max_bytes: int, max_age_s: float) -> None:
        """What an earlier run left is there again."""
        self._folder = folder
        self._max_bytes = max_bytes
        self._max_age_s = max_age_s
        self.dropped = 0
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for unfinished in folder.glob("*.part"):
            unfinished.unlink()

    def put(self, batch: bytes, at: float) -> None:
        """Keep one batch that was made at `at` (seconds since 1970)."""
        number = int(at * 1000)
        while (path := self._folder / f"{number:0{DIGITS}d}{SUFFIX}").exists():
            number += 1  # two in a millisecond, or a clock that was set back
        part = path.with_suffix(".part")
        part.write_bytes(batch)
        part.replace(path)
        self._cap()

    def oldest(self, now: float) -> tuple[Path, bytes] | None:
        """The batch to send next; whatever is too old by now is dropped on the way."""
        for path in self._files():
            if now - int(path.stem) / 1000 > self._max_age_s:
                self._drop(path)
            else:
                return path, path.read_bytes()
        return None

    def done(self, path: Path) -> None:
        """It was delivered, or refused for good."""
        path.unlink(missing_ok=True)

    def __len__(self) -> int:
        """How many batches wait."""
        return sum(1 for _ in self._files())

    def _files(self) -> Iterator[Path]:
        return iter(sorted(p for p in self._folder.glob(f"*{SUFFIX}") if p.stem.isdigit()))

    def _cap(self) -> None:
        files = list(self._files())
        size = sum(path.stat().st_size for path in files)
        for path in files[:-1]:
            if size <= self._max_bytes:
                return
            size -= path.stat().st_size
            self._drop(path)

    def _drop(self, path: Path) -> None:
        path.unlink(missing_ok=True)
        self.dropped += 1
