"""How customers are addressed and reached, all of it in ranges that are reserved for fiction."""

from __future__ import annotations

from store_agent.demo.names import FICTION_PREFIXES, Person

_DOMAINS = ("example.com", "example.org", "example.net")  # RFC 2606
_NO_PHONE, _NO_EMAIL, _NO_SALUTATION = 0.12, 0.1, 0.04
_ENGLISH_SALUTATIONS = {"w": "Ms", "m": "Mr"}
_GERMAN_SALUTATIONS = {"w": "Frau", "m": "Herr"}


def phone(share: float) -> str:
    """A number nobody has (there are 5,000 of them, so big shops repeat them), or none."""
    if share < _NO_PHONE:
        return ""
    number = int((share - _NO_PHONE) / (1 - _NO_PHONE) * len(FICTION_PREFIXES) * 1000)
    return f"{FICTION_PREFIXES[number // 1000]}{number % 1000:03d}"


def email(person: Person, index: int, share: float) -> str:
    """A mailbox nobody has, unique by the customer's number, or none."""
    if share < _NO_EMAIL:
        return ""
    return f"{person.mailbox}{index}@{_DOMAINS[index % len(_DOMAINS)]}"


def salutation(person: Person, share: float) -> str:
    """Frau, Herr, Ms, Mr, or nothing for those who did not say."""
    if share < _NO_SALUTATION:
        return ""
    table = _ENGLISH_SALUTATIONS if person.language == "en" else _GERMAN_SALUTATIONS
    return table[person.gender]
