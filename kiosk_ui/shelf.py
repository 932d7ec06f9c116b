"""What a browser may keep: own files, manifest, service worker and the offline page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from hashlib import blake2s

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import JSONResponse

from kiosk_ui.pages import PAGE_HEADERS
from kiosk_ui.printer import Printer
from kiosk_ui.requests import language_of
from kiosk_ui.settings import KioskSettings
from kiosk_ui.static_files import StaticFiles

FOR_EVER = "public, max-age=31536000, immutable"
ASK_AGAIN = "no-cache"


def build_shelf_router(
    printer: Printer, static: StaticFiles, settings: KioskSettings, now: Callable[[], datetime]
) -> APIRouter:
    """/static, /sw.js, /manifest.webmanifest, /offline; nothing here is personal."""
    router = APIRouter(include_in_schema=False)

    @router.get("/static/{digest}/{name:path}")
    async def file(digest: str, name: str) -> Response:
        found = static.find(digest, name)
        if found is None:
            raise HTTPException(404, "no such file, or another version of it")
        headers = {"Cache-Control": FOR_EVER, "X-Content-Type-Options": "nosniff"}
        return Response(found.content, headers=headers, media_type=found.media_type)

    @router.get("/sw.js")
    async def service_worker(request: Request) -> Response:
        files = [*static.urls(), "/offline"]
        shelf = blake2s("".join(files).encode(), digest_size=6).hexdigest()
        script = printer.page("sw.js", language_of(request), now(), shelf=shelf, files=files)
        headers = {"Cache-Control": ASK_AGAIN}
        return Response(script, headers=headers, media_type="text/javascript")

    @router.get("/manifest.webmanifest")
    async def manifest(request: Request) -> Response:
        icon = {"src": static.url("icon.svg"), "sizes": "any", "type": "image/svg+xml"}
        body = {
            "id": "/",
            "name": settings.shop_name,
            "short_name": settings.shop_name[:12],
            "lang": language_of(request),
            "start_url": "/",
            "scope": "/",
            "display": "standalone",
            "background_color": "#f6f4ef",
            "theme_color": "#fffdf9",
            "icons": [icon | {"purpose": "any"}, icon | {"purpose": "maskable"}],
        }
        return JSONResponse(
            body, headers={"Cache-Control": ASK_AGAIN}, media_type="application/manifest+json"
        )

    @router.get("/offline")
    async def offline(request: Request) -> Response:
        html = printer.page("offline.html", language_of(request), now())
        return Response(html, headers=PAGE_HEADERS, media_type="text/html")

    return router
