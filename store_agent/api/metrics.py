"""Counters and gauges for Prometheus. Labels are closed sets, never people."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest

# An associate glances for two seconds; the lower end is one sync of a good disk.
SCAN_BUCKETS_S = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


class Metrics:
    """All metrics of one agent, in their own registry."""

    content_type = CONTENT_TYPE_PLAIN_0_0_4

    def __init__(self) -> None:
        """Create the registry; nothing global."""
        self._registry = CollectorRegistry(auto_describe=True)
        ProcessCollector(registry=self._registry)
        self.scans = Counter(
            "store_agent_scans", "Scans by what came of them", ["reason"], registry=self._registry
        )
        self.scan_seconds = Histogram(
            "store_agent_scan_seconds",
            "From the scan to its durable answer",
            buckets=SCAN_BUCKETS_S,
            registry=self._registry,
        )
        self.sales = Counter("store_agent_sales", "Baskets committed", registry=self._registry)
        self.fixes = Counter("store_agent_fixes", "Positions used", registry=self._registry)
        self.unusable = Counter(
            "store_agent_owntracks_unusable",
            "OwnTracks messages that could not be used",
            registry=self._registry,
        )

    def gauge(self, name: str, help_text: str, read: Callable[[], float]) -> None:
        """A value that is read when asked for."""
        Gauge(f"store_agent_{name}", help_text, registry=self._registry).set_function(read)

    def gauges(
        self, name: str, help_text: str, label: str, reads: Mapping[str, Callable[[], float]]
    ) -> None:
        """The same for each value of a label; there are no others."""
        gauge = Gauge(f"store_agent_{name}", help_text, [label], registry=self._registry)
        for value, read in reads.items():
            gauge.labels(value).set_function(read)

    def render(self) -> bytes:
        """The text format."""
        return generate_latest(self._registry)
