"""Errors as RFC 9457 problem documents: they name the field and the remedy, never a customer."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

import orjson
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from store_agent.domain.errors import (
    AgentError,
    Conflict,
    Forbidden,
    InvalidInput,
    NotFound,
    Unavailable,
)

MEDIA_TYPE = "application/problem+json"
STATUS_OF: Mapping[type[AgentError], int] = {
    InvalidInput: 422,
    NotFound: 404,
    Conflict: 409,
    Forbidden: 403,
    Unavailable: 503,
}

HINTS = {
    400: "Send one JSON document, UTF-8.",
    404: "See /openapi.json for what there is.",
    405: "Use another method.",
}


def problem(  # noqa: PLR0913  one member of the document each
    status: int,
    detail: str,
    *,
    hint: str = "",
    field: str | None = None,
    code: str = "",
    headers: Mapping[str, str] | None = None,
) -> Response:
    """One problem document as a response."""
    document: dict[str, object] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
    }
    if code:
        document["code"] = code
    if hint:
        document["hint"] = hint
    if field:
        document["field"] = field
    return Response(
        orjson.dumps(document), status, media_type=MEDIA_TYPE, headers=dict(headers or {})
    )


def install(app: FastAPI) -> None:
    """Translate every error that leaves a route."""
    app.add_exception_handler(AgentError, _agent_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(Exception, _unexpected)


async def _agent_error(_: Request, error: Exception) -> Response:
    if not isinstance(error, AgentError):
        raise error
    status = next((code for kind, code in STATUS_OF.items() if isinstance(error, kind)), 500)
    headers = {"Retry-After": str(error.retry_after_s)} if isinstance(error, Unavailable) else {}
    return problem(
        status, str(error), hint=error.hint, field=error.field, code=error.code, headers=headers
    )


async def _validation_error(_: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    first = error.errors()[0]
    parts = [str(part) for part in first["loc"] if part != "body"]
    if first["type"] == "json_invalid":
        return problem(400, "the body is not valid JSON", hint="Send one JSON document, UTF-8.")
    field = ".".join(parts) or None
    return problem(422, str(first["msg"]), hint="Correct this field and send again.", field=field)


async def _http_error(_: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    return problem(
        error.status_code,
        str(error.detail),
        hint=HINTS.get(error.status_code, ""),
        headers=error.headers,
    )


async def _unexpected(_: Request, error: Exception) -> Response:
    """The guard logs it; the caller learns nothing about the inside."""
    return problem(500, "this request failed", hint="The agent's log names the cause.")
