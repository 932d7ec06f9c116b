"""What the agent tells the tablet about its shop."""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class KioskSettings:
    """`lan_url` = where tablets reach this box over HTTPS; `ca_url` = its CA certificate."""

    shop_name: str
    zone: ZoneInfo
    lan_url: str = ""
    ca_url: str = ""
