"""One transport, and the feed, as the shop's settings file describes them.

Both are a few fields of every kind and, beside them, those of the kind itself: each is checked by
its own model, and an error names the field as the file does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializeAsAny,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

from sync.transports import table

Seconds = Annotated[float, Field(gt=0)]


class Begin(StrEnum):
    """Where a transport that is new in this shop begins."""

    NOW = "now"
    START = "start"  # with the oldest event that is still in the file


class _OfKind(BaseModel):
    """A section whose further fields depend on `kind`."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    kind: str
    own: SerializeAsAny[BaseModel]


class TransportSettings(_OfKind):
    """One more receiver of the shop's events, with its own place in the queue."""

    name: str = Field(
        pattern=r"^[a-z0-9_]{1,32}$", description="its own; the place in the queue is kept under it"
    )
    begin: Begin = Field(Begin.NOW, alias="from", description="where a new one begins")
    types: tuple[str, ...] = Field((), description="beginnings of event types; none: all types")
    stale_after_s: dict[str, Seconds] = Field(
        {}, description="age by beginning of a type after which an event is not sent any more"
    )

    @model_validator(mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        common = {"name", "kind", "from", "types", "stale_after_s"}
        return _split(value, common, table.TRANSPORTS, table.transport_settings)

    @field_validator("name")
    @classmethod
    def _is_free(cls, value: str) -> str:
        if value == "platform":
            raise ValueError("this is the name of the [platform] itself")
        return value


class FeedSettings(_OfKind):
    """Where the shop's documents come from, if not from the platform itself."""

    @model_validator(mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        return _split(value, {"kind"}, table.FEEDS, table.feed_settings)


def _split(
    value: Any,
    common: set[str],
    kinds: Mapping[str, str],
    model_of: Callable[[str], type[BaseModel]],
) -> Any:
    """Let the kind check its own fields. Its errors keep their names: pydantic takes them over."""
    if not isinstance(value, dict) or not isinstance(value.get("kind"), str):
        return value
    if value["kind"] not in kinds:
        raise _unknown(value["kind"], kinds)
    section = {name: field for name, field in value.items() if name in common}
    own = {name: field for name, field in value.items() if name not in common}
    return section | {"own": model_of(value["kind"]).model_validate(own)}


def _unknown(kind: str, kinds: Mapping[str, str]) -> ValidationError:
    message = f"{kind!r} is none of: {', '.join(sorted(kinds)) or 'none yet'}"
    error = InitErrorDetails(
        type=PydanticCustomError("unknown_kind", "{message}", {"message": message}),
        loc=("kind",),
        input=kind,
    )
    return ValidationError.from_exception_data("kind", [error])
