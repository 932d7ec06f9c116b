"""Every reason has a sentence that can be read aloud to the person it concerns."""

from __future__ import annotations

import pytest

from store_agent.domain.greeting import OfferReason
from store_agent.offers.refusals import sentence_for

# Said to a customer's face: what the shop knows or thinks of them is not for the queue behind.
NEVER_SAID = ("segment", "score", "rfm", "umsatz", "turnover", "kontrollgruppe", "control group")
LONGEST = 100  # characters: one breath


@pytest.mark.parametrize("language", ["de", "en"])
@pytest.mark.parametrize("reason", OfferReason)
def test_every_reason_is_one_short_whole_sentence(reason: OfferReason, language: str) -> None:
    text = sentence_for(reason, language)
    assert text[0].isupper()
    assert text.endswith(".")
    assert text.count(".") == 1
    assert len(text) <= LONGEST
    assert not {"{", "}", "_"} & set(text)


@pytest.mark.parametrize("language", ["de", "en"])
@pytest.mark.parametrize("reason", OfferReason)
def test_no_sentence_tells_what_the_shop_knows_of_somebody(
    reason: OfferReason, language: str
) -> None:
    text = sentence_for(reason, language).lower()
    assert not [word for word in NEVER_SAID if word in text]


@pytest.mark.parametrize("reason", OfferReason)
def test_german_and_english_are_two_languages(reason: OfferReason) -> None:
    assert sentence_for(reason, "de") != sentence_for(reason, "en")
    assert sentence_for(reason, "de-AT") == sentence_for(reason, "de")
    assert sentence_for(reason, "fr") == sentence_for(reason, "en")


def test_the_title_leads_in_the_quotes_of_its_language() -> None:
    assert sentence_for(OfferReason.EXPIRED, "de", title="Schuhwochen") == (
        "„Schuhwochen“: Das ist leider abgelaufen."
    )
    assert sentence_for(OfferReason.EXPIRED, "en", title="Shoe weeks") == (
        "“Shoe weeks”: I am sorry, this has expired."
    )


def test_what_a_basket_lacks_is_said_as_money() -> None:
    below = OfferReason.BELOW_MINIMUM
    assert sentence_for(below, "de", missing_minor=1205) == (
        "Dafür fehlen im Warenkorb noch 12,05 EUR."
    )
    assert sentence_for(below, "en", missing_minor=5, currency="CHF") == (
        "The basket is still CHF 0.05 short of it."
    )
