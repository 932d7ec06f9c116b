"""Segment, RudderStack and compatibles: docs/transports.md says how to connect one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Literal

import httpx
from pydantic import BaseModel, ConfigDict, Field

from sync.transports.http import HttpLine
from sync.transports.probe import Probe, Reach, ask
from sync.transports.segment.dialect import Dialect
from sync.transports.segment.transport import (
    HEAD,
    MEANING,
    PATH,
    TAIL,
    Limits,
    SegmentTransport,
    credentials,
)
from sync.transports.table import Surroundings

__all__ = ["SegmentTransport", "Settings", "build", "probe"]


class Settings(BaseModel):
    """Where the receiver is and what it takes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str = Field(
        pattern=r"^https?://",
        description="https://api.segment.io; for workspaces in the EU its EU host, always",
    )
    write_key: str = Field(min_length=1, repr=False)
    without_person: Literal["store", "skip"] = Field(
        "store", description="events about nobody: sent with the shop as anonymousId, or not at all"
    )
    names: dict[str, str] = Field({}, description="event type -> how `track` calls it")
    event_bytes: int = Field(
        32_000, ge=1_000, le=39_000, description="largest event; both take 32 KB"
    )
    batch_bytes: int = Field(
        500_000, ge=40_000, le=4_000_000, description="largest batch; RudderStack takes 4 MB"
    )
    requests_per_s: float = Field(
        10.0, gt=0, le=50, description="Segment asks for fewer than 50 from a whole workspace"
    )


def build(settings: Settings, around: Surroundings) -> SegmentTransport:
    """Raises TransportError when the address cannot be one."""
    return SegmentTransport(
        HttpLine(settings.url, None, around.now, meaning=MEANING),
        settings.write_key,
        dialect(settings, around),
        limits(settings),
        skip_nobody=settings.without_person == "skip",
        monotonic=around.monotonic,
    )


async def probe(settings: Settings, now: Callable[[], datetime]) -> Probe:
    """An empty batch: RudderStack refuses a wrong key, Segment says 200 to everything."""
    found = await ask(
        HttpLine(settings.url, None, now, meaning=MEANING),
        now,
        "POST",
        PATH,
        headers=credentials(settings.write_key),
        content=HEAD + TAIL,
    )
    if found.reach is Reach.THERE and httpx.URL(settings.url).host.endswith("segment.io"):
        remedy = "Segment says so to any key; an EU workspace needs its EU host. See its debugger."
        return replace(found, remedy=remedy)
    return found


def dialect(settings: Settings, around: Surroundings) -> Dialect:
    """How this shop speaks."""
    return Dialect(
        store_id=around.store_id,
        epoch=around.epoch,
        zone=around.zone,
        currency=around.currency,
        version=_version(),
        names=settings.names,
    )


def limits(settings: Settings) -> Limits:
    """What the receiver takes."""
    return Limits(settings.event_bytes, settings.batch_bytes, settings.requests_per_s)


def _version() -> str:
    try:
        return version("store-agent")
    except PackageNotFoundError:  # run from a checkout
        return "0"
