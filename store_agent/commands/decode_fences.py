"""`store-agent decode fences`: is a fences file usable, and if not, why."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TextIO

import orjson

from geofences import files
from geofences.model import Fault, Fence, FencesRefused


def decode_fences(lines: Iterable[str], out: TextIO) -> None:
    """A file name a line -> one JSON object a line: `{ok, errors, warnings, fences}`."""
    for line in lines:
        described = _describe(line.rstrip("\r\n"))
        out.write(orjson.dumps(described).decode() + "\n")


def _describe(file_name: str) -> dict[str, object]:
    try:
        fences = files.read_text(Path(file_name).read_bytes())
    except FencesRefused as refused:
        return _answer((), refused.faults)
    except OSError as error:
        return _answer((), [Fault("", f"cannot be read: {error.strerror}")])
    except ValueError as error:  # a NUL in the name
        return _answer((), [Fault("", f"cannot be read: {error}")])
    return _answer(fences, ())


def _answer(fences: tuple[Fence, ...], faults: Iterable[Fault]) -> dict[str, object]:
    errors = _listed(faults)
    return {
        "ok": not errors,
        "errors": errors,
        "warnings": _listed(files.warnings(fences)),
        "fences": [fence.id for fence in fences],
    }


def _listed(faults: Iterable[Fault]) -> list[dict[str, str]]:
    return [{"feature": fault.feature, "reason": fault.reason} for fault in faults]
