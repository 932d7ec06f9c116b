"""What a shop writes under `[[transports]]` with `kind = "emarsys"`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

API_URL = "https://api.emarsys.net"
TOKEN_URL = "https://auth.emarsys.net/oauth2/token"
SALES_URL = "https://admin.scarabresearch.com"
OPT_IN_FIELD = "31"
MAIL_CONSENT = "marketing.email"
NULL = "null"  # TOML has none: how the settings write an empty opt-in
REQUESTS_PER_MINUTE = 800  # of Emarsys' 1000 per API user, which are a soft ceiling

Text = Annotated[str, Field(min_length=1, max_length=200)]

# What a marketer expects without reading a manual: what happened in the shop, by its name.
EVENT_NAMES = {
    "store.scan.recorded": "store_scan",
    "store.visit.started": "store_visit_started",
    "store.zone.entered": "store_zone_entered",
    "store.zone.dwelled": "store_zone_dwelled",
    "store.sale.recorded": "store_sale",
    "store.redemption.recorded": "store_redeemed",
}


class Section(BaseModel):
    """A part of the settings file: nothing unknown, nothing changed later."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class ConsentField(Section):
    """The contact field that says whether a purpose is agreed to, and its two values there.

    The opt-in field (31) takes "1", "2" and "null" only. A custom field takes the id of a choice.
    """

    field: Text
    granted: Text = "1"
    withdrawn: Text = "2"

    @model_validator(mode="after")
    def _fits_opt_in(self) -> ConsentField:
        values = {self.granted, self.withdrawn}
        if self.field == OPT_IN_FIELD and not values <= {"1", "2", NULL}:
            raise ValueError('the opt-in field takes "1", "2" and "null" only')
        if len(values) != 2:
            raise ValueError("granted and withdrawn must differ")
        return self


class ProofFields(Section):
    """Custom contact fields, by name or id, that keep how a consent was given. Empty = not kept."""

    how: str = ""
    at: str = ""
    text_version: str = ""
    language: str = ""


class ProofTable(Section):
    """A table of the relational data service; its primary key must be `event_id`.

    Columns: event_id, customer, store, purpose, state, how, text_version, language, decided_at.
    """

    connection: Text
    table: Text


class ReturnsAs(StrEnum):
    """What becomes of articles that come back."""

    IGNORED = "ignored"
    NEGATIVE = "negative"  # lines with negative quantity and price


class SaleSource(StrEnum):
    """What a custom column of the sales data may hold."""

    STORE = "store"
    TILL = "till"
    RECEIPT = "receipt_number"
    CURRENCY = "currency"
    BUSINESS_DATE = "business_date"


REQUIRED_COLUMNS = ("item", "price", "order", "timestamp", "quantity")
WHO_COLUMNS = ("customer", "email")
CUSTOM_PREFIXES = ("s_", "i_", "f_", "d_", "t_", "msg_", "l_", "b_")


class SalesData(Section):
    """Where receipts go, and in which columns: in the order that was agreed at onboarding."""

    merchant_id: Text
    token: SecretStr
    url: str = SALES_URL
    columns: tuple[str, ...] = ("item", "price", "order", "timestamp", "customer", "quantity")
    custom: dict[str, SaleSource] = {}
    returns: ReturnsAs = ReturnsAs.IGNORED

    @field_validator("columns")
    @classmethod
    def _are_complete(cls, columns: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(columns)) != len(columns):
            raise ValueError("a column stands twice")
        if missing := [name for name in REQUIRED_COLUMNS if name not in columns]:
            raise ValueError(f"columns are missing: {', '.join(missing)}")
        if sum(name in columns for name in WHO_COLUMNS) != 1:
            raise ValueError("exactly one of customer and email must be there")
        return columns

    @model_validator(mode="after")
    def _knows_custom(self) -> SalesData:
        known = {*REQUIRED_COLUMNS, *WHO_COLUMNS}
        extra = [name for name in self.columns if name not in known]
        if set(extra) != set(self.custom):
            raise ValueError("`custom` must say what each further column holds, and no other")
        if bad := [name for name in extra if not name.startswith(CUSTOM_PREFIXES)]:
            raise ValueError(f"a custom column needs a type prefix such as s_: {bad[0]}")
        return self


class Unsubscribe(Section):
    """Whether withdrawals also go to `email/unsubscribe`, and the campaign they are booked on.

    Emarsys may insist on a launch and an e-mail; a shop that tells neither sends neither.
    """

    enabled: bool = True
    launch_id: int | None = None
    email_id: int | None = None


class Access(Section):
    """How to log in. `wsse` is the old way: it ends on 2026-12-31."""

    client_id: Text
    client_secret: SecretStr
    api_url: str = API_URL
    token_url: str = TOKEN_URL
    wsse: bool = False
    requests_per_minute: int = Field(REQUESTS_PER_MINUTE, ge=60, le=1000)

    @property
    def credentials(self) -> tuple[str, str]:
        """The id and the secret, to be sent and never shown."""
        return self.client_id, self.client_secret.get_secret_value()


class Settings(Access):
    """One account that hears of what happens in the shop.

    `key` is the field that holds the shop's customer id: "id", "uid", a field id or a field's name.
    `events` maps an event type to the external event's name or id; "" leaves a type out.
    """

    key: Text
    events: dict[str, str | int] = {}
    create_events: bool = False
    create_contacts: bool = False
    consents: dict[str, ConsentField] = {MAIL_CONSENT: ConsentField(field=OPT_IN_FIELD)}
    unsubscribe: Unsubscribe = Unsubscribe()
    proof: Literal["none", "fields", "table"] = "none"
    proof_fields: ProofFields = ProofFields()
    proof_table: ProofTable | None = None
    sales: SalesData | None = None

    @model_validator(mode="after")
    def _makes_sense(self) -> Settings:
        if self.create_contacts and self.key in {"id", "uid"}:
            raise ValueError("Emarsys gives out id and uid itself: create_contacts needs a field")
        if self.proof == "table" and self.proof_table is None:
            raise ValueError("proof = 'table' needs proof_table")
        if self.proof == "fields" and not any(self.proof_fields.model_dump().values()):
            raise ValueError("proof = 'fields' needs at least one of proof_fields")
        return self

    @property
    def event_names(self) -> dict[str, str | int]:
        """The external event of each type that has one."""
        named = {**EVENT_NAMES, **self.events}
        return {kind: name for kind, name in named.items() if name != ""}
