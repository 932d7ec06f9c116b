"""`python -m sync.fake_emarsys`: the fake as a process, with a few contacts and a segment."""

from __future__ import annotations

import argparse
import socket
import sys
from datetime import UTC, datetime

import uvicorn

from sync.fake_emarsys.account import Account, Loyal, Segment
from sync.fake_emarsys.app import create_app

KEY_FIELD = "Customer number"
HOST = "127.0.0.1"


def main() -> None:
    """Serve on loopback until interrupted."""
    parser = argparse.ArgumentParser(prog="python -m sync.fake_emarsys", description=__doc__)
    parser.add_argument("--port", type=int, default=8490, help="0 = any free port")
    parser.add_argument("--contacts", type=int, default=20)
    arguments = parser.parse_args()
    account = sample(arguments.contacts)
    listener = socket.create_server((HOST, arguments.port))
    sys.stdout.write(
        f"http://{HOST}:{listener.getsockname()[1]}\n"
        f"client_id {account.client_id!r}, client_secret {account.client_secret!r},"
        f" key {KEY_FIELD!r}, contact list 7, segment 70\n"
    )
    sys.stdout.flush()
    server = uvicorn.Server(uvicorn.Config(create_app(account), log_level="warning"))
    server.run(sockets=[listener])


def sample(contacts: int) -> Account:
    """An account to try things with."""
    account = Account(_now)
    key = account.add_field(KEY_FIELD)
    for number in range(contacts):
        customer = f"c-{number:06}"
        account.create({key: customer, "1": "Erika", "2": f"Muster {number}", "31": "1"})
        account.loyal[customer] = Loyal(
            {"tier": {"id": 1, "name": "Silber"}, "points": {"balance": 100 * number}}
        )
    account.lists[7] = [one.id for one in account.contacts]
    account.segments[70] = Segment({one.id for one in account.contacts[::2]})
    return account


def _now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - the clock of another machine, not the agent's


if __name__ == "__main__":
    main()
