"""What a check of `store-agent doctor` tells."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """How a check ended."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: what was seen and, unless all is well, what to do."""

    check: str
    verdict: Verdict
    seen: str
    remedy: str = ""
