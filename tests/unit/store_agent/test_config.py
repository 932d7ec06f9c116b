"""Settings: what is accepted, and what an error tells."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from store_agent.config import Settings, load, parse
from store_agent.domain.errors import InvalidInput

HOOK_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
DOCS = Path(__file__).parents[3] / "docs" / "configuration.md"


def write(folder: Path, text: str) -> Path:
    path = folder / "agent.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_short_file_is_enough(tmp_path):
    settings = load(write(tmp_path, '[store]\nid = "koeln-01"\nlanes = ["till-0"]\n'))
    assert settings.store.id == "koeln-01"
    assert settings.http.port == 8080
    assert settings.platform is None


def test_the_environment_wins(tmp_path, monkeypatch):
    monkeypatch.setenv("STORE_AGENT_HTTP__PORT", "9000")
    assert load(write(tmp_path, '[store]\nid = "s"\n[http]\nport = 8081\n')).http.port == 9000


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ('[store]\nid = "s"\nzone = "Europe/Nowhere"\n', "store.zone"),
        ('[store]\nid = "s"\nspelled_wrong = 1\n', "store.spelled_wrong"),
        ('[store]\nid = ""\n', "store.id"),
        ("", "store"),
        ('[store]\nid = "s"\n[[tokens]]\naudience = "staff"\nsha256 = "00"\n', "tokens.0"),
    ],
)
def test_an_error_names_the_field(tmp_path, text, field):
    with pytest.raises(InvalidInput) as caught:
        load(write(tmp_path, text))
    assert caught.value.field is not None
    assert caught.value.field.startswith(field)


@pytest.mark.parametrize("content", [b"\xff\xfe", b"[store", b"= 1"])
def test_a_file_that_is_no_toml_is_a_clear_error(tmp_path, content):
    path = tmp_path / "agent.toml"
    path.write_bytes(content)
    with pytest.raises(InvalidInput, match=r"agent\.toml"):
        load(path)


def test_a_missing_file_is_a_clear_error(tmp_path):
    with pytest.raises(InvalidInput, match="cannot read"):
        load(tmp_path / "none.toml")


def test_secrets_do_not_show_in_a_printout():
    settings = parse(
        {"store": {"id": "s"}, "platform": {"url": "http://127.0.0.1", "token": "top-secret"}}
    )
    assert "top-secret" not in repr(settings)


CRM = {"name": "crm", "kind": "segment", "url": "https://api.segment.io"}


def with_transports(*rows: object) -> Settings:
    return parse({"store": {"id": "s"}, "transports": list(rows)})


def test_transports_are_a_list_of_tables(tmp_path):
    settings = load(
        write(
            tmp_path,
            """
            [store]
            id = "s"
            [[transports]]
            name = "crm"
            kind = "segment"
            url = "https://api.segment.io"
            write_key = "k"
            from = "start"
            types = ["store.sale."]
            stale_after_s = {"store.zone." = 600}
            """,
        )
    )
    (crm,) = settings.transports
    assert (crm.name, crm.kind, crm.begin) == ("crm", "segment", "start")
    assert crm.types == ("store.sale.",)
    assert crm.stale_after_s == {"store.zone.": 600.0}


@pytest.mark.parametrize(
    ("rows", "field"),
    [
        ([CRM], "transports.0.write_key"),
        ([CRM | {"write_key": "k", "colour": "red"}], "transports.0.colour"),
        ([CRM | {"write_key": "k"}, {"kind": "webhook"}], "transports.1.url"),
        ([CRM | {"write_key": "k"}, CRM | {"write_key": "k"}], "transports"),
        (["crm"], "transports.0"),
    ],
)
def test_an_error_names_the_field_of_a_transport(rows, field):
    with pytest.raises(InvalidInput) as caught:
        with_transports(*rows)
    assert caught.value.field == field


def test_an_unknown_kind_of_transport_is_told_the_known_ones():
    with pytest.raises(InvalidInput, match=r"'teleport' is none of: .*segment.*webhook"):
        with_transports(CRM | {"kind": "teleport"})


def test_a_secret_of_a_transport_can_come_from_the_environment(monkeypatch):
    monkeypatch.setenv("STORE_AGENT_TRANSPORTS__CRM__WRITE_KEY", "from-outside")
    hook = {"name": "hook", "kind": "webhook", "url": "https://x", "secrets": [HOOK_SECRET]}
    settings = with_transports(hook, CRM | {"write_key": "in-the-file"})
    assert settings.transports[0].own.secrets == (HOOK_SECRET,)
    assert settings.transports[1].own.write_key == "from-outside"
    assert "from-outside" not in repr(settings)
    assert HOOK_SECRET not in repr(settings)


def test_a_secret_inside_a_table_of_a_transport_can_too(monkeypatch):
    monkeypatch.setenv("STORE_AGENT_TRANSPORTS__ACCOUNT__CLIENT_SECRET", "from-outside")
    monkeypatch.setenv("STORE_AGENT_TRANSPORTS__ACCOUNT__SALES__TOKEN", "this-as-well")
    account = {"name": "account", "kind": "emarsys", "client_id": "shop", "key": "uid"}
    own = with_transports(account | {"sales": {"merchant_id": "m"}}).transports[0].own
    assert own.client_secret.get_secret_value() == "from-outside"
    assert own.sales.token.get_secret_value() == "this-as-well"
    assert own.sales.merchant_id == "m"


def test_the_environment_cannot_invent_half_a_transport(monkeypatch):
    monkeypatch.setenv("STORE_AGENT_TRANSPORTS__CMR__WRITE_KEY", "misspelled")
    with pytest.raises(InvalidInput) as caught:
        with_transports(CRM | {"write_key": "k"})
    assert caught.value.field == "transports.1.kind"
    assert "misspelled" not in str(caught.value)


def fields(model: type[BaseModel], prefix: str = "") -> set[str]:
    names: set[str] = set()
    for attribute, info in model.model_fields.items():
        name = info.alias or attribute
        names.add(prefix + name)
        inner = [x for x in (info.annotation, *getattr(info.annotation, "__args__", ())) if x]
        for kind in inner:
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                names |= fields(kind, f"{prefix}{name}.")
    return names


def test_every_setting_is_documented():
    documented = set(re.findall(r"`([a-z0-9_.]+)`", DOCS.read_text(encoding="utf-8")))
    described_by_kind = {"transports.own", "feed.own"}
    assert fields(Settings) - documented == described_by_kind
