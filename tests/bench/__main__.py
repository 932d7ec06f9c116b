"""Measure the budgets (`make bench`): print a table, write build/bench.jsonl."""

from __future__ import annotations

import asyncio
import importlib
import os
import signal
import sys
import time
import traceback
from collections.abc import Coroutine, Sequence
from typing import Any

import uvloop

from tests.bench import places
from tests.bench.report import Result, json_line, table

# In this order: the rows that fill the shops first, the browser last.
ROWS = (
    "scan",
    "lookups",
    "snapshot",
    "scan_http",
    "evaluate",
    "escrow",
    "drain",
    "nats",
    "start",
    "backlog",
    "month",
    "fleet",
    "memory",
    "encryption",
    "geofence",
    "adverts",
    "walks",
    "rooms",
    "visible",
)


def main() -> int:
    """0 when every row could be measured, whatever came out."""
    wanted = sys.argv[1:] or [os.environ.get("ROWS", "")]
    names = [name for part in wanted for name in part.split(",") if name] or list(ROWS)
    unknown = sorted(set(names) - set(ROWS))
    if unknown:
        _say(f"unknown rows: {', '.join(unknown)}; there are: {', '.join(ROWS)}")
        return 2
    places.KEPT.mkdir(parents=True, exist_ok=True)
    places.REPORT.write_text("")
    results, failed = _measure_all(names)
    sys.stdout.write("\n" + table(results) + "\n")
    for result in results:
        if result.note:
            sys.stdout.write(f"{result.row}: {result.note}\n")
    for name in failed:
        sys.stdout.write(f"{name}: could not be measured, see above\n")
    return 1 if failed else 0


def _measure_all(names: Sequence[str]) -> tuple[list[Result], list[str]]:
    results: list[Result] = []
    failed: list[str] = []
    for name in names:
        began = time.perf_counter()
        try:
            measured = _measure(name)
        except Exception:  # noqa: BLE001  the other rows are worth having; the exit code tells
            traceback.print_exc()
            failed.append(name)
            continue
        with places.REPORT.open("a") as report:
            report.writelines(json_line(result) + "\n" for result in measured)
        results += measured
        _say(f"{name}: {time.perf_counter() - began:.0f} s")
    return results, failed


def _measure(name: str) -> list[Result]:
    """Each row has a module with `async def measure() -> list[Result]`, loaded when asked for."""
    row = importlib.import_module(f"tests.bench.rows.{name}")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_stoppable(row.measure()))


async def _stoppable(measuring: Coroutine[Any, Any, list[Result]]) -> list[Result]:
    """SIGTERM ends the row as Ctrl-C does: processes stop, half-made files go."""
    task = asyncio.ensure_future(measuring)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await task


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")


if __name__ == "__main__":
    sys.exit(main())
