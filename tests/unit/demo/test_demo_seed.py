"""Filling the platform with the sample shop."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from store_agent.demo.seed import SeededShop, ensure_seeded
from store_agent.demo.shop import documents
from store_agent.domain.errors import InvalidInput
from sync.reference_platform.store import PlatformStore

NOW = datetime(2026, 11, 21, 10, 0, 0, tzinfo=UTC)


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[PlatformStore]:
    store = PlatformStore(tmp_path / "platform.db")
    yield store
    store.close()


def test_every_document_arrives(platform: PlatformStore) -> None:
    ensure_seeded(platform, SeededShop(7, 80, NOW))
    wanted = list(documents(7, 80, NOW))
    assert all(platform.get(collection, key) == doc for collection, key, doc in wanted[-50:])
    collections = {collection for collection, _, _ in wanted}
    assert sum(map(platform.count, collections)) == len(wanted)


def test_it_reports_how_far_it_is(platform: PlatformStore) -> None:
    heard: list[tuple[int, int]] = []
    ensure_seeded(platform, SeededShop(7, 80, NOW), lambda done, total: heard.append((done, total)))
    assert heard[-1] == (80, 80)


def test_a_second_start_finds_the_first_shop(platform: PlatformStore) -> None:
    first = ensure_seeded(platform, SeededShop(7, 80, NOW))
    heard: list[int] = []
    later = datetime(2026, 12, 24, 10, 0, tzinfo=UTC)
    again = ensure_seeded(platform, SeededShop(8, 90, later), lambda done, _: heard.append(done))
    assert again == first == SeededShop(7, 80, NOW)
    assert heard == []


def test_a_filling_that_failed_starts_over(platform: PlatformStore) -> None:
    def unplugged(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ensure_seeded(platform, SeededShop(7, 80, NOW), unplugged)
    heard: list[int] = []
    ensure_seeded(platform, SeededShop(7, 80, NOW), lambda done, _: heard.append(done))
    assert heard[-1] == 80


def test_an_impossible_number_of_customers_changes_nothing(platform: PlatformStore) -> None:
    with pytest.raises(InvalidInput):
        ensure_seeded(platform, SeededShop(7, 3, NOW))
    assert platform.count("customers") == platform.count("products") == 0
