"""One transmitter as several radios hear it: how loud, how often, and whether it is real. Pure.

Loudness is a level in dB below what the transmitter has at 1 m, so that tags of different power and
nodes that report distances compare. Everything is filtered by time, never by a count of samples: a
tag that speaks ten times a second and one that speaks every ten are both right after seconds.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, fields, replace

from geofences.model import Confidence


@dataclass(frozen=True, slots=True)
class TrackerSettings:
    """Every threshold of tracker and rooms, with unit and reason."""

    default_power_1m_dbm: float = -59.0  # of a tag that does not say; Apple's own example
    path_loss_exponent: float = 2.5  # 2 in the open, 3-4 through walls; for distances only
    window_s: float = 10.0  # samples of the last seconds count; a body shadows for 2-8 s
    window_gaps: float = 3.5  # but at least so many of the tag's own intervals
    max_window_s: float = 120.0
    quantile: float = 0.7  # bodies and fading only take away: the louder samples are the truer
    enter_level_db: float = -27.0  # louder than this in a zone: some 12 m in the open
    faint_db: float = 5.0  # only just so loud may be a lucky reflection from the street:
    faint_s: float = 20.0  # then for so long, the time for which obstacles stay as they are
    exit_level_db: float = -42.0  # below it they are not here, however often they are heard
    enter_sightings: int = 2  # one advert may be a reflection or somebody passing
    enter_sightings_often: int = 4  # of a tag that speaks every second or two
    margin_db: float = 8.0  # a room so much louder than the next one is a sure one
    step_s: float = 2.0  # what is heard within it is one reading
    noise_db: float = 6.9  # of a lead: obstacles before two radios, and fading
    same_s: float = 12.5  # readings sooner than this after another say little new
    walks_s: float = 1100.0  # people go elsewhere about so often
    turners: float = 0.5  # of all tags, those that a body shields now and then: worn, not in a hand
    wear_s: float = 7200.0  # a tag is worn in another way after about so long
    body_db: float = 7.0  # what it takes from a radio behind; 10-20 of a phone held in front
    turns_s: float = 41.0  # who turns does so about so often
    sure: float = 0.925  # the chance at which somebody has moved
    border_db: float = 7.2  # the other zone must lead by so much where neither led before,
    led_db: float = 6.0  # by less where theirs led, by nothing where it led by this,
    lost_db: float = 7.0  # or has long lost it by more than this
    usual_s: float = 160.0  # before: over the last minutes
    turner_db: float = 4.2  # and by more if their carrier may be one who turns
    clear_db: float = 3.0  # of several such zones, the first must be so far ahead of the next
    clear_s: float = 20.0  # or the first of all this time
    seldom_s: float = 4.0  # who speaks less often gives too few readings to even out fading:
    seldom_db: float = 2.0  # so much more, then
    exit_min_s: float = 20.0  # a body between tag and radio is no exit
    exit_max_s: float = 200.0  # tags that speak every 30-96 s
    exit_default_s: float = 60.0  # until the tag's own rhythm is known
    exit_factor: float = 1.5  # of the longest gap it makes by itself
    young_factor: float = 3.0  # while few gaps are known: an advert may have been lost
    exit_margin_s: float = 5.0
    learn_gaps: int = 8  # before that the default counts
    still_s: float = 30.0  # renewed evidence is told at most this often
    late_s: float = 10.0  # older than the newest by more: a spool, not the present
    frozen_s: float = 60.0  # the same strength for so long is a driver that repeats itself
    frozen_sightings: int = 30
    silence_s: float = 5.0  # a radio that hears nothing of anybody for so long ...
    silence_factor: float = 10.0  # ... and so many of its usual gaps may be dead
    silence_max_s: float = 100.0  # by then its watchdog has said so (90 s), or nobody is here


DEFAULTS = TrackerSettings()
KEPT_GAPS = 16
MAX_SAMPLES = 64  # per radio: a tag that speaks ten times a second, for the window
MIN_GAP_S = 0.02  # two radios that hear one advert
OUTLIER_GAPS = 8.0  # times the median: the radio's gap, not the tag's


DIVISORS = frozenset(
    (
        "path_loss_exponent",
        "noise_db",
        "same_s",
        "walks_s",
        "wear_s",
        "turns_s",
        "led_db",
        "usual_s",
    )
)
SHARES = frozenset(("quantile", "turners", "sure"))


def with_override(settings: TrackerSettings, name: str, value: float) -> TrackerSettings:
    """One setting changed. Raises ValueError for an unknown name or a value it cannot have."""
    kinds = {field.name: field.type for field in fields(TrackerSettings)}
    if name not in kinds or not math.isfinite(value):
        raise ValueError(f"{name} is none of: {', '.join(kinds)}")
    if name in DIVISORS and value <= 0:
        raise ValueError(f"{name} must be above 0")
    if name in SHARES and not 0 <= value <= 1:
        raise ValueError(f"{name} must lie between 0 and 1")
    number = int(value) if kinds[name] == "int" else value
    return replace(settings, **{name: number})  # type: ignore[arg-type]


class Ear:
    """What one radio hears of one transmitter."""

    __slots__ = ("_new_count", "_new_sum_db", "_same_count", "_same_since", "last_at", "samples")

    def __init__(self) -> None:
        """Nothing yet."""
        self.samples: deque[tuple[float, float]] = deque(maxlen=MAX_SAMPLES)
        self.last_at = -math.inf
        self._new_sum_db, self._new_count = 0.0, 0
        self._same_since = 0.0
        self._same_count = 0

    def hear(self, at: float, level_db: float) -> None:
        """One sample."""
        if self.samples and self.samples[-1][1] == level_db:
            self._same_count += 1
        else:
            self._same_since, self._same_count = at, 1
        self.samples.append((at, level_db))
        self.last_at = max(self.last_at, at)
        self._new_sum_db += level_db
        self._new_count += 1

    def take_new_db(self) -> float | None:
        """The mean of what came since this was asked last, however late; None without any."""
        total_db, count = self._new_sum_db, self._new_count
        self._new_sum_db, self._new_count = 0.0, 0
        return total_db / count if count else None

    def is_frozen(self, settings: TrackerSettings) -> bool:
        """The same strength again and again: callbacks without new adverts."""
        return (
            self._same_count >= settings.frozen_sightings
            and self.last_at - self._same_since >= settings.frozen_s
        )

    def count(self, at: float, window_s: float) -> int:
        """How many samples of the last seconds there are."""
        return sum(at - when <= window_s for when, _ in self.samples)

    def level_db(self, at: float, window_s: float, quantile: float) -> float | None:
        """The level of the last seconds; None when there is no sample among them."""
        levels = sorted(level for when, level in self.samples if at - when <= window_s)
        if not levels:
            return None
        return levels[min(len(levels) - 1, int(quantile * len(levels)))]


class Rhythm:
    """How often a transmitter speaks, learned over every radio and every change of its address."""

    __slots__ = ("_gaps", "_last_at")

    def __init__(self) -> None:
        """Nothing is known."""
        self._gaps: deque[float] = deque(maxlen=KEPT_GAPS)
        self._last_at: float | None = None

    def hear(self, at: float) -> None:
        """It spoke."""
        last = self._last_at
        if last is not None and at - last > MIN_GAP_S:
            self._gaps.append(at - last)
        self._last_at = at if last is None else max(last, at)

    def interrupt(self) -> None:
        """The radios were deaf: the next gap is theirs."""
        self._last_at = None

    def gap_s(self) -> float:
        """The usual gap; 0 while nothing is known."""
        return sorted(self._gaps)[len(self._gaps) // 2] if self._gaps else 0.0

    def least_gap_s(self) -> float:
        """The shortest one: how often it speaks, even if most of it is lost on the way."""
        return min(self._gaps, default=0.0)

    def exit_s(self, settings: TrackerSettings) -> float:
        """Silent for longer than this: gone."""
        if len(self._gaps) < settings.learn_gaps:
            young = settings.young_factor * max(self._gaps, default=0.0)
            return min(max(settings.exit_default_s, young), settings.exit_max_s)
        usual = self.gap_s()
        own = [gap for gap in self._gaps if gap <= OUTLIER_GAPS * usual]
        learned = settings.exit_factor * max(own) + settings.exit_margin_s
        return min(max(learned, settings.exit_min_s), settings.exit_max_s)


def level_of_distance(distance_m: float, settings: TrackerSettings) -> float:
    """The level a transmitter has at this distance (log-distance path loss)."""
    return -10.0 * settings.path_loss_exponent * math.log10(max(distance_m, 0.1))


def distance_of_level(level_db: float, settings: TrackerSettings) -> float:
    """The distance at which it has this level: a rough one."""
    return float(10.0 ** (-level_db / (10.0 * settings.path_loss_exponent)))


def confidence_of(level_db: float, margin_db: float, settings: TrackerSettings) -> Confidence:
    """How sure a room is: loud enough, and clearly louder than the next one."""
    if level_db < settings.enter_level_db:
        return Confidence.LOW
    return Confidence.HIGH if margin_db >= settings.margin_db else Confidence.MEDIUM
