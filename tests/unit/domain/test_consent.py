"""Consent: absent is no, the later answer wins, ties withdraw, a local withdrawal stands."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from unit.domain import consent_cases
from unit.domain.consent_cases import Decide, decision

from store_agent.domain.consent import ConsentDecision, ConsentState, deciding, is_granted


def test_every_rule_of_consent_holds() -> None:
    consent_cases.check(is_granted)


def ties_go_to_grant(
    purpose: str, feed: Sequence[ConsentDecision], local: Sequence[ConsentDecision]
) -> bool:
    if any(d.state is ConsentState.WITHDRAWN for d in consent_cases.of(purpose, local)[-1:]):
        return False
    rows = consent_cases.of(purpose, [*feed, *local])
    latest = max(rows, key=lambda d: (d.decided_at, d.state is ConsentState.GRANTED), default=None)
    return latest is not None and latest.state is ConsentState.GRANTED


def the_feed_wins(
    purpose: str, feed: Sequence[ConsentDecision], local: Sequence[ConsentDecision]
) -> bool:
    return is_granted(purpose, feed if consent_cases.of(purpose, feed) else local)


def local_is_one_more_row(
    purpose: str, feed: Sequence[ConsentDecision], local: Sequence[ConsentDecision]
) -> bool:
    return is_granted(purpose, [*feed, *local])


def the_clock_orders_local_answers(
    purpose: str, feed: Sequence[ConsentDecision], local: Sequence[ConsentDecision]
) -> bool:
    return is_granted(purpose, feed, sorted(local, key=lambda d: d.decided_at))


def the_last_row_wins(
    purpose: str, feed: Sequence[ConsentDecision], local: Sequence[ConsentDecision]
) -> bool:
    rows = consent_cases.of(purpose, [*feed, *local])
    return bool(rows) and rows[-1].state is ConsentState.GRANTED


def absent_is_yes(
    purpose: str, feed: Sequence[ConsentDecision], local: Sequence[ConsentDecision]
) -> bool:
    return is_granted(purpose, feed, local) or not consent_cases.of(purpose, [*feed, *local])


def one_yes_for_everything(
    purpose: str, feed: Sequence[ConsentDecision], local: Sequence[ConsentDecision]
) -> bool:
    return any(is_granted(each, feed, local) for each in (purpose, *consent_cases.PURPOSES))


@pytest.mark.parametrize(
    "known_bad",
    [
        ties_go_to_grant,
        the_feed_wins,
        local_is_one_more_row,
        the_clock_orders_local_answers,
        the_last_row_wins,
        absent_is_yes,
        one_yes_for_everything,
    ],
)
def test_the_rules_catch_a_wrong_implementation(known_bad: Decide) -> None:
    with pytest.raises(AssertionError):
        consent_cases.check(known_bad)


def test_a_later_yes_given_here_lifts_a_withdrawal_given_here() -> None:
    assert is_granted("clienteling", [], [decision("withdrawn", 0), decision("granted", 1)])


def test_a_later_withdrawal_in_the_feed_beats_a_yes_given_here() -> None:
    assert not is_granted("clienteling", [decision("withdrawn", 2)], [decision("granted", 1)])


def test_a_yes_given_here_counts_before_the_platform_has_it() -> None:
    assert is_granted("clienteling", [decision("withdrawn", 0)], [decision("granted", 1)])


def test_the_deciding_answer_keeps_its_proof() -> None:
    asked = ConsentDecision("location", ConsentState.GRANTED, consent_cases.NOON, how="tablet")
    assert deciding("location", [decision(), asked]) is asked


def test_nobody_decided_what_was_never_asked() -> None:
    assert deciding("location", [decision()], [decision()]) is None
