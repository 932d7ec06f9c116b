"""Who is this? One scanned text, the pass map and the time in; a customer or the reason why not.

The order is part of the contract (docs/passes.md): signed message, exact static message, rotating
code, GS1 data, unknown. `resolve` never raises on any text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from store_agent.domain.catalog import SigningKey, WalletPass
from store_agent.domain.errors import InvalidInput
from store_agent.domain.scan import OnceCode, Resolution, ScanKind, ScanReason
from store_agent.identity.instants import as_utc
from store_agent.identity.message import ScannedText, candidates, is_encodable, normalise
from store_agent.identity.rotating import generator, verify
from store_agent.identity.signed import authenticate, looks_signed, time_refusal
from store_agent.identity.symbology import is_product

# When no rotating pass accepts a code and several could: the most telling reason is given.
_MOST_TELLING_FIRST = (
    ScanReason.REPLAYED,
    ScanReason.VOIDED,
    ScanReason.EXPIRED,
    ScanReason.NOT_YET_VALID,
    ScanReason.OUTSIDE_WINDOW,
    ScanReason.CLOCK_UNTRUSTED,
    ScanReason.WRONG_CODE,
)


class PassBook(Protocol):
    """The look-ups `resolve` needs. Every text it passes on is encodable as UTF-8."""

    def by_message(self, message: str) -> WalletPass | None:
        """The pass whose static message is exactly `message`."""

    def by_id(self, pass_id: str) -> WalletPass | None:
        """The pass with this id."""

    def rotating_for(self, data: str) -> Sequence[WalletPass]:
        """All passes whose rotation pattern `data` may be a code of."""

    def signing_key(self, key_id: str) -> SigningKey | None:
        """The public key with this id."""

    def is_used(self, code: OnceCode) -> bool:
        """True when this window's code of this pass was accepted before."""


@dataclass(frozen=True, slots=True)
class Moment:
    """The time to judge by; an untrusted clock judges nothing that depends on time."""

    now: datetime
    is_trusted: bool


def resolve(  # noqa: PLR0913  the argument list is the contract
    data: str,
    symbology: str | None,
    book: PassBook,
    now: datetime,
    clock_trusted: bool,
    *,
    gs_replacement: str = "",
) -> Resolution:
    """Find whose pass `data` is. `symbology`: AIM identifier with or without "]", if known."""
    scanned = normalise(data, symbology)
    if isinstance(scanned, ScanReason):
        return Resolution(ScanKind.UNKNOWN, reason=scanned)
    moment = Moment(as_utc(now), clock_trusted)
    return (
        _signed(scanned, book, moment)
        or _static(scanned, book, moment)
        or _rotating(scanned, book, moment)
        or _no_pass(scanned, gs_replacement)
    )


def _signed(scanned: ScannedText, book: PassBook, moment: Moment) -> Resolution | None:
    """Judge a signed message; the pass map, where it knows the pass, has the last word."""
    if not looks_signed(scanned.text):
        return None
    checked = authenticate(scanned.text, book.signing_key)
    if isinstance(checked, ScanReason):
        # A static message that merely starts alike is still a static message.
        by_accident = _static(scanned, book, moment) if checked is ScanReason.MALFORMED else None
        return by_accident or Resolution(ScanKind.SIGNED_PASS, reason=checked)
    claims, key = checked
    known = book.by_id(claims.pass_id)
    reason = _refusal(known, moment) if known else None
    if reason is None:
        reason = (
            time_refusal(claims, key, moment.now)
            if moment.is_trusted
            else ScanReason.CLOCK_UNTRUSTED
        )
    owner = known.customer_id if known else claims.customer_id
    return _resolution(ScanKind.SIGNED_PASS, claims.pass_id, owner, reason)


def _static(scanned: ScannedText, book: PassBook, moment: Moment) -> Resolution | None:
    """Look for the exact message; AMBIGUOUS when its misreadings fit more than one pass."""
    found: WalletPass | None = None
    for text in candidates(scanned):
        wallet_pass = book.by_message(text)
        if wallet_pass is None or (found is not None and wallet_pass.id == found.id):
            continue
        if found is not None:
            return Resolution(ScanKind.STATIC_PASS, reason=ScanReason.AMBIGUOUS)
        found = wallet_pass
    if found is None:
        return None
    reason = _refusal(found, moment)
    return _resolution(ScanKind.STATIC_PASS, found.id, found.customer_id, reason)


def _rotating(scanned: ScannedText, book: PassBook, moment: Moment) -> Resolution | None:
    """Judge a one-time code by every pass whose pattern it fits."""
    if not is_encodable(scanned.text):
        return None
    judged = [
        resolution
        for wallet_pass in book.rotating_for(scanned.text)
        if (resolution := _judge_code(wallet_pass, scanned.text, book, moment)) is not None
    ]
    accepted = [resolution for resolution in judged if resolution.reason is None]
    if len(accepted) > 1:
        return Resolution(ScanKind.ROTATING_PASS, reason=ScanReason.AMBIGUOUS)
    return accepted[0] if accepted else min(judged, key=_telling, default=None)


def _judge_code(
    wallet_pass: WalletPass, data: str, book: PassBook, moment: Moment
) -> Resolution | None:
    """Judge `data` by one pass; None when it does not fit its pattern."""
    if wallet_pass.rotation is None:
        return None
    try:
        source = generator(wallet_pass.rotation)
    except InvalidInput:  # an unusable rotation recognises nothing; the feed reports such passes
        return None
    code = source.read(data)
    if code is None:
        return None
    if not moment.is_trusted:
        reason = _refusal(wallet_pass, moment) or ScanReason.CLOCK_UNTRUSTED
        return _resolution(ScanKind.ROTATING_PASS, wallet_pass.id, "", reason)
    counter = verify(source, code, moment.now)
    if isinstance(counter, ScanReason):
        return _resolution(ScanKind.ROTATING_PASS, wallet_pass.id, "", counter)
    once = OnceCode(wallet_pass.id, counter)
    refusal = _refusal(wallet_pass, moment)
    if refusal is None and book.is_used(once):
        refusal = ScanReason.REPLAYED
    owner = wallet_pass.customer_id
    return _resolution(ScanKind.ROTATING_PASS, wallet_pass.id, owner, refusal, once)


def _no_pass(scanned: ScannedText, gs_replacement: str) -> Resolution:
    if is_product(scanned.text, scanned.symbology, gs_replacement):
        return Resolution(ScanKind.PRODUCT, reason=ScanReason.NOT_A_PASS)
    return Resolution(ScanKind.UNKNOWN, reason=ScanReason.UNKNOWN_PASS)


def _refusal(wallet_pass: WalletPass, moment: Moment) -> ScanReason | None:
    """What the pass map says against this pass. Dates count only while the time is known."""
    if wallet_pass.voided:
        return ScanReason.VOIDED
    if not moment.is_trusted:
        return None
    if wallet_pass.valid_from is not None and moment.now < as_utc(wallet_pass.valid_from):
        return ScanReason.NOT_YET_VALID
    if wallet_pass.valid_until is not None and moment.now >= as_utc(wallet_pass.valid_until):
        return ScanReason.EXPIRED
    return None


def _resolution(
    kind: ScanKind,
    pass_id: str,
    customer_id: str,
    reason: ScanReason | None,
    once: OnceCode | None = None,
) -> Resolution:
    """A customer, or a reason: never both."""
    if reason is not None:
        return Resolution(kind, pass_id=pass_id, reason=reason)
    return Resolution(kind, customer_id=customer_id, pass_id=pass_id, once=once)


def _telling(resolution: Resolution) -> int:
    return _MOST_TELLING_FIRST.index(resolution.reason) if resolution.reason else 0
