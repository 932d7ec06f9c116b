"""The code in docs/connect-your-platform.md is run as it stands, and keeps the contract."""

from __future__ import annotations

import asyncio
import os
import re
import socket
import sqlite3
import sys
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime
from pathlib import Path

import httpx
import orjson
import pytest

from sync.conformance import Verdict, check_platform
from sync.feed import HttpFeed
from sync.outbox import OutboxRow
from sync.transports.http import HttpLine
from sync.transports.platform_http import PlatformHttpTransport

GUIDE = Path(__file__).parents[2] / "docs" / "connect-your-platform.md"
BLOCK = re.compile(r"^```python (\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
TOKEN = "a-secret-of-yours"
CONTRACT_LINES = 60  # "about 50 lines" without blank ones


def code(*names: str) -> str:
    blocks = dict(BLOCK.findall(GUIDE.read_text()))
    return "\n".join(blocks[name] for name in names)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@asynccontextmanager
async def platform(folder: Path, *blocks: str):
    """The guide's platform as a process; its URL."""
    program = folder / "platform_intake.py"
    program.write_text(code(*blocks))
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        program,
        cwd=folder,
        env=os.environ | {"PLATFORM_TOKEN": TOKEN, "PORT": str(port)},
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        await answering(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        await process.wait()


async def answering(port: int) -> None:
    async with asyncio.timeout(10), httpx.AsyncClient() as client:
        while True:
            try:
                await client.get(f"http://127.0.0.1:{port}/")
            except httpx.ConnectError:
                await asyncio.sleep(0.05)
            else:
                return


def line(url: str, token: str = TOKEN) -> HttpLine:
    return HttpLine(url, token, lambda: datetime.now(UTC))


async def findings(url: str) -> dict[str, Verdict]:
    asking, stranger = line(url), line(url, "stranger")
    found = [finding async for finding in check_platform(asking, stranger, "shop-1", "run")]
    await asking.close()
    await stranger.close()
    wrong = [finding for finding in found if finding.verdict is Verdict.WRONG]
    assert wrong == []
    return {finding.asked: finding.verdict for finding in found}


@pytest.mark.asyncio
async def test_the_intake_keeps_the_contract_and_delivers_a_shop_s_backlog_once(tmp_path):
    assert len([text for text in code("intake").splitlines() if text.strip()]) <= CONTRACT_LINES
    async with platform(tmp_path, "intake", "start") as url:
        found = await findings(url)
        assert found["It reads zstd"] is Verdict.NOTE
        assert Verdict.ABSENT in found.values(), "no documents yet"
        transport = PlatformHttpTransport(line(url), "shop-1", "epoch1")
        rows = [
            OutboxRow(n, f"e{n}", "store.scan.recorded", "c-1", "2026-11-21T10:00:00Z", b'{"n":1}')
            for n in range(1, 1201)
        ]
        for _ in range(2):
            done = 0
            while done < len(rows):
                done += len(await transport.send(rows[done:]))
        await transport.close()
    with closing(sqlite3.connect(tmp_path / "intake.db")) as database:
        count, first = database.execute(
            "SELECT count(*), min(body) FROM events WHERE source = '/stores/shop-1/epoch1'"
        ).fetchone()
    assert count == 1200
    assert orjson.loads(first)["data"] == {"n": 1}


@pytest.mark.asyncio
async def test_with_documents_a_shop_takes_a_snapshot_and_follows(tmp_path):
    async with platform(tmp_path, "intake", "documents", "start") as url:
        with closing(sqlite3.connect(tmp_path / "intake.db")) as database, database:
            change = "INSERT INTO changes (collection, key, doc) VALUES ('customers', ?, ?)"
            database.execute(change, ("c-1", '{"id": "c-1"}'))
            database.execute(change, ("c-2", '{"id": "c-2"}'))
            database.execute(change, ("c-2", None))
        found = await findings(url)
        assert found["When there is nothing new it waits instead of answering at once"] == "ok"
        feed = HttpFeed(line(url), "shop-1")
        page = await feed.changes("log1.0", 0)
        await feed.close()
        assert [(c.key, c.op) for c in page.changes] == [
            ("c-1", "upsert"),
            ("c-2", "upsert"),
            ("c-2", "delete"),
        ]
        assert page.up_to_date


@pytest.mark.asyncio
async def test_the_command_says_in_words_what_is_wrong(tmp_path):
    async with platform(tmp_path, "intake", "start") as url:
        good = await run_command(url, TOKEN)
        assert good[0] == 0
        assert "0 wrong" in good[1]
        stranger = await run_command(url, "not-the-token")
        assert stranger[0] == 1
        assert "The platform refuses the token" in stranger[1]
    assert (await run_command("ftp://nowhere", TOKEN))[0] == 2


async def run_command(url: str, token: str) -> tuple[int | None, str]:
    process = await asyncio.create_subprocess_exec(
        Path(sys.executable).parent / "store-agent",
        "check-platform",
        "--url",
        url,
        env=os.environ | {"PLATFORM_TOKEN": token},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    return process.returncode, output.decode()
