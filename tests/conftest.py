"""Rules for all tests: unit and contract tests have no network; tests in real/ have loopback."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from pytest_socket import disable_socket, enable_socket, socket_allow_hosts

TESTS = Path(__file__).parent
WITHOUT_SOCKETS = {"unit", "contract", "faults"}
LOOPBACK_TIMEOUT_S = 60
FAULTS_TIMEOUT_S = 120

SOAK = os.environ.get("SOAK") == "1"  # the big searches in full, without time limits
SOAK_EXAMPLES = 5_000

calm = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("default", **calm)
settings.register_profile("soak", max_examples=SOAK_EXAMPLES, **calm)
settings.load_profile("soak" if SOAK else "default")


def _folder(item: pytest.Item) -> str:
    return Path(item.path).relative_to(TESTS).parts[0]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Real counterparts and fault searches may take longer than 5 s; a soak takes what it takes."""
    if SOAK:
        return
    limits = {
        "real": LOOPBACK_TIMEOUT_S,
        "journeys": LOOPBACK_TIMEOUT_S,
        "faults": FAULTS_TIMEOUT_S,
    }
    for item in items:
        limit = limits.get(_folder(item))
        if limit and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(limit))


def pytest_runtest_setup(item: pytest.Item) -> None:
    """No sockets below unit/, contract/ and faults/; loopback only everywhere else."""
    enable_socket()
    if _folder(item) in WITHOUT_SOCKETS:
        disable_socket(allow_unix_socket=True)
    else:
        socket_allow_hosts(["127.0.0.1", "::1", "localhost"], allow_unix_socket=True)


def pytest_runtest_teardown() -> None:
    """Leave the interpreter as it was found."""
    enable_socket()
