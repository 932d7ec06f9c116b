"""The account's own numbers: fields and external events by name, found out at the start."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sync.errors import TransportError
from sync.transports.emarsys.api import Api, Call
from sync.transports.emarsys.replies import Verdict, explain, number
from sync.transports.emarsys.signing import ALARM_PAUSE_S

OWN_KEYS = frozenset({"id", "uid"})  # keys that are no fields
VOUCHER = "voucher"  # the type of a field that nobody may write (2007)
SINGLE_CHOICE = "singlechoice"
NEGATIVE = frozenset({"false", "no", "nein", "falsch"})
POSITIVE = frozenset({"true", "yes", "ja", "wahr"})


@dataclass(frozen=True, slots=True)
class FieldIds:
    """Field ids by what the settings call them."""

    ids: Mapping[str, str]

    def __getitem__(self, name: str) -> str:
        """The id of a field that was asked for."""
        return self.ids[name]


async def find_fields(api: Api, names: Iterable[str], written: Iterable[str] = ()) -> FieldIds:
    """The ids of the named fields; digits, "id" and "uid" stand for themselves.

    `written` are those of them that will be written. Raises TransportError that names the field.
    """
    wanted = {name: name for name in names if name}
    to_find = [name for name in wanted if not (name.isdigit() or name in OWN_KEYS)]
    if not to_find:
        return FieldIds(wanted)
    call = Call("GET", "/field/translate/en")
    fields = [one for one in await _list(api, call) if number(one.get("id")) is not None]
    for name in to_find:
        wanted[name] = _field_id(fields, name)
    kinds = {str(one["id"]): one.get("application_type") for one in fields}
    for name in written:
        if kinds.get(wanted.get(name, "")) == VOUCHER:
            raise _misconfigured(f"the field {name!r} is a voucher field, which nobody may write")
    return FieldIds(wanted)


async def find_events(
    api: Api, names: Mapping[str, str | int], *, create: bool
) -> Mapping[str, int]:
    """The id of the external event of each event type. Raises TransportError for an unknown one."""
    found = {kind: name for kind, name in names.items() if isinstance(name, int)}
    if len(found) == len(names):
        return found
    known = await _known_events(api)
    for kind, name in names.items():
        if isinstance(name, int):
            continue
        if name not in known and create:
            await api.ask(Call("POST", "/event", {"name": name}))
            known = await _known_events(api)  # whoever made it: shops of a fleet start together
        event_id = known.get(name)
        if event_id is None:
            raise _misconfigured(
                f"there is no external event {name!r}",
                "Create it in Emarsys, set create_events, or give the type an empty name.",
            )
        found[kind] = event_id
    return found


async def find_labels(
    api: Api, field_ids: Iterable[str], language: str
) -> dict[str, dict[str, str]]:
    """The labels of choices, by field and choice id; nothing for fields that are free text."""
    call = Call("GET", "/field/translate/en")
    kinds = {str(one.get("id")): one.get("application_type") for one in await _list(api, call)}
    found: dict[str, dict[str, str]] = {}
    for field_id in field_ids:
        if kinds.get(field_id) == SINGLE_CHOICE:
            asked = f"/field/{field_id}/choice/translate/{language}"
            choices = await _list(api, Call("GET", asked))
            found[field_id] = {str(one.get("id")): str(one.get("choice")) for one in choices}
    return found


async def check_opt_in(api: Api, granted: str, withdrawn: str) -> None:
    """Compare the opt-in values with the account's own labels, as far as these are readable.

    A shop whose "no" is stored as a "yes" is worse than one that stops with an alarm.
    """
    call = Call("GET", "/field/31/choice/translate/en")
    labels = {
        str(one.get("id")): str(one.get("choice", "")).lower() for one in await _list(api, call)
    }
    if labels.get(granted) in NEGATIVE or labels.get(withdrawn) in POSITIVE:
        raise _misconfigured(
            "the opt-in field of this account counts the other way round",
            'Set consents."marketing.email" granted and withdrawn as Emarsys lists the choices.',
        )


async def _known_events(api: Api) -> dict[str, int | None]:
    listed = await _list(api, Call("GET", "/event/"))
    return {str(one.get("name")): number(one.get("id")) for one in listed}


async def _list(api: Api, call: Call) -> list[dict[str, Any]]:
    reply = await api.ask(call)
    if reply.verdict is not Verdict.DONE or not isinstance(reply.data, list):
        raise _misconfigured(f"{call.path} gives no list: {explain(reply.code)}")
    return [one for one in reply.data if isinstance(one, dict)]


def _field_id(fields: list[dict[str, Any]], name: str) -> str:
    wanted = name.casefold()
    ids = {
        str(one["id"])
        for one in fields
        if wanted in {str(one.get("name", "")).casefold(), str(one.get("string_id", "")).casefold()}
    }
    if len(ids) != 1:
        how_many = "no field" if not ids else "more than one field"
        raise _misconfigured(f"there is {how_many} called {name!r}", "Use the field's id instead.")
    return ids.pop()


def _misconfigured(message: str, hint: str = "") -> TransportError:
    return TransportError(
        f"Emarsys and the settings do not agree: {message}",
        permanent=True,
        hint=hint or "Compare the [[transports]] section with the account.",
        retry_after_s=ALARM_PAUSE_S,
    )
