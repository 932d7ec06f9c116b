"""The transport that docs/transports.md shows, read from the page and held to the same promises."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from types import ModuleType

import httpx
import orjson
from contract.transport_rigs.http_mishaps import MishapLine
from contract.transport_rigs.rig import AT, DEADLINE_S, SECRET, Can, Mishap, scan_row

from sync.outbox import OutboxRow
from sync.transports.base import Transport
from sync.transports.http import HttpLine

PAGE = Path(__file__).parents[3] / "docs" / "transports.md"


def code(language: str) -> str:
    """The last block of this language on the page."""
    return re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)[-1]


def example_module() -> ModuleType:
    """The page's code as a module."""
    module = ModuleType("sync.transports.collector")
    exec(compile(code("python"), str(PAGE), "exec"), module.__dict__)  # noqa: S102  our own page
    return module


class ExampleRig:
    # All the patience in this transport is HttpLine's, which others are asked about.
    can = Can(
        tells_duplicates=False,
        refuses=False,
        defers=False,
        mishaps=frozenset(
            {
                Mishap.LOST_REQUEST,
                Mishap.LOST_ANSWER,
                Mishap.SILENCE,
                Mishap.GARBAGE,
                Mishap.REDIRECT,
                Mishap.BUSY_FOR_7_S,
                Mishap.REFUSED_SECRET,
            }
        ),
    )

    def __init__(self, folder: Path) -> None:
        del folder
        self.taken: dict[str, None] = {}
        self.mishaps: list[Mishap] = []
        self.example = example_module()

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Transport]:
        line = MishapLine(httpx.MockTransport(self._take))
        line.mishaps = self.mishaps
        http = HttpLine("http://collector", SECRET, lambda: AT, line)
        transport = self.example.CollectorTransport(http, "/stores/s1/epoch1", DEADLINE_S)
        yield transport
        await transport.close()

    def _take(self, request: httpx.Request) -> httpx.Response:
        for line in request.content.splitlines():
            self.taken[orjson.loads(line)["id"]] = None
        return httpx.Response(202)

    def row(self, number: int, data: bytes | None = None) -> OutboxRow:
        return scan_row(number, data)

    def accepted(self) -> Sequence[str]:
        return list(self.taken)

    def befall(self, mishap: Mishap) -> None:
        self.mishaps.append(mishap)

    def refuse(self, event_id: str) -> None:
        raise NotImplementedError

    def defer(self, event_id: str) -> None:
        raise NotImplementedError

    def uncarried(self) -> OutboxRow | None:
        return None
