"""What a customer tells about themselves on the tablet, and what they ask the shop to do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from store_agent import briefing
from store_agent.clock import Clock
from store_agent.config import StoreSettings
from store_agent.domain import events
from store_agent.domain.errors import InvalidInput, NotFound
from store_agent.domain.ids import NewId, new_id
from store_agent.domain.preference import MAX_VALUE_CHARS, QUIZ, Preference
from store_agent.domain.task import Task, TaskKind
from store_agent.domain.turned import Grant, TurnedPage
from store_agent.outgoing import emit
from store_agent.storage import Connection, Storage, View, preferences, tasks, turned
from store_agent.welcoming.once import is_repeat
from store_agent.welcoming.turning import open_grant


class Request(StrEnum):
    """A right that the shop must see to."""

    ACCESS = "access"
    ERASURE = "erasure"


TASK_TEXTS: Mapping[str, Mapping[Request, str]] = {
    "de": {
        Request.ACCESS: "Möchte eine vollständige Auskunft über die gespeicherten Daten.",
        Request.ERASURE: "Möchte, dass die gespeicherten Daten gelöscht werden.",
    },
    "en": {
        Request.ACCESS: "Wants a full copy of the data that is kept.",
        Request.ERASURE: "Wants the data that is kept to be erased.",
    },
}
Change = tuple[str, str, tuple[str, ...]]  # label, value, codes


class Preferring:
    """The verbs on preferences. `changed` is told about whom something is known now."""

    def __init__(
        self,
        storage: Storage,
        store: StoreSettings,
        clock: Clock,
        changed: Callable[[str], None],
        make_id: NewId = new_id,
    ) -> None:
        """Over one storage; what is kept and asked of staff is in the shop's language."""
        self._storage = storage
        self._zone = ZoneInfo(store.zone)
        self._language = store.language if store.language in TASK_TEXTS else "en"
        self._clock = clock
        self._changed = changed
        self._new_id = make_id

    async def choose(self, device_id: str, key: str, chosen: Mapping[str, Sequence[str]]) -> None:
        """Keep the answers to the quiz, codes by label; an empty answer takes the last one back.

        The same `key` again changes nothing. Raises NotFound when the page is closed, InvalidInput
        for what cannot be chosen.
        """
        try:
            wanted = tuple(
                (question.label, question.value(codes, self._language), tuple(codes))
                for question in QUIZ
                if (codes := chosen.get(question.label)) is not None
            )
        except KeyError as error:
            raise InvalidInput("no such answer", field="choice") from error
        await self._tell(device_id, key, wanted, TurnedPage.PREFERENCES)

    async def correct(self, device_id: str, key: str, label: str, value: str) -> None:
        """Put right what the shop knows; an empty `value` says that it is wrong.

        Raises NotFound when the page is closed or nothing of this name is known.
        """
        value = " ".join(value.split())
        if len(value) > MAX_VALUE_CHARS:
            raise InvalidInput(f"at most {MAX_VALUE_CHARS} characters", field="value")
        await self._tell(device_id, key, ((label, value, ()),), TurnedPage.KNOWN)

    async def ask(self, device_id: str, key: str, request: Request) -> None:
        """Ask for a copy, or for erasure: a task for today, which travels to the platform."""
        now = self._clock.now()

        def record(tx: Connection) -> str | None:
            grant = open_grant(tx, device_id, now, TurnedPage.KNOWN)
            if is_repeat(tx, key, now):
                return None
            event_id = self._new_id()
            task = self._task(grant, request, now)
            tasks.put(tx, task, event_id)
            emit(tx, events.task_changed(event_id, task, grant.staff_id))
            turned.touch(tx, device_id, now)
            return grant.customer_id

        self._tell_of(await self._storage.write(record))

    async def _tell(
        self, device_id: str, key: str, wanted: Sequence[Change], page: TurnedPage
    ) -> None:
        now, event_id = self._clock.now(), self._new_id()

        def look(view: View) -> tuple[Grant, dict[str, str]]:
            grant = open_grant(view.ledger, device_id, now, page)
            return grant, _known(view, grant.customer_id)

        def record(tx: Connection, found: tuple[Grant, dict[str, str]]) -> str | None:
            grant, known = found
            if is_repeat(tx, key, now):
                return None
            if page is TurnedPage.KNOWN and wanted[0][0] not in known:
                raise NotFound("nothing of this name is known", field="label")
            told = [
                Preference(label, value, now, codes)
                for label, value, codes in wanted
                if page is TurnedPage.KNOWN or value != known.get(label, "")
            ]
            turned.touch(tx, device_id, now)
            if not told:
                return None
            preferences.record(tx, grant.customer_id, told, event_id)
            emit(tx, events.preference_changed(event_id, now, grant.customer_id, told))
            return grant.customer_id

        self._tell_of(await self._storage.decide(look, record))

    def _tell_of(self, customer_id: str | None) -> None:
        if customer_id is not None:
            self._changed(customer_id)

    def _task(self, grant: Grant, request: Request, now: datetime) -> Task:
        return Task(
            id=self._new_id(),
            kind=TaskKind.SERVICE,
            text=TASK_TEXTS[self._language][request],
            created_at=now,
            created_by=grant.staff_id,
            changed_at=now,
            store=self._storage.store_id,
            customer_id=grant.customer_id,
            due_on=self._today(now),
        )

    def _today(self, now: datetime) -> date:
        return now.astimezone(self._zone).date()


def _known(view: View, customer_id: str) -> dict[str, str]:
    person = briefing.customer(view, customer_id)
    return {} if person is None else {fact.label: fact.value for fact in person.facts}
