"""What consent must hold, as properties over any implementation, and implementations that do not.

`decide(purpose, feed, undelivered) -> bool` is the shape of `is_granted`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from store_agent.domain.consent import ConsentDecision, ConsentState

# The same examples in every run, and no long analysis of a failure that a test wants to see.
SEARCH = settings(derandomize=True, database=None, phases=(Phase.generate, Phase.shrink))

Decide = Callable[[str, Sequence[ConsentDecision], Sequence[ConsentDecision]], bool]

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
PURPOSES = ("clienteling", "marketing.email")


def decision(
    state: str = "granted", hours: float = 0, purpose: str = "clienteling"
) -> ConsentDecision:
    """An answer given `hours` after noon."""
    return ConsentDecision(purpose, ConsentState(state), NOON + timedelta(hours=hours))


# Few purposes and few times, so that ties and both orders are common.
DECISIONS = st.builds(
    decision,
    st.sampled_from([state.value for state in ConsentState]),
    st.integers(0, 3),
    st.sampled_from(PURPOSES),
)
ROWS = st.lists(DECISIONS, max_size=5)


def of(purpose: str, rows: Sequence[ConsentDecision]) -> list[ConsentDecision]:
    """The rows about `purpose`."""
    return [row for row in rows if row.purpose == purpose]


def check(decide: Decide) -> None:
    """Raise AssertionError if `decide` breaks any rule of consent."""
    for rule in (absent_means_no, ties_withdraw, later_wins, a_local_withdrawal_stands):
        rule(decide)


def absent_means_no(decide: Decide) -> None:
    """What was never asked is not allowed, whatever else was."""

    @SEARCH
    @given(ROWS, ROWS)
    def search(feed: list[ConsentDecision], local: list[ConsentDecision]) -> None:
        others = [row for row in feed if row.purpose != "clienteling"]
        other_local = [row for row in local if row.purpose != "clienteling"]
        assert not decide("clienteling", others, other_local)

    search()


def ties_withdraw(decide: Decide) -> None:
    """Two answers of one moment: the withdrawal counts, in the feed as well as across."""

    @SEARCH
    @given(st.permutations([decision("granted"), decision("withdrawn")]), st.integers(0, 2))
    def search(both: list[ConsentDecision], from_feed: int) -> None:
        assert not decide("clienteling", both[:from_feed], both[from_feed:])

    search()


def later_wins(decide: Decide) -> None:
    """The feed alone: the latest moment decides, in any order of rows."""

    @SEARCH
    @given(ROWS, st.sampled_from(PURPOSES))
    def search(feed: list[ConsentDecision], purpose: str) -> None:
        rows = of(purpose, feed)
        last = [row.state for row in rows if row.decided_at == max(r.decided_at for r in rows)]
        assert decide(purpose, feed, []) is (set(last) == {ConsentState.GRANTED})

    search()


def a_local_withdrawal_stands(decide: Decide) -> None:
    """Whatever the feed says and whatever the clock said: withdrawn here last is withdrawn."""

    @SEARCH
    @given(ROWS, ROWS, st.integers(-3, 3))
    def search(feed: list[ConsentDecision], local: list[ConsentDecision], hours: int) -> None:
        made_last = decision("withdrawn", hours)
        assert not decide("clienteling", feed, [*local, made_last])

    search()
