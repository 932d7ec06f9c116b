"""Whatever the order of pages, snapshots, look-ups and power cuts: the shop ends as the platform.

Known-bad variants of the cache must not.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import pytest
from conftest import SOAK, SOAK_EXAMPLES
from feed_model import Platform, Question, Shop
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from store_agent.app.feed import SyncCache
from store_agent.storage import changes, scope
from sync.feed import Change

NAMES = st.sampled_from(["a", "b"])
SELDOM = st.integers(0, 4)  # what forgets everything that is under way must not come too often
EXAMPLES, STEPS = 150, 30
UNTIL_FOUND = 1500


class Crossing(RuleBasedStateMachine):
    """One platform, one shop, and everything that can cross on the way."""

    make_cache: Callable[..., SyncCache] = SyncCache

    def __init__(self) -> None:
        super().__init__()
        self.platform = Platform.with_two()
        self.shop = Shop(self.platform, type(self).make_cache)

    @rule(name=NAMES)
    def platform_saves(self, name: str) -> None:
        self.platform.save(name)

    @rule(name=NAMES, into=st.booleans())
    def platform_moves_somebody(self, name: str, into: bool) -> None:
        self.platform.move(name, into=into)

    @rule(name=NAMES)
    def platform_deletes(self, name: str) -> None:
        self.platform.delete(name)

    @rule(old=NAMES, new=NAMES)
    def platform_merges(self, old: str, new: str) -> None:
        self.platform.merge(old, new)

    @rule()
    def platform_speaks_of_something_new(self) -> None:
        self.platform.tell_of_something_new()

    @rule(limit=st.integers(1, 9))
    def shop_pulls(self, limit: int) -> None:
        self.shop.pull(self.platform, limit)

    @rule(limit=st.integers(1, 3), cut_after=st.integers(0, 1), seldom=SELDOM)
    def power_is_cut_in_a_page(self, limit: int, cut_after: int, seldom: int) -> None:
        if seldom == 0:
            self.shop.pull(self.platform, limit, cut_after)

    @rule(seldom=SELDOM)
    def process_is_killed(self, seldom: int) -> None:
        if seldom == 0:
            self.shop.start()

    @rule()
    def snapshot_is_begun(self) -> None:
        self.shop.streams.append(self.platform.snapshot())

    @rule()
    def snapshot_is_swapped_in(self) -> None:
        under_way = self.shop.streams
        self.shop.swap_in(under_way.pop() if under_way else self.platform.snapshot())

    @rule(name=NAMES)
    def somebody_is_asked_about(self, name: str) -> None:
        mark = self.shop.cache.mark()
        self.shop.questions.append(Question(mark, self.platform.look_up(name)))

    @rule(first=st.booleans())
    def an_answer_comes(self, first: bool) -> None:
        if self.shop.questions:
            question = self.shop.questions.pop(0 if first else -1)
            self.shop.run(self.shop.cache.take(question.documents, question.mark))

    @invariant()
    def a_whole_profile_never_becomes_an_older_stub(self) -> None:
        if not hasattr(self, "shop"):
            return
        for (collection, key), doc in self.shop.documents().items():
            if collection != "customers":
                continue
            as_of = datetime.fromisoformat(doc["as_of"])
            if doc.get("stub") is not True:
                self.shop.last_full[key] = as_of
            elif key in self.shop.last_full:
                assert as_of > self.shop.last_full.pop(key)

    def teardown(self) -> None:
        try:
            while int(self.shop.cursor() or 0) < len(self.platform.log):
                self.shop.pull(self.platform, 5)
            assert self.shop.documents() == self.platform.view()
        finally:
            self.shop.close()


class FeedOnly(Crossing):
    """Without snapshots, which would heal much and take their time."""

    snapshot_is_begun = None
    snapshot_is_swapped_in = None


def search(machine: type[Crossing], examples: int) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            derandomize=True,
            database=None,
            phases=[Phase.generate],
        ),
    )


@pytest.mark.timeout(120)
def test_every_order_ends_in_the_platforms_state() -> None:
    search(Crossing, SOAK_EXAMPLES if SOAK else EXAMPLES)


class CursorFirst(SyncCache):
    """Moves the cursor before the page is in."""

    async def apply(self, news: Sequence[Change], cursor: str, server_time: Any = None, /) -> None:
        now = self._clock.now()
        await self._storage.write_cache(lambda tx: changes.set_cursor(tx, cursor, now))
        await super().apply(news, cursor, server_time)


class AnswersInAnyOrder(SyncCache):
    """Believes an answer whatever the feed has brought meanwhile."""

    def _is_news(self, document: Change, mark: int) -> bool:
        return True


class PagesOnly(SyncCache):
    """Forgets that a snapshot may be newer than a question."""

    async def import_snapshot(self, pieces: Any, progress: Any, /) -> str:
        page, pages = self._page, list(self._pages)
        cursor = await super().import_snapshot(pieces, progress)
        self._page = page
        self._pages.extend(pages)
        return cursor


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    ("variant", "world"),
    [(CursorFirst, FeedOnly), (AnswersInAnyOrder, FeedOnly), (PagesOnly, Crossing)],
)
def test_a_known_bad_cache_is_found(variant: type[SyncCache], world: type[Crossing]) -> None:
    machine = type(f"Bad{variant.__name__}", (world,), {"make_cache": variant})
    with pytest.raises(AssertionError):
        search(machine, UNTIL_FOUND)


@pytest.mark.timeout(120)
def test_a_stub_that_may_replace_a_newer_whole_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scope, "is_older_stub", lambda *_: False)
    with pytest.raises(AssertionError):
        search(FeedOnly, UNTIL_FOUND)
