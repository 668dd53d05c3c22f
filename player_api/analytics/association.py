"""Statistics of association: rank correlation within groups, given a third quantity, and how sure it is. Pure.

Nothing here knows what the numbers stand for. What goes together is not what causes what: see docs/metrics.md#correlation.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

SEED = 20_250  # the same data give the same interval
DRAWS = 1000
CLUSTERS = 2000  # more than these are drawn in bundles
FALSE_SHARE = 0.05  # of what is called found
_Z = 1.959964  # 95 %
_SPEARMAN = 1.06  # ranks vary a little more than the values that Fisher's interval is made for

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Estimate(NamedTuple):
    """A coefficient with two intervals of 95 %."""

    rho: float
    low: float  # Fisher's, as though all observations were independent
    high: float
    drawn_low: float  # by drawing clusters again
    drawn_high: float

    @property
    def clear(self) -> bool:
        """Neither interval holds 0."""
        return min(self.low, self.drawn_low) > 0 or max(self.high, self.drawn_high) < 0


class Shrunk(NamedTuple):
    """One of several coefficients, drawn to what they have in common."""

    rho: float
    low: float
    high: float


def ranks(values: Floats) -> Floats:
    """Ranks from 1; those that are equal share the mean of theirs."""
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    shared: Floats = (np.cumsum(counts) - (counts - 1) / 2)[places]
    return shared


def within(groups: Ints, values: Floats) -> Floats:
    """Ranks within each group, scaled to (-0.5, 0.5): each group's mean is 0, whatever its values."""
    found = np.empty(len(values))
    order = np.argsort(groups, kind="stable")
    for some in np.split(order, np.flatnonzero(np.diff(groups[order])) + 1):
        found[some] = ranks(values[some]) / (len(some) + 1) - 0.5
    return found


def telling(groups: Ints, values: Floats, least: int) -> NDArray[np.bool_]:
    """Whether an observation is of a group of `least` at least, in which not all have the same value."""
    _, places, counts = np.unique(groups, return_inverse=True, return_counts=True)
    lowest, highest = np.full(len(counts), np.inf), np.full(len(counts), -np.inf)
    np.minimum.at(lowest, places, values)
    np.maximum.at(highest, places, values)
    kept: NDArray[np.bool_] = ((counts >= least) & (lowest < highest))[places]
    return kept


def partial(xx: Floats, yy: Floats, aa: Floats, xy: Floats, xa: Floats, ya: Floats) -> Floats:
    """The partial correlation of x and y given a, of sums of products of centred values; 0 where one does not vary."""
    with np.errstate(divide="ignore", invalid="ignore"):
        rest_x, rest_y = xx - xa * xa / aa, yy - ya * ya / aa
        found = (xy - xa * ya / aa) / np.sqrt(rest_x * rest_y)
    nothing = ~np.isfinite(found) | (rest_x <= 1e-9 * xx) | (rest_y <= 1e-9 * yy)
    clipped: Floats = np.clip(np.where(nothing, 0.0, found), -1.0, 1.0)
    return clipped


def fisher(rho: float, free: float) -> tuple[float, float]:
    """The 95 % interval of a rank correlation of `free` + 3 observations, by Fisher's z with se = 1.06 / sqrt(free)."""
    if free <= 0:
        return -1.0, 1.0
    z, half = _z(rho), _Z * _SPEARMAN / math.sqrt(free)
    return math.tanh(z - half), math.tanh(z + half)


def pooled(groups: Ints, clusters: Ints, x: Floats, y: Floats, given: Floats) -> Estimate | None:
    """The partial rank correlation of x and y given `given`, all ranked within groups, over all groups together.

    Observations of one cluster may depend on each other. None: too few, or one of the three does not vary.
    """
    free = len(x) - len(np.unique(groups)) - 3  # groups' means and one slope are estimated, too; Fisher's 3 - 1
    if free <= 0:
        return None
    x, y, given = (within(groups, each) for each in (x, y, given))
    products = np.stack([x * x, y * y, given * given, x * y, x * given, y * given], axis=1)
    totals = products.sum(axis=0)
    if (totals[:3] <= 1e-12).any():
        return None
    rho = float(partial(*totals))
    drawn = _drawn(products, clusters)
    z = _z(rho)
    # Groups' means are not estimated again in each draw: what that hides is put back.
    wider = math.sqrt(len(x) / (free + 2))
    low, high = (z + (_z(float(each)) - z) * wider for each in np.quantile(drawn, [0.025, 0.975]))
    return Estimate(rho, *fisher(rho, free), math.tanh(low), math.tanh(high))


def _drawn(products: Floats, clusters: Ints) -> Floats:
    chance = np.random.default_rng(SEED)
    _, places = np.unique(clusters, return_inverse=True)
    count = int(places.max()) + 1
    if count > CLUSTERS:
        places, count = chance.permutation(count)[places] % CLUSTERS, CLUSTERS
    sums = np.zeros((count, products.shape[1]))
    np.add.at(sums, places, products)
    weights = chance.multinomial(count, np.full(count, 1 / count), DRAWS).astype(np.float64)
    return partial(*(weights @ sums).T)


def alone(x: Floats, y: Floats, given: Floats) -> tuple[float, float]:
    """(z, its variance) of the partial rank correlation in one group of independent observations."""
    x, y, given = (ranks(each) - (len(each) + 1) / 2 for each in (x, y, given))
    rho = float(partial(*(np.array(float(one @ other)) for one, other in (
        (x, x), (y, y), (given, given), (x, y), (x, given), (y, given)))))
    return _z(rho), _SPEARMAN ** 2 / (len(x) - 4)


def shrunk(z: Sequence[float], variances: Sequence[float]) -> list[Shrunk]:
    """Each of several coefficients by empirical Bayes: their spread beyond chance (DerSimonian and Laird) says how far each
    is believed. Where there is none, all are what they are together."""
    values, v = np.array(z), np.array(variances)
    weights = 1 / v
    mean = (weights * values).sum() / weights.sum()
    beyond = (weights * (values - mean) ** 2).sum() - (len(values) - 1)
    scale = weights.sum() - (weights ** 2).sum() / weights.sum()
    spread = max(0.0, float(beyond / scale)) if len(values) > 1 else 0.0
    weights = 1 / (v + spread)
    mean = (weights * values).sum() / weights.sum()
    trust = spread / (spread + v)
    middle = mean + trust * (values - mean)
    half = _Z * np.sqrt(trust * v + (1 - trust) ** 2 / weights.sum())
    return [Shrunk(*map(float, each)) for each in zip(np.tanh(middle), np.tanh(middle - half), np.tanh(middle + half),
                                                       strict=True)]


def two_sided(z: float, variance: float) -> float:
    """How likely chance alone comes this far from 0."""
    return math.erfc(abs(z) / math.sqrt(2 * variance))


def found(p: Sequence[float]) -> list[bool]:
    """Which of these tests find something, when 5 % of those that do may be wrong (Benjamini and Hochberg)."""
    ordered = sorted(p)
    most = max((each for place, each in enumerate(ordered, 1) if each <= place * FALSE_SHARE / len(ordered)), default=-1.0)
    return [each <= most for each in p]


def _z(rho: float) -> float:
    return math.atanh(max(-0.999999, min(0.999999, rho)))
