"""What a stream must promise before events are trusted to it. Pure.

A shop forgets an event once it is acknowledged. So a stream that may drop it afterwards without
anybody having read it is refused; what cannot be seen from a client is a warning.
"""

from __future__ import annotations

from collections.abc import Callable

from sync.errors import TransportError
from sync.jetstream.port import Discard, Retention, Storage, StreamFacts

DAY_S = 86_400.0
MIN_AGE_S = DAY_S  # a younger limit deletes what the platform missed over one night
GOOD_AGE_S = 30 * DAY_S

Rule = tuple[Callable[[StreamFacts], bool], str, str]

# What makes a stream unfit for events: (when, what is wrong, what to do).
UNFIT: tuple[Rule, ...] = (
    (lambda s: s.storage is not Storage.FILE, "keeps its messages in memory", "storage: file"),
    (
        lambda s: s.discard is not Discard.NEW,
        "drops its oldest messages when it is full",
        "discard: new",
    ),
    (
        lambda s: s.retention is Retention.INTEREST,
        "drops what nobody listens to at the moment",
        "retention: limits",
    ),
    (
        lambda s: s.max_per_subject > 0,
        "keeps only the newest messages of a subject",
        "max_msgs_per_subject: -1",
    ),
    (lambda s: not s.acknowledges, "does not acknowledge", "no_ack: false"),
    (lambda s: s.is_async, "acknowledges before it writes", "persist_mode: default"),
    (lambda s: s.is_sealed or s.is_mirror, "takes no messages", "name the stream that does"),
    (
        lambda s: 0 < s.max_age_s < MIN_AGE_S,
        "deletes messages that are younger than a day",
        "max_age: 30d, or 0 and a platform that releases what it has read",
    ),
)


def check_events(facts: StreamFacts, min_replicas: int) -> None:
    """Raises TransportError, which no retry mends, when the stream is unfit for events."""
    for is_unfit, what, remedy in UNFIT:
        if is_unfit(facts):
            raise _unfit(facts, what, remedy)
    if facts.replicas < min_replicas:
        what = f"has {facts.replicas} copies, {min_replicas} are asked for"
        raise _unfit(facts, what, f"num_replicas: {min_replicas}")


def warnings(facts: StreamFacts) -> tuple[str, ...]:
    """What an operator should know, a sentence each."""
    found = []
    if facts.replicas == 1:
        found.append(
            f"The stream {facts.name} has one copy: it is as durable as the server's setting "
            "`sync_interval: always`, which a client cannot see."
        )
    if not facts.allows_atomic:
        found.append(
            f"The stream {facts.name} takes no atomic batches (allow_atomic, nats-server 2.12): "
            "events go one by one, about 30 times slower."
        )
    if 0 < facts.max_age_s < GOOD_AGE_S:
        days = facts.max_age_s / DAY_S
        found.append(
            f"The stream {facts.name} deletes events after {days:g} days, read or not: "
            "a platform that stops for longer loses them."
        )
    if facts.max_bytes <= 0:
        found.append(
            f"The stream {facts.name} has no max_bytes: it can fill the disk of everybody's server."
        )
    return tuple(found)


def _unfit(facts: StreamFacts, what: str, remedy: str) -> TransportError:
    return TransportError(
        f"the stream {facts.name} {what}",
        permanent=True,
        hint=f"Set `{remedy}` on the stream {facts.name}; see docs/nats.md.",
    )
