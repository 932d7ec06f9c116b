"""What the tablet needs from the agent: two Protocols, implemented outside this part.

Live changes travel the other way: the agent holds a `kiosk_ui.live.Hub` and calls
`hub.floor_changed()`, `hub.customer_changed(customer_id)`, `hub.status_changed()`,
`hub.lock(device_id)` and `hub.close()`. The hub then asks `Shop` again, once per audience
(language and role), and pushes the result to every tablet.
"""

from __future__ import annotations

from typing import Protocol

from kiosk_ui.model import (
    ConflictRow,
    CustomerPage,
    Device,
    Floor,
    Outcome,
    ScanOutcome,
    SearchHit,
    StaffChoice,
    Status,
    Viewer,
)


class Shop(Protocol):
    """The shop as one viewer sees it. Any method may raise ShopUnavailable."""

    async def floor(self, viewer: Viewer) -> Floor:
        """Who is in the shop now. Depends on the viewer's language and role only."""

    async def customer(self, customer_id: str, viewer: Viewer) -> CustomerPage:
        """One customer, logged as looked at by `viewer` once per visit and page view.

        Raises LookupError when there is nobody with that id or nobody who may be named.
        """

    async def refresh(self, customer_id: str, viewer: Viewer) -> CustomerPage:
        """The same page again for a live push: not another entry in the access log."""

    async def search(self, query: str, viewer: Viewer) -> tuple[SearchHit, ...]:
        """Best hits first, at most about 20; () for an empty query."""

    async def scan(self, data: str, viewer: Viewer) -> ScanOutcome:
        """A pass scanned at the tablet (raw text, an AIM prefix such as "]Q1" included)."""

    async def status(self) -> Status:
        """The line and the components now; cheap, called about every 10 s."""

    async def mark_not_this_person(self, visit_id: str, viewer: Viewer) -> None:
        """Somebody else carries this pass: end the greeting by name. LookupError if unknown."""

    async def undo_not_this_person(self, visit_id: str, viewer: Viewer) -> None:
        """Take `mark_not_this_person` back. LookupError if unknown."""

    async def note_answer(
        self, visit_id: str, topic: str, outcome: Outcome, viewer: Viewer
    ) -> None:
        """What became of the sentence about `topic`, which rests now. LookupError if unknown.

        After SAID nothing is suggested in this visit, after the others the next thing is.
        """

    async def take_back_answer(self, visit_id: str, topic: str, viewer: Viewer) -> None:
        """That `note_answer` was a slip. LookupError if the visit is unknown."""

    async def claim(self, visit_id: str, viewer: Viewer, instead_of: str = "") -> None:
        """ "I'm with her", seen on all tablets; nothing if somebody else was first.

        `instead_of` is the staff id of whom the viewer saw with her. LookupError if unknown.
        """

    async def release(self, visit_id: str, viewer: Viewer) -> None:
        """Let go of a claim, whoever has it; nothing if nobody has. LookupError if unknown."""

    async def propose(self, customer_id: str, offer_id: str, viewer: Viewer) -> None:
        """Offer this to the till where the customer's basket stands, which decides.

        LookupError when there is no such customer, basket or offer for it now.
        """

    async def conflicts(self, viewer: Viewer) -> tuple[ConflictRow, ...]:
        """What was given without a right and not seen yet, newest first; () but for managers."""

    async def conflict_seen(self, conflict_id: str, viewer: Viewer) -> None:
        """A manager has seen it. LookupError if unknown."""


class Access(Protocol):
    """Tablets and people at them. Tokens are opaque; their hashes live with the agent."""

    async def pair(self, code: str, name: str) -> str:
        """Pair a tablet called `name`; the device token for its cookie. PairingRefused."""

    async def staff_choices(self, device: Device) -> tuple[StaffChoice, ...]:
        """Who may log in at this tablet, in the order to show."""

    async def login(self, device: Device, staff_id: str, pin: str) -> str:
        """The session token for the staff cookie. LoginRefused."""

    async def lock(self, device: Device, session_token: str) -> None:
        """End the session; unknown tokens are fine. The router then locks the live streams."""

    async def device(self, device_token: str) -> Device | None:
        """For the middleware: whose device cookie is this? None = not paired or revoked."""

    async def viewer(self, device: Device, session_token: str, language: str) -> Viewer | None:
        """For the middleware: who is logged in at `device`? None = nobody, or timed out."""
