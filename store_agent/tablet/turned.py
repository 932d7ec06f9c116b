"""What the turned tablet asks, answered."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
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
from store_agent.domain.customer import Customer
from store_agent.domain.errors import InvalidInput, NotFound, Unavailable
from store_agent.domain.naming import why_unnamed
from store_agent.domain.turned import Grant, TurnedPage
from store_agent.storage import Storage, View, turned
from store_agent.tablet.access import TabletAccess
from store_agent.welcoming.consenting import Consenting, version_of
from store_agent.welcoming.turning import Turning, may_be_turned_to, open_grant

T = TypeVar("T")


class TabletTurned:
    """Implements `kiosk_ui.turned.port.Turned`."""

    def __init__(
        self,
        storage: Storage,
        clock: Clock,
        access: TabletAccess,
        turning: Turning,
        consenting: Consenting,
    ) -> None:
        """Over one storage and the verbs."""
        self._storage = storage
        self._clock = clock
        self._access = access
        self._turning = turning
        self._consenting = consenting

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
            return model.Questions(version_of(texts), texts[0].language, tuple(rows))

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


def _name(view: View, grant: Grant) -> str:
    person = briefing.customer(view, grant.customer_id)
    return "" if person is None or why_unnamed(person) is not None else person.display_name


def _language(view: View, customer_id: str, otherwise: str) -> str:
    person = briefing.customer(view, customer_id)
    if person is None:
        return otherwise
    return person.language if person.language in LANGUAGES else DEFAULT_LANGUAGE
