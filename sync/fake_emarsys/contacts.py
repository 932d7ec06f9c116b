"""Contacts, fields and unsubscribes."""

from __future__ import annotations

from typing import Any

from sync.fake_emarsys.account import OPT_IN, STANDARD_FIELDS, Account, Contact
from sync.fake_emarsys.door import Refused

MAX_CONTACTS = 1000
MAX_PUT_BYTES = 8_000_000
VOUCHER = "voucher"


def fields(account: Account) -> list[dict[str, Any]]:
    """All fields; ids are text."""
    named = {**STANDARD_FIELDS, **account.custom}
    return [
        {
            "id": field_id,
            "name": name,
            "application_type": _kind(account, field_id),
            "string_id": "" if field_id in account.custom else name.lower().replace(" ", "_"),
        }
        for field_id, name in named.items()
    ]


def choices(account: Account, field_id: str) -> list[dict[str, Any]]:
    """The choices of a field, with their labels."""
    return [{"id": n, "choice": label} for n, label in account.choices.get(field_id, {}).items()]


def update(account: Account, asked: dict[str, Any], *, create: bool) -> dict[str, Any]:
    """`PUT /contact/`: replaces the fields sent, and nothing else."""
    key_id = _key_id(account, asked.get("key_id"))
    entries = _some(asked.get("contacts"))
    for entry in entries:
        if bad := [name for name in entry if name != key_id and not account.is_field(name)]:
            raise Refused(400, 2006, f"Invalid field id: {bad[0]}")
    ids: list[int | str] = []
    errors: dict[str, dict[str, str]] = {}
    for entry in entries:
        key = str(entry.get(key_id, ""))
        found = _update_one(account, key_id, key, entry, create=create)
        if isinstance(found, dict):
            errors[key] = found
        else:
            ids.append(found)
    return {"ids": ids, "errors": errors} if errors else {"ids": ids}


def getdata(account: Account, asked: dict[str, Any]) -> dict[str, Any]:
    """`POST /contact/getdata`: 200 for unknown contacts too, and `false` when all are."""
    key_id = _key_id(account, asked.get("keyId"))
    values = asked.get("keyValues")
    if not isinstance(values, list):
        raise Refused(400, 10001, "keyValues must be an array")
    if len(values) > MAX_CONTACTS:
        raise Refused(400, 10001, "Max. number of contacts: 1000")
    wanted = [str(one) for one in asked.get("fields", [])]
    found, errors = [], []
    for value in map(str, values):
        matching = account.find(key_id, value)
        if len(matching) == 1:
            found.append(_shown(matching[0], wanted))
        else:
            code, text = ("2010", "More contacts") if matching else ("2008", "No contact found")
            errors.append({"key": value, "errorCode": code, "errorMsg": f"{text}: {key_id}"})
    return {"errors": errors, "result": found or False}


def unsubscribe(account: Account, asked: dict[str, Any]) -> dict[str, Any]:
    """`POST /email/unsubscribe`: counted in the mailings; the opt-in stays what it is."""
    if account.asks_for_launch and not (asked.get("launch_id") and asked.get("email_id")):
        raise Refused(400, 1006, "Empty parameter(s): launch_id")
    key_id = _key_id(account, asked.get("key_id"))
    value = str(asked.get("key_value"))
    if len(account.find(key_id, value)) != 1:
        raise Refused(400, 2008, f"No contact found with the external id: {key_id} - {value}")
    account.unsubscribed.append(value)
    return {}


def _update_one(
    account: Account, key_id: str, key: str, entry: dict[str, Any], *, create: bool
) -> int | str | dict[str, str]:
    """The id, as text for a known contact and as a number for a new one; or the error."""
    found = account.find(key_id, key)
    if error := _fault_of(account, key_id, key, entry, found):
        return error
    values = {name: None if value is None else str(value) for name, value in entry.items()}
    if found:
        found[0].fields |= {name: v for name, v in values.items() if account.is_field(name)}
        return str(found[0].id)
    if not create:
        return {"2008": f"No contact found with the external id: {key_id} - {key}"}
    return account.create(values).id


def _fault_of(
    account: Account, key_id: str, key: str, entry: dict[str, Any], found: list[Contact]
) -> dict[str, str] | None:
    if key in account.racing:
        account.racing.discard(key)
        return {"2006": "Contact already exists"}
    opt_in = entry.get(OPT_IN)
    if opt_in is not None and opt_in not in {"1", "2"} and type(opt_in) is not int:
        return {"2005": "Invalid value for the opt-in field"}
    if any(name in account.vouchers for name in entry):
        return {"2007": "Voucher fields cannot be written"}
    if len(found) > 1:
        return {"2010": f"More contacts found with the external id: {key_id} - {key}"}
    return None


def _kind(account: Account, field_id: str) -> str:
    if field_id in account.choices:
        return "singlechoice"
    return VOUCHER if field_id in account.vouchers else "shorttext"


def _shown(contact: Contact, wanted: list[str]) -> dict[str, Any]:
    shown: dict[str, Any] = {name: contact.fields.get(name) for name in wanted}
    return shown | {"id": str(contact.id), "uid": contact.uid}


def _key_id(account: Account, value: Any) -> str:
    key_id = str(value)
    if key_id not in {"id", "uid"} and not account.is_field(key_id):
        raise Refused(200, 2004, f"Invalid key field id: {key_id}")  # a failure inside a 200
    return key_id


def _some(value: Any) -> list[dict[str, Any]]:
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise Refused(400, 1001, "contacts must be an array of objects")
    if len(value) > MAX_CONTACTS:
        raise Refused(400, 1000, "The request exceeded the maximum batch size 1,000")
    return value
