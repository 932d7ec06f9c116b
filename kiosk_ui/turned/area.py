"""The room of the turned tablet: the way in from a customer's page, and the one page it shows.

Everything a customer can reach lies below /turned; the agent's guard lets a turned tablet nowhere
else, so no page here needs to hide a way out.
"""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from typing import Annotated, TypeVar
from uuid import UUID, uuid4

from fastapi import APIRouter, Form, HTTPException, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from kiosk_ui.areas import Area, Column, Kit
from kiosk_ui.cookies import DEVICE_MAX_AGE_S, Cookie, read_cookie, set_cookie
from kiosk_ui.entry import TOO_MANY, UNAUTHORIZED, AsDevice, refusal_text
from kiosk_ui.errors import LoginReason, LoginRefused
from kiosk_ui.language import LANGUAGES
from kiosk_ui.model import Device, Viewer
from kiosk_ui.pages import answer, customer_url
from kiosk_ui.requests import KioskRoute
from kiosk_ui.router import AsViewer
from kiosk_ui.turned.model import KnownOrigin, TurnedKind, TurnedState
from kiosk_ui.turned.port import Turned
from kiosk_ui.turned.words import KINDS, KNOWN, LIFECYCLES, ORIGINS, SAID

NAME = "turn"
PATH = "/turned"
SEE_OTHER = 303
UNPROCESSABLE = 422
WARN_S = 30  # WCAG 2.2.1 asks for 20 at least
UNHAPPY, HAPPY = 6, 9  # scores up to and from which the answer is another one
ANSWER = "for-"  # a field of the form: for-<purpose> = yes | no

T = TypeVar("T")
Text = Annotated[str, Form(max_length=200)]
Key = Annotated[UUID, Form()]
Score = Annotated[int, Form(ge=0, le=10)]
Sentence = Annotated[str, Form(max_length=300)]
Kind = Annotated[TurnedKind, Form()]


@dataclass(frozen=True, slots=True)
class TurnSection:
    """`areas.Section`: the ways to hand the tablet over."""

    turned: Turned
    name: str = NAME
    column: Column = Column.SIDE

    async def context(self, customer_id: str, viewer: Viewer) -> Mapping[str, object]:
        """See `areas.Section`."""
        del viewer
        to_ask = await self.turned.open_questions(customer_id)
        kinds = dict(KINDS)
        if not await self.turned.may_ask_survey(customer_id):
            del kinds[TurnedKind.SURVEY]
        return {"kinds": kinds, "to_ask": to_ask}


@dataclass(frozen=True, slots=True)
class TurnedRoom:
    """The routes below /turned."""

    turned: Turned

    def build(self, kit: Kit) -> APIRouter:
        """All of them."""
        router = APIRouter(include_in_schema=False, route_class=KioskRoute)
        self._add_page(router, kit)
        self._add_answers(router, kit)
        self._add_telling(router, kit)
        self._add_staying(router, kit)
        self._add_back(router, kit)
        return router

    def _add_page(self, router: APIRouter, kit: Kit) -> None:
        @router.post(PATH)
        async def begin(
            request: Request, viewer: AsViewer, customer_id: Text, kind: Kind
        ) -> Response:
            await found(self.turned.begin(customer_id, kind, viewer))
            kit.hub.lock(viewer.device_id)
            response = RedirectResponse(PATH, SEE_OTHER)
            set_cookie(response, Cookie.STAFF, "", request.url.scheme, 0)
            return response

        @router.get(PATH)
        async def page(
            device: AsDevice, said: Annotated[str, Query(max_length=20)] = ""
        ) -> Response:
            return await self._page(kit, device, said=said)

        @router.post(f"{PATH}/done")
        async def done(device: AsDevice) -> Response:
            await self.turned.done(device)
            return RedirectResponse(PATH, SEE_OTHER)

        @router.post(f"{PATH}/language")
        async def speak(device: AsDevice, language: Text) -> Response:
            if language in LANGUAGES:
                await found(self.turned.speak(device, language))
            return RedirectResponse(PATH, SEE_OTHER)

    def _add_answers(self, router: APIRouter, kit: Kit) -> None:
        @router.post(f"{PATH}/consents")
        async def consents(
            request: Request, device: AsDevice, key: Key, versions: Text
        ) -> Response:
            form = await request.form()
            said = {
                name.removeprefix(ANSWER): value == "yes"
                for name, value in form.items()
                if name.startswith(ANSWER) and value in {"yes", "no"}
            }
            if not said:
                return await self._page(kit, device, error="nothing", status=UNPROCESSABLE)
            try:
                await self.turned.answer(device, str(key), said, versions)
            except LookupError:  # closed meanwhile; the page says goodbye
                return RedirectResponse(PATH, SEE_OTHER)
            except ValueError:
                return await self._page(kit, device, error="changed", status=UNPROCESSABLE)
            return RedirectResponse(f"{PATH}?said=consents", SEE_OTHER)

    def _add_telling(self, router: APIRouter, kit: Kit) -> None:
        @router.post(f"{PATH}/preferences")
        async def preferences(request: Request, device: AsDevice, key: Key) -> Response:
            form = await request.form()
            chosen: dict[str, list[str]] = {}
            for name, value in form.multi_items():
                if name.startswith(ANSWER) and isinstance(value, str):
                    codes = chosen.setdefault(name.removeprefix(ANSWER), [])
                    codes.extend([value] if value else [])
            return await self._told(
                kit, device, self.turned.choose(device, str(key), chosen), "preferences"
            )

        @router.post(f"{PATH}/survey")
        async def survey(
            device: AsDevice, key: Key, score: Score, sentence: Sentence = ""
        ) -> Response:
            deed = self.turned.survey(device, str(key), score, sentence)
            tone = "sorry" if score <= UNHAPPY else "glad" if score >= HAPPY else "thanks"
            return await self._told(kit, device, deed, tone)

        @router.post(f"{PATH}/corrections")
        async def correct(device: AsDevice, key: Key, label: Text, value: Text = "") -> Response:
            deed = self.turned.correct(device, str(key), label, value)
            return await self._told(kit, device, deed, "corrected")

        @router.post(f"{PATH}/requests")
        async def ask(device: AsDevice, key: Key, what: Text) -> Response:
            return await self._told(kit, device, self.turned.ask(device, str(key), what), "asked")

    async def _told(self, kit: Kit, device: Device, deed: Awaitable[None], said: str) -> Response:
        try:
            await deed
        except LookupError:  # closed meanwhile; the page says goodbye
            return RedirectResponse(PATH, SEE_OTHER)
        except ValueError:
            return await self._page(kit, device, error="refused", status=UNPROCESSABLE)
        return RedirectResponse(f"{PATH}?said={said}", SEE_OTHER)

    def _add_staying(self, router: APIRouter, kit: Kit) -> None:
        @router.get(f"{PATH}/still")
        async def still(device: AsDevice) -> Response:
            state = await self.turned.look(device)
            if state is None or not state.is_open:
                return Response(headers={"HX-Redirect": PATH, "Cache-Control": "no-store"})
            is_late = state.seconds_left <= WARN_S
            return answer(self._print(kit, "turned/still.html", state, is_late=is_late))

        @router.post(f"{PATH}/stay")
        async def stay(device: AsDevice) -> Response:
            await self.turned.stay(device)
            return Response(status_code=204)

    def _add_back(self, router: APIRouter, kit: Kit) -> None:
        @router.get(f"{PATH}/back")
        async def ask(device: AsDevice) -> Response:
            return await self._ask_pin(kit, device)

        @router.post(f"{PATH}/back")
        async def back(request: Request, device: AsDevice, staff_id: Text, pin: Text) -> Response:
            try:
                opened = await self.turned.back(device, staff_id, pin)
            except LoginRefused as refusal:
                return await self._ask_pin(kit, device, staff_id, refusal)
            way = customer_url(opened.customer_id) if opened.customer_id else "/"
            response, scheme = RedirectResponse(way, SEE_OTHER), request.url.scheme
            set_cookie(response, Cookie.STAFF, opened.token, scheme)
            token = read_cookie(request.cookies, Cookie.DEVICE, scheme)
            if token:
                set_cookie(response, Cookie.DEVICE, token, scheme, DEVICE_MAX_AGE_S)
            return response

    async def _page(
        self, kit: Kit, device: Device, *, said: str = "", error: str = "", status: int = 200
    ) -> Response:
        state = await self.turned.look(device)
        if state is None:
            return RedirectResponse("/", SEE_OTHER)
        if not state.is_open:
            return answer(self._print(kit, "turned/goodbye.html", state))
        try:
            shown = await self._content(device, state.kind)
        except LookupError:  # closed in between, or the customer is not known any more
            return answer(self._print(kit, "turned/goodbye.html", state))
        html = self._print(
            kit,
            f"turned/{state.kind}.html",
            state,
            **shown,
            said=SAID.get(said, ""),
            error=error,
            key=str(uuid4()),
            field=ANSWER,
        )
        return answer(html, status)

    async def _content(self, device: Device, kind: TurnedKind) -> dict[str, object]:
        if kind is TurnedKind.SURVEY:
            return {}
        if kind is TurnedKind.PREFERENCES:
            return {"quiz": await self.turned.quiz(device)}
        shown: dict[str, object] = {"questions": await self.turned.questions(device)}
        if kind is TurnedKind.KNOWN:
            lines = await self.turned.known(device)
            shown |= {
                "groups": [
                    (origin, ORIGINS[origin], [one for one in lines if one.origin is origin])
                    for origin in KnownOrigin
                ],
                "known_word": KNOWN,
                "lifecycle": LIFECYCLES,
            }
        return shown

    async def _ask_pin(
        self, kit: Kit, device: Device, chosen: str = "", refusal: LoginRefused | None = None
    ) -> HTMLResponse | RedirectResponse:
        state = await self.turned.look(device)
        if state is None:
            return RedirectResponse("/", SEE_OTHER)
        html = self._print(
            kit,
            "turned/back.html",
            state,
            choices=await self.turned.staff_choices(device),
            chosen=chosen or state.staff_id,
            error=refusal_text(refusal, kit.printer.formats(state.language)) if refusal else "",
        )
        return answer(html, _status(refusal))

    def _print(self, kit: Kit, template: str, state: TurnedState, **context: object) -> str:
        return kit.printer.page(template, state.language, kit.now(), state=state, **context)


def _status(refusal: LoginRefused | None) -> int:
    if refusal is None:
        return 200
    return TOO_MANY if refusal.reason is LoginReason.LOCKED else UNAUTHORIZED


async def found(deed: Awaitable[T]) -> T:
    """What a deed brings; a 404 when there is nobody, or the page is closed."""
    try:
        return await deed
    except LookupError as error:
        raise HTTPException(404, "nobody who may be named here, or the page is closed") from error


def turned_area(turned: Turned) -> Area:
    """The room, as `build_router` takes it."""
    return Area(NAME, TurnedRoom(turned).build, sections=(TurnSection(turned),))
