"""Settings of one agent: one TOML file, overridable by environment (`STORE_AGENT_...`).

Every field is documented here and in docs/configuration.md; a test keeps the two together.
"""

from __future__ import annotations

import tomllib
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from geofences.beacons.tracker import DEFAULTS, with_override
from store_agent.domain.errors import InvalidInput
from store_agent.domain.hours import Hours
from sync.transports.settings import FeedSettings, TransportSettings

Port = Annotated[int, Field(ge=0, le=65535)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Audience(StrEnum):
    """Who a door is for. A token bears one of the machine audiences."""

    TILL = "till"
    RELAY = "relay"
    SATELLITE = "satellite"
    DISPLAY = "display"
    MONITOR = "monitor"
    ADMIN = "admin"
    DEVICE = "device"  # a paired tablet, nobody logged in
    STAFF = "staff"  # a paired tablet with an associate or manager
    TURNED = "turned"  # a paired tablet in the hands of a customer
    PUBLIC = "public"


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class StoreSettings(_Section):
    """Which shop this is."""

    id: str = Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._-]+$")
    name: str = "Store"
    zone: str = Field("Europe/Berlin", description="IANA time zone of the shop")
    language: Literal["de", "en"] = "de"
    currency: str = Field("EUR", pattern=r"^[A-Z]{3}$")
    lanes: tuple[str, ...] = Field((), description="lanes and tills that may scan")

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f"{value!r} is not an IANA time zone") from error
        return value


class HttpSettings(_Section):
    """Where the agent listens. Plain HTTP is for this box only; tablets speak HTTPS."""

    port: Port = Field(8080, description="plain HTTP, always on 127.0.0.1")
    lan_host: str = Field("127.0.0.1", description="address of the HTTPS listener")
    lan_port: Port = Field(8443, description="HTTPS under the store's own CA")
    names: tuple[str, ...] = Field((), description="further DNS names or IPs tablets use")


class TokenSettings(_Section):
    """A machine client: the SHA-256 of its token, what it may do, and which till it is."""

    audience: Audience
    sha256: Sha256
    name: str = ""

    @field_validator("audience")
    @classmethod
    def _machine(cls, value: Audience) -> Audience:
        if value in {Audience.DEVICE, Audience.STAFF, Audience.TURNED, Audience.PUBLIC}:
            raise ValueError("a token can only be till, relay, satellite, display, monitor, admin")
        return value


class PlatformSettings(_Section):
    """The central platform."""

    url: str = Field(pattern=r"^https?://")
    token: str = Field(min_length=8, repr=False)
    reconnect_window_s: float = Field(
        300.0, ge=0, description="until the platform announces its own"
    )


class SerialReaderSettings(_Section):
    """A barcode scanner in serial mode."""

    lane: str
    path: Path
    baud: int = 9600
    prefix: str = ""


class HidReaderSettings(_Section):
    """A barcode scanner that types (HID keyboard wedge), grabbed exclusively."""

    lane: str
    path: Path = Field(description="below /dev/input/by-id")
    layout: Literal["us", "de"] = "us"


class ReaderSettings(_Section):
    """The scanners on this box."""

    serial: tuple[SerialReaderSettings, ...] = ()
    hid: tuple[HidReaderSettings, ...] = ()


class TabletSettings(_Section):
    """The paired tablets."""

    pairing_code: str | None = Field(
        None,
        pattern=r"^[A-Z0-9-]{6,32}$",
        repr=False,
        description="absent: a new one at each start, printed",
    )


class VisitSettings(_Section):
    """When a visit ends."""

    idle_minutes: int = Field(90, ge=1, description="no evidence for this long ends a visit")


class RadioSettings(_Section):
    """One radio that watches one zone."""

    name: str = Field(min_length=1, max_length=64, description="as it calls itself in sightings")
    zone: str = Field(min_length=1, description="id of the zone's fence")
    kind: Literal["local", "satellite", "espresense"] = "local"
    adapter: str = Field("hci0", description="local only: the Bluetooth adapter")
    mode: Literal["active", "passive"] = Field("active", description="local only: how it scans")
    duplicate_data: bool = Field(
        False, description="local only: ask BlueZ for repeats, where updates come too rarely"
    )


class MqttSettings(_Section):
    """The broker of the ESPresense nodes."""

    host: str
    port: Port = 1883
    username: str = ""
    password: str = Field("", repr=False)
    tls: bool = False


class AdviceSettings(_Section):
    """How staff look after customers."""

    contacts_in_30_days: int = Field(
        4, ge=1, description="so often at most is a customer rung or written to"
    )


class PresenceSettings(_Section):
    """Who may be noticed, when, and by which radios."""

    hours: tuple[str, ...] = Field(
        (), description='opening hours, e.g. "Mo-Sa 10:00-20:00"; none: never closed'
    )
    minimum_group: int = Field(
        10, ge=2, description="hours with fewer people are not counted for anybody to see"
    )
    claim_minutes: int = Field(20, ge=1, description='"I\'m with her" lets go by itself after this')
    owntracks_key: str = Field(
        "", repr=False, description="the app's encryption key; empty: it sends in clear"
    )
    radios: tuple[RadioSettings, ...] = ()
    mqtt: MqttSettings | None = Field(None, description="absent: no ESPresense nodes")
    tracker: dict[str, float] = Field({}, description="thresholds of the rooms, by name")

    @field_validator("hours")
    @classmethod
    def _readable_hours(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        Hours(value, ZoneInfo("UTC"))
        return value

    @field_validator("tracker")
    @classmethod
    def _known_thresholds(cls, value: dict[str, float]) -> dict[str, float]:
        settings = DEFAULTS
        for name, threshold in value.items():
            settings = with_override(settings, name, threshold)
        return value


class StorageOptions(_Section):
    """The data directory's files."""

    allow_unencrypted: bool = Field(False, description="accept a file without encryption")
    key_file: Path | None = Field(None, description="default: DATA/keys/db.key")
    ballast_mb: int = Field(32, ge=0, description="kept free for the day when the disk is full")
    max_ledger_mb: int | None = Field(None, ge=1, description="absent: as the disk allows")


class ClassCapSettings(_Section):
    """The most that may wait of one class of events."""

    max_mb: int | None = Field(None, ge=1)
    max_events: int | None = Field(None, ge=1)
    max_days: float | None = Field(None, gt=0)


class OutboxSettings(_Section):
    """What may wait for the platform and other receivers; see docs/sync.md."""

    max_mb: int = Field(2048, ge=1, description="of all classes together; rights are never dropped")
    min_free_mb: int = Field(256, ge=0, description="stays free for rights on the ledger's disk")
    records: ClassCapSettings = ClassCapSettings(max_mb=1024, max_days=180)
    presence: ClassCapSettings = ClassCapSettings(max_mb=128, max_days=7)


class _Environment(EnvSettingsSource):
    """`STORE_AGENT_TRANSPORTS__CRM__TOKEN` belongs to the transport named `crm`.

    So a secret need not stand in the file. Other lists come as one JSON value.
    """

    def __init__(self, settings_cls: type[BaseSettings], file: InitSettingsSource) -> None:
        super().__init__(settings_cls)
        self._file = file

    def __call__(self) -> dict[str, Any]:
        found = super().__call__()
        by_name = found.get("transports")
        if isinstance(by_name, dict):
            found["transports"] = _with_fields(self._file().get("transports"), by_name)
        return found


def _with_fields(rows: Any, by_name: dict[str, dict[str, Any]]) -> Any:
    """The file's rows with fields set by name; a name the file does not know is a row of its own.

    What is no list of tables is left for the settings to refuse.
    """
    if rows is not None and not isinstance(rows, list):
        return rows
    left = dict(by_name)
    merged = [
        _over(row, left.pop(row.get("name", ""), {})) if isinstance(row, dict) else row
        for row in rows or ()
    ]
    return merged + [{"name": name} | fields for name, fields in left.items()]


def _over(table: dict[str, Any], fields: dict[str, Any]) -> dict[str, Any]:
    """`table` with these fields set, also inside its own tables."""
    merged = dict(table)
    for name, value in fields.items():
        inner = table.get(name)
        if isinstance(inner, dict) and isinstance(value, dict):
            merged[name] = _over(inner, value)
        else:
            merged[name] = value
    return merged


class Settings(BaseSettings):
    """Everything the agent needs to know before it starts."""

    model_config = SettingsConfigDict(
        env_prefix="STORE_AGENT_", env_nested_delimiter="__", extra="forbid", frozen=True
    )

    data: Path = Field(Path("/var/lib/store-agent"), description="directory of ledger and cache")
    store: StoreSettings
    http: HttpSettings = HttpSettings()
    platform: PlatformSettings | None = Field(None, description="absent: the shop stands alone")
    transports: tuple[TransportSettings, ...] = Field((), description="more receivers of events")
    feed: FeedSettings | None = Field(None, description="absent: documents come from the platform")
    tokens: tuple[TokenSettings, ...] = ()
    readers: ReaderSettings = ReaderSettings()
    tablets: TabletSettings = TabletSettings()
    visits: VisitSettings = VisitSettings()
    advice: AdviceSettings = AdviceSettings()
    presence: PresenceSettings = PresenceSettings()
    storage: StorageOptions = StorageOptions()
    outbox: OutboxSettings = OutboxSettings()

    @property
    def key_path(self) -> Path:
        """Where the key of the files is."""
        return self.storage.key_file or self.data / "keys" / "db.key"

    @field_validator("transports")
    @classmethod
    def _own_names(cls, value: tuple[TransportSettings, ...]) -> tuple[TransportSettings, ...]:
        names = [transport.name for transport in value]
        doubled = sorted({name for name in names if names.count(name) > 1})
        if doubled:
            raise ValueError(f"two transports are called {doubled[0]!r}")
        return value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment wins over the file; nothing else is read."""
        assert isinstance(init_settings, InitSettingsSource)  # noqa: S101  what pydantic hands over
        return _Environment(settings_cls, init_settings), init_settings


def load(path: Path) -> Settings:
    """Read one TOML file; raises InvalidInput that names the field and what is wrong with it."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InvalidInput(
            f"cannot read {path}: {error.strerror}", hint="Check --config."
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{path} is not valid TOML: {error}", hint="Mend that line.") from error
    return parse(document)


def parse(document: dict[str, object]) -> Settings:
    """Turn a TOML document into settings; raises InvalidInput that names the field."""
    try:
        return Settings(**document)  # type: ignore[arg-type]  # checked by pydantic, field by field
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise InvalidInput(
            f"setting {field}: {first['msg']}", hint="See docs/configuration.md.", field=field
        ) from error
