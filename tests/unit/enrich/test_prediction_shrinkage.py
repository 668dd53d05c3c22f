"""From what was foretold to what is seen: the law of it, and that bands hold as often as they say."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from leaving import gamma

from enrich.prediction_shrinkage import beliefs, gamma_below, gamma_quantile, level, present

rates = st.floats(1e-6, 0.05)
spreads = st.floats(0.01, 3)


@settings(max_examples=200, deadline=None)
@given(st.lists(rates, min_size=1, max_size=20), spreads, spreads)
def test_before_anybody_came_it_is_what_was_foretold(foretold: list[float], part: float, video: float) -> None:
    nothing = np.zeros(len(foretold))
    for one, mean in zip(beliefs(np.array(foretold), nothing, nothing, part, video), foretold, strict=True):
        assert one.hazard == pytest.approx(mean)
        assert one.weight == 0
        assert one.low < one.high
    assert level(np.array(foretold), nothing, nothing, part, video) == 1


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(rates, rates), min_size=1, max_size=20), spreads, spreads)
def test_with_many_learners_it_is_what_was_seen(both: list[tuple[float, float]], part: float, video: float) -> None:
    foretold, seen = np.array(both).T
    seconds = np.full(len(both), 1e12)
    for one, rate in zip(beliefs(foretold, seen * seconds, seconds, part, video), seen.tolist(), strict=True):
        assert one.hazard == pytest.approx(rate, rel=1e-3)
        assert one.weight > 0.999
        assert one.low == pytest.approx(one.high, rel=0.05)


@settings(max_examples=200, deadline=None)
@given(rates, rates, st.floats(0, 1e6), st.floats(1.1, 100), spreads, spreads)
def test_in_between_it_goes_from_one_to_the_other(foretold: float, seen: float, seconds: float, more: float, part: float,
                                                  video: float) -> None:
    """Of a video of one part, whose level nothing else is known of."""
    few, many = (beliefs(np.array([foretold]), np.array([seen * each]), np.array([each]), part, video)[0]
                 for each in (seconds, seconds * more))
    for one in (few, many):
        assert one.hazard == pytest.approx((1 - one.weight) * foretold + one.weight * seen, rel=1e-6)
        assert one.low <= one.hazard * 1.0001 or one.hazard < 1e-9
    assert few.weight <= many.weight
    assert abs(many.hazard - seen) <= abs(few.hazard - seen) * (1 + 1e-9) + 1e-15


@settings(max_examples=100, deadline=None)
@given(st.lists(rates, min_size=2, max_size=20), spreads, spreads, st.floats(1.5, 9))
def test_others_parts_say_how_this_video_does(foretold: list[float], part: float, video: float, times: float) -> None:
    """A part that nobody has come to yet is believed to lose more where the others do."""
    means = np.array(foretold)
    seconds = np.append(np.full(len(means) - 1, 1e5), 0.0)
    unseen = beliefs(means, means * seconds * times, seconds, part, video)[-1]
    assert unseen.weight == 0
    assert means[-1] < unseen.hazard < means[-1] * times


@pytest.mark.parametrize("learners", [0, 5, 50, 1000])
def test_bands_hold_what_they_say(learners: int) -> None:
    """Of parts that are made by the law that is believed, 95 % of bands hold the truth, whoever many came."""
    chance = np.random.default_rng(learners)
    held = []
    for _ in range(150):
        means = chance.uniform(0.0003, 0.003, 25)
        truth = means * gamma(chance, 0.3) * gamma(chance, 0.4, 25)
        exits, seconds, there = np.zeros(25), np.zeros(25), learners
        for n, rate in enumerate(truth.tolist()):
            exits[n] = chance.binomial(there, -math.expm1(-rate * 25))
            seconds[n] = 25 * (there - exits[n] / 2)
            there -= int(exits[n])
        held += [one.low <= rate <= one.high for one, rate in zip(
            beliefs(means, exits, seconds, 0.4, 0.3), truth.tolist(), strict=True)]
    assert 0.93 <= sum(held) / len(held) <= 0.97


@settings(deadline=None)
@given(st.floats(0.05, 500), st.floats(0.01, 0.99))
def test_a_quantile_is_where_that_share_lies_below(shape: float, share: float) -> None:
    assert gamma_below(gamma_quantile(share, shape), shape) == pytest.approx(share, abs=1e-4)


def test_the_gamma_distribution_where_it_is_known() -> None:
    assert gamma_quantile(0.5, 1) == pytest.approx(math.log(2))
    assert gamma_below(3.0, 1) == pytest.approx(1 - math.exp(-3))
    assert gamma_below(2.5, 3) == pytest.approx(1 - math.exp(-2.5) * (1 + 2.5 + 2.5 ** 2 / 2))
    assert gamma_below(0.7, 0.5) == pytest.approx(math.erf(math.sqrt(0.7)))
    assert gamma_below(0, 2) == 0


def test_who_is_still_there() -> None:
    assert present([0.01, 0.02], [10, 10]) == pytest.approx([1, math.exp(-0.1)])
    assert present([], []) == []
