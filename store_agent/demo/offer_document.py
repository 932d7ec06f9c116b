"""How an offer of the sample shop is written down, so that each only says what is special."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from store_agent.demo.calendar import Calendar

Document = dict[str, Any]

CONTROL_SHARE = 0.1  # 90/10, as retail practice does it
_RUN_STARTED_DAYS_AGO = 20
_RUNS_FOR_DAYS = 60


def offer(
    calendar: Calendar,
    offer_id: str,
    title: tuple[str, str],
    detail: tuple[str, str],
    benefit: tuple[str, int] | tuple[str, int, str],
    **rules: Any,
) -> Document:
    """An offer that runs now. Texts are German and English; `benefit`: kind, value, article."""
    return {
        "id": offer_id,
        "title": texts(title),
        "benefit": dict(zip(("kind", "value", "sku"), benefit, strict=False)),
        "detail": texts(detail),
        "valid_from": calendar.end_of_day(-_RUN_STARTED_DAYS_AGO),
        "valid_until": calendar.end_of_day(_RUNS_FOR_DAYS),
        "control_share": CONTROL_SHARE,
        "control_salt": f"{offer_id}-2026",
        **rules,
    }


def texts(german_english: Iterable[str]) -> dict[str, str]:
    """A text in both languages of the shop."""
    return dict(zip(("de", "en"), german_english, strict=True))
