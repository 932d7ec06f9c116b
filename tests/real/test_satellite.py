"""A satellite against a receiver on loopback: order, outage, kill -9."""

import asyncio
import json
import signal
import sys
import time
from contextlib import asynccontextmanager
from pathlib import Path

import orjson
import pytest

from geofences.beacons.model import Sighting
from store_agent.clock import SystemClock
from store_agent.commands.satellite import Satellite, SatelliteSettings, load
from store_agent.domain.errors import InvalidInput


class Receiver:
    """The store box's door, and nothing else of it."""

    def __init__(self):
        self.batches, self.status, self.port, self.server = [], 200, 0, None

    async def start(self):
        self.server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self.server.sockets[0].getsockname()[1]

    async def stop(self):
        self.server.close()
        await self.server.wait_closed()

    async def _serve(self, reader, writer):
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                lines = head.decode().split("\r\n")
                length = next(
                    int(x.split(":")[1]) for x in lines if x.lower().startswith("content-length")
                )
                body = await reader.readexactly(length)
                if self.status == 200:
                    self.batches.append(orjson.loads(body))
                writer.write(f"HTTP/1.1 {self.status} X\r\nContent-Length: 2\r\n\r\n{{}}".encode())
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    @property
    def heard(self):
        return [one["address"] for batch in self.batches for one in batch]


class Script:
    """A radio that hears one new address every 50 ms."""

    def __init__(self):
        self.said = []

    async def run(self, on_sighting):
        for number in range(10_000):
            address = f"C2:00:00:00:{number // 256:02X}:{number % 256:02X}"
            self.said.append(address)
            on_sighting(Sighting("sat", address, -60, b"\x02\x01\x06", time.time()))
            await asyncio.sleep(0.05)


@asynccontextmanager
async def running(folder, receiver, radio):
    settings = SatelliteSettings(
        url=f"http://127.0.0.1:{receiver.port}", token="satellite-token", radio="sat", spool=folder
    )
    task = asyncio.create_task(Satellite(settings, radio, SystemClock()).run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(check, seconds=15.0):
    async with asyncio.timeout(seconds):
        while not check():
            await asyncio.sleep(0.05)


@pytest.mark.asyncio
async def test_what_it_hears_arrives_in_order_and_once(tmp_path):
    receiver, radio = Receiver(), Script()
    await receiver.start()
    async with running(tmp_path, receiver, radio):
        await until(lambda: len(receiver.heard) >= 40)
    assert receiver.heard == radio.said[: len(receiver.heard)]
    await receiver.stop()


@pytest.mark.asyncio
async def test_an_outage_is_bridged_by_the_disk(tmp_path):
    receiver, radio = Receiver(), Script()
    await receiver.start()
    async with running(tmp_path, receiver, radio):
        await until(lambda: receiver.heard)
        receiver.status = 503
        before = len(receiver.heard)
        await asyncio.sleep(3)
        assert len(receiver.heard) == before
        assert list(tmp_path.glob("*.json"))
        receiver.status = 200
        await until(lambda: len(receiver.heard) > before + 60)
    assert receiver.heard == radio.said[: len(receiver.heard)]
    await receiver.stop()


@pytest.mark.asyncio
async def test_a_batch_the_box_refuses_blocks_nothing(tmp_path):
    receiver = Receiver()
    await receiver.start()
    receiver.status = 422
    async with running(tmp_path, receiver, Script()):
        await asyncio.sleep(2.5)
        receiver.status = 200
        await until(lambda: receiver.heard)
    await receiver.stop()


@pytest.mark.asyncio
async def test_what_was_spooled_survives_kill_9(tmp_path):
    receiver = Receiver()
    await receiver.start()
    receiver.status = 503
    code = (
        "import asyncio, sys; sys.path[:0] = sys.argv[3:];"
        "from test_satellite import *; from types import SimpleNamespace as N;"
        "from pathlib import Path\n"
        "async def main():\n"
        "    async with running(Path(sys.argv[1]), N(port=int(sys.argv[2])), Script()):\n"
        "        await asyncio.sleep(60)\n"
        "asyncio.run(main())"
    )
    folder = str(Path(__file__).parent)
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, str(tmp_path), str(receiver.port), folder
    )
    await until(lambda: len(list(tmp_path.glob("*.json"))) >= 2)
    child.send_signal(signal.SIGKILL)
    await child.wait()
    kept = [
        one["address"]
        for path in sorted(tmp_path.glob("*.json"))
        for one in json.loads(path.read_bytes())
    ]
    receiver.status = 200

    class Silent:
        async def run(self, _on_sighting):
            await asyncio.Event().wait()

    async with running(tmp_path, receiver, Silent()):
        await until(lambda: len(receiver.heard) >= len(kept))
    assert receiver.heard == kept
    await receiver.stop()


def test_its_settings_name_what_is_wrong(tmp_path):
    path = tmp_path / "satellite.toml"
    path.write_text('url = "ftp://x"\ntoken = "long enough"\nradio = "sat"\n')
    with pytest.raises(InvalidInput) as refused:
        load(path)
    assert refused.value.field == "url"
