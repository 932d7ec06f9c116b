"""Every machine door under generated requests: no 5xx, no traceback, and answers as described."""

from __future__ import annotations

import asyncio

import pytest
import schemathesis
from builders import TOKENS
from builders import settings as shop_settings
from hypothesis import HealthCheck, given, settings

from store_agent import app
from store_agent.app.doorway import LOOPBACK
from store_agent.clock import ManualClock


@pytest.fixture(scope="module")
def agent(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fuzz")
    addresses = app.Addresses(
        "http://127.0.0.1",
        "https://kasse.store.test",
        folder / "ca.crt",
        frozenset({*LOOPBACK, "testserver"}),
    )
    built = app.build(shop_settings(folder), ManualClock(), addresses)
    yield built
    asyncio.run(built.storage.close())


@pytest.mark.timeout(120)
def test_no_request_gets_a_5xx_or_a_traceback(agent):
    admin = {"Authorization": f"Bearer {TOKENS['admin']}"}
    schema = schemathesis.openapi.from_asgi("/openapi.json", agent.web, headers=admin)
    operations = [operation.ok() for operation in schema.get_all_operations()]
    assert {operation.label for operation in operations} >= {
        "POST /api/v1/scans",
        "GET /api/v1/customers",
        "POST /pos/v1/baskets/{txn_id}/commit",
    }
    for operation in operations:
        fuzz(operation.as_strategy(), admin, documented(operation))


def documented(operation):
    """The answers a till may count on; other doors are held to less."""
    if not operation.path.startswith("/pos/v1/"):
        return None
    return {int(status) for status in operation.definition.raw["responses"]}


def fuzz(cases, headers, statuses):
    @settings(max_examples=25, suppress_health_check=list(HealthCheck), deadline=None)
    @given(case=cases)
    def check(case):
        answer = case.call(headers=headers)
        assert answer.status_code < 500, (case.method, case.path)
        assert "Traceback" not in answer.text
        assert statuses is None or answer.status_code in statuses, (case.path, answer.status_code)
        if answer.status_code >= 400:
            assert answer.headers["content-type"] == ["application/problem+json"]

    check()
