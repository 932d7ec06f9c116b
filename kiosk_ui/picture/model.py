"""What the sections about a customer's buying show: decided by the agent, printed here.

Amounts of the value picture are shown to managers, and to others behind one deliberate tap.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime

from kiosk_ui.model import Money


@dataclass(frozen=True, slots=True)
class Availability:
    """What of an article lies where. `size` is the customer's own, "" = not known or needed."""

    here: int = 0
    size: str = ""
    in_size: bool = False
    elsewhere: int = 0  # other stores that have it, in that size if there is one
    as_of: datetime | None = None


@dataclass(frozen=True, slots=True)
class ArticleRow:
    """One article; `reason` is a code of `words.ARTICLE_REASONS`, `because` what it follows.

    `cheaper` is by how much it costs less now than when it was put into the basket.
    """

    sku: str
    title: str
    category: str
    price: Money
    stock: Availability
    reason: str = ""
    because: str = ""
    cheaper: Money | None = None


@dataclass(frozen=True, slots=True)
class Wishes:
    """What somebody wanted and has not bought."""

    wished: tuple[ArticleRow, ...] = ()
    basket: tuple[ArticleRow, ...] = ()
    basket_at: datetime | None = None
    viewed: tuple[ArticleRow, ...] = ()


@dataclass(frozen=True, slots=True)
class CaseRow:
    """One service case; `kind` is a code of `words.CASES`."""

    id: str
    kind: str
    title: str
    since: datetime
    is_open: bool


@dataclass(frozen=True, slots=True)
class Deed:
    """The next thing to do; `code` one of `words.DEEDS`, `reason` of `words.DEED_REASONS`."""

    code: str
    reason: str
    title: str = ""
    day: date | None = None


@dataclass(frozen=True, slots=True)
class Mark:
    """A milestone; `kind` is a code of `words.MILESTONES`, or "anniversary"."""

    kind: str
    day: date | None = None
    title: str = ""
    years: int = 0
    missing: Money | None = None


@dataclass(frozen=True, slots=True)
class Ahead:
    """What comes next: one deed, the coming days, and articles to show."""

    deed: Deed | None = None
    marks: tuple[Mark, ...] = ()
    articles: tuple[ArticleRow, ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a whole, `percent` 0..100; `name` is a category, or a code of `words.CHANNELS`."""

    name: str
    percent: int


@dataclass(frozen=True, slots=True)
class Rhythm:
    """The usual gap between purchases, and when the next one is to be expected."""

    usual_days: int
    short_days: int
    long_days: int


@dataclass(frozen=True, slots=True)
class Forecast:
    """Days of the shop's calendar; equal ones = no spread is known."""

    about: date
    earliest: date
    latest: date
    by_platform: bool = False


@dataclass(frozen=True, slots=True)
class ValuePicture:
    """The value picture. Codes are those of `words`; what is None or "" is not claimed.

    `amounts` are the last orders in minor units, the oldest first; `bands` recency, frequency and
    monetary, 1 to 5 among this shop's customers.
    """

    as_of: datetime
    orders: int
    returns: int
    lifetime: Money
    lifetime_by_platform: bool = False
    average: Money | None = None
    trend: str = ""
    amounts: tuple[int, ...] = ()
    categories: tuple[Part, ...] = ()
    channels: tuple[Part, ...] = ()
    rhythm: Rhythm | None = None
    forecast: Forecast | None = None
    last_on: date | None = None
    drift: str = ""
    stage: str = ""
    bands: tuple[int, int, int] | None = None
    lapsing_days: int = 0
    is_learned: bool = False


@dataclass(frozen=True, slots=True)
class TouchRow:
    """One contact or visit; `what` is a code of `words.TOUCHES`, `channel` of `words.CHANNELS`."""

    at: datetime
    what: str
    channel: str
    place: str = ""
    pieces: int = 0


@dataclass(frozen=True, slots=True)
class SizeRow:
    """One size of an article: pieces here, and in how many other stores."""

    size: str
    here: int
    elsewhere: int
    is_own: bool = False


@dataclass(frozen=True, slots=True)
class ArticleSheet:
    """One article with its sizes here and elsewhere, and what could stand in for it."""

    article: ArticleRow
    sizes: tuple[SizeRow, ...]
    colour: str = ""
    customer_id: str = ""
    customer: str = ""
    owned: bool = False
    alternatives: tuple[ArticleRow, ...] = field(default=())
