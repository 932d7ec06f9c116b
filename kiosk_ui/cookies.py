"""The cookies of a tablet: one place for their names, so that router and middleware agree."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from starlette.responses import Response

DEVICE_MAX_AGE_S = 400 * 24 * 3600  # what browsers allow at most; renewed at each login
LANGUAGE_MAX_AGE_S = 400 * 24 * 3600


class Cookie(StrEnum):
    """What a tablet remembers."""

    DEVICE = "device"
    STAFF = "staff"
    LANGUAGE = "language"


def cookie_name(cookie: Cookie, scheme: str) -> str:
    """The name on the wire: `__Host-` (same host, secure, whole path) wherever HTTPS allows it."""
    return f"__Host-{cookie}" if scheme == "https" else str(cookie)


def read_cookie(cookies: Mapping[str, str], cookie: Cookie, scheme: str) -> str | None:
    """The value a request brought for `cookie`, or None."""
    return cookies.get(cookie_name(cookie, scheme))


def set_cookie(
    response: Response, cookie: Cookie, value: str, scheme: str, max_age_s: int | None = None
) -> None:
    """Set `cookie`; `max_age_s` None = until the browser closes, 0 = delete."""
    response.set_cookie(
        cookie_name(cookie, scheme),
        value,
        max_age=max_age_s,
        path="/",
        secure=scheme == "https",
        httponly=True,
        samesite="strict",
    )
