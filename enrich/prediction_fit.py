"""Fits laws of leaving to videos that were watched, and finds out whether what is said and shown helps. Pure.

Exits of a part are counts with mean hazard x learner-seconds, spread more than by chance (negative binomial), so that one
video with many learners does not outweigh the others. Whether features help is told by videos that were left out of the fit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from enrich.prediction import BUILT_IN, FACTORS, PLACES, Floats, Law, places, scales, standard, usual
from enrich.prediction_features import Features
from enrich.prediction_parts import Part
from infra.core.media import Frozen

VERSION = 1  # of what is stored: a law over other factors is another one
FOLDS = 5
LEAST_VIDEOS = 20  # with words or slides, before features are tried
# Most of the deviance is chance, which no law foretells: a feature by which exits change by a quarter for each standard
# deviation lifts it by 0.03.
LEAST_LIFT = 0.02
DRAWS, SEED = 2000, 20261122
# How far coefficients are believed to be from 0, before anything was watched; of a feature by standard deviation of it.
_CONSTANT, _PLACE, _FEATURE = 1.0, 0.5, 0.3
# The built-in spreads count as much as so many parts, and videos, in which very many were seen.
_PARTS, _VIDEOS = 10.0, 5.0
_ROUNDS = 2  # of coefficients and spreads, each given the other


@dataclass(frozen=True, slots=True)
class Watched:
    """A video with its parts: how many left in each, and for how many learner-seconds they could have."""

    length_s: int
    learners: int
    parts: Sequence[Part]
    features: Sequence[Features]
    exits: Floats
    exposure_s: Floats


class Trial(Frozen):
    """How much better features did than the baseline, for videos that neither had seen.

    `lift` = 1 - deviance with features / deviance of the baseline; `low`, `high`: 95 %, videos drawn again.
    """

    videos: int
    learners: int
    exits: int
    lift: float
    low: float
    high: float

    @property
    def passed(self) -> bool:
        return self.lift >= LEAST_LIFT and self.low > 0


class Fitted(Frozen):
    """What an organization's videos say. `trial`: None where there are too few of them to tell."""

    version: int = VERSION
    baseline: Law = BUILT_IN
    features: Law | None = None
    trial: Trial | None = None
    videos: int = 0
    learners: int = 0
    told: int = 0  # of the videos: something is known of what is said or shown in them

    @property
    def served(self) -> Law:
        """The law that has shown to be the better one."""
        return self.features if self.features is not None and self.trial is not None and self.trial.passed else self.baseline


@dataclass(frozen=True, slots=True)
class _Rows:
    """All parts of some videos, one below the other."""

    video: NDArray[np.int64]
    exits: Floats
    expected: Floats  # by what is built in
    places: Floats
    features: Floats  # as `scales` has them

    def only(self, wanted: NDArray[np.bool_]) -> _Rows:
        return _Rows(self.video[wanted], self.exits[wanted], self.expected[wanted], self.places[wanted],
                     self.features[wanted])


def fit(watched: Sequence[Watched]) -> Fitted:
    """The laws of these videos, in the order that folds are made by. With none that lasts: what is built in."""
    watched = [one for one in watched if one.exposure_s.sum() > 0]
    if not watched:
        return Fitted()
    rows = _rows(watched)
    known = ~np.isnan(rows.features)
    told = np.bincount(rows.video, known.any(axis=1), len(watched)) > 0
    base_expected, rich_expected = _left_out(rows, len(watched), told.sum() >= LEAST_VIDEOS)
    typical_s = float(np.exp(np.mean([np.log(one.length_s) for one in watched])))
    baseline = _law(rows, base_expected, typical_s, with_features=False)
    trial = rich = None
    if rich_expected is not None:
        rich = _law(rows, rich_expected, typical_s, with_features=True)
        trial = _trial(rows, base_expected, rich_expected, watched, told, _both(baseline.spread_part, baseline.spread_video))
    return Fitted(baseline=baseline, features=rich, trial=trial, videos=len(watched), told=int(told.sum()),
                  learners=sum(one.learners for one in watched))


def _rows(watched: Sequence[Watched]) -> _Rows:
    expected = [usual(one.parts, one.length_s) * one.exposure_s for one in watched]
    rows = _Rows(np.repeat(np.arange(len(watched)), [len(one.parts) for one in watched]),
                 np.concatenate([one.exits for one in watched]), np.concatenate(expected),
                 np.concatenate([places(one.parts, one.length_s) for one in watched]),
                 np.concatenate([scales(one.features) for one in watched]))
    return rows.only(rows.expected > 0)  # nobody came to the others


def _left_out(rows: _Rows, videos: int, with_features: bool) -> tuple[Floats, Floats | None]:
    """The exits that are expected of each part by fits that have not seen its video. Of a single video by its own."""
    folds = min(FOLDS, videos)
    base, rich = np.empty(len(rows.exits)), np.empty(len(rows.exits))
    for fold in range(folds):
        tested = rows.video % folds == fold
        seen = rows.only(~tested) if folds > 1 else rows
        its = rows.only(tested)
        base[tested] = _expected(its, *_coefficients(seen, with_features=False))
        if with_features:
            rich[tested] = _expected(its, *_coefficients(seen, with_features=True))
    return base, rich if with_features else None


def _law(rows: _Rows, expected: Floats, typical_s: float, *, with_features: bool) -> Law:
    """The law of all rows. How far it can be believed is told by what was `expected` of videos that were left out."""
    beta, means, deviations = _coefficients(rows, with_features=with_features)
    part, video = _spreads(rows, expected)
    return Law(of_places=tuple(beta[:len(PLACES)].tolist()), of_features=tuple(beta[len(PLACES):].tolist()),
               means=tuple(means.tolist()) if with_features else (),
               deviations=tuple(deviations.tolist()) if with_features else (),
               spread_part=part, spread_video=video, typical_s=typical_s)


def _coefficients(rows: _Rows, *, with_features: bool) -> tuple[Floats, Floats, Floats]:
    """Of places, then of features; and the features' means and deviations."""
    means, deviations = np.zeros(len(FACTORS)), np.ones(len(FACTORS))
    table, sizes = rows.places, [_CONSTANT] + [_PLACE] * (len(PLACES) - 1)
    if with_features:
        for n, column in enumerate(rows.features.T):
            its = column[~np.isnan(column)]
            if len(its):
                means[n], deviations[n] = its.mean(), max(float(its.std()), 1e-6)
        table = np.hstack([table, standard(rows.features, means, deviations)])
        sizes = sizes + [_FEATURE] * len(FACTORS)
    penalty = 1 / np.square(sizes)
    spreads = BUILT_IN.spread_part, BUILT_IN.spread_video
    beta = np.zeros(table.shape[1])
    for _ in range(_ROUNDS):
        beta = _solved(table, rows.exits, rows.expected, _both(*spreads), penalty, beta)
        spreads = _spreads(rows, rows.expected * np.exp(table @ beta))
    return beta, means, deviations


def _expected(rows: _Rows, beta: Floats, means: Floats, deviations: Floats) -> Floats:
    table = rows.places if len(beta) == len(PLACES) else np.hstack([rows.places, standard(rows.features, means, deviations)])
    found: Floats = rows.expected * np.exp(np.clip(table @ beta, -10, 10))
    return found


def _solved(table: Floats, exits: Floats, expected: Floats, spread: float, penalty: Floats, beta: Floats) -> Floats:
    """Coefficients of a log-linear negative binomial law with a Gaussian belief about them: Fisher scoring."""
    for _ in range(50):
        mean = expected * np.exp(np.clip(table @ beta, -10, 10))
        weight = mean / (1 + spread * mean)
        score = table.T @ ((exits - mean) / (1 + spread * mean)) - penalty * beta
        step = np.linalg.solve((table * weight[:, None]).T @ table + np.diag(penalty), score)
        farthest = float(np.abs(table @ step).max())
        beta = beta + step * min(1.0, 2.0 / max(farthest, 1e-12))  # no part's hazard changes by more than e^2 at once
        if farthest < 1e-6:
            break
    return beta


def _both(part: float, video: float) -> float:
    """The spread of a part of an unknown video: that of a product of two."""
    return part + video + part * video


def _spreads(rows: _Rows, expected: Floats) -> tuple[float, float]:
    """By how much parts and videos differ from what was expected, more than by chance: by moments, each given the other."""
    videos = int(rows.video.max()) + 1
    part, video = BUILT_IN.spread_part, BUILT_IN.spread_video
    for _ in range(3):
        shrink = 1 / (1 + part * expected)  # what the exits of a part say of their video, since parts differ, too
        exits_of, expected_of = (np.asarray(np.bincount(rows.video, each * shrink, videos), np.float64)
                                 for each in (rows.exits, expected))
        there = expected_of > 0
        video = _spread(exits_of[there], expected_of[there], np.zeros(int(there.sum())), BUILT_IN.spread_video, _VIDEOS)
        others = 1 / video + (exits_of[rows.video] - rows.exits * shrink)
        level = others / (1 / video + (expected_of[rows.video] - expected * shrink))
        part = _spread(rows.exits, expected * level, 1 / others, BUILT_IN.spread_part, _PARTS)
    return part, video


def _spread(exits: Floats, mean: Floats, unsure: Floats, built_in: float, counts_as: float) -> float:
    """The a for which squares of residuals are as large as mean + (a + unsure + a x unsure) mean^2 says, on average. The
    built-in one counts as much as `counts_as` of them."""
    weight, squares = mean / (1 + mean), np.square(exits - mean)
    low, high = np.log(1e-3), np.log(1e2)
    for _ in range(40):
        middle = (low + high) / 2
        spread = np.exp(middle)
        whole = spread + unsure + spread * unsure
        beyond = float((weight * (squares / (mean + whole * mean * mean) - 1)).sum()) + counts_as * (built_in / spread - 1)
        low, high = (middle, high) if beyond > 0 else (low, middle)
    return float(np.exp((low + high) / 2))


def _trial(rows: _Rows, base: Floats, rich: Floats, watched: Sequence[Watched], told: NDArray[np.bool_], spread: float
           ) -> Trial:
    """Deviances of the videos of which something is known, for both alike by the baseline's spread."""
    of_base, of_rich = (np.bincount(rows.video, _deviance(rows.exits, each, spread), len(watched))[told]
                        for each in (base, rich))
    weights = np.random.default_rng(SEED).multinomial(len(of_base), np.full(len(of_base), 1 / len(of_base)), DRAWS)
    low, high = np.quantile(1 - weights @ of_rich / (weights @ of_base), [0.025, 0.975])
    exits = np.bincount(rows.video, rows.exits, len(watched))[told].sum()
    return Trial(videos=len(of_base), learners=sum(one.learners for one, its in zip(watched, told, strict=True) if its),
                 exits=int(exits), lift=float(1 - of_rich.sum() / of_base.sum()), low=float(low), high=float(high))


def _deviance(exits: Floats, mean: Floats, spread: float) -> Floats:
    """How badly a negative binomial law with this mean foretold the exits; 0: to the point."""
    size = 1 / spread
    some = np.where(exits > 0, exits, 1.0)
    found: Floats = 2 * (np.where(exits > 0, exits * np.log(some / mean), 0.0)
                         - (exits + size) * np.log((exits + size) / (mean + size)))
    return found


