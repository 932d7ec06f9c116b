"""All checks, one after the other."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

from sync.conformance import documents, events
from sync.conformance.asking import Asker
from sync.conformance.finding import (
    AbsentError,
    Finding,
    Group,
    NotedError,
    Verdict,
    WrongError,
)
from sync.errors import TransportError
from sync.transports.http import HttpLine

Check = Callable[[Asker], Awaitable[str]]

CHECKS: tuple[tuple[Group, tuple[Check, ...]], ...] = (
    (Group.EVENTS, events.CHECKS),
    (Group.DOCUMENTS, documents.CHECKS),
    (Group.LOOKUPS, documents.LOOKUP_CHECKS),
)
FIRST = events.CHECKS[0]


async def check_platform(
    line: HttpLine, stranger: HttpLine, store_id: str, run: str
) -> AsyncIterator[Finding]:
    """What was found, as it is found. `run` is unlike that of any earlier check of this store.

    `stranger` speaks to the same address with another token. A part that is absent is not asked
    further, and nothing more is asked of a platform that cannot be reached or refuses the token.
    Raises nothing.
    """
    asker = Asker(line, stranger, store_id, run)
    for group, checks in CHECKS:
        for check in checks:
            asked = (check.__doc__ or "").strip().rstrip(".")
            try:
                finding = Finding(group, asked, *await _verdict(check, asker))
            except TransportError as error:
                words = f"{error}. {error.hint}".strip()
                yield Finding(group, asked, Verdict.WRONG, words)
                if error.permanent or check is FIRST:
                    return
                continue
            yield finding
            if finding.verdict is Verdict.ABSENT and group is not Group.EVENTS:
                break


async def _verdict(check: Check, asker: Asker) -> tuple[Verdict, str]:
    try:
        return Verdict.OK, await check(asker)
    except WrongError as error:
        return Verdict.WRONG, str(error)
    except AbsentError as error:
        return Verdict.ABSENT, str(error)
    except NotedError as error:
        return Verdict.NOTE, str(error)
