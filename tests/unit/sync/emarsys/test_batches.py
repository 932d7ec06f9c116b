"""One call for many contacts: every answer ends up with the contact it is about."""

import pytest

from sync.transports.emarsys.batches import MAX_CONTACTS, Entry, Outcome, deliver
from sync.transports.emarsys.replies import Reply, Verdict, judge

pytestmark = pytest.mark.asyncio

PEOPLE = ["Anna", "Ben", "Cleo", "Dora"]
BYTES = 10_000


class Receiver:
    """Answers each call as `errors` says: by contact, or for the whole call."""

    def __init__(self, errors: dict[str, int], *, whole: bool = False, lower: bool = False) -> None:
        self.errors = errors
        self.whole = whole
        self.lower = lower
        self.calls: list[list[str]] = []

    async def ask(self, items) -> Reply:
        names = [item["who"] for item in items]
        self.calls.append(names)
        wrong = {name: self.errors[name] for name in names if name in self.errors}
        if wrong and self.whole:
            code = next(iter(wrong.values()))
            return Reply(400, code, judge(400, code))
        shown = {(n.lower() if self.lower else n): {str(c): ""} for n, c in wrong.items()}
        return Reply(200, 0, Verdict.DONE, {"ids": [], "errors": shown})


async def outcomes_of(receiver: Receiver, max_bytes: int = BYTES) -> dict[str, Outcome]:
    outcomes: dict[str, Outcome] = {}
    await deliver(
        receiver.ask, [Entry(name, {"who": name}) for name in PEOPLE], outcomes, max_bytes
    )
    return outcomes


@pytest.mark.parametrize("way", [{}, {"whole": True}, {"lower": True}])
async def test_the_error_of_one_is_never_that_of_another(way):
    outcomes = await outcomes_of(Receiver({"Cleo": 2008}, **way))
    unknown = [name for name, one in outcomes.items() if one.verdict is Verdict.UNKNOWN_CONTACT]
    assert unknown == ["Cleo"]
    assert len(outcomes) == len(PEOPLE)


async def test_a_batch_without_trouble_is_one_call():
    receiver = Receiver({})
    await outcomes_of(receiver)
    assert receiver.calls == [PEOPLE]


async def test_calls_stay_below_the_size_and_number_that_is_taken():
    receiver = Receiver({})
    await outcomes_of(receiver, max_bytes=30)
    assert [len(names) for names in receiver.calls] == [2, 2]
    many = [Entry(str(n), {"who": str(n)}) for n in range(MAX_CONTACTS + 1)]
    receiver = Receiver({})
    await deliver(receiver.ask, many, {}, 10**9)
    assert [len(names) for names in receiver.calls] == [MAX_CONTACTS, 1]
