"""Snapshots in a JetStream object store (ADR-20), so that other tools can read them too.

Each chunk carries its own SHA-256, so that a reader hands on nothing that is torn and can go on in
the middle; who reads from the beginning checks the whole as well.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

import orjson

from sync.errors import TransportError, UnreachableError
from sync.jetstream.port import JetStream, Message, Outgoing, StreamPlan
from sync.snapshots import SnapshotPiece, SnapshotPosition

CHUNK_BYTES = 128 * 1024
MAX_READERS = 250_000  # each shop that reads has one; the server's own default is 1000
CHUNKS_AT_ONCE = 16
CHUNK_WAIT_S = 12.0  # a chunk of a snapshot that was replaced meanwhile never comes
DEADLINE_S = 30.0
DIGEST = "SHA-256="
CHUNK_DIGEST = "Chunk-Digest"
FIRST_SEQ, PREVIOUS = "first_seq", "previous"
REPLACE = {"Nats-Rollup": "sub"}


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """One object. `first_seq` is the number of its first chunk if all follow it, else 0."""

    bucket: str
    name: str
    nuid: str
    size: int
    chunks: int
    digest: str
    chunk_bytes: int = CHUNK_BYTES
    first_seq: int = 0
    previous: str = ""

    @property
    def chunk_subject(self) -> str:
        """Where its chunks are."""
        return f"$O.{self.bucket}.C.{self.nuid}"


def bucket_plan(bucket: str, replicas: int = 1, max_bytes: int = 0) -> StreamPlan:
    """The stream of a bucket."""
    subjects = (f"$O.{bucket}.C.>", f"$O.{bucket}.M.>")
    return StreamPlan(
        _stream(bucket),
        subjects,
        replicas,
        max_bytes=max_bytes,
        max_readers=MAX_READERS,
        rollup=True,
    )


async def find(js: JetStream, bucket: str, name: str) -> ObjectInfo | None:
    """The object as it is now, or None."""
    message = await js.last(_stream(bucket), _meta_subject(bucket, name))
    return _info(message.body) if message is not None else None


async def read(
    js: JetStream, info: ObjectInfo, position: SnapshotPosition | None = None
) -> AsyncGenerator[SnapshotPiece, None]:
    """The object's bytes, from `position` on if that is of this very object.

    Raises TransportError; then everything yielded so far is sound.
    """
    wanted = position.offset if position and position.tag == info.nuid else 0
    begin = min(wanted, info.size) // info.chunk_bytes
    after_seq = info.first_seq - 1 + begin if info.first_seq else 0
    skipped = 0 if info.first_seq else begin
    tail = await js.tail(_stream(info.bucket), [(info.chunk_subject, after_seq)])
    offset, count = (begin - skipped) * info.chunk_bytes, begin - skipped
    whole = hashlib.sha256()
    while count < info.chunks:
        messages = await tail.fetch(min(CHUNKS_AT_ONCE, info.chunks - count), CHUNK_WAIT_S)
        if not messages:
            raise UnreachableError("the snapshot was replaced while it was read")
        for message in messages:
            _check_chunk(message)
            whole.update(message.body)
            count += 1
            end = offset + len(message.body)
            if end > wanted:
                new = max(0, wanted - offset)
                yield SnapshotPiece(message.body[new:], offset + new, info.nuid)
            offset = end
    if offset != info.size or (not begin and _digest(whole.digest()) != info.digest):
        raise TransportError("the snapshot is not what was published")


async def write(
    js: JetStream,
    bucket: str,
    name: str,
    pieces: AsyncIterator[bytes],
    at: datetime,
) -> ObjectInfo:
    """Store an object and make it the current one of its name.

    The one before stays for those who read it; the one before that goes.
    """
    before = await find(js, bucket, name)
    nuid = uuid4().hex
    info = ObjectInfo(bucket, name, nuid, 0, 0, "", previous=before.nuid if before else "")
    whole, seqs, size = hashlib.sha256(), [], 0
    try:
        async for chunk in _chunks(pieces):
            whole.update(chunk)
            size += len(chunk)
            digest = {CHUNK_DIGEST: _digest(hashlib.sha256(chunk).digest())}
            message = Outgoing(info.chunk_subject, chunk, headers=digest)
            seqs.append((await js.store((message,), DEADLINE_S)).seq)
        follow = bool(seqs) and seqs == list(range(seqs[0], seqs[0] + len(seqs)))
        info = ObjectInfo(
            bucket,
            name,
            nuid,
            size,
            len(seqs),
            _digest(whole.digest()),
            first_seq=seqs[0] if follow else 0,
            previous=info.previous,
        )
        meta = Outgoing(_meta_subject(bucket, name), _document(info, at), headers=REPLACE)
        await js.store((meta,), DEADLINE_S)
    except BaseException:
        await js.purge(_stream(bucket), info.chunk_subject)
        raise
    if before is not None and before.previous:
        await js.purge(_stream(bucket), f"$O.{bucket}.C.{before.previous}")
    return info


async def _chunks(pieces: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
    held = bytearray()
    async for piece in pieces:
        held += piece
        while len(held) >= CHUNK_BYTES:
            yield bytes(held[:CHUNK_BYTES])
            del held[:CHUNK_BYTES]
    if held:
        yield bytes(held)


def _check_chunk(message: Message) -> None:
    told = message.headers.get(CHUNK_DIGEST)
    if told is not None and told != _digest(hashlib.sha256(message.body).digest()):
        raise TransportError("a piece of the snapshot is not what was published")


def _document(info: ObjectInfo, at: datetime) -> bytes:
    return orjson.dumps(
        {
            "name": info.name,
            "bucket": info.bucket,
            "nuid": info.nuid,
            "size": info.size,
            "chunks": info.chunks,
            "digest": info.digest,
            "mtime": at.isoformat(),
            "options": {"max_chunk_size": info.chunk_bytes},
            "metadata": {FIRST_SEQ: str(info.first_seq), PREVIOUS: info.previous},
        }
    )


def _info(body: bytes) -> ObjectInfo | None:
    """Read an object's description. Raises TransportError when it is none; None when deleted."""
    try:
        document: dict[str, Any] = orjson.loads(body)
        metadata = document.get("metadata") or {}
        if document.get("deleted"):
            return None
        return ObjectInfo(
            document["bucket"],
            document["name"],
            document["nuid"],
            int(document["size"]),
            int(document["chunks"]),
            str(document["digest"]),
            int((document.get("options") or {}).get("max_chunk_size") or CHUNK_BYTES),
            int(metadata.get(FIRST_SEQ) or 0),
            str(metadata.get(PREVIOUS) or ""),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise TransportError(
            "the object store describes the snapshot in an unknown form"
        ) from error


def _digest(raw: bytes) -> str:
    return DIGEST + base64.urlsafe_b64encode(raw).decode()


def _stream(bucket: str) -> str:
    return f"OBJ_{bucket}"


def _meta_subject(bucket: str, name: str) -> str:
    return f"$O.{bucket}.M.{base64.urlsafe_b64encode(name.encode()).decode()}"
