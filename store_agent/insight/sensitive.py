"""Does a note say something that had better not be written down? Pure; German and English.

Health, religion, politics, sexuality and union membership are special categories (GDPR, article
9); numbers of cards and accounts and passwords open something. A hit is a reason to warn before
saving, no proof: the words are whole words or beginnings of words, and what a shop writes every
day ("Kleid für die Hochzeit", "sucht eine Party-Bluse") is none of them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from enum import StrEnum
from types import MappingProxyType

MIN_CARD_DIGITS = 14
MAX_CARD_DIGITS = 19
_LUHN_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)


class Sensitive(StrEnum):
    """What a text may be about."""

    HEALTH = "health"
    RELIGION = "religion"
    POLITICS = "politics"
    SEXUALITY = "sexuality"
    UNION = "union"
    PAYMENT_CARD = "payment_card"
    BANK_ACCOUNT = "bank_account"
    PASSWORD = "password"


NEVER_KEPT = frozenset({Sensitive.PAYMENT_CARD})  # PCI DSS: not even after a warning

# Beginnings of words; a "|" at the end of one means that the word ends there.
_WORDS: Mapping[Sensitive, str] = MappingProxyType(
    {
        Sensitive.HEALTH: """
            krank krebs| diabet allergi asthma schwanger depress psych chemo| chemother therap
            rollstuhl behinder schwerbehinder prothese operier hüft-op migräne epilep alzheimer
            demen hiv magers essstör burnout burn-out neurodermit medikament herzinfarkt
            schlaganfall hallux fehlgeburt unverträglichkeit
            sick| illness disease cancer| allerg pregnan therapy wheelchair disab surger migraine
            dementia medication miscarriage insulin
            """,
        Sensitive.RELIGION: """
            katholisch katholik evangelisch muslim moslem islam jüdisch jude| juden jüdin christlich
            hindu buddhis atheis konfession ramadan koscher halal| moschee synagoge zeugen_jehovas
            catholic protestant jewish jew| jews| christian| kosher mosque synagogue church| atheist
            religi
            """,
        Sensitive.POLITICS: """
            spd| cdu| csu| afd| fdp| die_grünen linkspartei parteimitglied wählerin| wähler|
            politisch politik| politiker rechtsextrem linksextrem
            labour_party conservative_party tory| tories| republican_party democratic_party
            politics| political brexit
            """,
        Sensitive.SEXUALITY: """
            schwul lesbisch homosex bisex heterosex transgender transsex transident queer|
            sexuell sexual gay| lesbian
            """,
        Sensitive.UNION: """
            gewerkschaft ver.di| ig_metall betriebsrat betriebsrät
            trade_union labor_union labour_union union_member works_council
            """,
        Sensitive.PASSWORD: """
            passwort passwörter kennwort geheimzahl pin-code pin-nummer
            password passcode passphrase pin_code pin_number
            """,
    }
)
# How long an account number is, by country; others are not taken for one.
_IBAN_LENGTHS: Mapping[str, int] = MappingProxyType(
    {
        "AT": 20,
        "BE": 16,
        "CH": 21,
        "CZ": 24,
        "DE": 22,
        "DK": 18,
        "ES": 24,
        "FI": 18,
        "FR": 27,
        "GB": 22,
        "HU": 28,
        "IE": 22,
        "IT": 27,
        "LI": 21,
        "LU": 20,
        "NL": 18,
        "NO": 15,
        "PL": 28,
        "PT": 25,
        "SE": 24,
        "SK": 24,
        "TR": 26,
    }
)


def _pattern(words: str) -> re.Pattern[str]:
    alternatives = []
    for word in words.split():
        stem = re.escape(word.rstrip("|")).replace("_", r"\s+")
        alternatives.append(stem + r"(?!\w)" if word.endswith("|") else stem)
    return re.compile(rf"(?<!\w)(?:{'|'.join(alternatives)})", re.IGNORECASE)


_PATTERNS = {kind: _pattern(words) for kind, words in _WORDS.items()}
_PIN = re.compile(r"(?<!\w)(?:PIN|TAN|CVC|CVV)(?!\w)\D{0,12}\d{3,8}(?!\d)")
_GROUPS = re.compile(r"\d+(?:[ .\-]{1,2}\d+)*", re.ASCII)
_IBAN_START = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{2}[0-9]{2}")


def find(text: str) -> tuple[Sensitive, ...]:
    """What `text` seems to be about, in the order of the enumeration; () for everyday notes."""
    plain = unicodedata.normalize("NFKC", text)
    return tuple(kind for kind in Sensitive if _is_about(kind, plain))


def _is_about(kind: Sensitive, text: str) -> bool:
    if kind is Sensitive.PAYMENT_CARD:
        return any(_is_card(number) for number in _numbers(text))
    if kind is Sensitive.BANK_ACCOUNT:
        return any(_is_iban(text[hit.start() :]) for hit in _IBAN_START.finditer(text))
    if kind is Sensitive.PASSWORD and _PIN.search(text):
        return True
    return _PATTERNS[kind].search(text) is not None


def _numbers(text: str) -> Iterator[str]:
    """Every run of whole groups of digits that is as long as a card number."""
    for run in _GROUPS.finditer(text):
        groups = re.split(r"[ .\-]+", run[0])
        for first in range(len(groups)):
            number = ""
            for group in groups[first:]:
                number += group
                if len(number) > MAX_CARD_DIGITS:
                    break
                if len(number) >= MIN_CARD_DIGITS:
                    yield number


def _is_card(number: str) -> bool:
    """By the issuer's range, its length and the check digit: not every long number is a card."""
    return len(number) in _card_lengths(number) and _passes_luhn(number)


def _card_lengths(number: str) -> frozenset[int]:
    two, four = int(number[:2]), int(number[:4])
    if number[0] == "4":
        return frozenset({16, 19})
    if 51 <= two <= 55 or 2221 <= four <= 2720:
        return frozenset({16})
    if two in {34, 37}:
        return frozenset({15})
    if two in {36, 38, 39} or 3000 <= four <= 3059:
        return frozenset({14, 16, 19})
    if 3528 <= four <= 3589 or number[0] == "6" or two in {50, 56, 57, 58}:
        return frozenset({16, 17, 18, 19})
    return frozenset()


def _passes_luhn(number: str) -> bool:
    digits = [int(digit) for digit in reversed(number)]
    doubled = sum(_LUHN_DOUBLED[digit] for digit in digits[1::2])
    return (sum(digits[::2]) + doubled) % 10 == 0


def _is_iban(text: str) -> bool:
    """Whether an account number stands at the beginning of `text`; its groups may be apart."""
    length = _IBAN_LENGTHS.get(text[:2].upper())
    if length is None:
        return False
    number = re.sub(r"[ \-]", "", text[: 2 * length])[:length].upper()
    if len(number) < length or not (number.isascii() and number.isalnum()):
        return False
    turned = number[4:] + number[:4]
    return int("".join(str(int(sign, 36)) for sign in turned)) % 97 == 1
