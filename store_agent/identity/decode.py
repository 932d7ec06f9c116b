"""What `store-agent decode pass` prints: one scanned line explained, without a running agent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from pydantic import TypeAdapter, ValidationError

from store_agent.domain.catalog import SigningKey, WalletPass
from store_agent.domain.errors import InvalidInput
from store_agent.domain.scan import OnceCode, ScanKind, ScanReason
from store_agent.identity.message import ScannedText, normalise
from store_agent.identity.resolve import PassBook, resolve
from store_agent.identity.rotating import anchor
from store_agent.identity.signed import take_apart
from store_agent.identity.symbology import read_product


@dataclass(frozen=True, slots=True)
class PassDocument:
    """The JSON file a `FileBook` is read from: both lists may be missing."""

    passes: tuple[WalletPass, ...] = ()
    signing_keys: tuple[SigningKey, ...] = ()


@dataclass(frozen=True, slots=True)
class FileBook:
    """A pass map from a file, or an empty one. It remembers nothing: no code counts as used."""

    document: PassDocument = field(default_factory=PassDocument)

    @classmethod
    def from_json(cls, text: str | bytes) -> FileBook:
        """Read `{"passes": [...], "signing_keys": [...]}`; InvalidInput names the first fault."""
        try:
            return cls(TypeAdapter(PassDocument).validate_json(text))
        except ValidationError as error:
            fault = error.errors(include_input=False, include_url=False)[0]
            where = ".".join(str(step) for step in fault["loc"])
            raise InvalidInput(
                f"the pass file is not usable: {where or 'document'}: {fault['msg']}",
                hint='Expected {"passes": [...], "signing_keys": [...]}, see docs/passes.md.',
                field=where or None,
            ) from error

    def by_message(self, message: str) -> WalletPass | None:
        """The first pass with exactly this message."""
        return next((p for p in self.document.passes if p.message == message), None)

    def by_id(self, pass_id: str) -> WalletPass | None:
        """The first pass with this id."""
        return next((p for p in self.document.passes if p.id == pass_id), None)

    def rotating_for(self, data: str) -> Sequence[WalletPass]:
        """All passes whose anchor stands in `data`."""
        return [
            wallet_pass
            for wallet_pass in self.document.passes
            if (rotation := wallet_pass.rotation) is not None
            and anchor(rotation.pattern, rotation.fields).fits(data)
        ]

    def signing_key(self, key_id: str) -> SigningKey | None:
        """The first key with this id."""
        return next((k for k in self.document.signing_keys if k.id == key_id), None)

    def is_used(self, code: OnceCode) -> bool:
        """Always False, whatever the `code`."""
        del code
        return False


def decode_pass_line(
    line: str, book: PassBook, now: datetime, *, clock_trusted: bool = True
) -> dict[str, object]:
    """Explain one scanned line as a JSON object.

    Always `kind`, `reason`, `symbology`, `pass_id`, `customer_id` (None where there is none); a
    signed message adds `key_id`, `expires_at` and `claimed` (what it says, believed or not), GS1
    data adds `gtin`, `sscc` and `elements`.
    """
    resolution = resolve(line, None, book, now, clock_trusted)
    scanned = normalise(line, None)
    explained: dict[str, object] = {
        "kind": resolution.kind.value,
        "reason": resolution.reason.value if resolution.reason else None,
        "symbology": None if isinstance(scanned, ScanReason) else scanned.symbology,
        "pass_id": resolution.pass_id,
        "customer_id": resolution.customer_id,
    }
    if isinstance(scanned, ScannedText) and resolution.kind is ScanKind.SIGNED_PASS:
        explained |= _signed_details(scanned.text)
    elif isinstance(scanned, ScannedText) and resolution.kind is ScanKind.PRODUCT:
        explained |= _product_details(scanned)
    return explained


def _signed_details(text: str) -> dict[str, object]:
    token = take_apart(text)
    if token is None:
        return {}
    claims = token.claims
    return {
        "key_id": claims.key_id,
        "expires_at": claims.expires_at.isoformat().replace("+00:00", "Z"),
        "claimed": {"pass_id": claims.pass_id, "customer_id": claims.customer_id},
    }


def _product_details(scanned: ScannedText) -> dict[str, object]:
    product = read_product(scanned.text, scanned.symbology)
    if product is None:
        return {"gtin": None, "sscc": None, "elements": []}
    elements = [{"ai": ai, "value": value} for ai, value in product.elements]
    return {"gtin": product.gtin, "sscc": product.sscc, "elements": elements}
