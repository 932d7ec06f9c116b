"""PURE formatting: times, money, shares and names as one language and one shop write them."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_time
from babel.numbers import format_currency, format_decimal, format_percent

from kiosk_ui import words
from kiosk_ui.model import ArrivalStage, Consent, Floor, GuestRow, Money, OfferCard

STALE_AFTER = timedelta(hours=1)  # from here on a value also says how old it is
GUEST_SHOWN_FOR = timedelta(seconds=90)  # a nameless scan: long enough to look up from the till
CLOCK_ONLY_FOR = timedelta(hours=10)  # "since 09:12" needs no date within one shopping day
YEAR_CLEAR_DAYS = 183  # within half a year nobody takes a date for that of another year
GUESTS_SHOWN = 2  # rows; more would push the people with a name off the screen
LANE_NUMBER = re.compile(r"(?:till|lane|kasse)[-_ ]?(\d+)", re.IGNORECASE)
LONG_GAP_DAYS = 90  # from here on months tell more than days
DAYS_PER_MONTH = 30.44
CHANNEL_PREFIX = "marketing."
CATEGORY_ICONS = {
    "shoe": ("shoe", "schuh", "boot", "stiefel", "sneaker"),
    "trousers": ("trouser", "hose", "jeans", "rock", "skirt"),
    "bag": ("bag", "tasche", "rucksack", "accessoire"),
    "scarf": ("scarf", "schal", "tuch", "mütze"),
    "dress": ("dress", "kleid"),
    "coat": ("coat", "mantel", "mäntel", "jacke", "jacket"),
    "top": ("shirt", "hemd", "bluse", "top", "pull", "strick", "knit"),
}


@dataclass(frozen=True, slots=True)
class Formats:
    """How one language in one shop writes things; `gettext`/`ngettext` are the catalogue's."""

    language: str
    zone: ZoneInfo
    gettext: Callable[[str], str]
    ngettext: Callable[[str, str, int], str]

    @property
    def locale(self) -> str:
        """The Babel locale: British order of dates for English, as in a European shop."""
        return {"en": "en_GB"}.get(self.language, self.language)

    def words(self, table: Mapping[str, str], code: str) -> str:
        """The word for `code`, or `code` itself when the agent sent a text."""
        return self.gettext(table[code]) if code in table else code

    def lane(self, lane: str) -> str:
        """What staff call a lane: "till-2" is till 2; a name of the shop's own stays."""
        if lane in words.LANES:
            return self.gettext(words.LANES[lane])
        numbered = LANE_NUMBER.fullmatch(lane)
        if numbered is None:
            return lane
        return self.gettext("Till %(number)s") % {"number": numbered[1]}

    def component(self, name: str) -> str:
        """What staff call a part of the box: "scanner till-0" is the scanner of that lane."""
        kind, _, which = name.partition(" ")
        if which and kind in words.COMPONENT_KINDS:
            return self.gettext(words.COMPONENT_KINDS[kind]) % {"which": self.lane(which)}
        return self.words(words.COMPONENTS, name)

    def reason(self, text: str) -> str:
        """Why a part is not in order; what has no words here stays as the agent says it."""
        for start, wording in words.COMPONENT_REASONS.items():
            if text.startswith(start):
                return self.gettext(wording) + text.removeprefix(start)
        return text

    def clock(self, at: datetime) -> str:
        """14:23, on the shop's wall."""
        return format_time(at.astimezone(self.zone), "HH:mm", locale=self.locale)

    def seconds(self, at: datetime) -> str:
        """14:23:05, on the shop's wall."""
        return format_time(at.astimezone(self.zone), "HH:mm:ss", locale=self.locale)

    def day(self, at: datetime, now: datetime) -> str:
        """Today, yesterday, 30 Oct, or 30 Oct 2025."""
        local, today = at.astimezone(self.zone).date(), now.astimezone(self.zone).date()
        days = (today - local).days
        if days in (0, 1):
            return self.gettext("today") if days == 0 else self.gettext("yesterday")
        clear = local.year == today.year or abs(days) <= YEAR_CLEAR_DAYS
        pattern = "d MMM" if clear else "d MMM y"
        if self.language == "de":
            pattern = pattern.replace("d ", "d. ", 1)
        return format_date(local, pattern, locale=self.locale)

    def due(self, day: date, now: datetime) -> str:
        """Today, tomorrow, yesterday, or the day with its name: Mon 30 Nov."""
        days = (day - now.astimezone(self.zone).date()).days
        near = {
            0: self.gettext("today"),
            1: self.gettext("tomorrow"),
            -1: self.gettext("yesterday"),
        }
        if days in near:
            return near[days]
        pattern = "EEE d MMM" if abs(days) <= YEAR_CLEAR_DAYS else "EEE d MMM y"
        if self.language == "de":
            pattern = pattern.replace("d ", "d. ", 1)
        return format_date(day, pattern, locale=self.locale)

    def moment(self, at: datetime, now: datetime) -> str:
        """A clock time within one shopping day, else the day with it."""
        same_day = at.astimezone(self.zone).date() == now.astimezone(self.zone).date()
        if same_day or now - at < CLOCK_ONLY_FOR:
            return self.clock(at)
        return f"{self.day(at, now)}, {self.clock(at)}"

    def lasting(self, since: datetime, now: datetime) -> str:
        """How long somebody is here: just now, 7 min, 2 h 10."""
        minutes = max(0, int((now - since).total_seconds() // 60))
        if minutes == 0:
            return self.gettext("just now")
        if minutes < 60:
            return self.gettext("%(minutes)s min") % {"minutes": minutes}
        hours, rest = divmod(minutes, 60)
        if hours < 24:
            return self.gettext("%(hours)s h %(minutes)02d") % {"hours": hours, "minutes": rest}
        return self._days(hours // 24)

    def ago(self, at: datetime, now: datetime) -> str:
        """A distance in days or months: today, 23 days, 5 months."""
        days = (now.astimezone(self.zone).date() - at.astimezone(self.zone).date()).days
        if days <= 0:
            return self.gettext("today")
        if days < LONG_GAP_DAYS:
            return self._days(days)
        months = round(days / DAYS_PER_MONTH)
        if months < 24:
            return self.ngettext("%(n)s month", "%(n)s months", months) % {"n": months}
        years = months // 12
        return self.ngettext("%(n)s year", "%(n)s years", years) % {"n": years}

    def coming(self, stage: ArrivalStage, eta_at: datetime | None, now: datetime) -> str:
        """In 4 min; and when that has come, what is known instead of a guess."""
        if eta_at is not None and eta_at > now:
            minutes = max(1, math.ceil((eta_at - now).total_seconds() / 60))
            return self.gettext("in %(minutes)s min") % {"minutes": minutes}
        if eta_at is not None:
            return self.gettext("any moment")
        return self.gettext(words.STAGES[stage])

    def as_of(self, at: datetime, now: datetime) -> str:
        """As of 13:58, and how old that is once it matters."""
        text = self.gettext("as of %(when)s") % {"when": self.moment(at, now)}
        age = now - at
        if age < STALE_AFTER:
            return text
        hours = int(age.total_seconds() // 3600)
        old = self.gettext("%(hours)s h") % {"hours": hours} if hours < 24 else self.ago(at, now)
        return f"{text} · " + self.gettext("%(age)s old") % {"age": old}

    def fact_age(self, at: datetime, now: datetime) -> str:
        """The age of a fact, short enough to stand beneath its value."""
        days = (now - at).days
        if days < 1:
            return self.gettext("as of %(when)s") % {"when": self.moment(at, now)}
        if days < LONG_GAP_DAYS:
            return self.gettext("%(days)s d old") % {"days": days}
        return self.gettext("%(months)s mo old") % {"months": round(days / DAYS_PER_MONTH)}

    def ends_today(self, at: datetime, now: datetime) -> bool:
        """Whether something is over with this shopping day."""
        return at.astimezone(self.zone).date() <= now.astimezone(self.zone).date()

    def money(self, money: Money) -> str:
        """129,00 €; round amounts keep their cents, as on a receipt."""
        text = format_currency(money.amount_minor / 100, money.currency, locale=self.locale)
        return text.replace("-", "\N{MINUS SIGN}")

    def short_money(self, money: Money) -> str:
        """180 € where the cents are zero."""
        if money.amount_minor % 100:
            return self.money(money)
        amount = money.amount_minor // 100
        return format_currency(
            amount, money.currency, locale=self.locale, currency_digits=False, format=self._short()
        )

    def saving(self, money: Money) -> str:
        """What a basket gets cheaper by: 10,00 € with a minus sign before it."""
        return f"\N{MINUS SIGN}{self.money(money)}"

    def number(self, value: int) -> str:
        """2.340 or 2,340."""
        return format_decimal(value, locale=self.locale)

    def percent(self, share: float) -> str:
        """34 % of a share 0..1."""
        return format_percent(share, locale=self.locale)

    def _short(self) -> str:
        return "¤#,##0" if self.language == "en" else "#,##0\N{NO-BREAK SPACE}¤"

    def _days(self, days: int) -> str:
        return self.ngettext("%(n)s day", "%(n)s days", days) % {"n": days}


def initials(name: str) -> str:
    """Two letters for the round mark: first and last word, titles and "von" skipped."""
    capital = [part for part in name.replace("-", " ").split() if part[:1].isupper()]
    parts = [part for part in capital if not part.endswith(".")] or name.split()
    if not parts:
        return "?"
    return (parts[0][0] + (parts[-1][0] if len(parts) > 1 else "")).upper()


def recent_guests(floor: Floor, now: datetime) -> tuple[GuestRow, ...]:
    """The nameless scans still worth a line, newest first."""
    recent = (guest for guest in floor.guests if now - guest.at < GUEST_SHOWN_FOR)
    return tuple(islice(recent, GUESTS_SHOWN))


def contact_channels(consents: tuple[Consent, ...]) -> tuple[str, ...]:
    """The purposes by which this customer may be contacted."""
    return tuple(c.purpose for c in consents if c.granted and c.purpose.startswith(CHANNEL_PREFIX))


def category_icon(category: str, title: str = "") -> str:
    """The drawing that fits a category or, failing that, the article's title."""
    for text in (category.casefold(), title.casefold()):
        for icon, hints in CATEGORY_ICONS.items():
            if any(hint in text for hint in hints):
                return icon
    return "tag"


def giving_first(offers: tuple[OfferCard, ...]) -> tuple[OfferCard, ...]:
    """What gives something for the basket that stands on a till before what does not."""
    return tuple(sorted(offers, key=lambda one: bool(one.in_basket and one.in_basket.why_not)))


def bar_width(share: float) -> int:
    """A share 0..1 as whole percent of a bar, never out of it."""
    return round(100 * min(1.0, max(0.0, share)))


def tier_tone(name: str) -> str:
    """The colour a tier name stands for: gold, silver or none."""
    folded = name.casefold()
    if "gold" in folded:
        return "gold"
    return "silver" if any(w in folded for w in ("silber", "silver", "plat")) else "plain"
