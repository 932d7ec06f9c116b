"""By how much one zone is louder than each other one, however the carrier turns. Pure.

A single reading proves little: obstacles change a strength by 4 dB for some twenty seconds, and a
body takes about 10 dB from every radio behind it, so that at a border a turn looks like a walk.
What may be true is therefore weighed, for each other zone by itself: the lead of their zone, in
steps of 3 dB, and whether the carrier's body shields the one radio, the other, neither, or never
does. Each reading makes some of it likelier (a Bayes filter on a grid, forward only). A turn is
over after a while, a walk is not: only time tells them apart, and only for those who do turn.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from geofences.beacons.tracker import TrackerSettings

Numbers = NDArray[np.float64]

SPAN_DB, STEP_DB = 24.0, 3.0  # of the leads that are told apart; a wider one is as clear
LEADS_DB: Numbers = np.arange(-SPAN_DB, SPAN_DB + STEP_DB, STEP_DB)
CLIPPED_DB = SPAN_DB + 6.0
# Never shields; shields their zone's radio, neither, the other's.
SHIELDS = np.array((0.0, -1.0, 0.0, 1.0))
FACING = np.array((0.0, 0.3, 0.4, 0.3))  # of a carrier who turns
SEEN_FROM_THERE = [0, 3, 2, 1]  # the same bodies for somebody in the other zone
LOST_OVER_DB = 3.0  # beyond it nothing is left of what is asked at a border
ODD_READING = 2e-4  # what no lead explains, a reflection, counts against none of them


class _Model(NamedTuple):
    """What does not change from one reading to the next."""

    start: Numbers  # (bodies,): before anything was heard
    expected_db: Numbers  # (bodies, leads)


class Leads:
    """Of one transmitter: what its zone's lead over every other zone may be."""

    __slots__ = ("_beliefs", "_means_db", "_others", "_stay_s", "_usual_db", "_winning_s")

    def __init__(self) -> None:
        """Nothing was heard."""
        self._others: list[str] = []
        self._beliefs: Numbers = np.empty((0, len(SHIELDS), len(LEADS_DB)))
        self._means_db: Numbers = np.empty(0)
        self._usual_db: Numbers = np.empty(0)  # their zone's lead over the last minutes
        self._stay_s = 0.0  # how long they have been weighed in this zone
        self._winning_s = 0.0  # since when some zone would have won

    def hear(
        self,
        own_db: float | None,
        others_db: Mapping[str, float | None],
        passed_s: float,
        settings: TrackerSettings,
    ) -> None:
        """How loud their zone and the others were since the last time; None: nobody knows."""
        self._meet(others_db, settings)
        self._stay_s += passed_s
        if not self._others:
            return
        leads_db = np.array([_lead_db(own_db, others_db.get(other)) for other in self._others])
        beliefs = self._later(passed_s, settings)
        beliefs *= _likelihood(leads_db, passed_s, settings)
        beliefs /= beliefs.sum(axis=(1, 2), keepdims=True)
        self._beliefs = beliefs
        self._means_db = beliefs.sum(axis=1) @ LEADS_DB
        self._usual_db += -math.expm1(-passed_s / settings.usual_s) * (
            self._means_db - self._usual_db
        )

    def winner(self, passed_s: float, settings: TrackerSettings, *, is_seldom: bool) -> str | None:
        """The zone they have moved to, if that is sure; asked once after each `hear`."""
        if not self._others:
            return None
        is_won = self._chances(settings, is_seldom=is_seldom) > settings.sure
        if not is_won.any():
            self._winning_s = 0.0
            return None
        self._winning_s += passed_s
        best, *rest = np.argsort(self._means_db).tolist()
        ahead_db = self._means_db[rest[0]] - self._means_db[best] if rest else math.inf
        is_clear = ahead_db > settings.clear_db or self._winning_s > settings.clear_s
        return self._others[best] if is_won[best] and is_clear else None

    def move(self, here: str, there: str) -> None:
        """They went `there`: what is known of the two zones is seen from the other side."""
        known = self._others.index(there)
        self._others = [here]
        self._beliefs = self._beliefs[known : known + 1, SEEN_FROM_THERE, ::-1].copy()
        self._means_db = -self._means_db[known : known + 1]
        self._usual_db = -self._usual_db[known : known + 1]
        self._stay_s = self._winning_s = 0.0

    def _meet(self, zones: Mapping[str, float | None], settings: TrackerSettings) -> None:
        new = [zone for zone in zones if zone not in self._others]
        if not new:
            return
        self._others += new
        # Until now they were too faint to be heard at all: their zone led by far.
        led_db = SPAN_DB * -math.expm1(-self._stay_s / settings.usual_s)
        start = _model(settings).start[:, np.newaxis] / len(LEADS_DB)
        shape = (len(new), len(SHIELDS), len(LEADS_DB))
        self._beliefs = np.concatenate((self._beliefs, np.broadcast_to(start, shape)))
        self._means_db = np.concatenate((self._means_db, np.zeros(len(new))))
        self._usual_db = np.concatenate((self._usual_db, np.full(len(new), led_db)))

    def _later(self, passed_s: float, settings: TrackerSettings) -> Numbers:
        """What may be true some seconds later: bodies turn, people walk."""
        turned = _turning(settings, round(passed_s, 1)) @ self._beliefs
        walked = -math.expm1(-passed_s / settings.walks_s)
        bodies = turned.sum(axis=2, keepdims=True)
        # Who walks may be anywhere, and their body as it will.
        turners = bodies[:, 1:].sum(axis=1, keepdims=True) * FACING[:, np.newaxis]
        turners[:, :1] = bodies[:, :1]
        later: Numbers = turned + walked * (turners / len(LEADS_DB) - turned)
        return later

    def _chances(self, settings: TrackerSettings, *, is_seldom: bool) -> Numbers:
        """That the other zone leads by as much as must be asked: most where neither led before."""
        led = self._usual_db / settings.led_db
        lost = (-self._usual_db - settings.lost_db) / LOST_OVER_DB
        doubt = 1.0 - np.clip(np.maximum(led, lost), 0.0, 1.0)
        asked_db = settings.border_db * doubt + (settings.seldom_db if is_seldom else 0.0)
        for_turners_db = asked_db + settings.turner_db * doubt
        return _below(self._beliefs[:, 0], -asked_db) + _below(
            self._beliefs[:, 1:].sum(axis=1), -for_turners_db
        )


def _lead_db(own_db: float | None, other_db: float | None) -> float:
    if own_db is None or other_db is None:
        return math.nan
    return min(max(own_db - other_db, -CLIPPED_DB), CLIPPED_DB)


def _likelihood(leads_db: Numbers, passed_s: float, settings: TrackerSettings) -> Numbers:
    """(zones, bodies, leads): how well each explains the readings; 1 where there was none.

    Readings that follow soon say the same again: each counts as much as is new in it.
    """
    apart = leads_db[:, np.newaxis, np.newaxis] - _model(settings).expected_db
    likelihood = np.exp(-0.5 * (apart / settings.noise_db) ** 2) + ODD_READING
    weighed: Numbers = likelihood ** -math.expm1(-passed_s / settings.same_s)
    return np.where(np.isnan(leads_db)[:, np.newaxis, np.newaxis], 1.0, weighed)


def _below(beliefs: Numbers, limits_db: Numbers) -> Numbers:
    """(zones,): how much of it lies below the limits; steps are split."""
    steps = (limits_db[:, np.newaxis] - LEADS_DB) / STEP_DB + 0.5
    total: Numbers = (beliefs * np.clip(steps, 0.0, 1.0)).sum(axis=1)
    return total


@lru_cache(maxsize=8)
def _model(settings: TrackerSettings) -> _Model:
    start = settings.turners * FACING
    start[0] = 1.0 - settings.turners
    return _Model(start, LEADS_DB + settings.body_db * SHIELDS[:, np.newaxis])


@lru_cache(maxsize=512)
def _turning(settings: TrackerSettings, passed_s: float) -> Numbers:
    """(bodies after, bodies before): the chance of each after that time."""
    same_facing = math.exp(-passed_s / settings.turns_s)
    same_wear = math.exp(-passed_s / settings.wear_s)
    bodies = same_facing * np.eye(len(SHIELDS)) + (1.0 - same_facing) * FACING[:, np.newaxis]
    bodies[:, 0] = (1.0, 0.0, 0.0, 0.0)
    turned: Numbers = same_wear * bodies + (1.0 - same_wear) * _model(settings).start[:, np.newaxis]
    return turned
