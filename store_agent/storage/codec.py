"""Platform documents: JSON to the values of `store_agent.domain`, extra fields ignored."""

from __future__ import annotations

from collections.abc import Callable
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


def json_check(shape: type[T]) -> Callable[[bytes], T]:
    """A `check` for many documents of one shape that are still JSON."""
    validate = _adapter(cast(Any, shape)).validator.validate_json

    def check_one(doc: bytes) -> T:
        try:
            return cast(T, validate(doc))
        except ValidationError as error:
            raise _unreadable(error) from None

    return check_one


def dump(doc: object) -> bytes:
    """A value or document as JSON."""
    return orjson.dumps(doc)


def _unreadable(error: ValidationError) -> InvalidInput:
    faults = error.errors(include_url=False, include_context=False, include_input=False)
    named = ", ".join(f"{_path(fault['loc'])}: {fault['type']}" for fault in faults[:3])
    return InvalidInput(f"unreadable document ({named})")


def _path(location: tuple[Any, ...]) -> str:
    return ".".join(str(part) for part in location) or "document"
