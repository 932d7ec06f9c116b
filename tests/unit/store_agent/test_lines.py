"""From settings to lines: which transports there are, and what a wrong one tells."""

from __future__ import annotations

import pytest
from builders import shop

from store_agent.domain.errors import InvalidInput
from sync.outbox import Backlog

PLATFORM = {"url": "https://platform.example", "token": "token-of-the-shop"}
HOOK = {
    "name": "hook",
    "kind": "webhook",
    "url": "https://hooks.example/shop",
    "secrets": ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
}
SEGMENT = {"name": "crm", "kind": "segment", "url": "https://api.segment.io", "write_key": "k"}

pytestmark = pytest.mark.asyncio


def names(sync) -> list[str]:
    return [one.name for one in sync.status().transports]


async def test_a_shop_without_any_stands_alone(tmp_path):
    async with shop(tmp_path) as s:
        assert s.agent.sync is None
        assert s.agent.desk is None


async def test_the_platform_comes_first_and_the_others_as_they_are_listed(tmp_path):
    async with shop(tmp_path, platform=PLATFORM, transports=[HOOK, SEGMENT]) as s:
        assert names(s.agent.sync) == ["platform", "hook", "crm"]
        assert s.agent.desk is not None


async def test_a_shop_may_have_a_webhook_and_no_platform(tmp_path):
    async with shop(tmp_path, transports=[HOOK]) as s:
        assert names(s.agent.sync) == ["hook"]


async def test_emarsys_as_the_only_line_feeds_the_shop_and_is_asked_about_strangers(tmp_path):
    account = {"client_id": "shop", "client_secret": "top-secret", "key": "uid"}
    feed = {"kind": "emarsys", "contact_list": 7, **account}
    out = {"name": "emarsys", "kind": "emarsys", **account}
    async with shop(tmp_path, feed=feed, transports=[out]) as s:
        assert names(s.agent.sync) == ["emarsys"]
        assert s.agent.desk is not None
        assert "top-secret" not in repr(s.agent.settings)


async def test_a_transport_that_can_never_work_ends_the_start_by_name(tmp_path):
    nowhere = HOOK | {"url": "https://:99999"}
    with pytest.raises(InvalidInput, match="'hook'") as caught:
        async with shop(tmp_path, transports=[nowhere]):
            pass
    assert caught.value.hint


async def test_a_platform_that_can_never_work_ends_the_start_too(tmp_path):
    with pytest.raises(InvalidInput, match="platform"):
        async with shop(tmp_path, platform=PLATFORM | {"url": "https://:99999"}):
            pass


async def test_readiness_tells_every_line_by_its_name(tmp_path):
    async with shop(tmp_path, platform=PLATFORM, transports=[HOOK]) as s:
        rows = {row["name"]: row for row in (await s.get("/readyz")).json()["components"]}
        assert (rows["platform"]["state"], rows["platform"]["reason"]) == (
            "offline",
            "no contact yet",
        )
        assert rows["line hook"]["state"] == "offline"


async def test_a_line_that_works_is_in_order_and_one_that_refuses_is_not_quite(tmp_path):
    async with shop(tmp_path, platform=PLATFORM, transports=[HOOK]) as s:
        board = s.agent.sync._board
        board.succeeded("hook")
        board.succeeded("platform")
        board.show("platform", Backlog(count=3, quarantined=2))
        rows = {row["name"]: row for row in (await s.get("/readyz")).json()["components"]}
        assert rows["line hook"]["state"] == "ok"
        assert rows["platform"]["state"] == "degraded"
        assert rows["platform"]["reason"].startswith("2 refused")
        text = (await s.get("/metrics")).text
        assert 'store_agent_transport_events{line="platform"} 3.0' in text
        assert 'store_agent_transport_refused{line="platform"} 2.0' in text
        assert 'store_agent_transport_up{line="hook"} 1.0' in text


async def test_a_shop_without_a_platform_tells_its_own_lines_only(tmp_path):
    async with shop(tmp_path, transports=[HOOK]) as s:
        names = [row["name"] for row in (await s.get("/readyz")).json()["components"]]
        assert "line hook" in names
        assert "platform" not in names
