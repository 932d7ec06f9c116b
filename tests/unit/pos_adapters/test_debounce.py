"""A stuck trigger is one reading; a code that comes back is another."""

from __future__ import annotations

from pos_adapters.scanners.debounce import MAX_REMEMBERED, QUIET_S, Debouncer


def test_a_stuck_trigger_is_one_reading() -> None:
    debouncer = Debouncer()
    assert [debouncer.is_new("A", tick / 50) for tick in range(1000)].count(True) == 1


def test_the_quiet_time_counts_from_the_last_sighting() -> None:
    debouncer = Debouncer()
    assert debouncer.is_new("A", 0.0)
    assert not debouncer.is_new("A", QUIET_S - 0.1)
    assert not debouncer.is_new("A", 2 * QUIET_S - 0.2)
    assert debouncer.is_new("A", 3 * QUIET_S - 0.2)


def test_different_codes_pass_at_once() -> None:
    debouncer = Debouncer()
    assert [debouncer.is_new(code, 0.0) for code in "ABAB"] == [True, True, False, False]


def test_its_memory_is_bounded_and_keeps_what_was_seen_last() -> None:
    debouncer = Debouncer()
    for number in range(10 * MAX_REMEMBERED):
        debouncer.is_new(str(number), 0.0)
        assert number == 0 or not debouncer.is_new("0", 0.0)
    assert len(debouncer._last_seen) == MAX_REMEMBERED
