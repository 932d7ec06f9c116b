"""Baskets, cases and hypothesis strategies for the till's offers."""

from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from store_agent.domain.basket import Basket, BasketLine
from store_agent.domain.consent import CLIENTELING, ConsentDecision, ConsentState
from store_agent.domain.customer import Customer
from store_agent.domain.offer import Benefit, BenefitKind, Offer, Stacking, Voucher
from store_agent.domain.rights import Standing
from store_agent.offers import OfferBook
from store_agent.offers.candidates import Case
from store_agent.offers.occasion import AT_TILL

NOON = datetime(2026, 11, 21, 11, tzinfo=UTC)  # a Saturday, 12:00 in Berlin
BERLIN = ZoneInfo("Europe/Berlin")
YES = ConsentDecision(CLIENTELING, ConsentState.GRANTED, NOON)
MIRA = Customer("c-1", "Mira Musterfrau", NOON, consents=(YES,))


def line(line_id="1", unit_price=1000, qty="1", sku="A", **more) -> BasketLine:
    return BasketLine(line_id, sku, Decimal(qty), unit_price, **more)


def basket(*lines: BasketLine, codes=(), **more) -> Basket:
    return Basket("t-1", 1, more.pop("currency", "EUR"), lines or (line(),), codes, **more)


def offer(offer_id="o-1", kind="percent", value=10, **more) -> Offer:
    benefit = Benefit(BenefitKind(kind), value, more.pop("sku", ""), more.pop("max_minor", None))
    title = {"de": f"Angebot {offer_id}", "en": f"Offer {offer_id}"}
    return Offer(offer_id, title, benefit, {}, **more)


def voucher(voucher_id="v-1", kind="amount", value=1000, **more) -> Voucher:
    more = {"customer_id": "c-1", "owner_store": "s1", **more}
    benefit = Benefit(BenefitKind(kind), value)
    return Voucher(voucher_id, title={"de": "Gutschein"}, benefit=benefit, **more)


def case(*offers: Offer, customer=MIRA, vouchers=(), standing=None, **more) -> Case:
    return Case(
        customer=customer,
        book=OfferBook(offers),
        vouchers=tuple(vouchers),
        standing=standing or Standing(),
        occasion=more.pop("occasion", AT_TILL),
        at=more.pop("at", NOON),
        zone=BERLIN,
        language=more.pop("language", "en"),
        store_id="s1",
        is_online=more.pop("is_online", True),
    )


SKUS = ("A", "B", "C")
CATEGORIES = ("knit", "shoes")


@st.composite
def lines(draw) -> tuple[BasketLine, ...]:
    count = draw(st.integers(1, 6))
    return tuple(
        BasketLine(
            f"l{number}",
            draw(st.sampled_from(SKUS)),
            draw(st.sampled_from(["1", "2", "3", "5", "0.5", "1.25"]).map(Decimal)),
            draw(st.integers(0, 20_000)),
            categories=draw(st.sampled_from([(), *((one,) for one in CATEGORIES)])),
            discountable=draw(st.sampled_from([True, True, True, False])),
            is_return=draw(st.sampled_from([False, False, False, True])),
        )
        for number in range(count)
    )


benefits = st.one_of(
    st.builds(Benefit, st.just(BenefitKind.PERCENT), st.integers(1, 100)),
    st.builds(Benefit, st.just(BenefitKind.AMOUNT), st.integers(1, 30_000)),
    st.builds(
        Benefit,
        st.just(BenefitKind.PERCENT),
        st.integers(1, 100),
        max_minor=st.integers(1, 2_000),
    ),
    st.builds(Benefit, st.just(BenefitKind.FIXED_PRICE), st.integers(1, 9_000)),
    st.builds(Benefit, st.just(BenefitKind.NTH_FREE), st.integers(2, 4)),
    st.builds(Benefit, st.just(BenefitKind.FREE_ITEM), st.just(0), st.sampled_from(SKUS)),
    st.builds(Benefit, st.just(BenefitKind.POINTS), st.integers(1, 500)),
    st.builds(Benefit, st.just(BenefitKind.POINTS_MULTIPLIER), st.integers(2, 5)),
)


@st.composite
def offers(draw, most=5) -> tuple[Offer, ...]:
    return tuple(
        Offer(
            f"o{number}",
            {"en": f"Offer {number}"},
            draw(benefits),
            {},
            skus=draw(st.sampled_from([(), (), ("A",), ("B", "C")])),
            categories=draw(st.sampled_from([(), (), ("knit",)])),
            priority=draw(st.integers(0, 3)),
            stacking=Stacking(
                draw(st.sampled_from(["", "", "g1", "g2"])), draw(st.integers(0, 5)) == 0
            ),
        )
        for number in range(draw(st.integers(0, most)))
    )
