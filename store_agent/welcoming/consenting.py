"""The customer's own yes or no, on the tablet that is turned to them and nowhere else."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from store_agent.clock import Clock
from store_agent.domain import events
from store_agent.domain.consent import ConsentDecision, ConsentState
from store_agent.domain.consent_text import TURNED_TABLET, ConsentText, questions
from store_agent.domain.errors import InvalidInput
from store_agent.domain.ids import NewId, new_id
from store_agent.domain.turned import Grant, TurnedPage
from store_agent.outgoing import emit
from store_agent.storage import Connection, Storage, consents, turned
from store_agent.welcoming.once import is_repeat
from store_agent.welcoming.turning import open_grant

PAGES = (TurnedPage.CONSENT, TurnedPage.KNOWN)


class Consenting:
    """The verb on consents. `changed` is told after each answer."""

    def __init__(
        self,
        storage: Storage,
        clock: Clock,
        changed: Callable[[], None],
        make_id: NewId = new_id,
    ) -> None:
        """Over one storage."""
        self._storage = storage
        self._clock = clock
        self._changed = changed
        self._new_id = make_id

    async def answer(
        self, device_id: str, key: str, answers: Mapping[str, ConsentState], versions: str
    ) -> None:
        """Keep what the customer answered, purpose by purpose; effective at once.

        `versions` is what `version_of` said of the questions that were shown. The same `key` again
        changes nothing. Raises NotFound when the tablet is not turned to a page with these
        questions (any more), InvalidInput for other questions than those that are
        asked now; anything may be taken back.
        """
        now = self._clock.now()

        def record(tx: Connection) -> bool:
            grant = open_grant(tx, device_id, now, *PAGES)
            if is_repeat(tx, key, now):
                return False
            texts = {text.purpose: text for text in questions(grant.language)}
            given = {p for p, state in answers.items() if state is ConsentState.GRANTED}
            if not given <= texts.keys() or versions != version_of(texts.values()):
                raise InvalidInput("other questions are asked now", hint="Read them again.")
            for purpose, state in answers.items():
                text = texts.get(purpose)  # taking back needs none
                decision = ConsentDecision(
                    purpose,
                    state,
                    now,
                    TURNED_TABLET,
                    text.version if text else "",
                    text.language if text else grant.language,
                    self._new_id(),
                )
                _keep(tx, grant, decision)
            turned.touch(tx, device_id, now)
            return True

        if await self._storage.write(record):
            self._changed()


def version_of(texts: Iterable[ConsentText]) -> str:
    """What tells one set of questions from another."""
    return " ".join(sorted(f"{text.purpose}={text.version}/{text.language}" for text in texts))


def _keep(tx: Connection, grant: Grant, decision: ConsentDecision) -> None:
    # Nobody on the staff decides: the grant is the proof, and names who turned the tablet.
    consents.record(tx, grant.customer_id, decision, grant.device_id, None)
    emit(tx, events.consent_changed(str(decision.event_id), grant.customer_id, decision))
