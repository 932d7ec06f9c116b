"""ESPresense nodes over a real broker: readings, the last will, and a broker that restarts."""

import asyncio
import shutil
import socket
import subprocess
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import aiomqtt
import pytest

from geofences import espresense
from geofences.espresense import NodeStatus, RoomReading
from geofences.mqtt import BrokerSettings, Listener

MOSQUITTO = shutil.which("mosquitto") or "/usr/sbin/mosquitto"


class Broker:
    def __init__(self, folder):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.config = folder / "mosquitto.conf"
        self.config.write_text(f"listener {self.port} 127.0.0.1\nallow_anonymous true\n")
        self.process = None

    async def start(self):
        self.process = subprocess.Popen(  # noqa: ASYNC220  it returns at once
            [MOSQUITTO, "-c", str(self.config)], stderr=subprocess.DEVNULL
        )
        async with asyncio.timeout(10):
            while True:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", self.port)
                except OSError:
                    await asyncio.sleep(0.05)
                else:
                    writer.close()
                    return

    def stop(self):
        self.process.terminate()
        self.process.wait(10)


@asynccontextmanager
async def listening(folder):
    broker = Broker(folder)
    await broker.start()
    settings = BrokerSettings("127.0.0.1", broker.port, first_retry_s=0.1)
    listener = Listener(settings, espresense.TOPICS, lambda: datetime.now(UTC))
    heard = []
    task = asyncio.create_task(listener.run(lambda *said: heard.append(espresense.read(*said))))
    try:
        await until(lambda: listener.state.online)
        yield broker, listener, heard
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        broker.stop()


async def until(check, seconds=15.0):
    async with asyncio.timeout(seconds):
        while not check():
            await asyncio.sleep(0.02)


async def publish(broker, topic, payload):
    async with aiomqtt.Client("127.0.0.1", broker.port) as client:
        await client.publish(topic, payload)


@pytest.mark.asyncio
async def test_a_reading_arrives(tmp_path):
    async with listening(tmp_path) as (broker, _, heard):
        await publish(broker, "espresense/devices/phone:mira/women", b'{"distance": 2.5}')
        await until(lambda: heard)
    assert heard == [RoomReading("phone:mira", "women", 2.5)]


@pytest.mark.asyncio
async def test_a_node_that_dies_is_told_by_its_last_will(tmp_path):
    async with listening(tmp_path) as (broker, _, heard):
        will = aiomqtt.Will("espresense/rooms/women/status", b"offline", retain=True)
        node = aiomqtt.Client("127.0.0.1", broker.port, will=will)
        await node.__aenter__()
        node._client._sock.close()  # pulled out of the wall
        await until(lambda: heard)
        assert heard[-1] == NodeStatus("women", False)


@pytest.mark.asyncio
async def test_a_broker_that_restarts_is_found_again(tmp_path):
    async with listening(tmp_path) as (broker, listener, heard):
        broker.stop()
        await until(lambda: not listener.state.online)
        assert "broker" in listener.state.reason
        await broker.start()
        await until(lambda: listener.state.online)
        await publish(broker, "espresense/devices/x/men", b'{"distance": 1}')
        await until(lambda: heard)
