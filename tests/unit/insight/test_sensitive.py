"""Notes that had better not be written: who is warned, and who is left alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store_agent.insight.sensitive import NEVER_KEPT, Sensitive, find

ABOUT = {
    "Hat eine Allergie gegen Nickel": Sensitive.HEALTH,
    "ist im fünften Monat schwanger": Sensitive.HEALTH,
    "she is pregnant": Sensitive.HEALTH,
    "Sitzt im Rollstuhl": Sensitive.HEALTH,
    "Ist katholisch, heiratet kirchlich": Sensitive.RELIGION,
    "Jewish, keeps kosher": Sensitive.RELIGION,
    "Mitglied der CDU": Sensitive.POLITICS,
    "wählt Die  Grünen": Sensitive.POLITICS,
    "lebt mit seinem Freund, ist schwul": Sensitive.SEXUALITY,
    "Is a lesbian": Sensitive.SEXUALITY,
    "arbeitet bei der IG Metall": Sensitive.UNION,
    "trade union member": Sensitive.UNION,
    "Karte 4111 1111 1111 1111": Sensitive.PAYMENT_CARD,
    "Amex 3782-822463-10005": Sensitive.PAYMENT_CARD,
    "12 4111111111111111 08/29": Sensitive.PAYMENT_CARD,
    "IBAN DE89 3704 0044 0532 0130 00 bitte": Sensitive.BANK_ACCOUNT,
    "at611904300234573201": Sensitive.BANK_ACCOUNT,
    "Passwort: sommer24": Sensitive.PASSWORD,
    "PIN ist 4711": Sensitive.PASSWORD,
}
EVERYDAY = [
    "Sucht für die Hochzeit der Tochter im Mai etwas Festliches in Dunkelgrün.",
    "Mag es, in Ruhe anzuprobieren. Trägt keine Wolle.",
    "Party-Bluse in Größe 40 zurückgelegt, ruft am 12.11. an: 0221 5550123",
    "Prefers natural fabrics; still looking for a coat like the one from 2019",
    "Kommt gern samstags um 10:30, Bestellung 2026-11-004711",
    "Grüne Partie, Krebsrot war zu kräftig, Union-Jack-Tasche gesucht",
    "Gewählt hat sie am Ende die linke Jacke",
    "EAN 4006381333931 nachbestellen, Artikel 4001234567890123",
    "She will come back for the pin and the brooch",
    "Telefon +49 171 1234567, E-Mail geht auch",
]


@pytest.mark.parametrize(("text", "kind"), ABOUT.items())
def test_a_note_about_it_is_found(text, kind):
    assert kind in find(text)
    assert kind in find(text.upper())


@pytest.mark.parametrize("text", EVERYDAY)
def test_an_everyday_note_is_left_alone(text):
    assert find(text) == ()


def test_a_card_is_known_by_its_check_digit():
    assert find("4111111111111112") == ()
    assert find("DE89370400440532013001") == ()
    assert frozenset({Sensitive.PAYMENT_CARD}) == NEVER_KEPT


@given(st.text(max_size=300))
def test_no_text_makes_it_fail(text):
    found = find(text)
    assert list(found) == [kind for kind in Sensitive if kind in found]


@given(st.text(alphabet="0123456789 -.DEdeABPIN", max_size=60))
def test_no_number_makes_it_fail(text):
    find(text)


@given(st.integers(0, 10**15 - 1), st.sampled_from(["", " ", "-"]))
def test_every_visa_number_is_found_however_it_is_grouped(rest, between):
    body = f"4{rest:015}"[:15]
    number = body + next(d for d in "0123456789" if _luhn(body + d))
    grouped = between.join(number[n : n + 4] for n in range(0, 16, 4))
    assert Sensitive.PAYMENT_CARD in find(f"Karte {grouped}, bitte")


def _luhn(number: str) -> bool:
    total = 0
    for place, digit in enumerate(reversed(number)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0
