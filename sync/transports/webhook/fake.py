"""The shipped fake: a receiver that verifies as a careful one does, and remembers ids.

It refuses what is not signed by one of its keys, what is more than five minutes old or new, and
what is no CloudEvent; it takes an id once and answers the same to its repetition.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sync.transports.cloudevents import EVENT_TYPE
from sync.transports.webhook.signing import ID, CheckingKey, is_genuine

REQUIRED = {"id", "source", "specversion", "type"}


@dataclass(slots=True)
class FakeReceiver:
    """What arrived. `events` are those taken, once each; `attempts` counts all requests.

    `answers` are given to the next requests instead of judging them; ids in `unwanted` are always
    answered with their status.
    """

    keys: Sequence[CheckingKey]
    now: Callable[[], datetime]
    answers: list[int] = field(default_factory=list)
    unwanted: dict[str, int] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)
    attempts: int = 0
    repeated: list[str] = field(default_factory=list)
    _known: set[str] = field(default_factory=set)

    def take(self, sent: dict[str, str], body: bytes) -> int:
        """The status for one request."""
        self.attempts += 1
        if self.answers:
            return self.answers.pop(0)
        if not is_genuine(sent, body, self.keys, self.now().timestamp()):
            return HTTPStatus.UNAUTHORIZED
        event = self._read(sent, body)
        if event is None:
            return HTTPStatus.UNPROCESSABLE_ENTITY
        if event["id"] in self.unwanted:
            return self.unwanted[event["id"]]
        if event["id"] in self._known:
            self.repeated.append(event["id"])
        else:
            self._known.add(event["id"])
            self.events.append(event)
        return HTTPStatus.NO_CONTENT

    def _read(self, sent: dict[str, str], body: bytes) -> dict[str, Any] | None:
        try:
            event = orjson.loads(body)
        except orjson.JSONDecodeError:
            return None
        if not isinstance(event, dict) or not event.keys() >= REQUIRED:
            return None
        is_said_so = sent.get("content-type") == EVENT_TYPE and sent[ID] == event["id"]
        return event if is_said_so else None


def create_app(receiver: FakeReceiver, path: str = "/hook") -> Starlette:
    """The receiver as an ASGI application."""

    async def hook(request: Request) -> Response:
        sent = {name.lower(): value for name, value in request.headers.items()}
        return Response(status_code=receiver.take(sent, await request.body()))

    return Starlette(routes=[Route(path, hook, methods=["POST"])])
