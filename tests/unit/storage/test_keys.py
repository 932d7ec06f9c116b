"""The key file: made once, private, never replaced."""

from __future__ import annotations

from pathlib import Path

import pytest
from storage_builders import KEY, OTHER_KEY

from store_agent.storage import keys
from store_agent.storage.errors import StorageRefused, WrongKey


def test_the_key_is_made_once_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    key = keys.load_or_create_key(tmp_path / "db.key")
    assert len(key) == 32
    assert (tmp_path / "db.key").stat().st_mode & 0o777 == 0o600
    assert keys.load_or_create_key(tmp_path / "db.key") == key


def test_a_key_others_can_read_is_refused(tmp_path: Path) -> None:
    keys.load_or_create_key(tmp_path / "db.key")
    (tmp_path / "db.key").chmod(0o644)
    with pytest.raises(StorageRefused, match="other users"):
        keys.load_or_create_key(tmp_path / "db.key")


def test_a_key_of_the_wrong_length_is_refused(tmp_path: Path) -> None:
    (tmp_path / "db.key").touch(mode=0o600)
    with pytest.raises(StorageRefused, match="0 bytes"):
        keys.load_or_create_key(tmp_path / "db.key")


def test_the_fingerprint_tells_keys_apart_without_giving_them_away(tmp_path: Path) -> None:
    assert keys.check_fingerprint(tmp_path, KEY) is False
    keys.note_fingerprint(tmp_path, KEY)
    assert keys.check_fingerprint(tmp_path, KEY) is True
    with pytest.raises(WrongKey):
        keys.check_fingerprint(tmp_path, OTHER_KEY)
    with pytest.raises(WrongKey):
        keys.check_fingerprint(tmp_path, None)
    assert KEY.hex() not in (tmp_path / keys.FINGERPRINT_FILE).read_text()
