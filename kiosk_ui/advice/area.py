"""The rooms of this package, as `build_router` takes them."""

from __future__ import annotations

from kiosk_ui.advice.clients import clients_area
from kiosk_ui.advice.notes import notes_area
from kiosk_ui.advice.port import Advice
from kiosk_ui.advice.tasks import tasks_area
from kiosk_ui.areas import Area


def advice_areas(advice: Advice) -> tuple[Area, ...]:
    """Everything about advice, in the order of the rail and of the sections."""
    return (clients_area(advice), tasks_area(advice), notes_area(advice))
