"""What the forms of this room have in common."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Annotated, TypeVar
from uuid import UUID

from fastapi import Form, HTTPException, Request, Response
from fastapi.responses import RedirectResponse

from kiosk_ui.areas import Kit
from kiosk_ui.model import Viewer
from kiosk_ui.pages import customer_url, wants_fragment

T = TypeVar("T")
SEE_OTHER = 303
UNPROCESSABLE = 422
MAX_ID = 200  # characters

CustomerId = Annotated[str, Form(max_length=MAX_ID)]
Key = Annotated[UUID, Form()]
Warned = Annotated[str, Form(max_length=MAX_ID)]  # the codes its author has read a warning about


async def found(deed: Awaitable[T]) -> T:
    """What a deed brings; a 404 for what is not there, a 422 for what must not be kept."""
    try:
        return await deed
    except LookupError as error:
        raise HTTPException(404, "nobody who may be named here, or nothing to do") from error
    except ValueError as error:
        raise HTTPException(UNPROCESSABLE, str(error)) from error


async def part_after(
    request: Request, kit: Kit, viewer: Viewer, customer_id: str, part: str
) -> Response:
    """The changed section for htmx, else the customer's page."""
    if not wants_fragment(request):
        return RedirectResponse(customer_url(customer_id), SEE_OTHER)
    return await found(kit.pages.part(viewer, customer_id, part))


def gone_to(request: Request, url: str) -> Response:
    """The form is done: on to another page, also for htmx."""
    if wants_fragment(request):
        return Response(status_code=204, headers={"HX-Redirect": url})
    return RedirectResponse(url, SEE_OTHER)


def one_line(text: str, limit: int) -> str:
    """A text as typed, without blanks around it and never longer than `limit`."""
    return text.replace("\r\n", "\n").strip()[:limit]
