"""100,000 shops come back after an hour: the platform's busiest second, beside naive retries."""

from __future__ import annotations

from dataclasses import replace

from tests.bench.fleet import Fleet, Naive, Return, agents, come_back
from tests.bench.report import Result, percentile

FLEET = Fleet()
# A shop that is back asks for changes once and sends one or two batches.
REQUESTS_PER_SHOP = 2.5
PEAK_BUDGET = 1.5  # of the even stream N / window that the platform asked for
SMALL_PLATFORM = 600.0  # requests/s: less than the even stream, so that the platform must steer


async def measure() -> list[Result]:
    """Requests in the busiest second; and how long a platform that is too small needs."""
    calm, naive = come_back(FLEET, agents(FLEET)), come_back(FLEET, Naive, one_probe=False)
    even = FLEET.shops * REQUESTS_PER_SHOP / FLEET.window_s
    return [_peak(calm, naive, even), _drain()]


def _peak(calm: Return, naive: Return, even: float) -> Result:
    ratio = calm.peak_per_s / even
    note = (
        f"{FLEET.shops:,} shops, {FLEET.outage_s:.0f} s cut off, window {FLEET.window_s:.0f} s; "
        f"an even stream would be {even:.0f}/s. While cut off {calm.tries_per_s(FLEET):.0f} "
        f"tries/s (naive {naive.tries_per_s(FLEET):.0f}); drained after "
        f"{percentile(calm.drained_at_s, 0.5):.0f}/{max(calm.drained_at_s):.0f} s (p50/last). "
        f"Naive = 1, 2, 4 ... 60 s without jitter: {naive.refused:,} requests refused"
    )
    return Result(
        "fleet: busiest second after an outage",
        "requests/s",
        calm.peak_per_s,
        naive.peak_per_s,
        ratio,
        PEAK_BUDGET,
        ratio <= PEAK_BUDGET,
        f"<= {PEAK_BUDGET:g}x an even stream",
        note,
    )


def _drain() -> Result:
    """The last shop's events are there, beside what the platform needs for that many requests."""
    fleet = replace(FLEET, requests_per_s=SMALL_PLATFORM)
    seen = come_back(fleet, agents(fleet))
    served = sum(seen.arrivals.values()) - seen.refused
    ideal_s = served / SMALL_PLATFORM
    value = max(seen.drained_at_s)
    note = (
        f"a platform of {SMALL_PLATFORM:.0f} requests/s; it refused {seen.refused:,} of "
        f"{sum(seen.arrivals.values()):,} with Retry-After"
    )
    return Result("fleet: drained", "s", value, ideal_s, value / ideal_s, None, None, "", note)
