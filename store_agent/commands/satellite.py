"""`store-agent satellite`: a second box in the shop that only listens.

Its sightings go to the store box once a second; while that is away they wait on disk.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import ssl
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Literal, Protocol

import httpx
import orjson
import structlog
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from geofences.beacons.model import Sighting
from geofences.scanner.radio import OnSighting, Radio, RadioSettings
from geofences.spool import Spool
from geofences.thinning import Thinning
from store_agent.clock import Clock, SystemClock
from store_agent.commands.run import configure_logs, run_loop
from store_agent.domain.errors import InvalidInput

PATH = "/api/v1/sightings"
BATCH = 200  # sightings: below the door's 64 KiB also with long adverts
ROUND_S = 1.0
DEADLINE_S = 5.0
PER_ROUND = 20  # spooled batches sent in one round after an outage
MAX_BACKOFF_S = 30.0
log = structlog.get_logger(__name__)


class SatelliteSettings(BaseModel):
    """The satellite's own TOML file."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    url: str = Field(pattern=r"^https?://", description="the store box")
    token: str = Field(min_length=8, repr=False, description="a token of audience satellite")
    ca: Path | None = Field(None, description="the store's own CA, from /ca.crt")
    radio: str = Field(min_length=1, max_length=64, description="as in [[presence.radios]]")
    adapter: str = "hci0"
    mode: Literal["active", "passive"] = "active"
    duplicate_data: bool = False
    spool: Path = Path("/var/lib/store-agent-satellite")
    spool_mib: int = Field(64, ge=1)
    keep_minutes: int = Field(60, ge=1, description="older sightings place nobody")


class Listening(Protocol):
    """A radio, or its twin in tests."""

    async def run(self, on_sighting: OnSighting) -> None:
        """Listen until cancelled."""


def load(path: Path) -> SatelliteSettings:
    """Read the file; raises InvalidInput that names the field."""
    try:
        return SatelliteSettings(**tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise InvalidInput(
            f"cannot read {path}: {error.strerror}", hint="Check --config."
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{path} is not valid TOML: {error}", hint="Mend that line.") from error
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise InvalidInput(
            f"setting {field}: {first['msg']}", hint="See docs/radios.md.", field=field
        ) from error


def run(settings: SatelliteSettings) -> None:
    """Run until SIGTERM or Ctrl-C."""
    configure_logs()
    clock = SystemClock()
    radio = Radio(
        settings.radio,
        RadioSettings(settings.adapter, settings.mode, settings.duplicate_data),
        clock.now,
        clock.monotonic,
    )
    run_loop(until_told(Satellite(settings, radio, clock)))


async def until_told(satellite: Satellite) -> None:
    """Run until SIGTERM or SIGINT; what was heard last is put aside."""
    work = asyncio.ensure_future(satellite.run())
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, work.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await work


class Satellite:
    """Listens, thins out, sends."""

    def __init__(self, settings: SatelliteSettings, radio: Listening, clock: Clock) -> None:
        """Nothing runs yet."""
        self._settings = settings
        self._radio = radio
        self._clock = clock
        self._spool = Spool(
            settings.spool, settings.spool_mib * 1024**2, settings.keep_minutes * 60.0
        )
        self._thinning = Thinning()
        self._heard: list[Sighting] = []
        self._wait_until = 0.0
        self._failures = 0
        self._jitter = Random()  # noqa: S311  not a secret

    async def run(self) -> None:
        """Until cancelled; what was heard and not sent stays in the spool."""
        verify: ssl.SSLContext | bool = True
        if self._settings.ca is not None:
            verify = ssl.create_default_context(cafile=str(self._settings.ca))
        headers = {"Authorization": f"Bearer {self._settings.token}"}
        async with httpx.AsyncClient(
            base_url=self._settings.url, headers=headers, verify=verify, timeout=DEADLINE_S
        ) as client:
            try:
                async with asyncio.TaskGroup() as group:
                    group.create_task(self._radio.run(self._hear))
                    group.create_task(self._sending(client))
            finally:
                self._put_aside()

    def _hear(self, sighting: Sighting) -> None:
        if sighting.advert and self._thinning.passes(sighting):
            self._heard.append(sighting)
            if len(self._heard) >= BATCH:
                self._put_aside()

    async def _sending(self, client: httpx.AsyncClient) -> None:
        while True:
            await asyncio.sleep(ROUND_S)
            self._put_aside()
            if self._clock.monotonic() >= self._wait_until:
                await self._send_some(client)

    async def _send_some(self, client: httpx.AsyncClient) -> None:
        for _ in range(PER_ROUND):
            waiting = self._spool.oldest(self._clock.now().timestamp())
            if waiting is None:
                return
            path, batch = waiting
            if not await self._sent(client, batch):
                return
            self._spool.done(path)

    async def _sent(self, client: httpx.AsyncClient, batch: bytes) -> bool:
        """Whether to forget this batch: it was taken, or will never be."""
        try:
            answer = await client.post(
                PATH, content=batch, headers={"Content-Type": "application/json"}
            )
        except httpx.HTTPError as error:
            return self._failed(type(error).__name__)
        if answer.is_success:
            self._failures = 0
            return True
        if answer.status_code in {400, 413, 422}:
            log.warning("the store box refused a batch", status=answer.status_code)
            return True
        return self._failed(f"status {answer.status_code}")

    def _failed(self, reason: str) -> bool:
        self._failures += 1
        pause_s = min(MAX_BACKOFF_S, 2.0 ** min(self._failures, 5)) * self._jitter.uniform(0.5, 1)
        self._wait_until = self._clock.monotonic() + pause_s
        if self._failures == 1:
            log.warning("the store box is away", reason=reason)
        return False

    def _put_aside(self) -> None:
        """Everything heard goes through the spool: a crash loses a second at most."""
        if not self._heard:
            return
        heard, self._heard = self._heard, []
        batch = orjson.dumps([_document(one) for one in heard], option=orjson.OPT_UTC_Z)
        self._spool.put(batch, self._clock.now().timestamp())


def _document(one: Sighting) -> dict[str, object]:
    return {
        "radio": one.radio,
        "address": one.address,
        "rssi_dbm": one.rssi_dbm,
        "advert": one.advert.hex(),
        "seen_at": datetime.fromtimestamp(one.at, UTC),
    }
