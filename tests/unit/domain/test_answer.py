"""Which topics rest, and for how long."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from store_agent.domain.answer import QUIET_FOR, Answer, Outcome, quiet_topics

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def answer(outcome, *, topic="birthday", visit="v-1", age=timedelta(days=1)):
    return Answer(topic, outcome, visit, NOW - age)


@pytest.mark.parametrize("outcome", Outcome)
def test_what_was_answered_rests_in_this_visit(outcome):
    assert quiet_topics([answer(outcome)], "v-1", NOW) == {"birthday"}


def test_only_what_was_declined_rests_in_the_next_visit_and_not_for_ever():
    given = [answer(outcome, topic=outcome) for outcome in Outcome]
    assert quiet_topics(given, "v-2", NOW) == {"not_interested"}
    assert quiet_topics(given, None, NOW + QUIET_FOR) == frozenset()


@pytest.mark.parametrize("topic", ["case", "pickup", "return"])
def test_what_the_shop_owes_is_said_at_the_next_visit(topic):
    given = [answer(Outcome.NOT_INTERESTED, topic=topic)]
    assert quiet_topics(given, "v-1", NOW) == {topic}
    assert quiet_topics(given, "v-2", NOW) == frozenset()
