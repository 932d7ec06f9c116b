"""What tablets propose to a till, and its answer: accepted or declined, never a silent change."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import Field

from store_agent.api.pos.bodies import Body, MinorUnits
from store_agent.api.pos.documented import example
from store_agent.api.pos.reading import language_of, till_of
from store_agent.clock import Clock
from store_agent.config import StoreSettings
from store_agent.domain.language import base_language
from store_agent.till_board import PROPOSAL_LIFE, Proposal, TillBoard

MAX_WAIT_S = 20  # below the idle limit of every proxy a till may sit behind
TEXTS = {
    "de": "Aus der Beratung: bitte „{title}“ anwenden?",
    "en": "From the shop floor: apply “{title}”?",
}
PROPOSAL: dict[str, Any] = {
    "kind": "proposal",
    "proposal_id": "01932c07-4c1e-7cc3-9d0a-2f7f5e9b1a12",
    "txn_id": "till-1-000123",
    "offer_id": "v-0000001-0",
    "text": "From the shop floor: apply “€10 off from €50”?",
    "expires_at": "2026-11-21T14:03:00Z",
}
ANSWERED: dict[str, Any] = {
    "proposal_id": "01932c07-4c1e-7cc3-9d0a-2f7f5e9b1a12",
    "offer_id": "v-0000001-0",
    "status": "accepted",
}
ProposalId = Annotated[str, Path(min_length=1, max_length=128)]
Wait = Annotated[int, Query(ge=0, le=MAX_WAIT_S, description="seconds to wait for the first one")]


class AnswerBody(Body):
    """What the cashier decided; `total` is what the basket comes to now."""

    accepted: Annotated[bool, Field(strict=True)]
    total: MinorUnits | None = None


def add(routes: APIRouter, board: TillBoard, store: StoreSettings, clock: Clock) -> None:
    """The two doors."""

    @routes.get("/proposals", response_class=Response, responses=example({"proposals": [PROPOSAL]}))
    async def proposals(request: Request, wait: Wait = 0) -> Response:
        """What waits for this till's answer, for the basket it evaluated last."""
        till = till_of(request)
        if till and wait:  # without a name no basket can stand there: nothing to wait for
            await _news(board, till, clock, wait)
        language = language_of(request, store.language)
        told = [message(one, language) for one in board.waiting(till, clock.now())]
        return _json({"proposals": told})

    @routes.post("/proposals/{proposal_id}", response_class=Response, responses=example(ANSWERED))
    async def answer(proposal_id: ProposalId, body: AnswerBody, request: Request) -> Response:
        """The cashier's decision. The first answer stands; 404 when it comes too late."""
        done = board.answer(
            proposal_id,
            till_of(request),
            accepted=body.accepted,
            total_minor=body.total,
            now=clock.now(),
        )
        return _json({"proposal_id": done.id, "offer_id": done.offer_id, "status": done.state})


def message(one: Proposal, language: str) -> dict[str, Any]:
    """A waiting proposal, as `messages` of an evaluation and the list of the door write it."""
    text = TEXTS["de" if base_language(language) == "de" else "en"]
    return {
        "kind": "proposal",
        "proposal_id": one.id,
        "txn_id": one.txn_id,
        "offer_id": one.offer_id,
        "text": text.replace("{title}", one.title),
        "expires_at": one.at + PROPOSAL_LIFE,
    }


async def _news(board: TillBoard, till: str, clock: Clock, wait_s: int) -> None:
    """Until something waits for this till, or `wait_s` are over."""
    told = asyncio.Event()
    stop = board.subscribe(lambda _: told.set())
    try:
        async with asyncio.timeout(wait_s):
            while not board.waiting(till, clock.now()):
                await told.wait()
                told.clear()
    except TimeoutError:
        return
    finally:
        stop()


def _json(answer: dict[str, Any]) -> Response:
    return Response(orjson.dumps(answer, option=orjson.OPT_UTC_Z), media_type="application/json")
