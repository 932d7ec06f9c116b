"""The shipped counterpart of the cloud: the platform contract over one SQLite file.

For tests, demos and as a reading aid to docs/platform-api.md; not meant for production.
"""

from sync.reference_platform.limits import Limits, SnapshotScope
from sync.reference_platform.rules import (
    Documents,
    EventRefusedError,
    NoRules,
    PlatformEvent,
    Rules,
)
from sync.reference_platform.server import PlatformSettings, serve
from sync.reference_platform.store import FILE_NAME, PlatformStore

__all__ = [
    "FILE_NAME",
    "Documents",
    "EventRefusedError",
    "Limits",
    "NoRules",
    "PlatformEvent",
    "PlatformSettings",
    "PlatformStore",
    "Rules",
    "SnapshotScope",
    "serve",
]
