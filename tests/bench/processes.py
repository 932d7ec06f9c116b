"""Processes a row measures or measures against; each ends with the block that started it."""

from __future__ import annotations

import asyncio
import hashlib
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.bench.places import ROOT

TILL_TOKEN = "bench-till-token"
MONITOR_TOKEN = "bench-monitor-token"
PAIRING_CODE = "BENCH234"
READY_S = 60.0
STOP_S = 10.0
KIB = 1024

CONFIG = """\
data = "{data}"
[store]
id = "{store_id}"
name = "Bench"
lanes = ["till-0"]
[http]
port = 0
lan_port = 0
[tablets]
pairing_code = "{pairing_code}"
[[tokens]]
audience = "till"
name = "till-0"
sha256 = "{till}"
[[tokens]]
audience = "monitor"
sha256 = "{monitor}"
"""
PLATFORM = """\
[platform]
url = "{url}"
token = "bench-platform-token"
"""


@dataclass(frozen=True, slots=True)
class Running:
    """A process that serves at `url`; `started_s` is how long it took until it said so."""

    process: Process
    url: str
    started_s: float

    @property
    def port(self) -> int:
        return int(self.url.rsplit(":", 1)[1])

    def memory_mib(self) -> float:
        """Resident memory of this process alone."""
        return memory_mib(self.process.pid)


def memory_mib(pid: int) -> float:
    """Resident memory now."""
    return _told_mib(pid, "VmRSS")


def peak_memory_mib(pid: int) -> float:
    """The most it ever had."""
    return _told_mib(pid, "VmHWM")


def _told_mib(pid: int, field: str) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) / KIB
    raise RuntimeError(f"process {pid} tells no {field}")


def write_config(folder: Path, store_id: str, platform_url: str | None = None) -> Path:
    """An agent's TOML file beside its data."""
    text = CONFIG.format(
        data=folder,
        store_id=store_id,
        pairing_code=PAIRING_CODE,
        till=hashlib.sha256(TILL_TOKEN.encode()).hexdigest(),
        monitor=hashlib.sha256(MONITOR_TOKEN.encode()).hexdigest(),
    )
    if platform_url is not None:
        text += PLATFORM.format(url=platform_url)
    path = folder / "bench.toml"
    path.write_text(text)
    return path


@asynccontextmanager
async def agent(config: Path) -> AsyncIterator[Running]:
    """`store-agent run`, ready."""
    command = (sys.executable, "-m", "store_agent", "run", "--config", str(config))
    async with serving(*command) as running:
        yield running


@asynccontextmanager
async def serving(*command: str) -> AsyncIterator[Running]:
    """A command whose output names `http://127.0.0.1:PORT` once it answers there."""
    began = time.perf_counter()
    process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, cwd=ROOT)
    try:
        async with asyncio.timeout(READY_S):
            url = await _url(process)
        yield Running(process, url, time.perf_counter() - began)
    finally:
        await stop(process)


async def stop(process: Process) -> None:
    """SIGTERM, and SIGKILL for who does not listen."""
    with suppress(ProcessLookupError):
        process.terminate()
    try:
        async with asyncio.timeout(STOP_S):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


async def _url(process: Process) -> str:
    assert process.stdout is not None
    async for line in process.stdout:
        for word in line.decode().split():
            if word.startswith("http://127.0.0.1:"):
                return word
    raise RuntimeError(f"the process ended with {await process.wait()} before it served")
