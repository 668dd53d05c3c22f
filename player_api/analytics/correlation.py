"""Which watching goes with results: what is shown of observations, and when it is not. Pure. docs/metrics.md#correlation.

An association, never a cause: nobody here was told to watch more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from player_api.analytics import association
from player_api.analytics.association import Ints
from player_api.analytics.watched_before import Watching

SHOWN_FROM, RANKED_FROM, ITEM_FROM = 30, 100, 300  # learners
LEAST_OF_ITEM = 5  # learners whose results can be put in an order
LEAST_OTHERS = 4  # results elsewhere, from which on a learner's ability is known
FACTORS = Watching._fields
NOTE = "Associations, not causes: learners chose themselves what to watch, and what else they did is not known here."


class Observation(NamedTuple):
    """A first attempt of one learner at one item."""

    learner: int
    item: str
    score: float
    ability: float
    others: int  # results that the ability is made of
    watching: Watching


def correlation(observations: Sequence[Observation], left_out: Mapping[str, int], k: int) -> dict[str, Any]:
    """Coefficients of all items together, those of items where that many are, and what it all rests on."""
    scores = np.array([one.score for one in observations], np.float64)
    items = _numbered([one.item for one in observations])
    kept = association.telling(items, scores, LEAST_OF_ITEM) if len(items) else np.zeros(0, np.bool_)
    used = [one for one, its in zip(observations, kept, strict=True) if its]
    learners = len({one.learner for one in used})
    enough, known = learners >= max(SHOWN_FROM, k), learners >= k
    return {
        "note": NOTE, "n_learners": learners if known else None, "n_results": len(used) if known else None,
        "n_items": len({one.item for one in used}) if known else None,
        "other_results": float(np.median([one.others for one in used])) if known and used else None,
        "left_out": dict(left_out) | {"item_says_nothing": len(observations) - len(used)} if known else None,
        "enough": enough, "factors": _factors(used, learners >= max(RANKED_FROM, k)) if enough else [],
        "items": _items(used) if enough else []}


def _factors(used: Sequence[Observation], ranked: bool) -> list[dict[str, Any]]:
    groups, clusters = _numbered([one.item for one in used]), _numbered([one.learner for one in used])
    y, ability = np.array([one.score for one in used]), np.array([one.ability for one in used])
    found: list[dict[str, Any]] = []
    for place, name in enumerate(FACTORS):
        its = association.pooled(groups, clusters, np.array([one.watching[place] for one in used]), y, ability)
        found.append({"name": name, "rank": None, **(
            {"rho": None, "low": None, "high": None, "drawn_low": None, "drawn_high": None, "clear": False} if its is None
            else {column: round(value, 4) for column, value in its._asdict().items()} | {"clear": its.clear})})
    if ranked:
        found.sort(key=lambda one: -abs(one["rho"] or 0.0))
        for rank, one in enumerate(found, 1):
            one["rank"] = rank
    return found


def _items(used: Sequence[Observation]) -> list[dict[str, Any]]:
    many = sorted(item for item, count in Counter(one.item for one in used).items() if count >= ITEM_FROM)
    if len(many) < 2:  # nothing to be shrunk to
        return []
    lines: list[dict[str, Any]] = []
    chances: list[float] = []
    for place, name in enumerate(FACTORS):
        measured = []
        for item in many:
            its = [one for one in used if one.item == item]
            measured.append((len(its), *association.alone(
                np.array([one.watching[place] for one in its]), np.array([one.score for one in its]),
                np.array([one.ability for one in its]))))
        drawn = association.shrunk([z for _, z, _ in measured], [variance for _, _, variance in measured])
        for item, (count, z, variance), its_value in zip(many, measured, drawn, strict=True):
            lines.append({"item": item, "factor": name, "n_learners": count,
                          **{column: round(value, 4) for column, value in its_value._asdict().items()}})
            chances.append(association.two_sided(z, variance))
    for line, clear in zip(lines, association.found(chances), strict=True):
        line["clear"] = clear
    return lines


def _numbered(names: Sequence[Any]) -> Ints:
    numbers: dict[Any, int] = {}
    return np.array([numbers.setdefault(name, len(numbers)) for name in names], np.int64)
