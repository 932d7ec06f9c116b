"""What a shop writes under `[feed]` with `kind = "emarsys"`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, SecretStr

from sync.transports.emarsys.settings import (
    MAIL_CONSENT,
    OPT_IN_FIELD,
    Access,
    ConsentField,
    Section,
    Text,
)

LOYALTY_URL = "https://contact-api.loyalsys.io/api/v4"
Seconds = Annotated[float, Field(ge=10)]


class Profile(StrEnum):
    """Fields of a customer that a contact field can fill."""

    FIRST_NAME = "first_name"
    LAST_NAME = "last_name"
    SALUTATION = "salutation"
    LANGUAGE = "language"  # two letters; anything else is left out
    EMAIL = "email"
    PHONE = "phone"
    BIRTHDAY = "birthday"
    MEMBER_NUMBER = "member_number"
    HOME_STORE = "home_store"
    TIER = "tier"
    POINTS = "points"
    REGISTERED_AT = "registered_at"  # since when an opt-in may count


STANDARD_PROFILE = {
    Profile.FIRST_NAME: "1",
    Profile.LAST_NAME: "2",
    Profile.EMAIL: "3",
    Profile.BIRTHDAY: "4",
    Profile.PHONE: "37",
    Profile.SALUTATION: "46",
    Profile.REGISTERED_AT: "48",
}


class FactField(Section):
    """A contact field that is shown as a fact of the profile, with its age and origin."""

    field: Text
    origin: Literal["told", "observed", "inferred"] = "told"


class BenefitOf(Section):
    """What a voucher of the loyalty programme gives; see docs/offers-and-consent.md."""

    kind: Text
    value: int = 0
    sku: str = ""


class VoucherOwner(StrEnum):
    """Which store may redeem a voucher offline. Emarsys knows no locks: only one store should."""

    HOME = "home"  # the customer's home store
    HERE = "here"  # this one, whatever others do
    NOBODY = "nobody"  # they are only shown


class Loyalty(Section):
    """The loyalty contact API."""

    api_key: SecretStr
    url: str = LOYALTY_URL
    contact_id: Literal["key", "email"] = "key"
    language: str = ""
    country: str = ""
    market: str = ""
    currency: str = ""
    requests_per_minute: int = Field(120, ge=1, le=1000)
    voucher_owner: VoucherOwner = VoucherOwner.HOME
    benefits: dict[str, BenefitOf] = Field(default_factory=dict)


def _mail_only() -> dict[str, ConsentField]:
    return {MAIL_CONSENT: ConsentField(field=OPT_IN_FIELD)}


class Settings(Access):
    """Whom the shop knows, and what of them.

    `key` is the field with the shop's customer id, as for events; `contact_list` the people this
    shop may know.
    """

    key: Text
    contact_list: int = Field(gt=0)
    people: Literal["full", "stubs"] = "full"
    profile: dict[Profile, Text] = Field(default_factory=dict)
    facts: dict[str, FactField] = Field(default_factory=dict)
    consents: dict[str, ConsentField] = Field(default_factory=_mail_only)
    segments: dict[str, Annotated[int, Field(gt=0)]] = Field(default_factory=dict)
    pass_field: str = ""
    labels_in: str = Field("en", pattern=r"^[a-z]{2}$")
    loyalty: Loyalty | None = None
    contacts_every_s: Seconds = 3600.0
    segments_every_s: Seconds = 900.0
    loyalty_every_s: Seconds = 14_400.0

    @property
    def profile_fields(self) -> dict[Profile, str]:
        """The contact field of each field of the profile that has one."""
        named = {**STANDARD_PROFILE, **self.profile}
        return {one: name for one, name in named.items() if name}

    @property
    def field_names(self) -> list[str]:
        """All contact fields that are read."""
        names = [self.key, *self.profile_fields.values(), self.pass_field]
        names += [one.field for one in self.facts.values()]
        names += [one.field for one in self.consents.values()]
        return [name for name in names if name]
