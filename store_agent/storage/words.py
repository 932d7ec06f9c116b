"""Search words: how names, numbers and addresses are folded, alike for index and query.

Marks at the front of a word keep the kinds apart: none = name, `+` phone from the country code on,
`-` phone backwards (so that the last digits are a prefix), `@` e-mail, `#` member number,
`~` sound.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

from store_agent.domain.customer import Customer
from store_agent.domain.phonetics import cologne

# Country codes a number without one may mean: Germany first, then its neighbours.
HOME_COUNTRY_CODES = ("49", "43", "41")
MIN_PHONE_DIGITS = 4  # fewer last digits would match too many
MIN_SOUND_LETTERS = 3  # shorter names sound like too many others
KNOWN_WORDS = 20_000  # names repeat: folding each one once makes the import faster

_SPECIAL = str.maketrans(
    {
        "ß": "ss",
        "ø": "o",
        "æ": "a",
        "œ": "o",
        "ł": "l",
        "đ": "d",
        "ð": "d",
        "þ": "th",
        "\u0131": "i",
    }
)
_NAME_WORD = re.compile(r"[^\W_]+")
_NOT_A_MARK = re.compile(r"[^0-9a-z]+")
# ae, oe and ue are what keyboards without umlauts make of ä, ö, ü. Dropping the e on both sides
# makes Müller, Mueller and Muller one word, and a prefix of a name stays a prefix of its fold.
_SPELLED_UMLAUT = re.compile(r"(?<=[aou])e")


@lru_cache(maxsize=KNOWN_WORDS)
def fold(word: str) -> str:
    """One word of a name without case, accents and spelling of umlauts."""
    if word.isascii():
        plain = word.lower()
    else:
        parts = unicodedata.normalize("NFKD", word.lower().translate(_SPECIAL))
        plain = "".join(c for c in parts if not unicodedata.combining(c))
    return _SPELLED_UMLAUT.sub("", plain)


@lru_cache(maxsize=KNOWN_WORDS)
def sound(folded: str) -> str:
    """The word that all names sounding like `folded` share; "" when there is none."""
    return "~" + cologne(folded) if len(folded) >= MIN_SOUND_LETTERS else ""


def names(text: str) -> list[str]:
    """The folded words of a name or a query."""
    return [fold(word) for word in _NAME_WORD.findall(unicodedata.normalize("NFC", text))]


def mail(text: str) -> str:
    """The search word of an e-mail address, or of its beginning."""
    return "@" + _NOT_A_MARK.sub("", text.lower())


def member(text: str) -> str:
    """The search word of a member number, or of its beginning."""
    return "#" + _NOT_A_MARK.sub("", text.lower())


def digits_of(text: str) -> str:
    """The digits of a phone number with its country code, without `+` or `00`."""
    digits = "".join(c for c in text if c in "0123456789")
    if text.lstrip(" (").startswith("+"):
        return digits
    if digits.startswith("00"):
        return digits[2:]
    return HOME_COUNTRY_CODES[0] + digits[1:] if digits.startswith("0") else digits


def phone_queries(text: str) -> list[str]:
    """The words one of which a phone number starts with, if `text` is part of it."""
    digits = "".join(c for c in text if c in "0123456789")
    if len(digits) < MIN_PHONE_DIGITS:
        return []
    local = digits.lstrip("0")
    queries = ["-" + local[::-1], "+" + digits_of(text)]
    if digits.startswith("0") and not digits.startswith("00"):
        queries += ["+" + code + digits[1:] for code in HOME_COUNTRY_CODES[1:]]
    return queries


def of_customer(customer: Customer) -> str:
    """All search words of a customer, with spaces between."""
    return " ".join(dict.fromkeys(_words(customer)))


def _words(customer: Customer) -> Iterator[str]:
    for folded in names(f"{customer.display_name} {customer.first_name} {customer.last_name}"):
        yield folded
        if similar := sound(folded):
            yield similar
    if len(digits := digits_of(customer.phone)) >= MIN_PHONE_DIGITS:
        yield "+" + digits
        yield "-" + digits[::-1]
    if customer.email:
        yield mail(customer.email)
    if customer.member_number:
        yield member(customer.member_number)
