"""How many learners leave in each part of a video, said before anybody has watched it. Pure.

The rate of leaving, of those who are still there, a second, is

    hazard = usual(place) x exp(what place and length say) x exp(what is said and shown)

`usual` is built in, from published figures; the rest is fitted (`enrich.prediction_fit`) to videos that were watched. A law
without the last factor is the baseline. docs/metrics.md#prediction has all of it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from enrich.prediction_features import Features
from infra.core.media import Frozen

Floats = NDArray[np.float64]
Stretch = tuple[float, float]  # [start, end) in seconds of the video

# Kim et al. 2014, "Understanding in-video dropouts and interaction peaks in online lecture videos": of the sessions of 862
# videos, 55.2 % ended before the video did, 36.6 of the hundred within its first 3 %.
OPENING, GONE_IN_OPENING, GONE = 0.03, 0.366, 0.552
FACTORS = Features._fields
# Of these the logarithm (of 1 + x) counts: twice as long is as much more at 10 s as at 100 s.
BY_RATIO = ("new_words", "slide_age_s", "slide_words")
_LARGEST = 3.0  # standard deviations: what is stranger counts as much as that
PLACES = ("constant", "opening", "minutes_in", "position", "length")
TYPICAL_S = 600.0


class Law(Frozen):
    """What was fitted. Of the baseline `of_features` is empty.

    `spread_part`, `spread_video`: by how much parts, and whole videos, differ from what is said of them, as variances
    relative to the square of the mean. `typical_s`: how long the videos are that it was fitted to.
    """

    of_places: tuple[float, ...] = (0.0,) * len(PLACES)
    of_features: tuple[float, ...] = ()
    means: tuple[float, ...] = ()
    deviations: tuple[float, ...] = ()
    spread_part: float = 0.5
    spread_video: float = 0.5
    typical_s: float = TYPICAL_S


BUILT_IN = Law()  # where nothing was watched yet


def usual(parts: Sequence[Stretch], length_s: float) -> Floats:
    """The hazard a second that the published figures give, on average over each part."""
    opening_s = OPENING * length_s
    before = -np.log(1 - GONE_IN_OPENING) / opening_s
    after = -np.log((1 - GONE) / (1 - GONE_IN_OPENING)) / (length_s - opening_s)
    share = opening_share(parts, length_s)
    found: Floats = share * before + (1 - share) * after
    return found


def opening_share(parts: Sequence[Stretch], length_s: float) -> Floats:
    """How much of each part lies in the first 3 % of the video."""
    bounds = np.array(parts, np.float64).reshape(-1, 2)
    inside = np.clip(np.minimum(bounds[:, 1], OPENING * length_s) - bounds[:, 0], 0, None)
    found: Floats = inside / (bounds[:, 1] - bounds[:, 0])
    return found


def places(parts: Sequence[Stretch], length_s: float) -> Floats:
    """What the baseline looks at: a row a part, a column for each of PLACES."""
    middle_s = np.array(parts, np.float64).reshape(-1, 2).mean(axis=1)
    return np.column_stack([
        np.ones(len(parts)), opening_share(parts, length_s), np.log1p(middle_s / 60), middle_s / length_s - 0.5,
        np.full(len(parts), np.log(length_s / TYPICAL_S))])


def scales(known: Sequence[Features]) -> Floats:
    """What a law with features looks at: a row a part, a column a factor; not a number where it is not known."""
    table = np.array([[np.nan if value is None else value for value in one] for one in known],
                     np.float64).reshape(-1, len(FACTORS))
    by_ratio = [name in BY_RATIO for name in FACTORS]
    table[:, by_ratio] = np.log1p(table[:, by_ratio])
    return table


def standard(table: Floats, means: Floats, deviations: Floats) -> Floats:
    """In standard deviations from what is usual; what is not known counts as usual."""
    found: Floats = np.nan_to_num(np.clip((table - means) / deviations, -_LARGEST, _LARGEST), nan=0.0)
    return found


def effects(law: Law, known: Sequence[Features]) -> Floats:
    """The logarithm of the factor by which each feature (column) raises the hazard of each part (row)."""
    if not law.of_features:
        return np.zeros((len(known), len(FACTORS)))
    found: Floats = standard(scales(known), np.array(law.means), np.array(law.deviations)) * np.array(law.of_features)
    return found


def hazards(law: Law, parts: Sequence[Stretch], length_s: float, known: Sequence[Features]) -> Floats:
    """The rate of leaving a second, of each part; `known` has what is known of each."""
    place = places(parts, length_s) @ np.array(law.of_places)
    found: Floats = usual(parts, length_s) * np.exp(np.clip(place + effects(law, known).sum(axis=1), -10, 10))
    return found
