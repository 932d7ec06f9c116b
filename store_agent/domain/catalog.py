"""What the platform tells the shop besides customers and offers: passes, products, staff, weather.

Each class is the shape of one feed collection's document; unknown fields are ignored on reading.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class TotpField:
    """One `{totp_value_n}` of a Google rotating barcode: hex key and digit count."""

    key: str
    value_length: int


@dataclass(frozen=True, slots=True)
class Rotation:
    """Google Wallet `rotatingBarcode`: pattern and TOTP details (RFC 6238, SHA-1)."""

    pattern: str
    period_ms: int
    fields: tuple[TotpField, ...]


@dataclass(frozen=True, slots=True)
class WalletPass:
    """One pass. `message` is the exact barcode text of a static pass; rotating ones have none."""

    id: str
    customer_id: str
    message: str | None = None
    rotation: Rotation | None = None
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    voided: bool = False


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A public Ed25519 key (base64url, 32 bytes) that signs pass messages of this brand."""

    id: str
    public_key: str
    valid_from: datetime | None = None
    valid_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class PurchaseLine:
    """One article of a purchase; a returned one has a negative quantity."""

    sku: str
    title: str
    quantity: int
    amount_minor: int
    category: str = ""
    size: str = ""


@dataclass(frozen=True, slots=True)
class Purchase:
    """One receipt or online order."""

    id: str
    customer_id: str
    at: datetime
    channel: str  # "store" | "online"
    place: str
    total_minor: int
    lines: tuple[PurchaseLine, ...]
    currency: str = "EUR"
    gift: bool = False


@dataclass(frozen=True, slots=True)
class Product:
    """An article the shop may sell."""

    sku: str
    title: str
    category: str
    price_minor: int
    currency: str = "EUR"
    sizes: tuple[str, ...] = ()
    colour: str = ""


@dataclass(frozen=True, slots=True)
class Stock:
    """How many of one article and size lie in one store. Key: `store/sku/size`."""

    store: str
    sku: str
    size: str
    quantity: int
    as_of: datetime


@dataclass(frozen=True, slots=True)
class Weather:
    """The weather at one store, key: store id; `conditions` e.g. "rain". Stale = no weather."""

    conditions: tuple[str, ...]
    as_of: datetime
    valid_until: datetime


@dataclass(frozen=True, slots=True)
class StaffMember:
    """Somebody who may use the tablet. PIN hashes are the shop's own and live in the ledger."""

    id: str
    name: str
    role: str  # "associate" | "manager"


class TransmitterKind(StrEnum):
    """How a beacon is recognised."""

    IBEACON = "ibeacon"
    ALTBEACON = "altbeacon"
    EDDYSTONE_UID = "eddystone_uid"
    EDDYSTONE_EID = "eddystone_eid"
    IRK = "irk"
    NODE = "node"  # the id under which radios in the shop report a device


@dataclass(frozen=True, slots=True)
class Transmitter:
    """A beacon a customer carries (`customer_id`) or one that is fixed in the shop (`zone`).

    Which fields count depends on `kind`; docs/beacons.md has the list.
    """

    id: str
    kind: TransmitterKind
    customer_id: str | None = None
    zone: str | None = None
    uuid: str = ""
    major: int | None = None
    minor: int | None = None
    code: str = ""
    namespace: str = ""
    instance: str = ""
    key: str = ""
    exponent: int = 0
    clock_offset_s: float = 0.0
    power_1m_dbm: int | None = None
    node: str = ""
