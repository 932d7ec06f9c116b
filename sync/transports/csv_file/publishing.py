"""A finished day becomes a file: written aside, synced, named, the name synced; then its checksum.

Any step may be the last before a power cut. Repeated from the start it ends in the same bytes.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import TypeVar

from sync.errors import UnreachableError
from sync.ports import Ledger
from sync.transports.csv_file import tables
from sync.transports.csv_file.columns import heading
from sync.transports.csv_file.disk import Disk, explained

PAGE_LINES = 500
DISK_DEADLINE_S = 20.0  # a share that is gone may never answer
CHECKSUM = ".sha256"
MARK = ".store-agent-"
MARK_TEXT = b"Here the store agent writes daily files. Without this file it stops writing.\n"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Shelf:
    """Where the files of one transport stand and how they are called.

    `keep_days`: how long; None = for ever.
    """

    folder: Path
    store_id: str
    transport: str
    keep_days: int | None = None

    def file(self, day: date, number: int) -> str:
        """The name of a day's first file, and of those that came late."""
        late = "" if number == 1 else f"_{number}"
        return f"{self.store_id}_{self.transport}_{day.isoformat()}{late}.csv"

    def free_name(self, day: date, taken: Sequence[str]) -> str:
        """The first name of that day that no file bears."""
        numbers = range(1, len(taken) + 2)
        return next(name for n in numbers if (name := self.file(day, n)) not in taken)

    def day_of(self, name: str) -> date | None:
        """The day a file of this shelf is about; None for a file of somebody else."""
        own = re.escape(f"{self.store_id}_{self.transport}_")
        found = re.fullmatch(rf"{own}(\d{{4}}-\d\d-\d\d)(_\d+)?\.csv(\.sha256)?", name)
        return date.fromisoformat(found[1]) if found else None

    @property
    def mark(self) -> str:
        """The name of the file that tells this folder from an empty mount point."""
        return f"{MARK}{self.transport}"


class Publisher:
    """Writes what the ledger keeps for finished days. Raises TransportError and nothing else."""

    def __init__(self, shelf: Shelf, ledger: Ledger, disk: Disk) -> None:
        """`disk` is used in one thread only."""
        self._shelf = shelf
        self._ledger = ledger
        self._disk = disk
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="daily-file")

    def close(self) -> None:
        """Let the thread go; it ends what it is doing."""
        self._thread.shutdown(wait=False)

    async def check(self) -> None:
        """See that the folder is there, and that it is the one that was used before."""
        if await self._on_disk(self._disk.exists, self._shelf.folder / self._shelf.mark):
            return
        await self._on_disk(self._disk.names, self._shelf.folder)  # says what is wrong, if it is
        folder, name = str(self._shelf.folder), self._shelf.transport
        if await self._ledger.read(lambda conn: tables.knows_folder(conn, name, folder)):
            raise UnreachableError(
                "the folder of daily files is not the one used before",
                hint=f"Is the stick or share mounted at {folder}? If this folder is meant, make an"
                f" empty file {self._shelf.mark} in it.",
            )
        await self._put(self._shelf.mark, [MARK_TEXT])
        await self._ledger.write(lambda tx: tables.remember_folder(tx, name, folder))

    async def publish(self, today: date) -> None:
        """Write all days before `today`, and what a crash left unfinished."""
        name = self._shelf.transport
        for file in await self._ledger.read(lambda conn: tables.unfinished(conn, name)):
            await self._write(file)
        days = await self._ledger.read(lambda conn: tables.days_before(conn, name, today))
        for day in days:
            file = self._shelf.free_name(
                day, await self._on_disk(self._disk.names, self._shelf.folder)
            )
            await self._ledger.write(partial(tables.fix, transport=name, day=day, file=file))
            await self._write(file)
        if days:
            await self._clear_out(today)

    async def _write(self, file: str) -> None:
        digest = await self._put_lines(file)
        await self._put(f"{file}{CHECKSUM}", [f"{digest}  {file}\n".encode()])
        name = self._shelf.transport
        await self._ledger.write(partial(tables.forget, transport=name, file=file))

    async def _put_lines(self, file: str) -> str:
        """The file under its name, page by page; its SHA-256 in hex."""
        digest = hashlib.sha256()
        part, after = self._part(file), tables.FIRST
        await self._on_disk(self._disk.begin, part)
        piece = heading()
        while piece:
            digest.update(piece)
            await self._on_disk(self._disk.append, part, piece)
            lines = await self._ledger.read(
                partial(
                    tables.page,
                    transport=self._shelf.transport,
                    file=file,
                    after=after,
                    limit=PAGE_LINES,
                )
            )
            piece = b"".join(text for _, _, text in lines)
            after = lines[-1][:2] if lines else after
        await self._name(part, file)
        return digest.hexdigest()

    async def _put(self, file: str, pieces: Sequence[bytes]) -> None:
        part = self._part(file)
        await self._on_disk(self._disk.begin, part)
        for piece in pieces:
            await self._on_disk(self._disk.append, part, piece)
        await self._name(part, file)

    async def _name(self, part: Path, file: str) -> None:
        """First the content, then the name: a power cut must not leave a name without content."""
        await self._on_disk(self._disk.sync, part)
        await self._on_disk(self._disk.rename, part, self._shelf.folder / file)
        await self._on_disk(self._disk.sync_folder, self._shelf.folder)

    async def _clear_out(self, today: date) -> None:
        if self._shelf.keep_days is None:
            return
        oldest = today - timedelta(days=self._shelf.keep_days)
        for name in await self._on_disk(self._disk.names, self._shelf.folder):
            day = self._shelf.day_of(name)
            if day is not None and day < oldest:
                await self._on_disk(self._disk.remove, self._shelf.folder / name)

    def _part(self, file: str) -> Path:
        return self._shelf.folder / f".{file}.part"

    async def _on_disk(self, work: Callable[..., T], *arguments: object) -> T:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(DISK_DEADLINE_S):
                return await loop.run_in_executor(self._thread, work, *arguments)
        except TimeoutError as error:
            raise UnreachableError(
                f"the folder of daily files does not answer in {DISK_DEADLINE_S:g} s",
                hint=f"Look at {self._shelf.folder}; mount a share with the option `soft`.",
            ) from error
        except OSError as error:
            raise explained(error, self._shelf.folder) from error
