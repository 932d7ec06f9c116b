"""What can go wrong on the way to the platform, and what the caller decides on.

SyncError
├── InvalidEventError       the caller's event can never be sent; nothing was written
└── TransportError          this exchange failed; nothing is known about its events
    ├── UnreachableError    no usable answer came: the line, not the platform's decision
    │   └── TooSlowError    the exchange began but did not finish in time
    └── PostponedError      the platform answered, but wants this later: no fault of the line
        └── CursorLostError the platform no longer knows the feed's position: take a new snapshot
"""

from __future__ import annotations


class SyncError(Exception):
    """Base of all errors of this part.

    `permanent` says that trying the same again cannot help; `hint` is one sentence for the person
    who can mend it. Neither holds a customer's data.
    """

    permanent = True

    def __init__(self, message: str, *, hint: str = "") -> None:
        """Say what went wrong and what to do."""
        super().__init__(message)
        self.hint = hint


class InvalidEventError(SyncError):
    """The event can never be sent as it is; nothing was written."""


class TransportError(SyncError):
    """An exchange with the platform failed; its events count as not delivered.

    `retry_after_s` is the platform's own wish, in seconds, if it stated one.
    """

    def __init__(
        self,
        message: str,
        *,
        permanent: bool = False,
        hint: str = "",
        retry_after_s: float | None = None,
    ) -> None:
        """Say what went wrong, whether somebody has to act, and when to try again."""
        super().__init__(message, hint=hint)
        self.permanent = permanent
        self.retry_after_s = retry_after_s


class UnreachableError(TransportError):
    """No usable answer came within the deadline: the line is down or broken."""


class TooSlowError(UnreachableError):
    """The exchange began but did not finish in time; a smaller one might."""


class PostponedError(TransportError):
    """The platform answered and wants the same later."""


class CursorLostError(PostponedError):
    """The platform does not know this feed position any more."""
