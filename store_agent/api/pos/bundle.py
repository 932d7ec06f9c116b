"""`GET /pos/v1/offline-bundle`: what a till may do while even this box is away."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import orjson
from fastapi import APIRouter, Request, Response

from store_agent.api.pos.documented import example
from store_agent.api.pos.reading import language_of
from store_agent.checkout.bundle import BundleSigner, claims
from store_agent.clock import Clock
from store_agent.config import StoreSettings
from store_agent.offers.windows import moment_of
from store_agent.storage import Storage

BUNDLE = {"bundle": "eyJhbGciOiJFZERTQSJ9.eyJpc3MiOi…", "public_key": "11qYAYKxCrfVS_7TyWQHOg…"}


def add(
    routes: APIRouter, storage: Storage, signer: BundleSigner, store: StoreSettings, clock: Clock
) -> None:
    """The door of the bundle."""
    zone = ZoneInfo(store.zone)

    @routes.get("/offline-bundle", response_class=Response, responses=example(BUNDLE))
    async def offline_bundle(request: Request) -> Response:
        """Signed (JWS, EdDSA) and valid for four hours; fetch it anew every hour."""
        language = language_of(request, store.language)
        book = await storage.read(lambda view: view.offers())
        moment = moment_of(clock.now(), zone)
        told = claims(store.id, book.offers, moment, language, len(store.lanes))
        answer = {"bundle": signer.sign(told), "public_key": signer.public_key}
        return Response(orjson.dumps(answer), media_type="application/json")
