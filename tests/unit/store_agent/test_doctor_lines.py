"""Doctor on the lines: one finding for each receiver, one more for a clock that differs."""

from __future__ import annotations

import pytest
from builders import settings

from store_agent.commands.doctor_lines import line_findings
from store_agent.commands.finding import Verdict
from sync.transports import table
from sync.transports.probe import Probe, Reach

CSV = {"name": "daily", "kind": "csv"}


def test_a_shop_without_lines_stands_alone(tmp_path):
    (only,) = line_findings(settings(tmp_path))
    assert (only.check, only.verdict) == ("platform", Verdict.WARN)


def test_each_receiver_has_a_line(tmp_path):
    there = CSV | {"folder": str(tmp_path)}
    gone = {"name": "stick", "kind": "csv", "folder": str(tmp_path / "gone")}
    found = list(line_findings(settings(tmp_path, transports=[there, gone])))
    assert [(one.check, one.verdict) for one in found] == [
        ("transport daily", Verdict.OK),
        ("transport stick", Verdict.WARN),
    ]
    assert found[1].remedy


def test_an_address_that_cannot_be_one_fails(tmp_path):
    platform = {"url": "https://:99999", "token": "token-of-the-shop"}
    (only,) = line_findings(settings(tmp_path, platform=platform))
    assert only.verdict is Verdict.FAIL
    assert only.remedy


@pytest.mark.parametrize(
    ("offset_s", "verdicts"),
    [
        (None, [Verdict.OK]),
        (59.0, [Verdict.OK]),
        (-3600.0, [Verdict.OK, Verdict.WARN]),
        (61.0, [Verdict.OK, Verdict.WARN]),
    ],
)
def test_a_clock_that_differs_is_told(tmp_path, monkeypatch, offset_s, verdicts):
    async def probe(*_: object) -> Probe:
        return Probe(Reach.THERE, "answers (204)", "", offset_s)

    monkeypatch.setattr(table, "probe", probe)
    transports = [CSV | {"folder": str(tmp_path)}]
    found = list(line_findings(settings(tmp_path, transports=transports)))
    assert [one.verdict for one in found] == verdicts
    if offset_s == -3600.0:
        assert "3600 s behind" in found[1].seen
