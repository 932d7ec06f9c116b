"""`store-agent doctor`: is this box fit for the shop? Each check says what it saw."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import orjson

import kiosk_ui
from store_agent.clock import SystemClock, is_plausible
from store_agent.commands.doctor_lines import line_findings
from store_agent.commands.doctor_radio import radio_findings
from store_agent.commands.finding import Finding, Verdict
from store_agent.config import Settings, load
from store_agent.storage import spool

MIN_FREE_BYTES = 512 * 1024 * 1024  # a month offline at 5,000 events a day fits several times
OLDEST_PYTHON = (3, 11)


def main(config: Path | None, *, as_json: bool) -> int:
    """Run all checks and print them; 1 when one failed."""
    settings = load(config) if config else None
    findings = list(examine(settings))
    if as_json:
        for finding in findings:
            sys.stdout.write(orjson.dumps(finding).decode() + "\n")
    else:
        _print_table(findings)
    return int(any(finding.verdict is Verdict.FAIL for finding in findings))


def examine(settings: Settings | None) -> Iterator[Finding]:
    """Everything that can be told without a running agent."""
    yield _python()
    yield _clock()
    yield _assets()
    if settings is None:
        yield Finding("config", Verdict.WARN, "none given", "Pass --config to check the shop too.")
        return
    yield _folder(settings.data)
    yield _disk(settings.data)
    yield _key(settings)
    yield _snapshot(settings.data)
    for name, path in _devices(settings):
        yield _device(name, path)
    if settings.readers.hid:
        yield _evdev()
    yield from radio_findings(settings.presence.radios)
    yield from line_findings(settings)


def _python() -> Finding:
    version = ".".join(str(part) for part in sys.version_info[:3])
    good = sys.version_info >= OLDEST_PYTHON
    return _finding("python", good, version, "Install Python 3.11 or newer.")


def _clock() -> Finding:
    now = SystemClock().now()
    remedy = "Let NTP set the clock, or fit a real-time clock; until then rotating codes fail."
    return _finding("clock", is_plausible(now), now.isoformat(timespec="seconds"), remedy)


def _assets() -> Finding:
    vendor = Path(kiosk_ui.__file__).parent / "static" / "vendor" / "htmx.min.js"
    if vendor.exists():
        return Finding("tablet assets", Verdict.OK, "htmx is there")
    return Finding(
        "tablet assets",
        Verdict.WARN,
        "htmx is missing: pages work by full reloads",
        "Install the package anew; its build copies the assets.",
    )


def _folder(data: Path) -> Finding:
    existing = next(p for p in (data, *data.parents) if p.exists())
    good = os.access(existing, os.W_OK)
    return _finding("data directory", good, str(data), f"Give the agent's user {existing}.")


def _disk(data: Path) -> Finding:
    existing = next(p for p in (data, *data.parents) if p.exists())
    free = shutil.disk_usage(existing).free
    seen = f"{free // 1024**2} MiB free"
    return _finding("disk", free >= MIN_FREE_BYTES, seen, "Make room before the shop opens.")


def _snapshot(data: Path) -> Finding:
    """How much of the platform's data has come, when the line was cut in the middle of it."""
    at = spool.position(data / spool.FILE)
    seen = (
        "none on its way" if at is None else f"{at.offset / 1024**2:.1f} MiB kept; it goes on there"
    )
    return Finding("snapshot", Verdict.OK, seen)


def _key(settings: Settings) -> Finding:
    path = settings.key_path
    if not path.exists():
        return Finding("key", Verdict.OK, "none yet; made at the first start")
    private = path.stat().st_mode & 0o077 == 0
    return _finding("key", private, str(path), f"chmod 600 {path}")


def _devices(settings: Settings) -> Iterator[tuple[str, Path]]:
    for serial in settings.readers.serial:
        yield f"scanner {serial.lane}", serial.path
    for hid in settings.readers.hid:
        yield f"scanner {hid.lane}", hid.path


def _device(name: str, path: Path) -> Finding:
    if not path.exists():
        return Finding(name, Verdict.FAIL, f"{path} is not there", "Plug it in; check the path.")
    good = os.access(path, os.R_OK)
    return _finding(name, good, str(path), "Add the agent's user to groups dialout and input.")


def _evdev() -> Finding:
    good = importlib.util.find_spec("evdev") is not None
    seen = "installed" if good else "missing"
    return _finding("evdev", good, seen, 'pip install "store-agent[hid]"')


def _finding(check: str, good: bool, seen: str, remedy: str) -> Finding:
    verdict = Verdict.OK if good else Verdict.FAIL
    return Finding(check, verdict, seen, "" if good else remedy)


def _print_table(findings: list[Finding]) -> None:
    printers: dict[Verdict, str] = {Verdict.OK: "ok  ", Verdict.WARN: "warn", Verdict.FAIL: "FAIL"}
    write: Callable[[str], object] = sys.stdout.write
    for finding in findings:
        remedy = f"  -> {finding.remedy}" if finding.remedy else ""
        write(f"{printers[finding.verdict]}  {finding.check:16} {finding.seen}{remedy}\n")
