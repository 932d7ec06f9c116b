"""The least a platform can do: read a batch, answer each event."""

from __future__ import annotations

import asyncio
import socket
import sys
from typing import Any

import orjson
import uvicorn
import uvloop
import zstandard


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Accept every event of the batch."""
    if scope["type"] != "http":
        return
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    events = orjson.loads(zstandard.decompress(body))
    answer = orjson.dumps({"results": [{"id": e["id"], "status": "accepted"} for e in events]})
    length = [(b"content-length", str(len(answer)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": length})
    await send({"type": "http.response.body", "body": answer})


def main() -> None:
    """Serve on any free port of this machine; say which."""
    listener = socket.socket()
    # Accepted connections inherit it; without it every answer waits 40 ms for a delayed ACK.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    listener.bind(("127.0.0.1", 0))
    config = uvicorn.Config(app, log_level="critical", http="httptools", loop="none", ws="none")
    sys.stdout.write(f"http://127.0.0.1:{listener.getsockname()[1]}\n")
    sys.stdout.flush()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(uvicorn.Server(config).serve([listener]))


if __name__ == "__main__":
    main()
