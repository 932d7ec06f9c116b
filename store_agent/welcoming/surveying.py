"""The survey on the turned tablet: one number, one sentence, at most once in 90 days."""

from __future__ import annotations

from collections.abc import Callable
from zoneinfo import ZoneInfo

from store_agent import briefing
from store_agent.clock import Clock
from store_agent.config import StoreSettings
from store_agent.domain import events
from store_agent.domain.errors import InvalidInput
from store_agent.domain.ids import NewId, new_id
from store_agent.domain.survey import (
    HIGHEST,
    LOWEST,
    MAX_SENTENCE_CHARS,
    UNHAPPY,
    SurveyAnswer,
    may_be_asked,
)
from store_agent.domain.task import Task, TaskKind
from store_agent.domain.turned import Grant, TurnedPage
from store_agent.insight import sensitive
from store_agent.outgoing import emit
from store_agent.storage import Connection, Storage, View, customers, surveys, tasks, turned
from store_agent.welcoming.once import is_repeat
from store_agent.welcoming.turning import open_grant

TASK_TEXTS = {
    "de": "War unzufrieden: {score} von 10.",
    "en": "Was not content: {score} of 10.",
}


class Surveying:
    """The verb on surveys. `changed` is told about whom there is something to do."""

    def __init__(
        self,
        storage: Storage,
        store: StoreSettings,
        clock: Clock,
        changed: Callable[[str], None],
        make_id: NewId = new_id,
    ) -> None:
        """Over one storage; tasks are in the shop's language."""
        self._storage = storage
        self._zone = ZoneInfo(store.zone)
        self._task_text = TASK_TEXTS.get(store.language, TASK_TEXTS["en"])
        self._clock = clock
        self._changed = changed
        self._new_id = make_id

    async def may_ask(self, customer_id: str) -> bool:
        """Whether this customer was not asked lately."""
        now = self._clock.now()
        return await self._storage.read(
            lambda view: may_be_asked(surveys.last_at(view.ledger, *_ids(view, customer_id)), now)
        )

    async def answer(self, device_id: str, key: str, score: int, sentence: str) -> None:
        """Keep an answer; a low one opens a task for today. The same `key` again changes nothing.

        Raises NotFound when the page is closed, InvalidInput for what is no answer, and for a
        second one within 90 days.
        """
        sentence = _checked(score, sentence)
        now, event_id = self._clock.now(), self._new_id()

        def look(view: View) -> tuple[str, ...]:
            grant = open_grant(view.ledger, device_id, now, TurnedPage.SURVEY)
            return _ids(view, grant.customer_id)

        def record(tx: Connection, ids: tuple[str, ...]) -> str | None:
            grant = open_grant(tx, device_id, now, TurnedPage.SURVEY)
            if is_repeat(tx, key, now):
                return None
            if not may_be_asked(surveys.last_at(tx, *ids), now):
                raise InvalidInput("this customer was asked lately", field="score")
            answer = SurveyAnswer(event_id, grant.customer_id, score, sentence, now, grant.language)
            surveys.record(tx, answer)
            emit(tx, events.survey_answered(answer))
            turned.touch(tx, device_id, now)
            if score <= UNHAPPY:
                self._open_task(tx, grant, answer)
            return grant.customer_id

        customer_id = await self._storage.decide(look, record)
        if customer_id is not None:
            self._changed(customer_id)

    def _open_task(self, tx: Connection, grant: Grant, answer: SurveyAnswer) -> None:
        said = f' "{answer.sentence}"' if answer.sentence else ""
        event_id = self._new_id()
        task = Task(
            id=self._new_id(),
            kind=TaskKind.SERVICE,
            text=self._task_text.format(score=answer.score) + said,
            created_at=answer.at,
            created_by=grant.staff_id,
            changed_at=answer.at,
            store=self._storage.store_id,
            customer_id=grant.customer_id,
            due_on=answer.at.astimezone(self._zone).date(),
        )
        tasks.put(tx, task, event_id)
        emit(tx, events.task_changed(event_id, task, grant.staff_id))


def _checked(score: int, sentence: str) -> str:
    sentence = " ".join(sentence.split())
    if not LOWEST <= score <= HIGHEST:
        raise InvalidInput(f"a score is {LOWEST} to {HIGHEST}", field="score")
    if len(sentence) > MAX_SENTENCE_CHARS:
        raise InvalidInput(f"at most {MAX_SENTENCE_CHARS} characters", field="sentence")
    if sensitive.NEVER_KEPT.intersection(sensitive.find(sentence)):
        raise InvalidInput("it holds the number of a payment card", field="sentence")
    return sentence


def _ids(view: View, customer_id: str) -> tuple[str, ...]:
    person = briefing.customer(view, customer_id)
    own = customer_id if person is None else person.id
    return (own, *customers.merged_into(view.cache, own))
