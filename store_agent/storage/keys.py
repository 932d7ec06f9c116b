"""The key of the files: 32 random bytes in a file only the agent's user may read.

It is used raw (`PRAGMA key = "x'..'"`), so opening costs no key derivation. A fingerprint beside
the data tells a wrong key from a damaged file.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from pathlib import Path

from store_agent.storage.errors import StorageRefused, WrongKey
from store_agent.storage.files import sync_folder, write_durably

KEY_BYTES = 32
FINGERPRINT_FILE = "db.key.id"
PLAIN_FINGERPRINT = "unencrypted"
_FINGERPRINT_CONTEXT = b"store-agent database key\x00"


def load_or_create_key(path: Path) -> bytes:
    """The key in `path`; made, mode 0600, when there is none. Raises StorageRefused if unusable."""
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        return _load(path)
    key = secrets.token_bytes(KEY_BYTES)
    with os.fdopen(descriptor, "wb") as file:
        file.write(key)
        file.flush()
        os.fsync(file.fileno())
    sync_folder(path.parent)
    return key


def _load(path: Path) -> bytes:
    if path.stat().st_mode & 0o077:
        raise StorageRefused(
            f"the key file {path} can be read by other users", hint=f"Run: chmod 600 {path}"
        )
    key = path.read_bytes()
    if len(key) != KEY_BYTES:
        raise StorageRefused(
            f"the key file {path} holds {len(key)} bytes instead of {KEY_BYTES}",
            hint="Restore the key file from its backup.",
        )
    return key


def fingerprint(key: bytes | None) -> str:
    """What identifies a key without giving it away."""
    if key is None:
        return PLAIN_FINGERPRINT
    return hashlib.sha256(_FINGERPRINT_CONTEXT + key).hexdigest()[:16]


def check_fingerprint(folder: Path, key: bytes | None) -> bool:
    """Whether the folder's files are known to be made with `key`; False when nobody noted it.

    Raises WrongKey when they were made with another one.
    """
    file = folder / FINGERPRINT_FILE
    try:
        noted = file.read_text().strip()
    except FileNotFoundError:
        return False
    if noted != fingerprint(key):
        raise WrongKey(
            f"the files in {folder} were made with another key",
            hint=f"Restore the key with the fingerprint {noted}; without it they stay unreadable.",
        )
    return True


def note_fingerprint(folder: Path, key: bytes | None) -> None:
    """Remember which key the files in `folder` are made with; once, a later start needs no room."""
    if not (folder / FINGERPRINT_FILE).exists():
        write_durably(folder / FINGERPRINT_FILE, fingerprint(key).encode() + b"\n")
