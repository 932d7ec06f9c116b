"""`store-agent check-platform`: does a platform keep the contract? Says in words what is wrong."""

from __future__ import annotations

import asyncio
import sys
from uuid import uuid4

import orjson

from store_agent.clock import SystemClock
from sync.conformance import Finding, Verdict, check_platform
from sync.errors import TransportError
from sync.transports.http import HttpLine


def main(url: str, token: str, store_id: str, *, as_json: bool) -> int:
    """Print each finding as it is found; 1 when something is wrong, 2 for an unusable address."""
    try:
        return asyncio.run(_run(url, token, store_id, as_json=as_json))
    except TransportError as error:
        sys.stderr.write(f"store-agent: {error}. {error.hint}\n")
        return 2


async def _run(url: str, token: str, store_id: str, *, as_json: bool) -> int:
    now = SystemClock().now
    run = uuid4().hex[:12]
    line, stranger = HttpLine(url, token, now), HttpLine(url, f"not-the-token-{run}", now)
    found: list[Finding] = []
    try:
        async for finding in check_platform(line, stranger, store_id, run):
            _print(
                finding,
                is_new_group=not found or found[-1].group is not finding.group,
                as_json=as_json,
            )
            found.append(finding)
    finally:
        await line.close()
        await stranger.close()
    wrong = sum(finding.verdict is Verdict.WRONG for finding in found)
    if not as_json:
        sys.stdout.write(f"\n{len(found)} checks, {wrong} wrong\n")
    return int(wrong > 0)


def _print(finding: Finding, *, is_new_group: bool, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(orjson.dumps(finding).decode() + "\n")
    else:
        if is_new_group:
            sys.stdout.write(f"\n{finding.group}\n")
        sys.stdout.write(f"  {finding.verdict:<7} {finding.asked}\n")
        if finding.words:
            sys.stdout.write(f"          {finding.words}\n")
    sys.stdout.flush()
