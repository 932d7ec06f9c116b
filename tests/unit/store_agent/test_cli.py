"""The commands as an installer types them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

STORE_AGENT = (sys.executable, "-m", "store_agent")
pytestmark = pytest.mark.timeout(60)  # each call starts an interpreter


def call(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*STORE_AGENT, *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        timeout=50,
    )


def config(folder: Path, more: str = "") -> str:
    path = folder / "shop.toml"
    path.write_text(f'data = "{folder}/agent"\n[store]\nid = "s-1"\n{more}', encoding="utf-8")
    return str(path)


@pytest.mark.parametrize("command", [(), ("run",), ("demo",), ("doctor",), ("decode", "pass")])
def test_help_tells_what_there_is(command):
    answer = call(*command, "--help")
    assert answer.returncode == 0
    assert "Usage" in answer.stdout


def test_decode_pass_explains_each_line(tmp_path):
    book = tmp_path / "book.json"
    book.write_text(
        json.dumps({"passes": [{"id": "p-1", "customer_id": "c-1", "message": "MEMBER-1"}]})
    )
    lines = "]Q1MEMBER-1\nNOBODY\n4006381333931\n\n"
    answer = call("decode", "pass", "--book", str(book), stdin=lines)
    told = [json.loads(line) for line in answer.stdout.splitlines()]
    assert [(t["kind"], t["reason"], t["customer_id"]) for t in told] == [
        ("static_pass", None, "c-1"),
        ("unknown", "unknown_pass", None),
        ("product", "not_a_pass", None),
        ("unknown", "empty", None),
    ]


def test_a_file_that_is_missing_is_one_line_and_its_remedy(tmp_path):
    for arguments in (("decode", "pass", "--book", "none.json"), ("run", "--config", "none.toml")):
        answer = call(*arguments)
        assert answer.returncode == 2
        assert "cannot read" in answer.stderr
        assert "Traceback" not in answer.stderr


def test_the_doctor_tells_what_is_wrong_and_what_to_do(tmp_path):
    scanner = '[[readers.serial]]\nlane = "door"\npath = "/dev/none"\n'
    answer = call("doctor", "--json", "--config", config(tmp_path, scanner))
    found = {row["check"]: row for row in map(json.loads, answer.stdout.splitlines())}
    assert answer.returncode == 1
    assert found["python"]["verdict"] == "ok"
    assert found["tablet assets"]["verdict"] == "ok"
    assert found["scanner door"]["verdict"] == "fail"
    assert found["scanner door"]["remedy"]


def test_a_pin_can_be_set_before_the_shop_opens(tmp_path):
    answer = call("pin", "--config", config(tmp_path), "s-bea", stdin="123456\n")
    assert answer.returncode == 0, answer.stderr
    assert (tmp_path / "agent" / "ledger.db").exists()
    assert b"SQLite format 3" not in (tmp_path / "agent" / "ledger.db").read_bytes()[:16]


def test_the_agent_of_another_store_is_refused(tmp_path):
    call("pin", "--config", config(tmp_path), "s-bea", stdin="123456\n")
    other = Path(config(tmp_path))
    other.write_text(other.read_text().replace("s-1", "s-2"))
    answer = call("pin", "--config", str(other), "s-bea", stdin="123456\n")
    assert answer.returncode == 2
    assert "s-1" in answer.stderr
