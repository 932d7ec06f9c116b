"""What Emarsys' answers mean: (HTTP status, replyCode) to one verdict. Pure.

Many failures come as HTTP 200, and one code has several meanings, so that neither number says
enough alone. The rules are tried from the top; the first that fits decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

import orjson


class Verdict(Enum):
    """What to do after an answer."""

    DONE = auto()
    DONE_WITH_WARNING = auto()  # taken; not everything behind it will act
    BUSY = auto()  # too many requests: after X-RateLimit-Reset
    RETRY = auto()  # a fault over there: again with jitter, if the call may be repeated
    LATER = auto()  # an evaluation is under way: call again
    LOGIN = auto()  # the token: refresh it once
    FORBIDDEN = auto()  # a permission of the API user is missing
    TOO_LARGE = auto()  # fewer per call
    REFUSED = auto()  # never acceptable as it is
    UNKNOWN_CONTACT = auto()  # create it first, or put the event aside
    AMBIGUOUS_CONTACT = auto()  # several contacts match: needs a person
    EXISTS = auto()  # the race of two upserts: once more
    MISDIRECTED = auto()  # address or account are wrong: nothing about the events


@dataclass(frozen=True, slots=True)
class Rule:
    """One row: None fits everything; `says` must stand in the reply's text, in lower case."""

    verdict: Verdict
    statuses: frozenset[int] | None = None
    codes: frozenset[int] | None = None
    says: str = ""

    def fits(self, status: int, code: int | None, text: str) -> bool:
        """Whether this row is about such an answer."""
        return (
            (self.statuses is None or status in self.statuses)
            and (self.codes is None or code in self.codes)
            and self.says in text
        )


def _some(*numbers: int | Iterable[int]) -> frozenset[int]:
    found: set[int] = set()
    for one in numbers:
        found |= {one} if isinstance(one, int) else set(one)
    return frozenset(found)


WELL = _some(range(200, 300))
FAULTS = _some(range(500, 600))
# A 500 that blames the request: the same again would fail for ever.
NOT_VALID = _some(range(3001, 3006), 6010, 6025, 6058, 6059)
EXISTS_ALREADY = "already exist"

RULES: tuple[Rule, ...] = (
    Rule(Verdict.BUSY, _some(429)),  # 7003 too many requests, 15011 database overloaded
    Rule(Verdict.REFUSED, _some(500), NOT_VALID),
    Rule(Verdict.RETRY, FAULTS),  # 502 may also mean that bad requests are ignored by now
    Rule(Verdict.LATER, _some(202), _some(10001)),
    Rule(Verdict.LATER, _some(423)),  # 10003 one segment at a time, 6028 busy with it
    Rule(Verdict.LOGIN, _some(401)),
    Rule(Verdict.FORBIDDEN, _some(403)),
    Rule(Verdict.UNKNOWN_CONTACT, None, _some(2008)),  # seen with 200, 400 and 404
    Rule(Verdict.AMBIGUOUS_CONTACT, None, _some(2010)),
    Rule(Verdict.EXISTS, None, _some(2009)),
    Rule(Verdict.DONE_WITH_WARNING, None, _some(5005, 5008)),
    Rule(Verdict.EXISTS, _some(200, 400), _some(2006), EXISTS_ALREADY),
    Rule(Verdict.TOO_LARGE, _some(400), _some(1000, 2002, 3002)),
    Rule(Verdict.TOO_LARGE, _some(413)),
    Rule(Verdict.REFUSED, _some(400), _some(1001, 1010, range(2003, 2008), 5001, 5009, 5010, 5011)),
    Rule(Verdict.REFUSED, _some(200), _some(range(2004, 2008))),
    Rule(Verdict.DONE, WELL, _some(0)),
    Rule(Verdict.REFUSED, WELL | _some(400, 422)),  # a code nobody has described yet
    Rule(Verdict.MISDIRECTED),
)

# What a person reads who finds an event put aside. Emarsys' own texts name the customer.
MEANINGS: Mapping[int, str] = {
    2005: "a field has a value that Emarsys does not take",
    2006: "a field id is not known in this account",
    2007: "a field that nobody may write, such as a voucher field",
    2008: "the contact is not known in Emarsys",
    2010: "several contacts in Emarsys match this customer",
    5001: "the external event is not known in this account",
    5010: "the time of the event has the wrong form",
}


def judge(status: int, code: int | None, text: str = "") -> Verdict:
    """The verdict on one answer, or on one contact's error inside it."""
    lowered = text.lower()
    return next(rule.verdict for rule in RULES if rule.fits(status, code, lowered))


def explain(code: int | None) -> str:
    """Why something was refused, without a customer's data."""
    if code is None:
        return "Emarsys refuses this without a code"
    meaning = MEANINGS.get(code, "Emarsys refuses this")
    return f"{meaning} (replyCode {code})"


@dataclass(frozen=True, slots=True)
class ContactError:
    """What is wrong with one entry of a batch; `key` is the contact's value of the key field."""

    key: str
    code: int | None
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer, judged. `data` is "" or whatever the call answers with."""

    status: int
    code: int | None
    verdict: Verdict
    data: Any = ""

    @property
    def errors(self) -> tuple[ContactError, ...]:
        """The entries that failed although the call did not, in either of Emarsys' two forms."""
        found = self.data.get("errors") if isinstance(self.data, dict) else None
        if isinstance(found, dict):
            return tuple(_of_pair(str(key), error) for key, error in found.items())
        if isinstance(found, list):
            return tuple(_of_entry(one) for one in found if isinstance(one, dict))
        return ()


def read(status: int, body: bytes) -> Reply | None:
    """The reply in an answer; None when a success is no envelope: that was not Emarsys."""
    envelope = _envelope(body)
    code = number(envelope.get("replyCode"))
    if code is None and status in WELL:
        return None
    text = str(envelope.get("replyText") or "")
    return Reply(status, code, judge(status, code, text), envelope.get("data", ""))


def number(value: Any) -> int | None:
    """An id or code, which come as integers or as text; None when it is neither."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and value.isascii() and value.isdigit():
        return int(value)
    return None


def _envelope(body: bytes) -> dict[str, Any]:
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return value if isinstance(value, dict) else {}


def _of_pair(key: str, error: Any) -> ContactError:
    """The form of writing calls: `{key: {code: text}}`."""
    code, text = next(iter(error.items()), (None, "")) if isinstance(error, dict) else (None, "")
    return ContactError(key, number(code), judge(200, number(code), str(text)))


def _of_entry(error: dict[str, Any]) -> ContactError:
    """The form of getdata: `{key, errorCode, errorMsg}`."""
    code = number(error.get("errorCode"))
    return ContactError(
        str(error.get("key", "")), code, judge(200, code, str(error.get("errorMsg", "")))
    )
