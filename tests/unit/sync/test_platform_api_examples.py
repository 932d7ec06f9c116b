"""The examples in docs/platform-api.md are what the reference platform really answers."""

import re
from itertools import pairwise
from pathlib import Path

import orjson
import pytest
from unit.sync.platform_bench import opened_platform

DOCUMENT = Path(__file__).parents[3] / "docs" / "platform-api.md"
BLOCK = re.compile(r"^```http\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ANY = "…"


def examples() -> list[tuple[str, str]]:
    """(request, answer) pairs in the order of the document."""
    blocks = BLOCK.findall(DOCUMENT.read_text())
    return [(a, b) for a, b in pairwise(blocks) if not a[0].isdigit()]


def documents(text: str) -> list:
    """One JSON document, or one per line."""
    try:
        return [orjson.loads(text)]
    except orjson.JSONDecodeError:
        return [orjson.loads(line) for line in text.splitlines()]


def alike(shown, real) -> bool:
    if isinstance(shown, dict) and isinstance(real, dict):
        return shown.keys() == real.keys() and all(alike(shown[k], real[k]) for k in shown)
    if isinstance(shown, list) and isinstance(real, list):
        return len(shown) == len(real) and all(map(alike, shown, real))
    return (shown == ANY and isinstance(real, str)) or shown == real


async def ask(client, request: str, cursor: str):
    head, _, body = request.partition("\n\n")
    first, *headers = head.strip().splitlines()
    method, url = first.split(" ", 1)
    sent = dict(header.split(": ", 1) for header in headers)
    return await client.request(
        method, url.replace("{cursor}", cursor), content=body.encode() or None, headers=sent
    )


@pytest.mark.asyncio
async def test_every_example_is_answered_as_shown(tmp_path):
    assert len(examples()) == 10
    async with opened_platform(tmp_path) as (platform, client):
        customer = {"id": "c-000123", "display_name": "Erika M."}
        platform.store.put("customers", "c-000123", customer)
        cursor = ""
        for request, answer in examples():
            status, _, body = answer.partition("\n\n")
            real = await ask(client, request, cursor)
            assert real.status_code == int(status), request
            got = documents(real.text)
            assert alike(documents(body), got), (request, got)
            cursor = got[-1].get("cursor", cursor)
