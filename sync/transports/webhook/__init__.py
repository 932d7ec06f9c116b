"""Events as signed webhooks, one a request: docs/transports.md says how to receive them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field, field_validator

from sync.transports.http import HttpLine
from sync.transports.probe import Probe, ask
from sync.transports.table import Surroundings
from sync.transports.webhook.signing import signing_key
from sync.transports.webhook.transport import MEANING, WebhookTransport

__all__ = ["Settings", "WebhookTransport", "build", "probe"]


class Settings(BaseModel):
    """Where the receiver is, and by what it knows this shop."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str = Field(pattern=r"^https?://", description="the whole address, with its path")
    secrets: tuple[str, ...] = Field(
        min_length=1,
        repr=False,
        description="whsec_... or whsk_...; all of them sign, so that one can be replaced in peace",
    )
    window: int = Field(
        8, ge=1, le=32, description="requests under way at once, never two of one customer"
    )

    @field_validator("secrets")
    @classmethod
    def _usable(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for secret in value:
            signing_key(secret)
        return value


def build(settings: Settings, around: Surroundings) -> WebhookTransport:
    """Raises TransportError when the address cannot be one."""
    return WebhookTransport(
        HttpLine(settings.url, None, around.now, meaning=MEANING),
        settings.url,
        source=f"/stores/{around.store_id}/{around.epoch}",
        keys=[signing_key(secret) for secret in settings.secrets],
        window=settings.window,
        now=around.true_now,
    )


async def probe(settings: Settings, now: Callable[[], datetime]) -> Probe:
    """Only whether somebody answers: an event of its own would be one for the receiver."""
    line = HttpLine(settings.url, None, now, meaning=MEANING)
    return await ask(line, now, "OPTIONS", settings.url)
