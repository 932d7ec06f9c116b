"""A helper process of the demo: settings go in as one JSON line, JSON lines come out.

Its stdin stays open as long as the demo lives; the end of stdin is how it learns of a kill -9.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from typing import Any

import orjson

LINE_LIMIT = 4 * 1024 * 1024  # the sample passes come in one line
GRACE_S = 2.0


class Child:
    """One running `python -m module`."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        """Take over a started process."""
        self._process = process

    @classmethod
    async def start(
        cls, module: str, settings: dict[str, Any], pass_fds: Sequence[int] = ()
    ) -> Child:
        """Start it and tell it its settings."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            module,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=LINE_LIMIT,
            pass_fds=tuple(pass_fds),
            start_new_session=True,  # Ctrl-C is for the demo; it stops its children in order
        )
        child = cls(process)
        if process.stdin is not None:
            process.stdin.write(orjson.dumps(settings) + b"\n")
            await process.stdin.drain()
        return child

    async def lines(self) -> AsyncIterator[dict[str, Any]]:
        """What it prints, until it ends."""
        if self._process.stdout is None:
            return
        async for line in self._process.stdout:
            yield orjson.loads(line)

    async def stop(self) -> None:
        """Ask it to end, then make it."""
        if self._process.returncode is not None:
            return
        with suppress(ProcessLookupError):
            self._process.terminate()
        try:
            async with asyncio.timeout(GRACE_S):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
