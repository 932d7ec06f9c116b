"""The importer itself, without a process around it."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import orjson
import pytest
import zstandard
from storage_builders import KEY, NOON, customer, line, snapshot_bytes

from store_agent.storage import catalog, changes, customers, importer, passes, wire
from store_agent.storage.connection import CACHE_WRITER, Connection, open_connection
from store_agent.storage.wire import BadSnapshot, Document, End, Start


def built(folder: Path, *lines: dict[str, Any]) -> tuple[Connection, dict[str, Any]]:
    sink = io.BytesIO()
    result = importer.build(io.BytesIO(snapshot_bytes(lines)), folder / "new.db", KEY, sink)
    return open_connection(folder / "new.db", KEY, CACHE_WRITER), result


def test_every_collection_is_filled_and_searchable(tmp_path: Path) -> None:
    benefit = {"kind": "percent", "value": 10}
    cache, result = built(
        tmp_path,
        line("customers", customer("c-1", "Erika Müller", phone="+49 30 23125001")),
        line("passes", {"id": "p-1", "customer_id": "c-1", "message": "PASS"}),
        line("offers", {"id": "o-1", "title": {"de": "10 %"}, "detail": {}, "benefit": benefit}),
        line("horoscopes", {"id": "aries"}),
        line("fences", {"type": "Feature"}, key="door"),
    )
    assert result == {"cursor": "cursor-1", "count": 5, "quarantined": 0}
    assert [one.id for one in customers.search(cache, "mueller", 9)] == ["c-1"]
    assert [one.id for one in customers.search(cache, "5001", 9)] == ["c-1"]
    assert passes.by_message(cache, "PASS").id == "p-1"
    assert catalog.version(cache, "offers") == 1
    assert catalog.fences(cache) == [{"type": "Feature"}]
    assert changes.as_of(cache) == NOON
    assert cache.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    cache.close()


def test_the_new_file_is_encrypted_and_in_wal_mode(tmp_path: Path) -> None:
    cache, _ = built(tmp_path, line("customers", customer()))
    assert cache.execute("PRAGMA journal_mode").fetchall() == [("wal",)]
    assert cache.execute("PRAGMA auto_vacuum").fetchall() == [(2,)]
    cache.close()
    assert b"Musterfrau" not in (tmp_path / "new.db").read_bytes()


def test_an_imported_customer_can_be_changed_by_the_feed(tmp_path: Path) -> None:
    cache, _ = built(tmp_path, *(line("customers", customer(f"c-{n}")) for n in range(3)))
    change = changes.Change("customers", "c-1", "upsert", customer("c-1", "Anna Neu"))
    changes.apply(cache, [change], "cursor-2", NOON)
    assert [one.id for one in customers.search(cache, "anna", 9)] == ["c-1"]
    assert len(customers.search(cache, "erika", 9)) == 2
    cache.close()


def test_an_unreadable_document_is_put_aside(tmp_path: Path) -> None:
    cache, result = built(
        tmp_path, line("customers", {"id": "c-1"}), line("customers", customer("c-2"))
    )
    assert result["quarantined"] == 1
    assert customers.count(cache) == 1
    assert cache.execute("SELECT key FROM quarantine").fetchall() == [("c-1",)]
    cache.close()


def test_a_repeated_id_counts_once(tmp_path: Path) -> None:
    cache, _ = built(
        tmp_path,
        line("customers", customer("c-1", "Anna Alt")),
        line("customers", customer("c-1", "Anna Neu")),
    )
    assert [one.last_name for one in customers.search(cache, "anna", 9)] == ["Neu"]
    assert customers.search(cache, "alt", 9) == []
    cache.close()


def test_progress_is_told_in_steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importer, "DOCUMENTS_PER_REPORT", 2)
    sink = io.BytesIO()
    lines = [line("customers", customer(f"c-{n}")) for n in range(5)]
    importer.build(io.BytesIO(snapshot_bytes(lines)), tmp_path / "new.db", KEY, sink)
    reports = [orjson.loads(report) for report in sink.getvalue().splitlines()]
    assert [report["done"] for report in reports] == [0, 2, 4, 5]


def entries(text: bytes) -> list[wire.Entry]:
    return list(wire.entries(io.BytesIO(zstandard.compress(text))))


@pytest.mark.parametrize(
    "text",
    [
        b'{"collection":"offers","key":"o-1","doc":{"a":{"b":1}}}',
        b'{ "doc": {"a":{"b":1}}, "key": "o-1", "collection": "offers" }',
        b'{"collection":"offers","key":"o-\\u0031","doc":{"a":{"b":1}}}\r\n\n',
    ],
)
def test_a_document_may_be_written_in_any_way(text: bytes) -> None:
    (entry,) = entries(text)
    assert isinstance(entry, Document)
    assert (entry.collection, entry.key) == ("offers", "o-1")
    assert orjson.loads(entry.raw) == {"a": {"b": 1}}


def test_the_first_and_the_last_line_are_told_apart() -> None:
    start, end = entries(
        b'{"snapshot":{"total":3,"as_of":"2026-11-21T12:00:00Z"}}\n{"cursor":"c","count":3}'
    )
    assert start == Start(3, NOON)
    assert end == End("c", 3)


@pytest.mark.parametrize(
    "text",
    [
        b"[1]",
        b"{",
        b'{"collection":"offers"}',
        b'{"snapshot":{"total":3,"as_of":"2026-11-21T12:00:00"}}',
        b'{"snapshot":{"total":"many","as_of":"2026-11-21T12:00:00Z"}}',
        b'{"cursor":"c"}',
    ],
)
def test_any_other_line_is_refused(text: bytes) -> None:
    with pytest.raises(BadSnapshot):
        entries(text)


def test_a_bomb_is_refused_before_it_fills_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadSnapshot):
        entries(b"x" * (wire.MAX_LINE_BYTES + wire.READ_BYTES))
    monkeypatch.setattr(wire, "MAX_TOTAL_BYTES", 10_000)
    with pytest.raises(BadSnapshot):
        entries(b'{"cursor":"c","count":3}\n' * 1000)
