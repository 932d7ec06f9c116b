"""The least a web framework can do: FastAPI, one endpoint, one group-committed insert.

`python -m tests.bench.bare FOLDER` serves until its standard input ends or SIGTERM comes.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import uvicorn
import uvloop
from fastapi import FastAPI, Response
from pydantic import BaseModel

from store_agent.app.serving import bind
from store_agent.clock import SystemClock
from store_agent.domain.ids import new_id
from store_agent.storage import Connection, keys
from store_agent.storage.connection import LEDGER_WRITER, open_connection
from store_agent.storage.writer import Writer

ANSWER = b'{"visit_id":"01932c07-4c1e-7cc3-9d0a-2f7f5e9b1a11","customer":null,"reason":null}'


class Body(BaseModel):
    """What a till sends."""

    lane: str
    data: str


def web_app(writer: Writer) -> FastAPI:
    """One route: parse, insert one row durably, answer."""
    app = FastAPI()

    @app.post("/insert")
    async def insert(body: Body) -> Response:
        row = (new_id(), body.data)

        def record(tx: Connection) -> None:
            tx.execute("INSERT INTO rows (id, data) VALUES (?, ?)", row)

        await writer.write(record)
        return Response(ANSWER, media_type="application/json")

    return app


def _open(folder: Path) -> Connection:
    key = keys.load_or_create_key(folder / "bare.key")
    connection = open_connection(folder / "bare.db", key, LEDGER_WRITER)
    connection.execute("CREATE TABLE IF NOT EXISTS rows (id TEXT PRIMARY KEY, data TEXT)")
    connection.execute("CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value)")
    return connection


async def _serve(folder: Path) -> None:
    listener = bind("127.0.0.1", 0)
    writer = Writer("bare", lambda: _open(folder), SystemClock().now)
    config = uvicorn.Config(
        web_app(writer),
        loop="none",
        http="httptools",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
    )
    sys.stdout.write(f"http://127.0.0.1:{listener.getsockname()[1]}\n")
    sys.stdout.flush()
    await uvicorn.Server(config).serve(sockets=[listener])
    writer.stop()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(Path(sys.argv[1])))
