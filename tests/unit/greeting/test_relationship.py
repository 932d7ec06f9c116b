"""First meeting, regular, long absence."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from unit.greeting.greeting_builders import DAY, NOW, mira

from store_agent.domain.customer import Lifecycle
from store_agent.domain.greeting import Relationship
from store_agent.greeting import LONG_ABSENCE_DAYS, relationship

FIRST, REGULAR, ABSENT = Relationship
LONG = timedelta(days=LONG_ABSENCE_DAYS)
NOBODY_YET: dict[str, Any] = {"last_visit_at": None, "purchase_count": 0}


@pytest.mark.parametrize(
    ("fields", "tone"),
    [
        (NOBODY_YET, FIRST),
        (NOBODY_YET | {"lifecycle": Lifecycle.LAPSED}, ABSENT),
        (NOBODY_YET | {"lifecycle": Lifecycle.ACTIVE}, REGULAR),
        (NOBODY_YET | {"purchase_count": 4, "lifecycle": Lifecycle.LAPSING}, ABSENT),
        (NOBODY_YET | {"purchase_count": 4, "lifecycle": Lifecycle.LEAD}, REGULAR),
        (NOBODY_YET | {"last_visit_at": NOW - DAY}, REGULAR),
        ({"last_visit_at": NOW - LONG}, ABSENT),
        ({"last_visit_at": NOW - LONG + DAY}, REGULAR),
        ({"last_visit_at": NOW - LONG, "last_purchase_at": NOW - DAY}, REGULAR),
        ({"last_visit_at": NOW - DAY, "last_purchase_at": NOW - LONG}, REGULAR),
        ({"last_visit_at": None, "last_purchase_at": NOW - LONG}, ABSENT),
        ({"last_visit_at": NOW + DAY}, REGULAR),
        ({"last_visit_at": datetime.fromisoformat("2026-11-20T10:00")}, REGULAR),
    ],
)
def test_the_last_contact_gives_the_tone(fields: dict[str, Any], tone: Relationship) -> None:
    assert relationship(mira(**fields), NOW) is tone


def test_a_shop_may_have_learned_another_threshold() -> None:
    person = mira(last_visit_at=NOW - 47 * DAY)
    assert relationship(person, NOW) is REGULAR
    assert relationship(person, NOW, long_absence_days=47) is ABSENT
