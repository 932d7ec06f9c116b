"""Settings: what is accepted, and what an error tells."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from store_agent.config import Settings, load, parse
from store_agent.domain.errors import InvalidInput

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


def fields(model: type[BaseModel], prefix: str = "") -> set[str]:
    names: set[str] = set()
    for name, info in model.model_fields.items():
        names.add(prefix + name)
        inner = [x for x in (info.annotation, *getattr(info.annotation, "__args__", ())) if x]
        for kind in inner:
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                names |= fields(kind, f"{prefix}{name}.")
    return names


def test_every_setting_is_documented():
    documented = set(re.findall(r"`([a-z0-9_.]+)`", DOCS.read_text(encoding="utf-8")))
    assert fields(Settings) - documented == set()
