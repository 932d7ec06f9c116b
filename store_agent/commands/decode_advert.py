"""`store-agent decode advert`: hex of AD structures in, one JSON object a line out."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, TextIO

import orjson

from geofences.beacons.adverts import parse
from geofences.beacons.frames import Malformed

SEPARATORS = str.maketrans("", "", " :-\t")


def decode_adverts(lines: TextIO, out: TextIO) -> None:
    """One line out for each line in, in the same order; an empty one is malformed too."""
    out.writelines(orjson.dumps(describe(line)).decode() + "\n" for line in lines)


def describe(line: str) -> dict[str, Any]:
    """What an advertisement is, as `{kind, ...}`."""
    text = line.strip().translate(SEPARATORS).removeprefix("0x").removeprefix("0X")
    try:
        advert = bytes.fromhex(text)
    except ValueError:
        return _described(Malformed("not hex"))
    return _described(parse(advert) if advert else Malformed("empty"))


def _described(frame: Any) -> dict[str, Any]:
    fields = asdict(frame)
    if "code" in fields:  # by its own specification's name
        fields["id"] = fields.pop("code")
    return {"kind": frame.kind, **fields}
