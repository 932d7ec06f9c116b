"""The process is killed at any moment: what it acknowledged is there at the next start."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from pathlib import Path

import pytest
from storage_builders import a_storage

TESTS = Path(__file__).parent.parent
ROUNDS = 3

WRITER = """
import asyncio, sys
from pathlib import Path
from storage_builders import NOON, a_storage
from store_agent.storage import answers

async def main(folder, first):
    storage = a_storage(folder)
    async def scan(name):
        await storage.write(
            lambda tx: answers.remember(tx, "scan", name, b"hash", b"answer" * 100, NOON))
        sys.stdout.write(name + "\\n")
        sys.stdout.flush()
    number = first
    while True:
        await asyncio.gather(*(scan(str(number + n)) for n in range(8)))
        number += 8

asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
"""


def killed_while_writing(folder: Path, first: int) -> list[str]:
    """Let a process write, kill it, and return what it had acknowledged."""
    child = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(folder), str(first)],
        stdout=subprocess.PIPE,
        env={"PYTHONPATH": f"{TESTS}:{TESTS.parent}", "PATH": "/usr/bin"},
        text=True,
    )
    assert child.stdout is not None
    acknowledged = [child.stdout.readline().strip()]
    time.sleep(0.2)
    child.kill()
    acknowledged += child.stdout.read().split("\n")[:-1]
    child.wait()
    child.stdout.close()
    return acknowledged


@pytest.mark.asyncio
async def test_acknowledged_rows_survive_a_kill(tmp_path: Path) -> None:
    acknowledged: set[str] = set()
    for attempt in range(ROUNDS):
        fresh = await asyncio.to_thread(killed_while_writing, tmp_path, attempt * 1_000_000)
        assert len(fresh) > 8
        acknowledged.update(fresh)
    storage = a_storage(tmp_path)
    kept = await storage.read(
        lambda view: {row[0] for row in view.ledger.execute("SELECT key FROM answers").fetchall()}
    )
    assert storage.recovered == []
    assert acknowledged <= kept
    await storage.close()
