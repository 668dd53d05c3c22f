"""From what was foretold to what is seen, as learners come (empirical Bayes). Pure. docs/metrics.md#prediction.

The hazard of a part is believed to be Gamma distributed around what was foretold, times a level of the whole video that is,
too. Exits in so many learner-seconds turn one Gamma distribution into another: nobody has to say from how many learners on
the data count.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from statistics import NormalDist
from typing import NamedTuple

import numpy as np

from enrich.prediction import Floats

_BAND = 0.025, 0.975
_LARGE = 200.0


class Belief(NamedTuple):
    """A part's hazard a second, with its 95 % band. `weight` is how much of it is what was seen, 0 to 1."""

    hazard: float
    low: float
    high: float
    weight: float


def beliefs(foretold: Floats, exits: Floats, exposure_s: Floats, spread_part: float, spread_video: float) -> list[Belief]:
    """What is believed of each part, given how many left there in how many learner-seconds.

    Both zero where nobody came. A part's own exits say nothing about the level that its prior has: they would count twice.
    """
    expected = foretold * exposure_s
    shrink = 1 / (1 + spread_part * expected)
    shapes = 1 / spread_video + (exits * shrink).sum() - exits * shrink
    levels = shapes / (1 / spread_video + (expected * shrink).sum() - expected * shrink)
    found = []
    for mean, unsure, left, seconds in zip((foretold * levels).tolist(), (1 / shapes).tolist(), exits.tolist(),
                                           exposure_s.tolist(), strict=True):
        shape = 1 / (spread_part + unsure + spread_part * unsure)
        rate = shape / mean  # in learner-seconds: so many of them weigh as much as what was foretold
        low, high = (gamma_quantile(share, shape + left) / (rate + seconds) for share in _BAND)
        found.append(Belief((shape + left) / (rate + seconds), low, high, seconds / (rate + seconds)))
    return found


def level(foretold: Floats, exits: Floats, exposure_s: Floats, spread_part: float, spread_video: float) -> float:
    """How many times as many leave this video as was foretold; 1 before anybody came."""
    expected = foretold * exposure_s
    shrink = 1 / (1 + spread_part * expected)
    return float((1 / spread_video + (exits * shrink).sum()) / (1 / spread_video + (expected * shrink).sum()))


def present(hazards: Sequence[float], lengths_s: Sequence[float]) -> list[float]:
    """The share of learners who come to the beginning of each part."""
    gone = np.concatenate([[0.0], np.cumsum(np.array(hazards) * np.array(lengths_s))[:-1]]) if len(hazards) else np.zeros(0)
    found: list[float] = np.exp(-gone).tolist()
    return found


@lru_cache(maxsize=1024)
def gamma_quantile(share: float, shape: float) -> float:
    """Below which value that share of a Gamma distribution of scale 1 lies: by halving; of a large shape, whose cube root is
    normal, by Wilson and Hilferty."""
    if shape > _LARGE:
        return float(shape * (1 - 1 / (9 * shape) + NormalDist().inv_cdf(share) / (3 * math.sqrt(shape))) ** 3)
    low, high = math.log(1e-300), math.log(shape + 12 * math.sqrt(shape) + 12)
    while high - low > 1e-9:
        middle = (low + high) / 2
        low, high = (middle, high) if gamma_below(math.exp(middle), shape) < share else (low, middle)
    return math.exp((low + high) / 2)


def gamma_below(value: float, shape: float) -> float:
    """The share of a Gamma distribution of scale 1 below `value`: the regularized incomplete gamma function, by its series
    or by its continued fraction (Lentz), whichever is short there."""
    if value <= 0:
        return 0.0
    scale = math.exp(shape * math.log(value) - value - math.lgamma(shape))
    if value < shape + 1:
        term = total = 1 / shape
        n = shape
        while term > total * 1e-12:
            n += 1
            term *= value / n
            total += term
        return total * scale
    b = value + 1 - shape
    c, d = 1e300, 1 / b
    fraction, n = d, 0
    while True:
        n += 1
        a = n * (shape - n)
        b += 2
        d = 1 / (a * d + b)
        c = b + a / c
        fraction *= d * c
        if abs(d * c - 1) < 1e-12:
            return 1 - fraction * scale
