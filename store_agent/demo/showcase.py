"""What demo.json hands to whoever scripts against the demo: passes, codes, tags and phones."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import TypeAdapter

from store_agent.demo import beacons, shop, wallet
from store_agent.demo.people import People
from store_agent.demo.transmitters import ShownCarrier, read_beacon, shown
from store_agent.domain.catalog import Rotation, WalletPass
from store_agent.domain.customer import Customer
from store_agent.domain.naming import why_unnamed
from store_agent.identity import signed
from store_agent.presence.people import standing

STATIC, SIGNED = "static", "signed"
FINE_KINDS = frozenset({STATIC, SIGNED})
MAX_PASSES = 200
MAX_ROTATING = 60
_SHOWN_CUSTOMERS = (
    beacons.CARRIERS_AMONG
)  # two rounds of the cast: every kind of trouble is among them
# Reusable messages outlive the demo; a signed one has to end some day.
SIGNED_UNTIL = datetime(2045, 1, 1, tzinfo=UTC)

_ALWAYS = ("customer_id", "beacon_id", "kind", "power_1m_dbm")
_FIELDS_OF_KIND = {
    "ibeacon": ("uuid", "major", "minor"),
    "eddystone_uid": ("namespace", "instance"),
    "eddystone_eid": ("key", "exponent", "clock_offset_s"),
    "irk": ("key",),
}

_read_customer = TypeAdapter(Customer).validate_python
_read_pass = TypeAdapter(WalletPass).validate_python


@dataclass(frozen=True, slots=True)
class ShownPass:
    """One entry of demo.json `passes`.

    `kind` static or signed: scanning `data` names `customer_id`, any number of times. Every other
    kind says what is special: the pass ("voided", "expired"), the consent ("no_consent") or the
    person ("do_not_approach", "colleague", ...).
    """

    customer_id: str
    data: str
    kind: str


@dataclass(frozen=True, slots=True)
class ShownRotation:
    """One entry of demo.json `rotating`; `key` is hexadecimal, codes have `value_length` digits."""

    customer_id: str
    pattern: str
    key: str
    period_ms: int
    value_length: int


@dataclass(frozen=True, slots=True)
class Showcase:
    """Passes, those that name somebody first, and rotating passes of consenting customers.

    `carriers` have a tag, whether they agreed to be noticed or not; `phones` are customers who did
    agree, `pickups` those of them for whom an order is ready.
    """

    passes: tuple[ShownPass, ...]
    rotating: tuple[ShownRotation, ...]
    carriers: tuple[ShownCarrier, ...]
    phones: tuple[str, ...]
    pickups: tuple[str, ...]

    def as_json(self) -> dict[str, list[Any]]:
        """The lists as demo.json holds them."""
        return {
            "passes": [asdict(entry) for entry in self.passes],
            "rotating": [asdict(entry) for entry in self.rotating],
            "carriers": [_without_blanks(entry) for entry in self.carriers],
            "phones": list(self.phones),
            "pickups": list(self.pickups),
        }


def showcase(seed: int, customers: int, now: datetime) -> Showcase:
    """What demo.json shows of a shop seeded with the same arguments.

    The first 20 passes are static or signed, name a customer who agreed, and belong to the 20
    owners of exactly one voucher for any basket from 50 EUR.
    """
    people = People(seed, shop.calendar(now))
    issuer = wallet.signing_key(seed)
    passes: list[ShownPass] = []
    rotating: list[ShownRotation] = []
    walkers = _Walkers()
    for index in range(min(customers, _SHOWN_CUSTOMERS)):
        entry = people.file(index)
        customer = _read_customer(entry.customer)
        walkers.add(customer, beacons.carried(seed, index, entry.customer))
        for wallet_pass in map(_read_pass, entry.passes):
            kind = _kind(customer, wallet_pass, now)
            if wallet_pass.rotation is None:
                data = wallet_pass.message or _message(wallet_pass, issuer)
                passes.append(ShownPass(customer.id, data, kind))
            elif kind in FINE_KINDS:
                rotating.append(_rotation(customer.id, wallet_pass.rotation))
    passes.sort(key=lambda entry: entry.kind not in FINE_KINDS)
    fine = [entry for entry in passes if entry.kind in FINE_KINDS][: MAX_PASSES // 2]
    troubled = [entry for entry in passes if entry.kind not in FINE_KINDS][: MAX_PASSES // 2]
    return Showcase(
        (*fine, *troubled),
        tuple(rotating[:MAX_ROTATING]),
        tuple(walkers.carriers),
        tuple(walkers.phones),
        tuple(walkers.pickups),
    )


@dataclass(slots=True)
class _Walkers:
    """Who may walk through the shop, as they are found."""

    carriers: list[ShownCarrier] = field(default_factory=list)
    phones: list[str] = field(default_factory=list)
    pickups: list[str] = field(default_factory=list)

    def add(self, customer: Customer, beacon: dict[str, Any] | None) -> None:
        if beacon is not None:
            self.carriers.append(shown(read_beacon(beacon)))
        if not standing(customer).noticed:
            return
        self.phones.append(customer.id)
        if any(order.kind == "pickup" and order.ready_since for order in customer.open_orders):
            self.pickups.append(customer.id)


def _without_blanks(carrier: ShownCarrier) -> dict[str, Any]:
    """Only what counts for its kind."""
    counts = {*_ALWAYS, *_FIELDS_OF_KIND[carrier.kind]}
    return {name: value for name, value in asdict(carrier).items() if name in counts}


def _kind(customer: Customer, wallet_pass: WalletPass, now: datetime) -> str:
    if wallet_pass.voided:
        return "voided"
    if wallet_pass.valid_until is not None and wallet_pass.valid_until <= now:
        return "expired"
    if wallet_pass.valid_from is not None and wallet_pass.valid_from > now:
        return "not_yet_valid"
    unnamed = why_unnamed(customer)
    if unnamed is not None:
        return unnamed.value
    if customer.states:
        return customer.states[0].value
    return SIGNED if wallet_pass.message is None else STATIC


def _message(wallet_pass: WalletPass, issuer: Ed25519PrivateKey) -> str:
    claims = signed.PassClaims(
        key_id=wallet.SIGNING_KEY_ID,
        pass_id=wallet_pass.id,
        customer_id=wallet_pass.customer_id,
        expires_at=SIGNED_UNTIL,
    )
    return signed.issue(claims, issuer)


def _rotation(customer_id: str, rotation: Rotation) -> ShownRotation:
    totp = rotation.fields[0]
    return ShownRotation(
        customer_id, rotation.pattern, totp.key, rotation.period_ms, totp.value_length
    )
