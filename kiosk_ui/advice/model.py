"""What the pages of this room show."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class NoteRow:
    """One note on a customer; a `removed` one stands there for a while with the way back."""

    id: str
    text: str
    at: datetime
    author: str  # the name
    removed: bool = False
