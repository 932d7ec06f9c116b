"""What the turned tablet needs from the agent. Any method may raise ShopUnavailable.

Whatever a customer says raises LookupError when the tablet is not turned to a page for it any
more. Deeds with a `key` are done once, however often they come.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from kiosk_ui.model import Device, StaffChoice, Viewer
from kiosk_ui.turned.model import (
    KnownLine,
    Opened,
    Questions,
    QuizRow,
    TurnedKind,
    TurnedState,
)


class Turned(Protocol):
    """Lending a tablet to a customer."""

    async def begin(self, customer_id: str, kind: TurnedKind, viewer: Viewer) -> None:
        """Turn the viewer's tablet; their session ends. LookupError: nobody to be named."""

    async def open_questions(self, customer_id: str) -> int:
        """How many consents were never asked, or need asking anew. LookupError as above."""

    async def may_ask_survey(self, customer_id: str) -> bool:
        """Whether this customer was not asked lately."""

    async def look(self, device: Device) -> TurnedState | None:
        """What the tablet is turned to; None: it is the staff's."""

    async def stay(self, device: Device) -> None:
        """A tap of the customer; it keeps the page for a while, if it is open."""

    async def speak(self, device: Device, language: str) -> None:
        """Go on in another language."""

    async def done(self, device: Device) -> None:
        """The customer is done."""

    async def questions(self, device: Device) -> Questions:
        """The consents as they are asked and answered now."""

    async def answer(
        self, device: Device, key: str, answers: Mapping[str, bool], versions: str
    ) -> None:
        """The customer's own yes or no. ValueError when other questions are asked now."""

    async def known(self, device: Device) -> tuple[KnownLine, ...]:
        """Everything this shop knows about the customer."""

    async def correct(self, device: Device, key: str, label: str, value: str) -> None:
        """Put a fact right; "" = it is wrong. ValueError for what cannot be kept."""

    async def ask(self, device: Device, key: str, what: str) -> None:
        """Ask for "access" to a full copy, or for "erasure"."""

    async def quiz(self, device: Device) -> tuple[QuizRow, ...]:
        """The questions about what the customer likes, with the answers so far."""

    async def choose(self, device: Device, key: str, chosen: Mapping[str, Sequence[str]]) -> None:
        """Answers by label, as codes. ValueError for what cannot be chosen."""

    async def survey(self, device: Device, key: str, score: int, sentence: str) -> None:
        """How gladly the customer would recommend the shop. ValueError for what is no answer."""

    async def staff_choices(self, device: Device) -> tuple[StaffChoice, ...]:
        """Who may turn the tablet back."""

    async def back(self, device: Device, staff_id: str, pin: str) -> Opened:
        """Turn it back. LoginRefused."""
