"""Doctor's look at the lines: each receiver of the shop's events, and the platform first."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from store_agent.clock import SystemClock
from store_agent.commands.finding import Finding, Verdict
from store_agent.config import PlatformSettings, Settings
from sync.errors import TransportError
from sync.transports import table
from sync.transports.http import HttpLine
from sync.transports.probe import Probe, Reach, ask
from sync.transports.settings import TransportSettings

# A webhook's receiver refuses what is five minutes off; a minute is NTP's failure already.
WORRYING_OFFSET_S = 60.0
VERDICTS = {
    Reach.NOWHERE: Verdict.WARN,  # the shop works on meanwhile
    Reach.REFUSED: Verdict.FAIL,
    Reach.THERE: Verdict.OK,
}


def line_findings(settings: Settings) -> Iterator[Finding]:
    """One for each receiver, and one more where its clock and the box's differ."""
    if settings.platform is None and not settings.transports:
        yield Finding("platform", Verdict.WARN, "none configured", "The shop stands alone.")
    if settings.platform is not None:
        yield from _findings("platform", asyncio.run(_ask_platform(settings.platform, settings)))
    for one in settings.transports:
        yield from _findings(f"transport {one.name}", _ask(one))


async def _ask_platform(platform: PlatformSettings, settings: Settings) -> Probe:
    now = SystemClock().now
    try:
        line = HttpLine(platform.url, platform.token, now)
    except TransportError as error:
        return Probe(Reach.REFUSED, str(error), error.hint)
    path = f"/v1/stores/{settings.store.id}/changes"
    return await ask(line, now, "GET", path, params={"cursor": "", "wait": "0"})


def _ask(one: TransportSettings) -> Probe:
    try:
        return asyncio.run(table.probe(one.kind, one.own, SystemClock().now))
    except TransportError as error:
        return Probe(Reach.REFUSED, str(error), error.hint)


def _findings(check: str, probe: Probe) -> Iterator[Finding]:
    yield Finding(check, VERDICTS[probe.reach], probe.seen, probe.remedy)
    offset_s = probe.clock_offset_s
    if offset_s is not None and abs(offset_s) > WORRYING_OFFSET_S:
        ahead = "ahead of" if offset_s > 0 else "behind"
        yield Finding(
            f"{check} clock",
            Verdict.WARN,
            f"{abs(offset_s):.0f} s {ahead} this box's",
            "Let NTP set the box's clock; late or early signatures are refused.",
        )
