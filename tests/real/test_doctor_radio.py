"""The doctor says what the radio hears, and what to do when it hears nothing."""

import asyncio

import pytest
from fake_bluez import FakeBluez, private_bus

from store_agent.commands import doctor_radio
from store_agent.commands.finding import Verdict
from store_agent.config import RadioSettings

IBEACON = {0x004C: bytes.fromhex("0215") + bytes(16) + bytes([0, 1, 0, 2, 197])}
LOCAL = RadioSettings(name="sat", zone="women")


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(doctor_radio, "LISTEN_S", 1.0)


@pytest.mark.asyncio
async def test_it_tells_what_it_hears():
    async with private_bus():
        bluez = FakeBluez()
        await bluez.start()
        listening = asyncio.create_task(doctor_radio._listen(LOCAL))
        while "StartDiscovery" not in bluez.calls:
            await asyncio.sleep(0.01)
        bluez.advertise("C2:00:00:00:00:01", rssi=-44, manufacturer=IBEACON)
        finding = await listening
        assert finding.verdict is Verdict.OK
        assert "1 ibeacon" in finding.seen
        assert "-44 dBm" in finding.seen
        bluez.stop()


@pytest.mark.asyncio
async def test_it_names_the_remedy_when_the_adapter_is_off_and_when_nothing_is_heard():
    async with private_bus():
        bluez = FakeBluez()
        await bluez.start()
        assert (await doctor_radio._listen(LOCAL)).verdict is Verdict.WARN
        bluez.errors["StartDiscovery"] = "org.bluez.Error.NotReady"
        finding = await doctor_radio._listen(LOCAL)
        assert finding.verdict is Verdict.FAIL
        assert "power on" in finding.remedy
        bluez.stop()


def test_other_kinds_of_radio_are_not_its_business():
    satellite = LOCAL.model_copy(update={"kind": "satellite"})
    assert list(doctor_radio.radio_findings((satellite,))) == []
