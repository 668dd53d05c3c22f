"""What was planted in data is found, what was not is not, and what comes of a third thing is taken away."""

from __future__ import annotations

import math

import numpy as np
import pytest

from player_api.analytics import association
from player_api.analytics.association import Floats, Ints
from player_api.analytics.correlation import FACTORS, Observation, correlation
from player_api.analytics.watched_before import Watching

LEARNERS, ITEMS = 60, 4


def one_run(chance: np.random.Generator, effect: float, confounding: float, learners: int = LEARNERS, known: float = 0.0
            ) -> tuple[Ints, Ints, Floats, Floats, Floats]:
    """(item, learner, x, y, ability) of items of different difficulty. `known`: noise of what is known as ability."""
    ability = chance.normal(size=learners)
    x = confounding * ability + chance.normal(size=learners)  # the same watching before all items of a learner
    item, learner = np.repeat(np.arange(ITEMS), learners), np.tile(np.arange(learners), ITEMS)
    luck = chance.normal(size=learners)[learner]  # results of one learner go together beyond their ability
    y = effect * x[learner] + ability[learner] + 1.5 * luck + chance.normal(size=len(item)) + 2.0 * item
    seen = ability + known * chance.normal(size=learners)
    return item, learner, x[learner], np.round(1 / (1 + np.exp(-y)), 1), seen[learner]


def test_ranks_share_places() -> None:
    assert association.ranks(np.array([10.0, 20.0, 10.0, 30.0, 10.0])).tolist() == [2, 4, 2, 5, 2]
    inside = association.within(np.array([0, 1, 0, 1, 0]), np.array([5.0, 9.0, 1.0, 2.0, 5.0]))
    assert inside.tolist() == pytest.approx([2.5 / 4 - 0.5, 2 / 3 - 0.5, 1 / 4 - 0.5, 1 / 3 - 0.5, 2.5 / 4 - 0.5])
    assert association.telling(np.array([0, 0, 1, 1, 1, 2]), np.array([1.0, 2, 3, 3, 3, 4]), 2).tolist() == [
        True, True, False, False, False, False]


def test_a_coefficient_of_a_textbook() -> None:
    """Ten people's IQ and hours before a television: Spearman's rho is -29/165. The third quantity stands across both."""
    iq = np.array([106.0, 100, 86, 101, 99, 103, 97, 113, 112, 110])
    hours = np.array([7.0, 27, 2, 50, 28, 29, 20, 12, 6, 17])
    x, y = (association.ranks(each) - 5.5 for each in (iq, hours))
    assert (x @ y) / (x @ x) == pytest.approx(-29 / 165)
    # By the definition: of what a straight line of the third leaves of both.
    third = np.array([3.0, 1, 4, 1.5, 9, 2, 6, 5, 3.5, 8])
    a = association.ranks(third) - 5.5
    rest = [each - (each @ a) / (a @ a) * a for each in (x, y)]
    expected = rest[0] @ rest[1] / math.sqrt((rest[0] @ rest[0]) * (rest[1] @ rest[1]))
    z, variance = association.alone(iq, hours, third)
    assert math.tanh(z) == pytest.approx(expected)
    assert variance == pytest.approx(1.06 ** 2 / 6)
    found = association.pooled(np.zeros(10, np.int64), np.arange(10), iq, hours, third)
    assert found is not None and found.rho == pytest.approx(expected)
    assert (found.low, found.high) == pytest.approx(association.fisher(expected, 6))
    assert math.atanh(found.high) - math.atanh(found.low) == pytest.approx(2 * 1.959964 * 1.06 / math.sqrt(6))


def test_what_was_planted_is_found() -> None:
    chance = np.random.default_rng(1)
    found = [association.pooled(*one_run(chance, 0.5, 0.5, 200)) for _ in range(20)]
    assert sum(each is not None and each.clear and each.rho > 0 for each in found) >= 19
    other = association.pooled(*one_run(chance, -0.5, 0.5, 200))
    assert other is not None and other.clear and other.rho < 0


def test_where_nothing_is_the_interval_holds_nothing_in_95_of_100_runs() -> None:
    chance = np.random.default_rng(2)
    runs = 250
    drawn = fisher = 0
    for _ in range(runs):
        its = association.pooled(*one_run(chance, 0.0, 0.0))
        assert its is not None
        drawn += its.drawn_low <= 0 <= its.drawn_high
        fisher += its.low <= 0 <= its.high
    assert 0.915 <= drawn / runs <= 0.985
    assert fisher / runs < 0.9  # it takes the results of one learner for independent: this is why both are shown


def test_independent_results_have_both_intervals_right() -> None:
    chance = np.random.default_rng(3)
    runs, drawn, fisher = 150, 0, 0
    for _ in range(runs):
        item = np.repeat(np.arange(10), 12)
        x, y, ability = chance.normal(size=(3, 120))
        its = association.pooled(item, np.arange(120), x + ability, y + ability + item, ability)
        assert its is not None
        drawn += its.drawn_low <= 0 <= its.drawn_high
        fisher += its.low <= 0 <= its.high
    assert 0.91 <= drawn / runs <= 0.99 and 0.91 <= fisher / runs <= 0.99


def test_what_ability_does_to_both_is_taken_away() -> None:
    chance = np.random.default_rng(4)
    runs, covered, rhos, naive = 80, 0, [], []
    for _ in range(runs):
        item, learner, x, y, ability = one_run(chance, 0.0, 1.0)
        its = association.pooled(item, learner, x, y, ability)
        blind = association.pooled(item, learner, x, y, chance.normal(size=len(x)))
        assert its is not None and blind is not None
        covered += its.drawn_low <= 0 <= its.drawn_high
        rhos.append(its.rho)
        naive.append(blind.rho)
    assert np.mean(naive) > 0.2
    assert abs(np.mean(rhos)) < 0.03 and covered / runs >= 0.9


def test_ability_that_is_half_known_is_half_taken_away() -> None:
    """As docs/metrics.md warns: with few other results some of what ability does stays in."""
    chance = np.random.default_rng(5)
    rhos = [its.rho for _ in range(60) if (its := association.pooled(*one_run(chance, 0.0, 1.0, known=1.0))) is not None]
    assert 0.05 < np.mean(rhos) < 0.3


def test_the_same_data_give_the_same_interval_whatever_is_outside() -> None:
    chance = np.random.default_rng(6)
    its = one_run(chance, 0.3, 0.0)
    first = association.pooled(*its)
    bent = (its[0], its[1], np.where(its[2] == its[2].max(), 18_216.0, its[2]), its[3], its[4])  # as real logs hold
    assert association.pooled(*its) == first == association.pooled(*bent)


def test_nothing_is_said_where_nothing_varies() -> None:
    item, same = np.zeros(40, np.int64), np.ones(40)
    chance = np.random.default_rng(7).normal(size=(2, 40))
    assert association.pooled(item, np.arange(40), same, chance[0], chance[1]) is None
    assert association.pooled(item[:4], np.arange(4), chance[0][:4], chance[1][:4], chance[0][:4]) is None
    its = association.pooled(item, np.arange(40), chance[0], chance[1], chance[0])  # x is the ability itself
    assert its is not None and its.rho == 0 and not its.clear


def test_items_without_a_spread_of_their_own_become_one() -> None:
    chance = np.random.default_rng(8)
    variances = [1 / 300] * 40
    alike = association.shrunk(list(0.05 + chance.normal(0, math.sqrt(1 / 300), 40)), variances)
    apart = association.shrunk([0.3 * (-1) ** n for n in range(40)], variances)
    assert max(one.rho for one in alike) - min(one.rho for one in alike) < 0.1  # 0.24 as measured
    assert apart[0].rho == pytest.approx(math.tanh(0.3), abs=0.02) and apart[0].low > 0 > apart[1].high


def test_benjamini_and_hochberg() -> None:
    """The fifteen tests of their paper of 1995, of which four are found at 5 %."""
    p = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0]
    assert association.found(p) == [True] * 4 + [False] * 11
    assert association.found(p[::-1]) == [False] * 11 + [True] * 4
    assert association.found([]) == [] and association.found([0.5]) == [False]
    assert association.two_sided(1.959964, 1.0) == pytest.approx(0.05, abs=1e-6)


def _observations(learners: int, items: int, effect: float = 0.0) -> list[Observation]:
    chance = np.random.default_rng(9)
    found = []
    for learner in range(learners):
        ability = float(chance.normal())
        for item in range(items):
            covered, rewatched, pauses, speed = map(float, chance.uniform(size=4))
            score = 0.5 + 0.1 * ability + effect * rewatched + float(chance.normal()) * 0.1
            found.append(Observation(learner, f"q{item}", score, ability, 12,
                                     Watching(covered, rewatched, pauses, 1 + speed)))
    return found


def test_too_few_are_not_shown() -> None:
    nobody = correlation([], {"no_ability": 3}, 5)
    assert (nobody["enough"], nobody["n_learners"], nobody["left_out"], nobody["factors"]) == (False, None, None, [])
    few = correlation(_observations(29, 4), {}, 5)
    assert (few["enough"], few["n_learners"], few["factors"]) == (False, 29, [])
    some = correlation(_observations(30, 4), {}, 5)
    assert [one["name"] for one in some["factors"]] == [*FACTORS] and {one["rank"] for one in some["factors"]} == {None}
    assert some["items"] == [] and some["n_results"] == 120 and some["other_results"] == 12
    assert not correlation(_observations(30, 4), {}, 31)["enough"]
    many = correlation(_observations(100, 2, 0.3), {}, 5)
    assert [one["rank"] for one in many["factors"]] == [1, 2, 3, 4]
    assert many["factors"][0]["name"] == "rewatched" and many["factors"][0]["clear"] and many["items"] == []


def test_items_are_shown_from_300_learners_on() -> None:
    its = correlation(_observations(300, 3, 0.3), {}, 5)["items"]
    assert len(its) == 3 * len(FACTORS)
    assert {one["factor"] for one in its if one["clear"]} == {"rewatched"}
    assert correlation(_observations(299, 3, 0.3), {}, 5)["items"] == []
    alike = [one._replace(score=1.0) if one.item == "q1" else one for one in _observations(40, 2)]
    assert correlation(alike, {}, 5)["left_out"] == {"item_says_nothing": 40}
