"""Search words: how names, numbers and addresses are folded, alike for index and query.

Names are words for the full-text index; `~` marks the sound of a name there. Numbers (anything one
types from its beginning) are words for an ordered index, with a mark for the kind: `+` phone from
the country code on, `-` phone backwards (so that the last digits are a beginning), `@` e-mail,
`#` member number.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from functools import lru_cache

from store_agent.domain.customer import Customer
from store_agent.domain.phonetics import cologne

# Country codes a number without one may mean: Germany first, then its neighbours.
HOME_COUNTRY_CODES = ("49", "43", "41")
MIN_PHONE_DIGITS = 4  # fewer last digits would match too many
MIN_SOUND_LETTERS = 3  # shorter names sound like too many others
KNOWN_WORDS = 16_384  # names repeat: folding each one once makes the import faster

_SPECIAL = str.maketrans(
    {"ß": "ss", "ø": "o", "æ": "a", "œ": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th"}
)
_NAME_WORD = re.compile(r"[^\W_]+")
# Deleting bytes is five times as fast as a regular expression that does the same.
_NOT_A_DIGIT = bytes(byte for byte in range(256) if chr(byte) not in "0123456789")
_NOT_IN_A_NUMBER = bytes(
    byte for byte in range(256) if chr(byte) not in "0123456789abcdefghijklmnopqrstuvwxyz"
)
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
    code = cologne(folded) if len(folded) >= MIN_SOUND_LETTERS else ""
    return "~" + code if code else ""


def names(text: str) -> list[str]:
    """The folded words of a name or a query."""
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    return [fold(word) for word in _NAME_WORD.findall(text)]


def mail(text: str) -> str:
    """The word of an e-mail address, or of its beginning."""
    return "@" + _number_letters(text)


def member(text: str) -> str:
    """The word of a member number, or of its beginning."""
    return "#" + _number_letters(text)


def phone(text: str) -> str:
    """The digits of a phone number with its country code, without `+` or `00`."""
    digits = _digits(text)
    if text.lstrip(" (").startswith("+"):
        return digits
    if digits.startswith("00"):
        return digits[2:]
    return HOME_COUNTRY_CODES[0] + digits[1:] if digits.startswith("0") else digits


def phone_queries(text: str) -> list[str]:
    """The beginnings one of which a phone's word has, if `text` is a part of the number."""
    digits = _digits(text)
    if len(digits) < MIN_PHONE_DIGITS:
        return []
    queries = ["+" + phone(text), "-" + digits.lstrip("0")[::-1]]
    if digits.startswith("0") and not digits.startswith("00"):
        queries += ["+" + code + digits[1:] for code in HOME_COUNTRY_CODES[1:]]
    return queries


def name_words(customer: Customer) -> str:
    """The words of a customer's names and their sounds, with spaces between."""
    text = customer.display_name
    if text != f"{customer.first_name} {customer.last_name}":
        text = f"{text} {customer.first_name} {customer.last_name}"
    folded = dict.fromkeys(names(text))
    folded.update(dict.fromkeys([sound(word) for word in folded]))
    folded.pop("", None)
    return " ".join(folded)


def number_words(customer: Customer) -> list[str]:
    """The words of a customer's phone number, e-mail address and member number."""
    found = []
    digits = phone(customer.phone) if customer.phone else ""
    if len(digits) >= MIN_PHONE_DIGITS:
        hashed = hashlib.sha256(b"+" + digits.encode()).hexdigest()
        found += ["+" + digits, "-" + digits[::-1], phone_hash(hashed)]
    if customer.email:
        hashed = hashlib.sha256(canonical_mail(customer.email)).hexdigest()
        found += [mail(customer.email), mail_hash(hashed)]
    if customer.member_number:
        found.append(member(customer.member_number))
    return found


def canonical_mail(text: str) -> bytes:
    """What a till hashes of an e-mail address: trimmed, lower case."""
    return text.strip().lower().encode()


def mail_hash(sha256_hex: str) -> str:
    """The word of a hashed e-mail address; half of the digest is enough to find somebody."""
    return "=@" + sha256_hex[:32].lower()


def phone_hash(sha256_hex: str) -> str:
    """The word of a hashed phone number."""
    return "=+" + sha256_hex[:32].lower()


def _digits(text: str) -> str:
    return text.encode(errors="replace").translate(None, _NOT_A_DIGIT).decode()


def _number_letters(text: str) -> str:
    return text.lower().encode(errors="replace").translate(None, _NOT_IN_A_NUMBER).decode()
