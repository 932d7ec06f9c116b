"""JetStream's own JSON and reply subjects, read and written. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from sync.errors import TransportError
from sync.jetstream.port import (
    NO_STREAM_HINT,
    Code,
    Discard,
    Message,
    RefusedError,
    Retention,
    Storage,
    StreamFacts,
    StreamPlan,
)

NANOSECONDS = 1_000_000_000
FORGOTTEN_AFTER_S = 60.0  # a reader that does not ask; a long poll asks every 25 s
FOR_GOOD = frozenset({400, 401, 403, 404})
HINTS: Mapping[int, str] = {Code.NO_STREAM: NO_STREAM_HINT}


@dataclass(frozen=True, slots=True)
class Delivery:
    """What the reply subject of a delivered message tells."""

    stream_seq: int
    reader_seq: int
    time_ns: int
    pending: int


def document_of(body: bytes) -> dict[str, Any]:
    """The JSON object of an answer. Raises RefusedError when it is an error, or TransportError."""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise TransportError("the answer is not JSON") from error
    if not isinstance(document, dict):
        raise TransportError("the answer is not a JSON object")
    refusal = document.get("error")
    if isinstance(refusal, dict):
        code = int(refusal.get("err_code") or 0)
        raise RefusedError(
            code,
            str(refusal.get("description") or "refused"),
            permanent=refusal.get("code") in FOR_GOOD,
            hint=HINTS.get(code, ""),
        )
    return document


def delivery_of(reply: str) -> Delivery:
    """Read `$JS.ACK. ... .delivered.stream.reader.time.pending`, in its short or long form."""
    tokens = reply.split(".")
    start = 4 if len(tokens) == 9 else 6  # the long form names domain and account (ADR-15)
    try:
        _, stream_seq, reader_seq, time_ns, pending = map(int, tokens[start : start + 5])
    except ValueError as error:
        raise TransportError("a message came that no stream delivered") from error
    return Delivery(stream_seq, reader_seq, time_ns, pending)


def facts_of(document: Mapping[str, Any], server_limit: int) -> StreamFacts:
    """A stream as `STREAM.INFO` describes it. Raises TransportError when that is incomplete."""
    try:
        return _facts(document["config"], document["state"], document, server_limit)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise TransportError("the server describes the stream in an unknown form") from error


def _facts(
    config: Mapping[str, Any],
    state: Mapping[str, Any],
    document: Mapping[str, Any],
    server_limit: int,
) -> StreamFacts:
    limit = config.get("max_msg_size", -1)
    return StreamFacts(
        name=config["name"],
        identity=document["created"],
        first_seq=state["first_seq"],
        last_seq=state["last_seq"],
        last_ns=nanoseconds(state["last_ts"]) if state["last_seq"] else 0,
        server_time=datetime.fromisoformat(document["ts"]) if "ts" in document else None,
        storage=Storage(config["storage"]),
        discard=Discard(config["discard"]),
        retention=Retention(config["retention"]),
        replicas=config["num_replicas"],
        max_age_s=config.get("max_age", 0) / NANOSECONDS,
        max_bytes=max(0, config.get("max_bytes", 0)),
        max_per_subject=max(0, config.get("max_msgs_per_subject", 0)),
        max_message_bytes=min(limit, server_limit) if limit > 0 else server_limit,
        dedupe_s=config.get("duplicate_window", 0) / NANOSECONDS,
        acknowledges=not config.get("no_ack", False),
        is_async=config.get("persist_mode") == "async",
        is_sealed=bool(config.get("sealed")),
        is_mirror=config.get("mirror") is not None,
        allows_atomic=bool(config.get("allow_atomic")),
        metadata=config.get("metadata") or {},
    )


def plan_document(plan: StreamPlan) -> dict[str, Any]:
    """The configuration to make a stream with. Reading single messages is allowed on each."""
    return {
        "name": plan.name,
        "subjects": list(plan.subjects),
        "storage": Storage.FILE.value,
        "retention": Retention.LIMITS.value,
        "discard": plan.discard.value,
        "num_replicas": plan.replicas,
        "max_bytes": plan.max_bytes or -1,
        "max_age": round(plan.max_age_s * NANOSECONDS),
        "duplicate_window": round(plan.dedupe_s * NANOSECONDS),
        "max_consumers": plan.max_readers or -1,
        "max_msgs": -1,
        "max_msgs_per_subject": -1,
        "max_msg_size": -1,
        "allow_direct": True,
        "allow_atomic": plan.atomic,
        "allow_rollup_hdrs": plan.rollup,
        "metadata": dict(plan.metadata),
    }


def reader_document(stream: str, name: str, subject: str, after_seq: int) -> dict[str, Any]:
    """A consumer that hands out what is behind `after_seq` and is forgotten soon after its use."""
    config = {
        "name": name,
        "deliver_policy": "by_start_sequence",
        "opt_start_seq": after_seq + 1,
        "ack_policy": "none",
        "filter_subject": subject,
        "inactive_threshold": round(FORGOTTEN_AFTER_S * NANOSECONDS),
        "mem_storage": True,
        "num_replicas": 1,
    }
    return {"stream_name": stream, "config": config}


def pull_document(limit: int, wait_s: float, heartbeat_s: float, max_bytes: int) -> dict[str, Any]:
    """Ask a consumer for messages: at once what is there, or also what comes within `wait_s`."""
    wanted: dict[str, Any] = {"batch": limit, "max_bytes": max_bytes}
    if wait_s <= 0:
        return wanted | {"no_wait": True}
    if wait_s >= 2 * heartbeat_s:  # the server refuses a heartbeat that is not half as long
        wanted["idle_heartbeat"] = round(heartbeat_s * NANOSECONDS)
    return wanted | {"expires": round(wait_s * NANOSECONDS)}


def progress_of(body: bytes) -> tuple[int, int]:
    """Of a consumer: how many messages it handed out, and how many are left behind them."""
    info = document_of(body)
    try:
        return int(info["delivered"]["consumer_seq"]), int(info["num_pending"])
    except (KeyError, TypeError, ValueError) as error:
        raise TransportError("the server describes the reader in an unknown form") from error


def message_of(subject: str, body: bytes, headers: Mapping[str, str]) -> Message:
    """A message read by itself (ADR-31): where it stands is in headers beside its own."""
    try:
        return Message(
            headers["Nats-Subject"],
            body,
            int(headers["Nats-Sequence"]),
            nanoseconds(headers["Nats-Time-Stamp"]),
            headers,
        )
    except (KeyError, ValueError) as error:
        raise TransportError(f"no message of a stream came back from {subject}") from error


def nanoseconds(text: str) -> int:
    """An RFC 3339 time of the server with up to nine decimals, as nanoseconds since 1970."""
    whole, _, rest = text.partition(".")
    decimals = rest.rstrip("Z")
    seconds = datetime.fromisoformat(f"{whole.rstrip('Z')}+00:00").timestamp()
    return int(seconds) * NANOSECONDS + int(decimals.ljust(9, "0")[:9] or 0)
