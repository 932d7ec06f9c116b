"""How far the pulling of one process is."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from sync.emarsys_feed.seen import Difference, Seen


@dataclass(frozen=True, slots=True)
class Work:
    """What one piece of work found, and which contacts are gone.

    `is_complete`: with it the whole list has been gone through.
    """

    difference: Difference
    gone: tuple[int, ...] = ()
    is_complete: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """Work on its way: kept until the shop asks for what follows it."""

    before: str
    after: str
    work: Work


@dataclass(slots=True)
class State:
    """Times are monotonic seconds; `skip` is None between rounds through the contact list."""

    nonce: str
    seen: Seen
    number: int = 0
    round: int = 1
    skip: int | None = None
    queue: deque[int] = field(default_factory=deque)  # contacts to be pulled out of turn
    members: dict[str, frozenset[int]] = field(default_factory=dict)  # by segment
    contacts_due_s: float = 0.0
    segments_due_s: dict[str, float] = field(default_factory=dict)
    loyalty_due_s: float = 0.0
    loyalty_at: int = 0  # the last contact asked about
    people_at: int = 0  # the last note of `people` taken over
    page: Page | None = None

    @property
    def cursor(self) -> str:
        """The position of what has arrived."""
        return f"{self.nonce}.{self.number}"

    def segments_of(self, contact: int) -> tuple[str, ...]:
        """The segments a contact is in."""
        return tuple(name for name, ids in self.members.items() if contact in ids)

    def pull_soon(self, customers: Iterable[str]) -> None:
        """Take these customers out of turn, if they are of the list."""
        found = (self.seen.contact(customer) for customer in customers)
        self.queue.extend(one for one in found if one is not None)

    def send(self, work: Work) -> Page:
        """Put work on its way."""
        step = 1 if work.difference.changes else 0
        self.page = Page(self.cursor, f"{self.nonce}.{self.number + step}", work)
        return self.page

    def arrived(self, cursor: str) -> bool:
        """Whether `cursor` is known; what lies before it has arrived and is remembered."""
        page = self.page
        if page is None or cursor != page.after:
            return cursor == self.cursor
        self.seen.keep(page.work.difference)
        for contact in page.work.gone:
            self.seen.forget(contact)
        self.number += page.after != page.before
        self.page = None
        return True
