"""What the loyalty programme says of one customer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Member:
    """What it said at `as_of`; `points` is None when it gave no balance."""

    as_of: datetime
    tier: str = ""
    next_tier: str = ""
    points: int | None = None
    vouchers: tuple[Mapping[str, Any], ...] = ()
