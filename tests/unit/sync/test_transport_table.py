"""The table of transports: every row keeps its promises, and an error names the field."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

import pytest
from contract.transport_rigs.example import code, example_module
from pydantic import ValidationError

from sync.transports import table
from sync.transports.settings import Begin, FeedSettings, TransportSettings

DOCS = Path(__file__).parents[3] / "docs"
PLATFORM = {"kind": "platform", "url": "https://platform.example", "token": "top-secret"}
MODELS = [
    *(pytest.param(table.transport_settings(kind), id=kind) for kind in table.TRANSPORTS),
    *(pytest.param(table.feed_settings(kind), id=f"feed {kind}") for kind in table.FEEDS),
]


def refusal(**section) -> tuple[tuple, str]:
    with pytest.raises(ValidationError) as caught:
        TransportSettings(**section)
    first = caught.value.errors()[0]
    return first["loc"], first["msg"]


@pytest.mark.parametrize("model", MODELS)
def test_every_kind_has_settings_that_forbid_what_they_do_not_know(model):
    assert model.model_config["extra"] == "forbid"
    assert model.model_config["frozen"] is True


@pytest.mark.parametrize("model", MODELS)
def test_every_field_of_a_kind_is_described(model):
    pages = [DOCS / "transports.md", *DOCS.glob("nats.md"), *DOCS.glob("emarsys.md")]
    described = {
        name
        for page in pages
        for name in re.findall(r"`([a-z0-9_.]+)`", page.read_text(encoding="utf-8"))
    }
    assert set(model.model_fields) - described == set()


def test_fields_of_a_kind_stand_beside_those_of_every_kind():
    read = TransportSettings(name="second", **PLATFORM, **{"from": "start"})
    assert read.begin is Begin.START
    assert read.own == table.transport_settings("platform")(
        url="https://platform.example", token="top-secret"
    )
    assert "top-secret" not in repr(read)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"url": "platform.example"}, "url"),
        ({"spelled_wrong": 1}, "spelled_wrong"),
        ({"name": "Kasse 1"}, "name"),
        ({"name": "platform"}, "name"),
        ({"from": "yesterday"}, "from"),
        ({"types": "store.sale."}, "types"),
        ({"kind": ["platform"]}, "kind"),
        ({"own": {}}, "own"),
    ],
)
def test_an_error_names_the_field_as_the_file_does(wrong, field):
    where, _ = refusal(**({"name": "second"} | PLATFORM | wrong))
    assert where[0] == field


def test_an_age_must_be_positive():
    where, _ = refusal(name="second", **PLATFORM, stale_after_s={"store.zone.": 0})
    assert where == ("stale_after_s", "store.zone.")


def test_an_unknown_kind_is_told_the_known_ones():
    where, message = refusal(name="x", kind="teleport")
    assert where == ("kind",)
    assert "'teleport'" in message
    assert all(kind in message for kind in table.TRANSPORTS)


def test_the_example_of_the_docs_is_one_file_and_one_row(monkeypatch):
    module = example_module()
    monkeypatch.setitem(sys.modules, "sync.transports.collector", module)
    kind, path = re.fullmatch(r'\s*"(.*)": "(.*)",\s*', code("text")).groups()
    monkeypatch.setitem(table.TRANSPORTS, kind, path)
    (row,) = tomllib.loads(code("toml"))["transports"]
    read = TransportSettings(**row)
    assert isinstance(read.own, module.Settings)
    assert row["token"] not in repr(read)


def test_an_unknown_kind_of_feed_is_refused_by_name():
    with pytest.raises(ValidationError, match="'teleport'"):
        FeedSettings(kind="teleport")
