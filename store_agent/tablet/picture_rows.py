"""From what was worked out to what the tablet shows of it. Pure but for the visits it reads."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from kiosk_ui.model import Money
from kiosk_ui.picture import model
from store_agent.domain import money
from store_agent.domain.catalog import Purchase
from store_agent.domain.customer import Customer, LeftLine, PersonState
from store_agent.domain.local_time import instant
from store_agent.insight import action, next_best, picture
from store_agent.insight.history import History
from store_agent.insight.milestones import Milestone, MilestoneKind
from store_agent.presence.people import showable
from store_agent.storage import View, visits
from store_agent.tablet.articles import ArticleBook

TOUCHES = 12
GIFT_MARKS = frozenset({MilestoneKind.BIRTHDAY, MilestoneKind.VOUCHER_ENDS})


def cases(person: Customer) -> tuple[model.CaseRow, ...]:
    """The open ones first, the oldest of them on top; beside a gift without what they are about."""
    hide = PersonState.GIFT in person.states
    found = [
        model.CaseRow(one.id, one.kind.value, "" if hide else one.title, one.since, one.is_open)
        for one in person.cases
    ]
    still = sorted((one for one in found if one.is_open), key=lambda one: (one.since, one.id))
    done = sorted((one for one in found if not one.is_open), key=lambda one: one.since)
    return (*still, *reversed(done))


def wishes(person: Customer, past: History, book: ArticleBook) -> model.Wishes:
    """What is owned by now is no wish any more."""
    basket = person.basket.lines if person.basket else ()
    wished = [sku for sku in person.wish_list if sku not in book.owned]
    left = [line.sku for line in basket if line.sku not in book.owned]
    seen = {*wished, *left, *book.owned}
    viewed = [sku for sku in person.viewed if sku not in seen]
    return model.Wishes(
        book.rows(wished, person, past),
        tuple(_cheaper(row, basket) for row in book.rows(left, person, past)),
        person.basket.at if person.basket else None,
        book.rows(viewed, person, past),
    )


def _cheaper(row: model.ArticleRow, basket: Iterable[LeftLine]) -> model.ArticleRow:
    """By how much it costs less than when it was put into the basket."""
    then = next(line for line in basket if line.sku == row.sku)
    less = then.amount_minor - row.price.amount_minor
    if less <= 0 or then.currency != row.price.currency:
        return row
    return replace(row, cheaper=Money(less, then.currency))


def ahead(  # noqa: PLR0913, PLR0917  everything that was worked out about one person
    deed: action.Action | None,
    marks: Iterable[Milestone],
    shown: Iterable[next_best.Suggestion],
    past: History,
    person: Customer,
    book: ArticleBook,
) -> model.Ahead:
    """What comes next, in the tablet's values."""
    articles = tuple(
        replace(book.row(one.product, person, past), reason=one.reason.value, because=one.because)
        for one in shown
    )
    rows = tuple(
        model.Mark(one.kind.value, one.day, one.title, one.years, _money(one.missing))
        for one in marks
    )
    return model.Ahead(_deed(deed), rows, articles)


def _deed(deed: action.Action | None) -> model.Deed | None:
    if deed is None:
        return None
    reason = deed.suggestion.reason.value if deed.suggestion else deed.deed.value
    day = deed.milestone.day if deed.milestone else None
    return model.Deed(deed.deed.value, reason, deed.title, day)


def value_picture(
    worked_out: picture.Picture, past: History, person: Customer
) -> model.ValuePicture:
    """The value picture as of what is known of this person."""
    worth = worked_out.worth
    return model.ValuePicture(
        as_of=worth.as_of or person.as_of,
        orders=worked_out.orders,
        returns=worked_out.returns,
        lifetime=Money(worth.lifetime.amount_minor, worth.lifetime.currency),
        lifetime_by_platform=worth.source is picture.Source.PLATFORM,
        average=_money(worked_out.average),
        trend=worked_out.trend.value,
        amounts=worked_out.amounts,
        categories=tuple(model.Part(one.name, one.percent) for one in worked_out.categories),
        channels=tuple(model.Part(one.name, one.percent) for one in worked_out.channels),
        rhythm=_rhythm(worked_out),
        forecast=_forecast(worked_out),
        last_on=past.days[-1] if past.days else None,
        drift=worked_out.drift.value,
        stage=worked_out.stage.value,
        bands=_bands(worked_out),
        lapsing_days=worked_out.thresholds.lapsing_days,
        is_learned=worked_out.thresholds.intervals > 0,
    )


def timeline(
    view: View, person: Customer, past: History | None, here: str
) -> tuple[model.TouchRow, ...]:
    """The newest first; without `past` no purchase is among them."""
    found = [
        model.TouchRow(one.started_at, "visit", "store", here)
        for one in visits.latest(view.ledger, person.id, TOUCHES)
        if showable(one, person)
    ]
    found += [model.TouchRow(one.at, "contact", one.channel) for one in person.last_touch]
    if past is not None:
        found += [_bought(one, "bought") for one in past.orders if not one.gift]
        found += [_bought(one, "returned") for one in past.returns if not one.gift]
        zone = past.zone
        found.sort(key=lambda one: (instant(one.at, zone), one.what), reverse=True)
    else:
        found.sort(key=lambda one: (one.at, one.what), reverse=True)
    return tuple(found[:TOUCHES])


def _bought(purchase: Purchase, what: str) -> model.TouchRow:
    pieces = abs(sum(line.quantity for line in purchase.lines))
    place = "" if purchase.channel == "online" else purchase.place
    return model.TouchRow(purchase.at, what, purchase.channel, place, pieces)


def _rhythm(worked_out: picture.Picture) -> model.Rhythm | None:
    own = worked_out.rhythm
    return None if own is None else model.Rhythm(own.usual_days, own.short_days, own.long_days)


def _forecast(worked_out: picture.Picture) -> model.Forecast | None:
    one = worked_out.forecast
    if one is None:
        return None
    by_platform = one.source is picture.Source.PLATFORM
    return model.Forecast(one.about, one.earliest, one.latest, by_platform=by_platform)


def _bands(worked_out: picture.Picture) -> tuple[int, int, int] | None:
    bands = worked_out.bands
    return None if bands is None else (bands.recency, bands.frequency, bands.monetary)


def _money(amount: money.Money | None) -> Money | None:
    return None if amount is None else Money(amount.amount_minor, amount.currency)
