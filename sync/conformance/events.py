"""Checks of the intake, in the order in which a platform grows."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping

from sync.conformance.asking import REFUSED, Asker, read_results
from sync.conformance.finding import AbsentError, NotedError, WrongError
from sync.transports.capabilities import Capabilities
from sync.transports.cloudevents import BATCH_TYPE, EVENT_TYPE
from sync.transports.http import told_time

BATCH = 20
LARGE_BYTES = 60_000
NO_DOOR = (404, 405, 501)


async def only_with_the_token(ask: Asker) -> str:
    """It answers nobody without the right token."""
    answer = await ask.post(ask.events(1), line=ask.stranger)
    if answer.status not in {401, 403}:
        raise WrongError(
            f"a request with a wrong token is answered {answer.status}. Answer 401 (403 for a token"
            " of another store) and take nothing."
        )
    return f"a wrong token is answered {answer.status}"


async def says_what_it_takes(ask: Asker) -> str:
    """It says what it takes."""
    answer = await ask.line.request("GET", ask.path, deadline_s=15.0)
    if answer.status in NO_DOOR:
        raise AbsentError(
            f"GET {ask.path} is not there: shops send zstd batches of up to 500 events, and find"
            " out by 413 and 415 what does not fit."
        )
    if answer.status in REFUSED:
        raise ask.line.refuse(answer.status, answer.headers)
    if answer.status != 200:
        raise WrongError(f"GET {ask.path} is answered {answer.status}: answer 200, or 404.")
    ask.capabilities = found = Capabilities.read(answer.document())
    form = "batches" if found.batches else "single events"
    return f"{form} of up to {found.max_events} events, {'zstd' if found.zstd else 'no zstd'}"


async def takes_a_batch(ask: Asker) -> str:
    """It takes a batch and answers each event."""
    count = min(BATCH, (ask.capabilities or Capabilities()).max_events)
    _all(await ask.statuses(ask.events(count)), "accepted", "new events must be accepted.")
    return f"{count} events accepted"


async def knows_an_event_again(ask: Asker) -> str:
    """It knows an event again, whenever it comes."""
    events = ask.events(3)
    await ask.results(events)
    again = await ask.statuses([*events, *ask.events(1)])
    advice = (
        'an event that was accepted before must be answered "duplicate". Keep (source, id) of every'
        " event for ever, under a unique index: a shop may come back after a month."
    )
    _all(again[:3], "duplicate", advice)
    _all(again[3:], "accepted", "a new event behind known ones must be accepted.")
    return "a repeated batch is answered with duplicates"


async def takes_the_same_batch_at_once_only_once(ask: Asker) -> str:
    """Two copies of a batch at the same time count once."""
    events = ask.events(5)
    answers = await asyncio.gather(*(ask.post(events) for _ in range(3)))
    if not ask.takes_batches:
        return "not asked: it takes single events"
    seen: Counter[str] = Counter()
    for answer in answers:
        if answer.status in {409, 429, 503}:
            continue
        for result in read_results(answer, events):
            if result.get("status") == "accepted":
                seen[str(result.get("id"))] += 1
    if any(seen[event["id"]] > 1 for event in events):
        raise WrongError(
            "the same event was accepted twice by two requests at the same time. Let a unique index"
            " on (source, id) decide, inside the transaction that takes the event."
        )
    return "each event was accepted by one of them"


async def another_epoch_is_another_source(ask: Asker) -> str:
    """The same id under another source is another event."""
    [event] = ask.events(1)
    await ask.results([event])
    found = await ask.statuses([event | {"source": ask.source("-b")}])
    _all(found, "accepted", "ids are unique within their source only: deduplicate on both.")
    return "a new epoch may use the same ids"


async def order_is_not_forced(ask: Asker) -> str:
    """It takes events whose sequence is lower than the last."""
    first, second = ask.events(2)
    await ask.results([second])
    advice = "urgent events overtake the others, so the sequence may go back between two batches."
    _all(await ask.statuses([first]), "accepted", advice)
    return "urgent events may overtake"


async def takes_what_it_does_not_know(ask: Asker) -> str:
    """It takes event types and fields it does not know."""
    events = ask.events(1, type="store.platform.checked", data={"later": {"x": [1, None]}})
    advice = (
        "a type or field that the platform does not know must be accepted (and may be ignored):"
        " shops are updated before platforms."
    )
    _all(await ask.statuses(events), "accepted", advice)
    return "unknown types are accepted"


async def takes_any_text(ask: Asker) -> str:
    """It takes large events and any script."""
    text = "Zoë 😀 中文 " * (LARGE_BYTES // 30)
    [event] = ask.events(1, data={"note": text})
    _all(await ask.statuses([event]), "accepted", "an event may have 64 KiB of any UTF-8 text.")
    return f"{LARGE_BYTES // 1000} kB of many scripts accepted"


async def a_bad_event_harms_no_other(ask: Asker) -> str:
    """One bad event does not hold up the others."""
    first, last = ask.events(2)
    bad = {key: value for key, value in ask.events(1)[0].items() if key != "type"}
    results = await ask.results([first, bad, last])
    statuses = [result.get("status") for result in results]
    if statuses[0] != "accepted" or statuses[2] != "accepted":
        raise WrongError(
            "an event without a type made its neighbours fail. Judge each event on its own, and"
            " reject the bad one alone."
        )
    if statuses[1] != "rejected" or results[1].get("permanent") is not True:
        raise WrongError(
            'an event without a type must be "rejected" with "permanent": true, a code and a'
            " reason, so that the shop puts it aside and shows why."
        )
    if not (results[1].get("code") and results[1].get("reason")):
        raise WrongError("a rejected event needs a code and a reason that a person can read.")
    return "the bad one is rejected for good, the others are accepted"


async def an_unreadable_batch_is_a_problem(ask: Asker) -> str:
    """A body that is no JSON is answered with a problem document."""
    answer = await ask.send(b'[{"id": "torn', BATCH_TYPE if ask.takes_batches else EVENT_TYPE)
    if answer.status not in {400, 422} or not answer.is_problem:
        raise WrongError(
            f"torn JSON is answered {answer.status} as {_type(answer.headers)}. Answer 400 as"
            " application/problem+json: then the shop halves the batch until it has found the bad"
            " event, and sends the rest. Anything else looks like a fault on the way."
        )
    return "400 as application/problem+json"


async def reads_zstd(ask: Asker) -> str:
    """It reads zstd."""
    if ask.capabilities is not None and not ask.capabilities.zstd:
        raise NotedError("it says it does not: shops send five times as many bytes.")
    events = ask.events(2)
    answer = await ask.post(events, is_zstd=True)
    if answer.status == 415:
        raise NotedError("415: shops leave it out, and send five times as many bytes.")
    if answer.status != 200:
        raise WrongError(
            f"a zstd body is answered {answer.status}. Read it, or answer 415: then shops send"
            " plain JSON."
        )
    if ask.takes_batches:
        read_results(answer, events)
    return "compressed batches are read"


async def bounds_what_it_unpacks(ask: Asker) -> str:
    """A zstd bomb does not bring it down."""
    if ask.capabilities is not None and not ask.capabilities.zstd:
        return "not asked: it reads no zstd"
    answer = await ask.send(b" " * 64_000_000, BATCH_TYPE, is_zstd=True)
    if answer.status not in {400, 413, 415}:
        raise WrongError(
            f"6 kB that unpack to 64 MB are answered {answer.status}. Bound the unpacked size and"
            " answer 413."
        )
    _all(await ask.statuses(ask.events(1)), "accepted", "afterwards it must go on.")
    return f"answered {answer.status}"


async def takes_a_full_batch_in_time(ask: Asker) -> str:
    """It takes a full batch well within a shop's patience."""
    count = (ask.capabilities or Capabilities()).max_events
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    if ask.takes_batches:
        answer = await ask.post(ask.events(count))
        if answer.status == 413:
            raise NotedError(f"413 to {count} events: shops halve until it fits. Say your maximum.")
        if answer.status != 200:
            raise WrongError(f"{count} events are answered {answer.status}: 413 if too many.")
    else:
        count = BATCH
        await ask.results(ask.events(count))
    took_s = loop.time() - began_s
    if took_s > 5.0:
        raise NotedError(f"{count} events took {took_s:.1f} s; a shop gives up after 15 s.")
    return f"{count} events in {took_s:.2f} s"


async def steers(ask: Asker) -> str:
    """It tells its clock and a reconnect window."""
    events = ask.events(1)
    answer = await ask.post(events)
    document = answer.document()
    missing = []
    if told_time(document.get("server_time"), answer.headers) is None:
        missing.append("no clock (server_time or Date): a shop cannot learn how wrong its own is")
    if not isinstance(document.get("reconnect_window_s"), int | float):
        missing.append("no reconnect_window_s: after an outage shops spread over 300 s")
    if missing:
        raise NotedError("; ".join(missing))
    return f"window {document['reconnect_window_s']:g} s"


CHECKS = (
    only_with_the_token,
    says_what_it_takes,
    takes_a_batch,
    knows_an_event_again,
    takes_the_same_batch_at_once_only_once,
    another_epoch_is_another_source,
    order_is_not_forced,
    takes_what_it_does_not_know,
    takes_any_text,
    a_bad_event_harms_no_other,
    an_unreadable_batch_is_a_problem,
    reads_zstd,
    bounds_what_it_unpacks,
    takes_a_full_batch_in_time,
    steers,
)


def _all(found: list[str], expected: str, advice: str) -> None:
    odd = sorted({status for status in found if status != expected})
    if odd:
        raise WrongError(f'answered "{", ".join(odd)}" instead of "{expected}": {advice}')


def _type(headers: Mapping[str, str]) -> str:
    return headers.get("content-type") or "no type at all"
