"""A fake BlueZ in a process of its own that advertises at a steady rate: the bench's sender.

`python -m tests.bench.advertiser RATE SECONDS DEVICES`; the bus's address is in the environment.
"""

from __future__ import annotations

import asyncio
import sys
import time

from tests.fake_bluez import FakeBluez

WAIT_S = 15.0
BURST_S = 0.005


async def main(rate: int, seconds: float, devices: int) -> None:
    """Wait until somebody scans, then send; print how many were sent."""
    bluez = FakeBluez()
    await bluez.start()
    async with asyncio.timeout(WAIT_S):
        while "StartDiscovery" not in bluez.calls:
            await asyncio.sleep(0.01)
    began, sent = time.perf_counter(), 0
    while (passed := time.perf_counter() - began) < seconds:
        while sent < passed * rate:
            number = sent % devices
            said = bytes.fromhex("0215") + bytes(16) + number.to_bytes(4, "big") + b"\xc5"
            bluez.advertise(
                f"C2:00:00:00:{number // 256:02X}:{number % 256:02X}",
                rssi=-50 - (sent // devices) % 20,
                manufacturer={0x004C: said},
            )
            sent += 1
        await asyncio.sleep(BURST_S)
    await asyncio.sleep(0.5)
    sys.stdout.write(f"{sent}\n")
    bluez.stop()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])))
