"""The real bleak over a private D-Bus: what BlueZ does to it, and that the radio comes back."""

import asyncio
import time
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest
from dbus_fast import Variant
from fake_bluez import FakeBluez, private_bus

from geofences.beacons.adverts import parse
from geofences.beacons.frames import EddystoneUid, IBeacon, NoBeacon
from geofences.scanner.radio import Radio, RadioHealth, RadioSettings
from geofences.scanner.watchdog import Watchdog

TAG = "C2:00:00:00:00:01"
IBEACON = {0x004C: bytes.fromhex("0215") + bytes(16) + bytes([0, 1, 0, 2, 197])}
UID = {"0000feaa-0000-1000-8000-00805f9b34fb": bytes.fromhex("00e3" + "12" * 10 + "34" * 6)}
FIND_MY = {0x004C: bytes.fromhex("1219") + bytes(25)}


def radio(**settings):
    watchdog = Watchdog(silence_s=0.6, first_retry_s=0.1)
    return Radio(
        "sat",
        RadioSettings(check_s=0.1, **settings),
        lambda: datetime.now(UTC),
        time.monotonic,
        watchdog=watchdog,
    )


@asynccontextmanager
async def listening(subject: Radio):
    heard: list = []
    task = asyncio.create_task(subject.run(heard.append))
    try:
        yield heard
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(check, seconds=10.0):
    async with asyncio.timeout(seconds):
        while not check():
            await asyncio.sleep(0.02)


async def say_until(bluez, heard, address=TAG, said=None, seconds=10.0):
    """Advertise until somebody hears it."""
    before, strength = len(heard), -60

    async with asyncio.timeout(seconds):
        while len(heard) == before:
            strength = -60 if strength != -60 else -61
            bluez.advertise(address, rssi=strength, manufacturer=said or IBEACON)
            await asyncio.sleep(0.05)


@pytest.mark.asyncio
async def test_adverts_of_every_form_arrive_with_their_payload():
    async with private_bus():
        bluez = FakeBluez()
        await bluez.start()
        subject = radio()
        async with listening(subject) as heard:
            await until(lambda: "StartDiscovery" in bluez.calls)
            bluez.advertise(TAG, manufacturer=IBEACON)  # first seen: InterfacesAdded alone
            bluez.advertise("C2:00:00:00:00:02", service=UID)
            bluez.advertise("C2:00:00:00:00:03", manufacturer=FIND_MY)
            await until(lambda: len(heard) >= 3)
            kinds = {type(parse(sighting.advert)) for sighting in heard}
            assert kinds == {IBeacon, EddystoneUid, NoBeacon}
            assert subject.state.health is RadioHealth.OK
        bluez.stop()


@pytest.mark.asyncio
async def test_changes_that_are_no_adverts_do_not_break_it():
    async with private_bus():
        bluez = FakeBluez()
        await bluez.start()
        async with listening(radio()) as heard:
            await until(lambda: "StartDiscovery" in bluez.calls)
            await say_until(bluez, heard)
            bluez.change(TAG, {"Connected": Variant("b", True)})
            bluez.change(TAG, {"Paired": Variant("b", True)})
            bluez.change(TAG, {"RSSI": Variant("n", -70)})
            await say_until(bluez, heard)
        bluez.stop()


@pytest.mark.asyncio
async def test_a_restarted_bluetoothd_is_survived():
    async with private_bus():
        first = FakeBluez()
        await first.start()
        subject = radio()
        async with listening(subject) as heard:
            await until(lambda: "StartDiscovery" in first.calls)
            await say_until(first, heard)
            first.stop()
            second = FakeBluez()
            second.errors["StopDiscovery"] = "org.bluez.Error.Failed"  # it knows of no discovery
            await second.start()
            await until(lambda: "StartDiscovery" in second.calls)
            await say_until(second, heard)
            assert subject.state.health is RadioHealth.OK
            assert subject.watchdog.rebuilds >= 1
            second.stop()


@pytest.mark.asyncio
async def test_a_dead_bus_is_survived():
    async with private_bus() as bus:
        first = FakeBluez()
        await first.start()
        subject = radio()
        async with listening(subject) as heard:
            await until(lambda: "StartDiscovery" in first.calls)
            await say_until(first, heard)
            first.stop()
            bus.end()
            await until(lambda: subject.state.health is RadioHealth.DOWN)
            assert "D-Bus" in subject.state.reason
            await bus.start()
            second = FakeBluez()
            await second.start()
            await until(lambda: "StartDiscovery" in second.calls, 15)
            await say_until(second, heard)
            second.stop()


@pytest.mark.asyncio
async def test_an_adapter_that_is_missing_is_said_and_found_when_plugged_in():
    async with private_bus():
        bluez = FakeBluez(adapter=False)
        await bluez.start()
        subject = radio()
        async with listening(subject) as heard:
            await until(lambda: subject.state.health is RadioHealth.DOWN)
            assert "adapter" in subject.state.reason
            bluez.plug_in()
            await until(lambda: "StartDiscovery" in bluez.calls, 15)
            await say_until(bluez, heard)
        bluez.stop()


@pytest.mark.asyncio
async def test_an_adapter_that_is_pulled_is_said_and_found_when_plugged_in_again():
    async with private_bus():
        bluez = FakeBluez()
        await bluez.start()
        subject = radio()
        async with listening(subject) as heard:
            await until(lambda: "StartDiscovery" in bluez.calls)
            await say_until(bluez, heard)
            bluez.unplug()
            await until(lambda: subject.state.health is RadioHealth.DOWN)
            assert "adapter" in subject.state.reason
            bluez.calls.clear()
            bluez.plug_in()
            await until(lambda: "StartDiscovery" in bluez.calls, 15)
            await say_until(bluez, heard)
            assert subject.state.health is RadioHealth.OK
        bluez.stop()


@pytest.mark.asyncio
async def test_a_scan_that_is_dead_from_the_start_is_built_anew():
    async with private_bus():
        bluez = FakeBluez()
        await bluez.start()
        subject = radio()
        async with listening(subject) as heard:
            await until(lambda: bluez.calls.count("StartDiscovery") == 2)
            assert subject.watchdog.heard_at is None
            await say_until(bluez, heard)
            assert subject.state.health is RadioHealth.OK
        bluez.stop()


@pytest.mark.asyncio
async def test_an_adapter_that_is_off_is_said():
    async with private_bus():
        bluez = FakeBluez()
        bluez.errors["StartDiscovery"] = "org.bluez.Error.NotReady"
        await bluez.start()
        subject = radio()
        async with listening(subject):
            await until(lambda: subject.state.health is RadioHealth.DOWN)
            assert "power on" in subject.state.reason
        bluez.stop()


@pytest.mark.asyncio
async def test_empty_adverts_do_not_keep_a_dead_scan_alive():
    async with private_bus():
        bluez = FakeBluez()
        await bluez.start()
        subject = radio()
        async with listening(subject):
            await until(lambda: "StartDiscovery" in bluez.calls)
            async with asyncio.timeout(10):
                while subject.watchdog.rebuilds == 0:
                    bluez.advertise(TAG, rssi=-50)
                    await asyncio.sleep(0.05)
            assert subject.state.health is RadioHealth.DEGRADED
        bluez.stop()


@pytest.mark.asyncio
async def test_a_quiet_shop_is_no_rebuild_loop():
    async with private_bus():
        bluez = FakeBluez()
        await bluez.start()
        subject = radio()
        async with listening(subject):
            await asyncio.sleep(4.0)  # 0.6 + 1.2 + 2.4: two rebuilds, and the third is waited for
        assert 1 <= bluez.calls.count("StartDiscovery") <= 3
        bluez.stop()


@pytest.mark.asyncio
async def test_a_discovery_that_cannot_be_stopped_is_said_with_its_remedy():
    async with private_bus():
        bluez = FakeBluez()
        bluez.errors["StopDiscovery"] = "org.bluez.Error.InProgress"
        await bluez.start()
        subject = radio()
        async with listening(subject):
            await until(lambda: "power off" in subject.state.reason, 15)
        bluez.stop()


@pytest.mark.asyncio
async def test_passive_scanning_asks_for_beacons_and_falls_back():
    async with private_bus():
        bluez = FakeBluez()
        await bluez.start()
        async with listening(radio(mode="passive")):
            await until(lambda: "RegisterMonitor" in bluez.calls)
        bluez.stop()
        old = FakeBluez()
        old.errors["RegisterMonitor"] = "org.bluez.Error.NotSupported"
        await old.start()
        async with listening(radio(mode="passive")) as heard:
            await until(lambda: "StartDiscovery" in old.calls)
            await say_until(old, heard)
        old.stop()


@pytest.mark.asyncio
async def test_a_box_whose_adapter_comes_late_still_scans_passively():
    async with private_bus():
        bluez = FakeBluez(adapter=False)
        await bluez.start()
        subject = radio(mode="passive")
        async with listening(subject):
            await until(lambda: subject.state.health is RadioHealth.DOWN)
            bluez.plug_in()
            await until(lambda: {"RegisterMonitor", "StartDiscovery"} & set(bluez.calls), 15)
            assert "StartDiscovery" not in bluez.calls
        bluez.stop()
