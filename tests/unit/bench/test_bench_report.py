"""The bench's arithmetic: percentiles, ratios against a baseline, and the shape of a JSON line."""

from __future__ import annotations

import json

import pytest
from bench.report import (
    at_least_share,
    at_most,
    at_most_times,
    information,
    json_line,
    median,
    percentile,
    table,
)


def test_a_percentile_is_the_smallest_sample_that_so_many_do_not_exceed():
    samples = [float(n) for n in range(100, 0, -1)]
    assert percentile(samples, 0.5) == 50.0
    assert percentile(samples, 0.99) == 99.0
    assert percentile(samples, 1.0) == 100.0
    assert percentile(samples, 0.0) == 1.0
    assert percentile([7.0], 0.99) == 7.0
    assert median([3.0, 1.0, 2.0]) == 2.0


def test_no_samples_have_no_percentile():
    with pytest.raises(ValueError, match="no samples"):
        percentile([], 0.5)


@pytest.mark.parametrize(("value", "met"), [(3.0, True), (3.1, False)])
def test_a_cost_may_be_so_many_times_its_baseline(value, met):
    result = at_most_times("scan.p50", "ms", value, 1.0, 3.0)
    assert (result.ratio, result.met) == (value, met)


@pytest.mark.parametrize(("value", "met"), [(500.0, True), (499.0, False)])
def test_a_rate_must_reach_its_share_of_the_baseline(value, met):
    result = at_least_share("scan_http", "/s", value, 1000.0, 0.5)
    assert (result.ratio, result.met) == (value / 1000.0, met)


def test_an_absolute_row_has_no_ratio():
    result = at_most("visible.p95", "ms", 80.0, 100.0)
    assert (result.baseline, result.ratio, result.met) == (None, None, True)
    assert not at_most("visible.p95", "ms", 100.5, 100.0).met


def test_a_json_line_has_exactly_the_public_fields():
    line = json.loads(json_line(at_most_times("scan.p50", "ms", 2.123456, 1.0, 3.0, "a note")))
    assert list(line) == ["row", "unit", "value", "baseline", "ratio", "budget", "met"]
    assert line["value"] == 2.123
    assert line["met"] is True


def test_a_row_for_information_has_neither_budget_nor_verdict():
    line = json.loads(json_line(information("encryption.read", "us", 20.0, 10.0)))
    assert (line["ratio"], line["budget"], line["met"]) == (2.0, None, None)


def test_rounding_keeps_whole_numbers_and_zero():
    line = json.loads(json_line(at_most("row", "MiB", 0.0, 150.0)))
    assert line["value"] == 0.0
    line = json.loads(json_line(at_least_share("drain", "events/s", 123456.0, 200000.0, 0.5)))
    assert line["value"] == 123500.0


def test_a_missed_budget_stands_out_in_the_table():
    text = table([at_most("slow", "ms", 2.0, 1.0), at_most("fast", "ms", 0.5, 1.0)])
    slow, fast = text.splitlines()[1:]
    assert slow.endswith("NO")
    assert fast.endswith("yes")
