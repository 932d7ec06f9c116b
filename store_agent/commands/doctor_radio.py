"""What the radios of this box hear: for `store-agent doctor`."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator

from geofences.beacons.adverts import parse
from geofences.beacons.model import Sighting
from geofences.scanner.radio import Radio, RadioHealth, RadioSettings
from store_agent.clock import SystemClock
from store_agent.commands.finding import Finding, Verdict
from store_agent.config import RadioSettings as ConfiguredRadio

LISTEN_S = 6.0  # long enough for devices that speak every few seconds
NO_BEACONS = frozenset({"none", "malformed"})


def radio_findings(radios: tuple[ConfiguredRadio, ...]) -> Iterator[Finding]:
    """Listen with every adapter of this box, one after the other."""
    for radio in radios:
        if radio.kind == "local":
            yield asyncio.run(_listen(radio))


async def _listen(configured: ConfiguredRadio) -> Finding:
    clock, heard = SystemClock(), list[Sighting]()
    settings = RadioSettings(configured.adapter, configured.mode, configured.duplicate_data)
    radio = Radio(configured.name, settings, clock.now, clock.monotonic)
    task = asyncio.ensure_future(radio.run(heard.append))
    await asyncio.sleep(LISTEN_S)
    state = radio.state
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    check = f"radio {configured.name}"
    if state.health is RadioHealth.DOWN:
        return Finding(check, Verdict.FAIL, f"{configured.adapter} does not scan", state.reason)
    if not heard:
        remedy = "Hold a phone or a beacon next to the box; power the adapter off and on."
        return Finding(check, Verdict.WARN, f"nothing heard in {LISTEN_S:.0f} s", remedy)
    return Finding(check, Verdict.OK, summary(heard))


def summary(heard: list[Sighting]) -> str:
    """How many devices, which beacons, and how loud the loudest is."""
    devices = {sighting.address for sighting in heard}
    kinds = Counter(parse(sighting.advert).kind for sighting in heard)
    beacons = [f"{count} {kind}" for kind, count in sorted(kinds.items()) if kind not in NO_BEACONS]
    loudest = max(heard, key=lambda sighting: sighting.rssi_dbm)
    text = f"{len(heard)} adverts of {len(devices)} devices, the loudest {loudest.rssi_dbm} dBm"
    return f"{text}; beacons: {', '.join(beacons) or 'none'}"
