"""What the turned tablet asks, answered."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from kiosk_ui.errors import ShopUnavailable
from kiosk_ui.language import LANGUAGES
from kiosk_ui.model import Device, StaffChoice, Viewer
from kiosk_ui.turned import model
from store_agent import briefing
from store_agent.clock import Clock
from store_agent.domain.consent import ConsentState, deciding
from store_agent.domain.consent_text import DEFAULT_LANGUAGE, questions, to_ask
from store_agent.domain.customer import Customer, Origin
from store_agent.domain.errors import InvalidInput, NotFound, Unavailable
from store_agent.domain.naming import why_unnamed
from store_agent.domain.preference import QUIZ, QuizQuestion
from store_agent.domain.turned import Grant, TurnedPage
from store_agent.storage import Storage, View, turned
from store_agent.tablet.access import TabletAccess
from store_agent.tablet.known import known
from store_agent.welcoming.consenting import Consenting, version_of
from store_agent.welcoming.preferring import Preferring, Request
from store_agent.welcoming.surveying import Surveying
from store_agent.welcoming.turning import Turning, may_be_turned_to, open_grant

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Verbs:
    """What can be done on a turned tablet."""

    turning: Turning
    consenting: Consenting
    preferring: Preferring
    surveying: Surveying


class TabletTurned:
    """Implements `kiosk_ui.turned.port.Turned`."""

    def __init__(
        self,
        storage: Storage,
        clock: Clock,
        access: TabletAccess,
        verbs: Verbs,
    ) -> None:
        """Over one storage and the verbs."""
        self._storage = storage
        self._clock = clock
        self._access = access
        self._turning = verbs.turning
        self._consenting = verbs.consenting
        self._preferring = verbs.preferring
        self._surveying = verbs.surveying

    async def begin(self, customer_id: str, kind: model.TurnedKind, viewer: Viewer) -> None:
        """Turn the viewer's tablet, in the customer's own language where there is one."""
        language = await self._known(
            self._storage.read(lambda view: _language(view, customer_id, viewer.language))
        )
        page = TurnedPage(kind.value)
        await self._known(
            self._turning.turn(viewer.device_id, customer_id, page, language, viewer.staff_id)
        )

    async def open_questions(self, customer_id: str) -> int:
        """Consents to ask, or to ask anew."""
        now = self._clock.now()

        def read(view: View) -> int:
            person = briefing.customer(view, may_be_turned_to(view, customer_id))
            return 0 if person is None else len(to_ask(person.consents, now))

        return await self._known(self._storage.read(read))

    async def may_ask_survey(self, customer_id: str) -> bool:
        """Not asked lately."""
        return await self._surveying.may_ask(customer_id)

    async def look(self, device: Device) -> model.TurnedState | None:
        """What the tablet is turned to."""
        now = self._clock.now()

        def read(view: View) -> tuple[Grant, str] | None:
            grant = turned.get(view.ledger, device.id)
            return None if grant is None else (grant, _name(view, grant))

        found = await self._storage.read(read)
        if found is None:
            return None
        grant, name = found
        is_open = grant.is_open(now)
        return model.TurnedState(
            model.TurnedKind(grant.page.value),
            grant.language,
            is_open,
            max(0.0, (grant.expires_at - now).total_seconds()),
            grant.staff_id,
            name if is_open else "",
        )

    async def stay(self, device: Device) -> None:
        """A tap."""
        await self._known(self._turning.stay(device.id))

    async def speak(self, device: Device, language: str) -> None:
        """Another language."""
        await self._known(self._turning.speak(device.id, language))

    async def done(self, device: Device) -> None:
        """Goodbye."""
        await self._known(self._turning.close(device.id))

    async def questions(self, device: Device) -> model.Questions:
        """Each consent with what the customer said last."""
        now = self._clock.now()

        def read(view: View) -> model.Questions:
            grant, person = _open_person(view, device.id, now)
            texts = questions(grant.language)
            rows = []
            for text in texts:
                last = deciding(text.purpose, person.consents)
                rows.append(
                    model.Question(
                        text.purpose,
                        text.title,
                        text.what_for,
                        text.benefit,
                        None if last is None else last.state is ConsentState.GRANTED,
                        None if last is None else last.decided_at,
                    )
                )
            asked = {text.purpose for text in texts}
            others = tuple(
                model.Question(one.purpose, granted=True, since=one.decided_at)
                for purpose in dict.fromkeys(d.purpose for d in person.consents)
                if purpose not in asked
                and (one := deciding(purpose, person.consents)) is not None
                and one.state is ConsentState.GRANTED
            )
            return model.Questions(version_of(texts), texts[0].language, tuple(rows), others)

        return await self._known(self._storage.read(read))

    async def answer(
        self, device: Device, key: str, answers: Mapping[str, bool], versions: str
    ) -> None:
        """Yes and no."""
        said = {
            purpose: ConsentState.GRANTED if yes else ConsentState.WITHDRAWN
            for purpose, yes in answers.items()
        }
        await self._known(self._consenting.answer(device.id, key, said, versions))

    async def known(self, device: Device) -> tuple[model.KnownLine, ...]:
        """All of it."""
        now = self._clock.now()

        def read(view: View) -> tuple[model.KnownLine, ...]:
            _, person = _open_person(view, device.id, now)
            return known(view, person, now)

        return await self._known(self._storage.read(read, is_long=True))

    async def correct(self, device: Device, key: str, label: str, value: str) -> None:
        """Put right."""
        await self._known(self._preferring.correct(device.id, key, label, value))

    async def ask(self, device: Device, key: str, what: str) -> None:
        """A task for the shop."""
        await self._known(self._preferring.ask(device.id, key, Request(what)))

    async def quiz(self, device: Device) -> tuple[model.QuizRow, ...]:
        """Each question with what the customer chose last."""
        now = self._clock.now()

        def read(view: View) -> tuple[model.QuizRow, ...]:
            grant, person = _open_person(view, device.id, now)
            said = {fact.label: fact.value for fact in person.facts if fact.origin is Origin.TOLD}
            return tuple(
                _quiz_row(question, grant.language, said.get(question.label, ""))
                for question in QUIZ
            )

        return await self._known(self._storage.read(read))

    async def choose(self, device: Device, key: str, chosen: Mapping[str, Sequence[str]]) -> None:
        """Keep it."""
        await self._known(self._preferring.choose(device.id, key, chosen))

    async def survey(self, device: Device, key: str, score: int, sentence: str) -> None:
        """One number, one sentence."""
        await self._known(self._surveying.answer(device.id, key, score, sentence))

    async def staff_choices(self, device: Device) -> tuple[StaffChoice, ...]:
        """Everybody with a PIN."""
        return await self._access.staff_choices(device)

    async def back(self, device: Device, staff_id: str, pin: str) -> model.Opened:
        """Sign in; only then the tablet is the staff's again."""
        token = await self._access.login(device, staff_id, pin)
        grant = await self._turning.look(device.id)
        await self._known(self._turning.turn_back(device.id))
        if grant is None:
            return model.Opened(token, "")
        is_named = await self._storage.read(lambda view: bool(_name(view, grant)))
        return model.Opened(token, grant.customer_id if is_named else "")

    async def _known(self, deed: Awaitable[T]) -> T:
        try:
            return await deed
        except NotFound as error:
            raise LookupError(str(error)) from error
        except InvalidInput as error:
            raise ValueError(str(error)) from error
        except Unavailable as error:
            raise ShopUnavailable(str(error), retry_after_s=error.retry_after_s) from error


def _open_person(view: View, device_id: str, now: datetime) -> tuple[Grant, Customer]:
    grant = open_grant(view.ledger, device_id, now)
    person = briefing.customer(view, grant.customer_id)
    if person is None:
        raise NotFound("nobody is known by this id any more", field="customer_id")
    return grant, person


def _quiz_row(question: QuizQuestion, language: str, value: str) -> model.QuizRow:
    chosen = question.chosen(value)
    options = tuple(
        model.QuizOption(one.code, one.words[language], one.code in chosen)
        for one in question.options
    )
    return model.QuizRow(question.label, question.title[language], question.is_multiple, options)


def _name(view: View, grant: Grant) -> str:
    person = briefing.customer(view, grant.customer_id)
    return "" if person is None or why_unnamed(person) is not None else person.display_name


def _language(view: View, customer_id: str, otherwise: str) -> str:
    person = briefing.customer(view, customer_id)
    if person is None:
        return otherwise
    return person.language if person.language in LANGUAGES else DEFAULT_LANGUAGE
