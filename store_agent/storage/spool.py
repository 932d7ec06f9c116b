"""What has come of a snapshot, kept beside the cache until all of it is here.

A cut line or a restart goes on where it was, not at the start. The file holds the stream as it
came, in sealed records (ChaCha20-Poly1305, a key of its own derived from the files' key), so that
nothing stands on the disk in clear, and a torn or damaged end is noticed.

Layout: magic, salt, length and text of the tag; then records of length (4 bytes), nonce,
ciphertext. A record's number is sealed with it, so that none can be moved or left out.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from sync.snapshots import SnapshotPosition

FILE = "snapshot.part"
MAGIC = b"snapshot-1\n"
SALT_BYTES = 16
NONCE_BYTES = 12
SEAL_BYTES = NONCE_BYTES + 16  # what sealing adds to a record
MAX_TAG_BYTES = 1024
RECORD_BYTES = 128 * 1024
SYNC_BYTES = 8 * 1024 * 1024  # what a power cut may cost
_LENGTH = 4
_NO_KEY = bytes(32)


class DamagedSpool(Exception):
    """The file does not hold what was written to it: it is thrown away."""


@dataclass(frozen=True, slots=True)
class _Head:
    salt: bytes
    tag: str


def position(path: Path) -> SnapshotPosition | None:
    """How much of which stream stands there in whole records; None when nothing can be used."""
    try:
        with path.open("rb") as file:
            head = _read_head(file)
            if head is None:
                return None
            return SnapshotPosition(head.tag, sum(size for size in _sizes(file)))
    except OSError:
        return None


def remove(path: Path) -> None:
    """Forget what has come."""
    path.unlink(missing_ok=True)


class Spool:
    """The file, open for one importer: `replay` what is there, then `append` what comes.

    Holds a lock on the file, so that an importer that is just dying cannot write into it any more.
    """

    def __init__(self, path: Path, key: bytes | None, at: SnapshotPosition) -> None:
        """Open it at `at`; offset 0 begins a new one. Raises DamagedSpool."""
        self._file = path.open("r+b" if at.offset else "w+b")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX)
            head = self._begin(at)
        except BaseException:
            self._file.close()
            raise
        self._box = ChaCha20Poly1305(_derived(key, head.salt))
        self._records = 0
        self._unsynced = 0
        self._kept = at.offset

    def __enter__(self) -> Self:
        """Open already."""
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        """Close it; whatever is in it stays."""
        with suppress(OSError):
            self._file.close()

    def replay(self) -> Iterator[bytes]:
        """The bytes that were kept, record by record; afterwards the file ends there."""
        left = self._kept
        while left > 0:
            data = self._open_record()
            left -= len(data)
            yield data
        if left < 0:
            raise DamagedSpool("the records end elsewhere")
        self._file.truncate(self._file.tell())

    def append(self, data: bytes) -> None:
        """Keep some more bytes of the stream."""
        for start in range(0, len(data), RECORD_BYTES):
            nonce = os.urandom(NONCE_BYTES)
            sealed = self._box.encrypt(nonce, data[start : start + RECORD_BYTES], self._number())
            self._file.write((len(sealed) + NONCE_BYTES).to_bytes(_LENGTH) + nonce + sealed)
            self._records += 1
            self._unsynced += len(sealed)
        self._file.flush()
        if self._unsynced >= SYNC_BYTES:
            os.fdatasync(self._file.fileno())
            self._unsynced = 0

    def _begin(self, at: SnapshotPosition) -> _Head:
        if at.offset:
            head = _read_head(self._file)
            if head is None or head.tag != at.tag:
                raise DamagedSpool("another stream is kept here")
            return head
        tag = at.tag.encode()
        salt = os.urandom(SALT_BYTES)
        self._file.write(MAGIC + salt + len(tag).to_bytes(2) + tag)
        return _Head(salt, at.tag)

    def _open_record(self) -> bytes:
        size = int.from_bytes(self._file.read(_LENGTH))
        sealed = self._file.read(size) if SEAL_BYTES < size <= RECORD_BYTES + SEAL_BYTES else b""
        nonce, text = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
        try:
            data = self._box.decrypt(nonce, text, self._number())
        except (InvalidTag, ValueError) as error:
            raise DamagedSpool("a record is damaged") from error
        self._records += 1
        return data

    def _number(self) -> bytes:
        return self._records.to_bytes(8)


def _derived(key: bytes | None, salt: bytes) -> bytes:
    hkdf = HKDF(hashes.SHA256(), length=32, salt=salt, info=b"store-agent snapshot spool")
    return hkdf.derive(key or _NO_KEY)


def _read_head(file: BinaryIO) -> _Head | None:
    fixed = file.read(len(MAGIC) + SALT_BYTES + 2)
    length = int.from_bytes(fixed[-2:])
    if not fixed.startswith(MAGIC) or length > MAX_TAG_BYTES:
        return None
    tag = file.read(length)
    if len(tag) < length:
        return None
    return _Head(fixed[len(MAGIC) : -2], tag.decode(errors="replace"))


def _sizes(file: BinaryIO) -> Iterator[int]:
    """Payload bytes of each whole record from here to the end of the file."""
    end = os.fstat(file.fileno()).st_size
    while len(raw := file.read(_LENGTH)) == _LENGTH:
        size = int.from_bytes(raw)
        if not SEAL_BYTES < size <= RECORD_BYTES + SEAL_BYTES or file.tell() + size > end:
            return
        file.seek(size, os.SEEK_CUR)
        yield size - SEAL_BYTES
