"""What a request of a till says besides its body: key, language, deadline, and which till it is."""

from __future__ import annotations

from typing import Annotated

from fastapi import Header, Request

from store_agent.api.callers import caller_of
from store_agent.domain.errors import InvalidInput
from store_agent.domain.language import base_language

HARD_DEADLINE_S = 0.3  # of the contract; then the till sells without offers
IdempotencyKey = Annotated[
    str | None,
    Header(max_length=255, description="one per sale, return or void; the same on every retry"),
]
DeadlineMs = Annotated[
    int | None, Header(alias="X-Deadline-Ms", ge=0, le=60_000, description="milliseconds")
]


def key_of(header: str | None) -> str:
    """The key, bare or quoted. Raises InvalidInput when it is missing."""
    key = (header or "").strip().strip('"')
    if not key:
        raise InvalidInput(
            "the Idempotency-Key header is missing",
            hint="Send one key per sale and the same on every retry.",
            field="Idempotency-Key",
        )
    return key


def deadline_s(header: int | None) -> float:
    """How long an evaluation may take, in seconds."""
    return HARD_DEADLINE_S if header is None else min(header / 1000, HARD_DEADLINE_S)


def language_of(request: Request, default: str) -> str:
    """The first language of Accept-Language that we speak, else the shop's."""
    for part in request.headers.get("accept-language", "").split(","):
        language = base_language(part.partition(";")[0])
        if language in {"de", "en"}:
            return language
    return default


def till_of(request: Request, said: str = "") -> str:
    """The till of the token; a token for several tills says which one it is."""
    return caller_of(request).name or said
