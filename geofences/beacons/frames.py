"""What one advertisement says: the frames we know, as values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class IBeacon:
    """Apple's proximity beacon."""

    kind: ClassVar[str] = "ibeacon"
    uuid: str  # upper case, with dashes
    major: int
    minor: int
    power_1m_dbm: int


@dataclass(frozen=True, slots=True)
class AltBeacon:
    """The open one; `code` is its 20-byte id in hex."""

    kind: ClassVar[str] = "altbeacon"
    company: int
    code: str
    power_1m_dbm: int
    reserved: int


@dataclass(frozen=True, slots=True)
class EddystoneUid:
    """A fixed id: 10 bytes of namespace, 6 of instance, in hex."""

    kind: ClassVar[str] = "eddystone_uid"
    namespace: str
    instance: str
    power_1m_dbm: int


@dataclass(frozen=True, slots=True)
class EddystoneUrl:
    """A web address."""

    kind: ClassVar[str] = "eddystone_url"
    url: str
    power_1m_dbm: int


@dataclass(frozen=True, slots=True)
class EddystoneTlm:
    """How the beacon itself is doing; it names no beacon. None = not supported.

    `encrypted` telemetry (version 1) tells nothing without the beacon's key.
    """

    kind: ClassVar[str] = "eddystone_tlm"
    voltage_mv: int | None = None
    temperature_c: float | None = None
    advertisements: int | None = None
    uptime_s: float | None = None
    encrypted: bool = False


@dataclass(frozen=True, slots=True)
class EddystoneEid:
    """An id that changes; only who holds the key knows whose it is. 8 bytes in hex."""

    kind: ClassVar[str] = "eddystone_eid"
    eid: str
    power_1m_dbm: int


@dataclass(frozen=True, slots=True)
class NoBeacon:
    """An advertisement of something else."""

    kind: ClassVar[str] = "none"


@dataclass(frozen=True, slots=True)
class Malformed:
    """It claims to be a beacon, but its bytes do not hold that."""

    kind: ClassVar[str] = "malformed"
    reason: str


Frame = (
    IBeacon
    | AltBeacon
    | EddystoneUid
    | EddystoneUrl
    | EddystoneTlm
    | EddystoneEid
    | NoBeacon
    | Malformed
)
