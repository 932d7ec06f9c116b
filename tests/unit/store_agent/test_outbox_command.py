"""`store-agent outbox`: an installer looks into the queue beside a running agent."""

from __future__ import annotations

import asyncio
import io
import sqlite3
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import orjson
import pytest
from builders import Shop, shop
from typer.testing import CliRunner

from store_agent.cli import app
from store_agent.commands import outbox as command
from store_agent.domain.errors import NotFound
from store_agent.storage.errors import StorageRefused, WrongKey
from sync import outbox
from sync.outbox import OutboxEvent

AT = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
PERSON = "c-erika-mustermann"
HOOK = {
    "name": "hook",
    "kind": "webhook",
    "url": "https://hooks.example/shop",
    "secrets": ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
}
PLATFORM = {"url": "https://platform.example", "token": "token-of-the-shop"}

pytestmark = pytest.mark.asyncio


@asynccontextmanager
async def a_shop(folder, refused: tuple[int, ...] = (2, 3)):
    """Five events wait for two transports; the hook refuses some of them."""

    def fill(tx) -> None:
        outbox.enrol(tx, {"platform": True, "hook": True})
        for n in range(1, 6):
            data = orjson.dumps({"n": n})
            outbox.put(tx, OutboxEvent(f"e{n}", "store.scan.recorded", AT, data, PERSON))
        for row in outbox.page(tx, "hook", outbox.Lane.ORDINARY, 100):
            if int(row.id[1:]) in refused:
                outbox.quarantine(tx, row, "hook", "http_400", "the receiver says no", AT)

    async with shop(folder, platform=PLATFORM, transports=[HOOK]) as s:
        await s.agent.storage.write(fill)
        yield s


async def told(call, *arguments, **options) -> str:
    out = io.StringIO()
    await asyncio.to_thread(call, *arguments[:1], out, *arguments[1:], **options)
    return out.getvalue()


async def waiting(s: Shop) -> dict[str, dict]:
    text = await told(command.status, s.agent.settings, as_json=True)
    return {one["transport"]: one for one in map(orjson.loads, text.splitlines())}


async def test_status_tells_each_transport(tmp_path):
    async with a_shop(tmp_path) as s:
        found = await waiting(s)
        assert (found["platform"]["waiting"], found["platform"]["refused"]) == (5, 0)
        assert found["hook"]["refused"] == 2
        assert found["platform"]["oldest_at"] == "2026-11-21T10:00:00Z"
        table = await told(command.status, s.agent.settings, as_json=False)
        assert "platform" in table
        assert "hook" in table


async def test_list_tells_the_reason_and_nothing_of_a_person(tmp_path):
    async with a_shop(tmp_path) as s:
        for as_json in (True, False):
            text = await told(command.list_refused, s.agent.settings, None, 100, as_json=as_json)
            assert len(text.splitlines()) == 2
            assert "http_400" in text
            assert "the receiver says no" in text
            assert PERSON not in text
        nobody = await told(command.list_refused, s.agent.settings, "platform", 9, as_json=False)
        assert nobody == "nothing is refused\n"


async def test_a_named_event_is_tried_again_and_the_others_stay(tmp_path):
    async with a_shop(tmp_path) as s:
        again = await asyncio.to_thread(command.retry, s.agent.settings, ["e2"], "hook")
        assert again == 1
        assert (await waiting(s))["hook"]["refused"] == 1
        left = await told(command.list_refused, s.agent.settings, None, 9, as_json=True)
        assert [orjson.loads(one)["id"] for one in left.splitlines()] == ["e3"]


async def test_all_are_tried_again_when_none_is_named(tmp_path):
    async with a_shop(tmp_path) as s:
        assert await asyncio.to_thread(command.retry, s.agent.settings, [], None) == 2
        assert await asyncio.to_thread(command.retry, s.agent.settings, [], None) == 0
        assert (await waiting(s))["hook"]["refused"] == 0


async def test_if_one_named_event_is_not_refused_none_is_tried_again(tmp_path):
    async with a_shop(tmp_path) as s:
        with pytest.raises(NotFound, match="e5"):
            await asyncio.to_thread(command.retry, s.agent.settings, ["e2", "e5"], None)
        assert (await waiting(s))["hook"]["refused"] == 2


async def test_an_unknown_transport_is_told_the_known_ones(tmp_path):
    async with a_shop(tmp_path) as s:
        with pytest.raises(NotFound) as caught:
            await told(command.list_refused, s.agent.settings, "hok", 9, as_json=True)
        assert "hook, platform" in caught.value.hint


async def test_export_has_the_whole_event(tmp_path):
    async with a_shop(tmp_path) as s:
        out = io.BytesIO()
        await asyncio.to_thread(command.export, s.agent.settings, out, "hook")
        first = orjson.loads(out.getvalue().splitlines()[0])
        assert (first["id"], first["subject"], first["data"]) == ("e2", PERSON, {"n": 2})


async def test_an_exported_file_is_its_owners_only(tmp_path):
    path = tmp_path / "refused.jsonl"
    command.private_file(path).close()
    assert path.stat().st_mode & 0o077 == 0
    with pytest.raises(FileExistsError):
        command.private_file(path)


async def test_the_running_agent_goes_on_writing_meanwhile(tmp_path):
    async with a_shop(tmp_path) as s:
        reads = [waiting(s) for _ in range(5)]
        writes = [
            s.agent.storage.write(
                lambda tx, n=n: outbox.put(tx, OutboxEvent(f"x{n}", "t", AT, b"{}"))
            )
            for n in range(50)
        ]
        await asyncio.gather(*reads, *writes)
        assert (await waiting(s))["platform"]["waiting"] == 55


async def test_without_a_ledger_it_says_so(tmp_path):
    async with a_shop(tmp_path) as s:
        settings = s.agent.settings
        nowhere = settings.model_copy(update={"data": tmp_path / "elsewhere"})
        with pytest.raises(StorageRefused, match=r"there is no .*ledger\.db"):
            await told(command.status, nowhere, as_json=True)
        assert not (tmp_path / "elsewhere").exists()


async def test_another_key_is_refused_and_none_is_made(tmp_path):
    async with a_shop(tmp_path) as s:
        settings = s.agent.settings
        other = tmp_path / "other.key"
        storage = settings.storage.model_copy(update={"key_file": other})
        changed = settings.model_copy(update={"storage": storage})
        with pytest.raises(StorageRefused, match=r"other\.key"):
            await told(command.status, changed, as_json=True)
        assert not other.exists()
        other.write_bytes(bytes(32))
        other.chmod(0o600)
        with pytest.raises(WrongKey):
            await told(command.status, changed, as_json=True)


async def test_a_ledger_of_an_older_release_is_told(tmp_path, monkeypatch):
    async with a_shop(tmp_path) as s:

        def old(*_: object) -> None:
            raise sqlite3.OperationalError("no such table: outbox_transports")

        monkeypatch.setattr(outbox, "configured", old)
        with pytest.raises(StorageRefused, match="older release") as caught:
            await told(command.status, s.agent.settings, as_json=True)
        assert "Start" in caught.value.hint


async def test_retry_wants_to_know_which():
    for arguments in ([], ["--all", "e1"]):
        answer = CliRunner().invoke(app, ["outbox", "retry", "--config", "x.toml", *arguments])
        assert answer.exit_code == 2
