"""Tablets and the people at them: pairing, PINs, sessions. Tokens and PINs are kept as hashes."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

from kiosk_ui.errors import LoginReason, LoginRefused, PairingRefused, ShopUnavailable
from kiosk_ui.model import Device, Role, StaffChoice, Viewer
from store_agent.clock import Clock
from store_agent.domain.catalog import StaffMember
from store_agent.domain.errors import Unavailable
from store_agent.domain.ids import new_id
from store_agent.storage import (
    Connection,
    Storage,
    View,
    catalog,
    devices,
    sessions,
    staff_pins,
    turned,
)

TOKEN_BYTES = 32  # 256 random bits for device and session tokens
# WCAG 2.2.1: a session limit beyond 20 hours needs no warning; it still ends every night.
SESSION = timedelta(hours=21)
MAX_PIN_FAILURES = 5
PIN_LOCK = timedelta(minutes=5)
MAX_PAIRING_FAILURES = 5  # per PAIRING_LOCK, for the whole shop
PAIRING_LOCK = timedelta(minutes=5)
MAX_NAME_CHARS = 40
# OWASP's minimum for argon2id; one at a time, so a burst of logins costs 19 MiB once.
HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


@dataclass(slots=True)
class _Failures:
    count: int = 0
    since: datetime | None = None


class TabletAccess:
    """Implements `kiosk_ui.ports.Access`."""

    def __init__(self, storage: Storage, clock: Clock, pairing_code: str) -> None:
        """`pairing_code` is shown to whoever sets up the shop's tablets."""
        self._storage = storage
        self._clock = clock
        self._pairing_code = pairing_code
        self._hashing = asyncio.Lock()
        self._pairing = _Failures()

    async def pair(self, code: str, name: str) -> str:
        """A device token for the right code; PairingRefused otherwise."""
        now = self._clock.now()
        if self._pairing.since is not None and now - self._pairing.since > PAIRING_LOCK:
            self._pairing = _Failures()
        if self._pairing.count >= MAX_PAIRING_FAILURES:
            raise PairingRefused("too many attempts", hint="Wait five minutes.")
        if not hmac.compare_digest(code.strip().upper().encode(), self._pairing_code.encode()):
            self._pairing.count += 1
            self._pairing.since = self._pairing.since or now
            raise PairingRefused("wrong code", hint="The agent printed the code when it started.")
        token = secrets.token_urlsafe(TOKEN_BYTES)
        device = devices.Device(
            id=new_id(),
            name=name.strip()[:MAX_NAME_CHARS] or "Tablet",
            paired_at=now,
            last_seen_at=now,
            revoked_at=None,
        )
        await self._write(lambda tx: devices.add(tx, device, _hash(token)))
        return token

    async def staff_choices(self, device: Device) -> tuple[StaffChoice, ...]:
        """Everybody who may log in, by name."""
        staff = await self._storage.read(lambda view: catalog.staff(view.cache))
        return tuple(
            StaffChoice(member.id, member.name, Role(member.role))
            for member in sorted(staff, key=lambda m: m.name)
        )

    async def login(self, device: Device, staff_id: str, pin: str) -> str:
        """A session token for the right PIN; LoginRefused otherwise."""
        now = self._clock.now()
        stored = await self._storage.read(lambda view: staff_pins.get(view.ledger, staff_id))
        if stored is None:
            raise LoginRefused(LoginReason.NO_PIN)
        if stored.locked_until is not None and stored.locked_until > now:
            raise LoginRefused(LoginReason.LOCKED, until=stored.locked_until)
        if not await self._verify(stored.hash, pin):
            await self._note_failure(staff_id, stored.failures + 1, now)
        token = secrets.token_urlsafe(TOKEN_BYTES)

        def record(tx: Connection) -> None:
            staff_pins.note_success(tx, staff_id)
            sessions.end_for_device(tx, device.id)
            sessions.start(tx, _hash(token), device.id, staff_id, now, now + SESSION)

        await self._write(record)
        return token

    async def _note_failure(self, staff_id: str, failures: int, now: datetime) -> None:
        until = now + PIN_LOCK if failures >= MAX_PIN_FAILURES else None
        await self._write(lambda tx: staff_pins.note_failure(tx, staff_id, until))
        if until is not None:
            raise LoginRefused(LoginReason.LOCKED, until=until)
        raise LoginRefused(LoginReason.WRONG_PIN)

    async def lock(self, device: Device, session_token: str) -> None:
        """End the session."""
        await self._write(lambda tx: sessions.end(tx, _hash(session_token)))

    async def device(self, device_token: str) -> Device | None:
        """The paired tablet behind a cookie."""
        found = await self._storage.read(
            lambda view: devices.by_cookie(view.ledger, _hash(device_token))
        )
        if found is None or found.revoked_at is not None:
            return None
        return Device(found.id, found.name)

    async def is_turned(self, device: Device) -> bool:
        """Whether a customer has this tablet, or had it and nobody has turned it back yet."""
        found = await self._storage.read(lambda view: turned.get(view.ledger, device.id))
        return found is not None

    async def viewer(self, device: Device, session_token: str, language: str) -> Viewer | None:
        """Who is logged in at this tablet now."""
        now = self._clock.now()

        def read(view: View) -> StaffMember | None:
            session = sessions.find(view.ledger, _hash(session_token))
            if session is None or session.device_id != device.id or session.expires_at <= now:
                return None
            return next(
                (m for m in catalog.staff(view.cache) if m.id == session.staff_id),
                StaffMember(session.staff_id, session.staff_id, Role.ASSOCIATE),
            )

        member = await self._storage.read(read)
        if member is None:
            return None
        return Viewer(device.id, device.name, member.id, member.name, Role(member.role), language)

    async def set_pin(self, staff_id: str, pin: str) -> None:
        """Set or replace somebody's PIN."""
        async with self._hashing:
            hashed = await asyncio.to_thread(HASHER.hash, pin)
        now = self._clock.now()
        await self._write(lambda tx: staff_pins.set_pin(tx, staff_id, hashed, now))

    async def has_pin(self, staff_id: str) -> bool:
        """Whether somebody can log in at all."""
        found = await self._storage.read(lambda view: staff_pins.get(view.ledger, staff_id))
        return found is not None

    async def _verify(self, hashed: str, pin: str) -> bool:
        async with self._hashing:
            try:
                return await asyncio.to_thread(HASHER.verify, hashed, pin)
            except VerifyMismatchError:
                return False

    async def _write(self, record: Callable[[Connection], object]) -> None:
        try:
            await self._storage.write(record)
        except Unavailable as error:
            raise ShopUnavailable(str(error), retry_after_s=error.retry_after_s) from error


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
