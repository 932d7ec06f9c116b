"""`store-agent decode advert`: hex of AD structures in, one JSON object a line out."""

from __future__ import annotations

import re
from dataclasses import asdict
from io import TextIOWrapper
from typing import Any, TextIO

import orjson

from geofences.beacons.adverts import parse
from geofences.beacons.frames import Frame, Malformed

# As sniffers, C sources and people write bytes; some editors put a byte order mark in front.
BETWEEN = re.compile(r"0[xX]|\\[xX]|[\s:;,._\"'\ufeff-]")


def decode_adverts(lines: TextIO, out: TextIO) -> None:
    """One line out for each line in, in the same order; an empty one is malformed too."""
    if isinstance(lines, TextIOWrapper):
        lines.reconfigure(errors="replace")  # a line of no text is no hex either
    out.writelines(orjson.dumps(describe(line)).decode() + "\n" for line in lines)


def describe(line: str) -> dict[str, Any]:
    """What an advertisement is, as `{kind, ...}`."""
    digits = BETWEEN.sub("", line)
    if not digits:
        return _described(Malformed("empty line"))
    try:
        advert = bytes.fromhex(digits)
    except ValueError:
        return _described(Malformed("not hex, or half a byte"))
    return _described(parse(advert))


def _described(frame: Frame) -> dict[str, Any]:
    fields = asdict(frame)
    if "code" in fields:  # by its own specification's name
        fields["id"] = fields.pop("code")
    return {"kind": frame.kind, **fields}
