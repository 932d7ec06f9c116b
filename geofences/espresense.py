"""What ESPresense nodes publish over MQTT. Pure, never raises.

Readings: `espresense/devices/<id>/<room>` with `{rssi, distance, ...}`. A node's last will:
`espresense/rooms/<room>/status`, "online" or "offline".
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import orjson

TOPICS = ("espresense/devices/+/+", "espresense/rooms/+/status")
MAX_DISTANCE_M = 100.0  # a node reports at most 16 by itself
MAX_TEXT = 128


@dataclass(frozen=True, slots=True)
class RoomReading:
    """One node hears one device. `room` is the node's name."""

    device: str
    room: str
    distance_m: float


@dataclass(frozen=True, slots=True)
class NodeStatus:
    """A node came or went."""

    room: str
    online: bool


Message = RoomReading | NodeStatus


def read(topic: str, payload: bytes) -> Message | None:
    """What a message says; None for everything that is neither of the two, or unusable."""
    parts = topic.split("/")
    if (
        len(parts) != 4
        or parts[0] != "espresense"
        or not all(0 < len(p) <= MAX_TEXT for p in parts)
    ):
        return None
    if parts[1] == "rooms" and parts[3] == "status":
        return _status(parts[2], payload)
    if parts[1] == "devices":
        return _reading(parts[2], parts[3], payload)
    return None


def _status(room: str, payload: bytes) -> NodeStatus | None:
    word = payload.strip().lower()
    return NodeStatus(room, word == b"online") if word in {b"online", b"offline"} else None


def _reading(device: str, room: str, payload: bytes) -> RoomReading | None:
    try:
        document = orjson.loads(payload)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(document, Mapping):
        return None
    distance = document.get("distance")
    if isinstance(distance, bool) or not isinstance(distance, int | float):
        return None
    if not math.isfinite(distance) or not 0 <= distance <= MAX_DISTANCE_M:
        return None
    return RoomReading(device, room, float(distance))
