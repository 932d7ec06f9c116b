"""A shop whose disk fills up: `python -m full_disk_shop FOLDER disk|cap`.

Prints what was seen at each stage, one JSON object a line. With `disk` FOLDER is on a small file
system, and every block of it is taken by another file; with `cap` the ledger may not grow.
"""

import asyncio
import sys
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import orjson
from builders import Shop, offer, shop, staff
from dying_push import Fate, sent, syncing

from store_agent.storage import answers

STORAGE = {"disk": {"ballast_mb": 2}, "cap": {"ballast_mb": 2, "max_ledger_mb": 1}}
FILLER = "holiday-pictures"
SHOWN_ONLY = 20  # scans of the time when nothing can be recorded
MOST_SCANS = 20_000


def say(stage: str, **seen: Any) -> None:
    sys.stdout.write(orjson.dumps({"stage": stage} | seen).decode() + "\n")
    sys.stdout.flush()


def fill(folder: Path) -> int:
    """Another program takes every block there is."""
    written = 0
    with (folder / FILLER).open("wb", buffering=0) as file:
        try:
            while True:
                written += file.write(b"x" * 4096)
        except OSError:
            return written


async def rows(running: Shop) -> dict[str, Any]:
    answer = await running.get("/readyz", token="monitor")
    document = answer.json()
    states = {row["name"]: row["state"] for row in document["components"]}
    reason = next(row["reason"] for row in document["components"] if row["name"] == "storage")
    picked = {name: states[name] for name in ("ledger", "cache", "storage")}
    return {"readyz": answer.status_code, "status": document["status"], "reason": reason} | picked


async def recorded(running: Shop) -> int:
    """How many scans are in the ledger."""
    sql = "SELECT count(*) FROM outbox WHERE type = 'store.scan.recorded'"
    found = await running.agent.storage.read(lambda view: view.ledger.execute(sql).fetchall())
    return found[0][0]


async def scan_until_read_only(running: Shop) -> dict[str, int]:
    """Scans of many passes, a few of them of somebody who is known."""
    statuses: dict[str, int] = {}
    for n in range(MOST_SCANS):
        data = "MEMBER-1" if n % 50 == 0 else f"UNKNOWN-{n}" + "x" * 300
        status = (await running.scan(data, scan_id=f"scan-{n}" + "x" * 100)).status_code
        statuses[str(status)] = statuses.get(str(status), 0) + 1
        if status != 200:
            return statuses
    return statuses


async def void(running: Shop) -> Any:
    """A verb that is worth nothing unless it is durable."""
    path = "/pos/v1/baskets/t-1/void"
    return await running.post(path, {"reason": "x"}, **{"Idempotency-Key": '"k"'})


async def drain(running: Shop) -> None:
    """The line is back: what the platform has need not be kept."""
    with TemporaryDirectory() as elsewhere:
        async with syncing(Path(elsewhere), running, Fate("")) as worker:
            await sent(running, worker)
            await running.agent.outbox.round()


async def watch(running: Shop) -> None:
    """What the agent's loops do every few seconds."""
    await running.agent.storage.watch_space()
    await running.agent.clienteling.catch_up()


async def make_room(running: Shop, folder: Path) -> None:
    """Somebody deletes the pictures; or what is old in the ledger is let go of."""
    (folder / FILLER).unlink(missing_ok=True)
    later = running.clock.now() + timedelta(days=1)
    await running.agent.storage.write(lambda tx: answers.forget_before(tx, later), is_upkeep=True)


async def main(folder: Path, kind: str) -> None:
    sections = {"storage": STORAGE[kind]}
    async with shop(folder, **sections) as running:
        await running.learn(staff(), offer(), cursor="2")
        say("before", scans=[(await running.scan()).status_code], **await rows(running))
    if kind == "disk":
        fill(folder)
    async with shop(folder, **sections) as running:  # started again while the disk is full
        say("started full", scans=[(await running.scan()).status_code], **await rows(running))
        statuses = await scan_until_read_only(running)
        say("full", statuses=statuses, events=await recorded(running), **await rows(running))
        shown = [await running.scan("MEMBER-1", scan_id=f"shown-{n}") for n in range(SHOWN_ONLY)]
        say(
            "read-only",
            statuses=sorted({one.status_code for one in shown}),
            names=sorted({one.json()["customer"]["display_name"] for one in shown}),
            offers=len(shown[0].json()["offers"]),
            recorded=sorted({one.json()["recorded"] for one in shown}),
            retry_after=shown[0].headers["retry-after"],
            search=len((await running.get("/api/v1/customers?q=mus")).json()["customers"]),
            profile=(await running.get("/api/v1/customers/c-1")).status_code,
            sale=(await void(running)).status_code,
            events=await recorded(running),
            **await rows(running),
        )
        await drain(running)
        await watch(running)
        again = await running.scan("MEMBER-1", scan_id="shown-0")
        another = await running.scan("MEMBER-1", scan_id="while-full")
        say(
            "drained",
            again=again.status_code,
            another=another.status_code,
            events=await recorded(running),
            **await rows(running),
        )
        await make_room(running, folder)
        await watch(running)
        await running.agent.storage.watch_space()
        say(
            "after",
            ballast=(folder / "agent" / "ballast").stat().st_blocks * 512,
            events=await recorded(running),
            **await rows(running),
        )


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
