"""Cohorts against the counters of the same events: who is in one is counted as all are."""

from __future__ import annotations

import random
from itertools import combinations
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from player_api.analytics import cohorts, stored
from player_api.analytics import merge as merging
from player_api.analytics.kinds import WATCH, Row
from player_api.analytics.merge import ALL, Counters, merge

LENGTH_S = 90


def rows(seed: int) -> list[Row]:
    chance = random.Random(seed)
    found = []
    for number in range(chance.randrange(4, 120)):
        start_ms = chance.randrange(0, LENGTH_S * 1000 - 500)
        end_ms = min(start_ms + chance.randrange(1, 40_000), LENGTH_S * 1000)
        found.append(Row(number + 1, 1, number, number, number, chance.randrange(12), WATCH, 1_795_000_000_000 + number, 0,
                         start_ms, end_ms, chance.choice([500, 1000, 2000]), 0, *[None] * 8))
    return found


def known(of: list[Row]) -> tuple[Counters, dict[int, SimpleNamespace]]:
    """The counters of these events, and what is stored of each learner."""
    counters = Counters(LENGTH_S)
    merge(counters, of)
    names = ("seen", "again", "unique_s", "content_ms", "wall_ms")
    return counters, {key: SimpleNamespace(**dict(zip(names, stored.of_learner(one), strict=False)))
                      for key, one in counters.learners.items() if one.unique_s}


@pytest.mark.parametrize("seed", range(40))
def test_a_cohort_is_counted_as_if_nobody_else_had_watched(seed: int) -> None:
    chance, every = random.Random(seed), rows(seed)
    whose = {key for key in range(12) if chance.random() < 0.5}
    _, learners = known(every)
    its = [one for key, one in learners.items() if key in whose]
    if not its:
        return
    found = cohorts.curve(its, LENGTH_S)
    alone = known([row for row in every if row.learner in whose])[0].curves[ALL]
    padded = np.pad(alone.counts, ((0, 0), (0, LENGTH_S - alone.counts.shape[1])))
    for line in (merging.UNIQUE, merging.REWATCH, merging.EXITS):
        assert found.counts[line].tolist() == padded[line].tolist()
    content = [row for row in every if row.learner in whose and row.learner not in learners]
    assert found.sums == [one - sum((row.b_ms or 0) - (row.a_ms or 0) for row in content) if place == merging.CONTENT_MS else
                          one - sum(((row.b_ms or 0) - (row.a_ms or 0)) * 1000 // (row.rate or 1) for row in content)
                          if place == merging.WALL_MS else one for place, one in enumerate(alone.sums)]
    shown = cohorts.shown(found, LENGTH_S)
    assert shown["engagement"] == round(sum(one.unique_s for one in its) / len(its) / LENGTH_S, 6)
    assert sum(one["learners"] for one in shown["tenths"]) == len(its)


def test_what_is_held_back() -> None:
    of = {"most": range(20), "half": range(10), "nearly half": range(8), "few": range(4), "others": range(12, 20)}
    assert cohorts.held_back(of, 40, 5) == {
        "few": "too_few_learners", "nearly half": "rest_too_few",
        "others": "rest_too_few"}  # most without half and others are two
    # Of everybody four would be left without the largest, which so tells nothing of the others either.
    assert cohorts.held_back(of, 24, 5) == {
        "few": "too_few_learners", "most": "rest_too_few", "nearly half": "rest_too_few"}
    assert cohorts.held_back({"everybody": range(7)}, 7, 5) == {}
    # Three seminars, one of which hardly anybody of watched: another one is held back, or all others without it would be it.
    assert cohorts.held_back({"A": range(20), "B": range(20, 32), "C": range(32, 35)}, 35, 5) == {
        "B": "rest_too_few", "C": "too_few_learners"}
    assert cohorts.held_back({"nobody": (), "one": range(1)}, 9, 1) == {"nobody": "too_few_learners"}


@given(st.lists(st.sets(st.integers(0, 11), min_size=1), max_size=6), st.integers(0, 3), st.integers(1, 5))
@settings(max_examples=300, deadline=None)
def test_groups_that_share_nobody_never_leave_a_few(sets: list[set[int]], others: int, k: int) -> None:
    groups = {str(n): one for n, one in enumerate(sets)}
    everybody = set(range(12 + others))
    hidden = cohorts.held_back(groups, len(everybody), k)
    shown = [one for name, one in groups.items() if name not in hidden]
    for whole in (everybody, *shown):
        for n in range(1, len(shown) + 1):
            for some in combinations([one for one in shown if one <= whole], n):
                if sum(map(len, some)) == len(set().union(*some)):  # nobody is in two
                    assert not 0 < len(whole.difference(*some)) < k


@given(st.lists(st.integers(5, 60), min_size=1, max_size=40), st.integers(5, 60))
@settings(max_examples=50, deadline=None)
def test_groups_that_leave_nobody_or_many_are_shown(lengths: list[int], others: int) -> None:
    starts = [sum(lengths[:n]) for n in range(len(lengths))]
    groups = {str(n): range(start, start + length) for n, (start, length) in enumerate(zip(starts, lengths, strict=True))}
    assert cohorts.held_back(groups, sum(lengths), 5) == {}
    assert cohorts.held_back(groups, sum(lengths) + others, 5) == {}
