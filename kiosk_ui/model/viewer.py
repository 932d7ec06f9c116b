"""Who looks: tablets and the people at them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What somebody at the tablet may see and do."""

    ASSOCIATE = "associate"
    MANAGER = "manager"


@dataclass(frozen=True, slots=True)
class Device:
    """A paired tablet."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who looks: a member of staff at a paired tablet. `language` is "de" or "en"."""

    device_id: str
    device_name: str
    staff_id: str
    staff_name: str
    role: Role
    language: str


@dataclass(frozen=True, slots=True)
class StaffChoice:
    """One name on the login page."""

    id: str
    name: str
    role: Role = Role.ASSOCIATE
