"""The reference platform's application without sockets."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx

from sync.reference_platform.app import Platform, create_app
from sync.reference_platform.limits import Limits
from sync.reference_platform.rules import NoRules
from sync.reference_platform.store import PlatformStore

AT = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
TOKEN = "platform-token"


@asynccontextmanager
async def opened_platform(
    folder: Path, rules=None, **settings
) -> AsyncIterator[tuple[Platform, httpx.AsyncClient]]:
    """A platform over a new file, and a client that knows its token."""
    store = PlatformStore(folder / "platform.db")
    platform = Platform(store, TOKEN, lambda: AT, rules or NoRules(), Limits(**settings))
    app = create_app(platform)
    state = {"platform": platform, "line": platform.line}

    async def with_state(scope, receive, send):
        await app(scope | {"state": state}, receive, send)

    async with httpx.AsyncClient(
        base_url="http://platform",
        headers={"authorization": f"Bearer {TOKEN}"},
        transport=httpx.ASGITransport(with_state),
    ) as client:
        yield platform, client
    store.close()
