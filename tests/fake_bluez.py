"""A private D-Bus with the project's own BlueZ on it, for the real bleak. No Bluetooth needed."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from dbus_fast import BusType, Message, MessageType, Variant
from dbus_fast.aio import MessageBus

CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>system</type><listen>unix:path={folder}/bus.sock</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/>
<allow own="*"/><allow user="*"/></policy></busconfig>
"""
ADAPTER = "/org/bluez/hci0"
ADAPTER_1, DEVICE_1 = "org.bluez.Adapter1", "org.bluez.Device1"
MONITORS = "org.bluez.AdvertisementMonitorManager1"
OBJECTS, PROPERTIES = "org.freedesktop.DBus.ObjectManager", "org.freedesktop.DBus.Properties"
START_S = 10.0


class Bus:
    """One private dbus-daemon; ends with the test, however that ends."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"unix:path={self.folder}/bus.sock"

    async def start(self) -> None:
        (self.folder / "bus.conf").write_text(CONFIG.format(folder=self.folder))
        self._process = subprocess.Popen(  # noqa: ASYNC220  it returns at once
            ["dbus-daemon", f"--config-file={self.folder}/bus.conf", "--nofork", "--nopidfile"]
        )
        async with asyncio.timeout(START_S):
            while not (self.folder / "bus.sock").exists():
                await asyncio.sleep(0.01)

    def end(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._process = None
            (self.folder / "bus.sock").unlink(missing_ok=True)


class FakeBluez:
    """One bluetoothd: answers what bleak asks, and says what the test wants to be heard."""

    def __init__(self, *, adapter: bool = True) -> None:
        self.calls: list[str] = []
        self.errors: dict[str, str] = {}  # member -> D-Bus error name
        self.objects: dict[str, dict[str, dict[str, Variant]]] = {}
        self._bus: MessageBus | None = None
        if adapter:
            self.objects[ADAPTER] = _adapter()

    async def start(self) -> None:
        self._bus = await MessageBus(bus_type=BusType.SYSTEM).connect()
        self._bus.add_message_handler(self._answer)
        await self._bus.request_name("org.bluez")

    def stop(self) -> None:
        if self._bus is not None:
            self._bus.disconnect()
            self._bus = None

    def plug_in(self) -> None:
        """The adapter is there from now on."""
        self.objects[ADAPTER] = _adapter()
        self._signal("/", OBJECTS, "InterfacesAdded", "oa{sa{sv}}", [ADAPTER, _adapter()])

    def unplug(self) -> None:
        """The adapter is gone, and everything that was found by it."""
        for path in [*self.objects]:
            interfaces = [*self.objects.pop(path)]
            self._signal("/", OBJECTS, "InterfacesRemoved", "oas", [path, interfaces])

    def _answer(self, message: Message) -> Message | None:
        if message.message_type is not MessageType.METHOD_CALL:
            return None
        if message.member == "GetManagedObjects":
            return Message.new_method_return(message, "a{oa{sa{sv}}}", [self.objects])
        if message.path != ADAPTER or ADAPTER not in self.objects:
            return None
        if not (message.interface or "").startswith("org.bluez"):
            return None
        self.calls.append(str(message.member))
        if str(message.member) in self.errors:
            name = self.errors[str(message.member)]
            return Message.new_error(message, name, f"{name}, says the fake")
        return Message.new_method_return(message)

    def advertise(
        self,
        address: str,
        *,
        rssi: int = -60,
        manufacturer: dict[int, bytes] | None = None,
        service: dict[str, bytes] | None = None,
    ) -> None:
        """An advert: the first of a device adds it, later ones change it."""
        said: dict[str, Variant] = {"RSSI": Variant("n", rssi)}
        if manufacturer is not None:
            data = {company: Variant("ay", value) for company, value in manufacturer.items()}
            said["ManufacturerData"] = Variant("a{qv}", data)
        if service is not None:
            said["ServiceData"] = Variant(
                "a{sv}", {uuid: Variant("ay", value) for uuid, value in service.items()}
            )
        path = f"{ADAPTER}/dev_{address.replace(':', '_')}"
        if path in self.objects:
            self.objects[path][DEVICE_1].update(said)
            self._signal(path, PROPERTIES, "PropertiesChanged", "sa{sv}as", [DEVICE_1, said, []])
            return
        self.objects[path] = {DEVICE_1: self._device(address) | said}
        self._signal("/", OBJECTS, "InterfacesAdded", "oa{sa{sv}}", [path, self.objects[path]])

    def change(self, address: str, changes: dict[str, Variant]) -> None:
        """Any other property of a known device."""
        path = f"{ADAPTER}/dev_{address.replace(':', '_')}"
        self._signal(path, PROPERTIES, "PropertiesChanged", "sa{sv}as", [DEVICE_1, changes, []])

    def _device(self, address: str) -> dict[str, Variant]:
        return {
            "Address": Variant("s", address),
            "AddressType": Variant("s", "random"),
            "Alias": Variant("s", address.replace(":", "-")),
            "Adapter": Variant("o", ADAPTER),
            "Paired": Variant("b", False),
            "Connected": Variant("b", False),
        }

    def _signal(
        self, path: str, interface: str, member: str, signature: str, body: Iterable[Any]
    ) -> None:
        assert self._bus is not None
        self._bus.send(Message.new_signal(path, interface, member, signature, list(body)))


def _adapter() -> dict[str, dict[str, Variant]]:
    return {
        ADAPTER_1: {
            "Address": Variant("s", "02:00:00:00:00:01"),
            "Powered": Variant("b", True),
            "Discovering": Variant("b", False),
            "Roles": Variant("as", ["central", "peripheral"]),
        },
        MONITORS: {
            "SupportedMonitorTypes": Variant("as", ["or_patterns"]),
            "SupportedFeatures": Variant("as", []),
        },
    }


@asynccontextmanager
async def private_bus() -> AsyncIterator[Bus]:
    """The system bus of this process is a private one meanwhile."""
    before = os.environ.get("DBUS_SYSTEM_BUS_ADDRESS")
    with tempfile.TemporaryDirectory(prefix="bus-") as folder:
        bus = Bus(Path(folder))
        os.environ["DBUS_SYSTEM_BUS_ADDRESS"] = bus.address
        try:
            await bus.start()
            yield bus
        finally:
            bus.end()
            if before is None:
                del os.environ["DBUS_SYSTEM_BUS_ADDRESS"]
            else:
                os.environ["DBUS_SYSTEM_BUS_ADDRESS"] = before
