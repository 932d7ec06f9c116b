"""Platform documents: JSON to the values of `store_agent.domain`, extra fields ignored."""

from __future__ import annotations

from functools import cache
from typing import Any, TypeVar, cast

import orjson
from pydantic import TypeAdapter, ValidationError

from store_agent.domain.errors import InvalidInput

T = TypeVar("T")


@cache
def _adapter(shape: Any) -> TypeAdapter[Any]:
    """Built on first use: building one costs milliseconds and some memory."""
    return TypeAdapter(shape)


def read(shape: type[T], doc: bytes | str) -> T:
    """The value in a stored document, which was checked when it came in."""
    return cast(T, _adapter(cast(Any, shape)).validate_json(doc))


def check(shape: type[T], doc: object) -> T:
    """The value of a document that has just come in.

    Raises InvalidInput that names the fields at fault and never their content.
    """
    try:
        return cast(T, _adapter(cast(Any, shape)).validate_python(doc))
    except ValidationError as error:
        raise _unreadable(error) from None


def check_json(shape: type[T], doc: bytes) -> T:
    """As `check`, for a document that is still JSON."""
    try:
        return cast(T, _adapter(cast(Any, shape)).validate_json(doc))
    except ValidationError as error:
        raise _unreadable(error) from None


def dump(doc: object) -> bytes:
    """A value or document as JSON."""
    return orjson.dumps(doc)


def _unreadable(error: ValidationError) -> InvalidInput:
    faults = error.errors(include_url=False, include_context=False, include_input=False)
    named = ", ".join(f"{_path(fault['loc'])}: {fault['type']}" for fault in faults[:3])
    return InvalidInput(f"unreadable document ({named})")


def _path(location: tuple[Any, ...]) -> str:
    return ".".join(str(part) for part in location) or "document"
