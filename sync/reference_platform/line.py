"""The line between shops and this platform, which can be cut: an immediate TCP reset.

Sits below HTTP, because an outage has no status code. Two doors stay open so that a test can look
at the platform and mend the line: the line's own door and reading accepted events.
"""

from __future__ import annotations

import re
import socket
import struct
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from sync.reference_platform.store import PlatformStore

LINE_PATH = b"/v1/demo/line"
EVENTS_PATH = re.compile(rb"/v1/stores/[^/]+/events")
RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER: on, 0 s = send RST instead of FIN
NOTE = "line"


class Line:
    """Whether the line is up, remembered in the platform's file, and who is on it."""

    def __init__(self, store: PlatformStore) -> None:
        """Take up the state the line was left in."""
        self._store = store
        self.up = store.note(NOTE) != "down"
        self.connections: set[LineProtocol] = set()

    def cut(self) -> None:
        """Reset every connection but those at an open door, and all that come."""
        self._store.remember(NOTE, "down")
        self.up = False
        for connection in list(self.connections):
            if not connection.at_open_door:
                connection.reset()

    def restore(self) -> None:
        """Let everybody in again."""
        self._store.remember(NOTE, "up")
        self.up = True


class LineProtocol(HttpToolsProtocol):
    """HTTP on a line that may be down. The `Line` arrives in the application's lifespan state."""

    at_open_door = False
    refused = False

    def connection_made(self, transport: Any) -> None:
        """Join the line."""
        super().connection_made(transport)
        self._line: Line = self.app_state["line"]
        self._line.connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Leave the line."""
        self._line.connections.discard(self)
        super().connection_lost(exc)

    def on_headers_complete(self) -> None:
        """Admit a request, or reset the connection before it reaches the application."""
        self.at_open_door = is_open_door(self.parser.get_method(), self.url)
        if self._line.up or self.at_open_door:
            super().on_headers_complete()
        else:
            self.reset()

    def on_body(self, body: bytes) -> None:
        """Ignore the body of a refused request."""
        if not self.refused:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """Ignore the end of a refused request."""
        if not self.refused:
            super().on_message_complete()

    def reset(self) -> None:
        """Drop the connection at once with a TCP reset, whatever is under way."""
        self.refused = True
        peer = self.transport.get_extra_info("socket")
        if peer is not None:
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        self.transport.abort()


def is_open_door(method: bytes, url: bytes) -> bool:
    """Whether a request passes while the line is cut."""
    path = url.partition(b"?")[0]
    if method == b"POST":
        return path == LINE_PATH
    return method == b"GET" and EVENTS_PATH.fullmatch(path) is not None
