"""Errors carry what the caller decides on and what the operator should do.

AgentError
├── InvalidInput      the caller sent something unusable; nothing was changed
├── NotFound          what was asked for does not exist here
├── Conflict          the same key with another content, or a state that forbids the act
├── Forbidden         consent, role or audience says no
└── Unavailable       cannot be made durable right now (queue full); try again
    └── NotWritable   because the disk refuses: what needs no record can still be served
"""

from __future__ import annotations


class AgentError(Exception):
    """Base of all errors the agent raises on purpose.

    `hint` is one sentence for the person who can mend it; `permanent` says that trying the same
    again cannot help. Neither may hold a customer's data.
    """

    permanent = True
    code = ""  # a word a program can act on, where the status alone does not tell

    def __init__(self, message: str, *, hint: str = "", field: str | None = None) -> None:
        """Say what went wrong, what to do, and which input field it was."""
        super().__init__(message)
        self.hint = hint
        self.field = field


class InvalidInput(AgentError):
    """The caller sent something unusable; nothing was changed."""


class NotFound(AgentError):
    """What was asked for does not exist here."""


class Conflict(AgentError):
    """The same key with another content, or a state that forbids the act."""


class Forbidden(AgentError):
    """Consent, role or audience says no."""


class Unavailable(AgentError):
    """It could not be made durable right now; nothing was changed; try again later."""

    permanent = False

    def __init__(self, message: str, *, hint: str = "", retry_after_s: int = 1) -> None:
        """Say what is not available and after how many seconds a retry makes sense."""
        super().__init__(message, hint=hint)
        self.retry_after_s = retry_after_s


class NotWritable(Unavailable):
    """The disk refuses to record anything; what only has to be read is served all the same."""
