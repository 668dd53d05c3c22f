"""Laws that are fitted to made-up libraries: served where something truly drives leaving, else the baseline."""

from __future__ import annotations

import numpy as np
import pytest
from leaving import library

from enrich.prediction import BUILT_IN, FACTORS, GONE, GONE_IN_OPENING, effects, hazards, usual
from enrich.prediction_features import NOTHING
from enrich.prediction_fit import LEAST_LIFT, LEAST_VIDEOS, Fitted, Watched, fit
from enrich.prediction_parts import cut
from enrich.prediction_reasons import reasons
from player_api.analytics import laws, merge


def test_what_is_built_in_gives_the_published_figures() -> None:
    length_s = 2000
    parts = cut(length_s)
    lasting = np.exp(-np.cumsum(usual(parts, length_s) * [end - start for start, end in parts]))
    assert 1 - lasting[-1] == pytest.approx(GONE)
    [opening] = [n for n, (_, end) in enumerate(parts) if end == 60] or [1]
    assert 1 - lasting[opening] == pytest.approx(GONE_IN_OPENING, abs=0.02)
    assert np.array_equal(hazards(BUILT_IN, parts, length_s, [NOTHING] * len(parts)), usual(parts, length_s))
    assert fit([]) == Fitted()


def test_where_silence_drives_learners_away_it_is_found_and_served() -> None:
    fitted = fit([one.watched for one in library(1, 60, by_silence=3.0)])
    trial = fitted.trial
    assert trial is not None and fitted.features is not None
    assert trial.passed and trial.lift > 0.08 and trial.low > 0.05 and trial.low < trial.lift < trial.high
    assert (trial.videos, fitted.told, fitted.videos) == (60, 60, 60)
    assert fitted.served is fitted.features
    # What it learned is the truth: by how much the hazard rises from no silence to 0.8 of it.
    silence = FACTORS.index("silence")
    slope = fitted.features.of_features[silence] / fitted.features.deviations[silence]
    assert slope == pytest.approx(3.0, rel=0.2)
    assert all(abs(each) < 0.15 for n, each in enumerate(fitted.features.of_features) if n != silence)
    # And it foretells videos that it has never seen, better than the baseline, part by part.
    better = []
    for lecture in library(2, 20, by_silence=3.0, learners=3000):
        seen = np.log((lecture.watched.exits + 0.5) / lecture.watched.exposure_s)
        told, blind = (np.log(hazards(law, lecture.parts, lecture.length_s, lecture.features))
                       for law in (fitted.features, fitted.baseline))
        better.append(np.corrcoef(told, seen)[0, 1] - np.corrcoef(blind, seen)[0, 1])
    assert np.mean(better) > 0.1 and sum(each > 0 for each in better) >= 18


@pytest.mark.parametrize("seed", range(8))
def test_where_nothing_drives_them_away_the_baseline_is_served(seed: int) -> None:
    lectures = library(100 + seed, [24, 60][seed % 2], by_silence=0.0, learners=[15, 80][seed // 4])
    fitted = fit([one.watched for one in lectures])
    assert fitted.trial is not None and not fitted.trial.passed
    assert fitted.trial.lift < LEAST_LIFT
    assert fitted.served is fitted.baseline and not fitted.baseline.of_features


@pytest.mark.slow
def test_spreads_and_places_are_found() -> None:
    fitted = fit([one.watched for one in library(5, 100, by_silence=0.0, learners=200, spread_part=0.3, spread_video=0.6)])
    assert fitted.baseline.spread_part == pytest.approx(0.3, rel=0.35)
    assert fitted.baseline.spread_video == pytest.approx(0.6, rel=0.35)
    tame = fit([one.watched for one in library(6, 80, by_silence=0.0, learners=200, spread_part=0.0, spread_video=0.0)])
    assert tame.baseline.spread_part < 0.08 and tame.baseline.spread_video < 0.1
    parts = cut(600)
    nothing = [NOTHING] * len(parts)
    assert hazards(tame.baseline, parts, 630, nothing) == pytest.approx(usual(parts, 630), rel=0.2)


def test_too_few_videos_tell_nothing() -> None:
    lectures = library(7, LEAST_VIDEOS - 1, by_silence=4.0)
    fitted = fit([one.watched for one in lectures])
    assert fitted.trial is None and fitted.features is None and fitted.told == LEAST_VIDEOS - 1
    bare = [Watched(one.length_s, one.learners, one.parts, [NOTHING] * len(one.parts), one.watched.exits,
                    one.watched.exposure_s) for one in library(8, 40, by_silence=4.0)]
    assert fit(bare).trial is None and fit(bare).told == 0
    alone = fit([lectures[0].watched])
    assert alone.videos == 1 and np.isfinite(alone.baseline.of_places).all()
    # One video moves what is built in, and does not replace it.
    parts, nothing = lectures[0].parts, [NOTHING] * len(lectures[0].parts)
    ratio = hazards(alone.baseline, parts, lectures[0].length_s, nothing) / usual(parts, lectures[0].length_s)
    assert (ratio > 0.2).all() and (ratio < 5).all()


def test_one_video_with_very_many_learners_does_not_outweigh_the_others() -> None:
    lectures = [one.watched for one in library(9, 60, by_silence=0.0)]
    loud = library(10, 1, by_silence=0.0, learners=500_000)[0].watched
    strange = Watched(loud.length_s, loud.learners, loud.parts, loud.features, loud.exits * 3, loud.exposure_s)
    without, with_it = fit(lectures).baseline, fit([*lectures, strange]).baseline
    parts = cut(600)
    nothing = [NOTHING] * len(parts)
    assert hazards(with_it, parts, 630, nothing) == pytest.approx(hazards(without, parts, 630, nothing), rel=0.25)


def test_a_video_in_which_nobody_came_far_or_at_all_is_no_trouble() -> None:
    one = library(11, 1, by_silence=0.0)[0]
    nobody = Watched(one.length_s, 5, one.parts, one.features, np.zeros(len(one.parts)), np.zeros(len(one.parts)))
    first = np.zeros(len(one.parts))
    first[0] = 5
    gone = Watched(one.length_s, 5, one.parts, one.features, first, first * 3)
    assert fit([nobody]) == Fitted()
    for videos in ([gone], [nobody, gone, one.watched]):
        fitted = fit(videos)
        assert np.isfinite(hazards(fitted.baseline, one.parts, one.length_s, one.features)).all()


def test_reasons_are_what_the_law_looks_at() -> None:
    lectures = library(1, 60, by_silence=3.0)
    fitted = fit([one.watched for one in lectures])
    assert fitted.features is not None
    one = lectures[0]
    found = reasons(fitted.features, one.parts, one.length_s, one.features)
    by_hand = effects(fitted.features, one.features)[:, FACTORS.index("silence")]
    for its, effect, known in zip(found, by_hand.tolist(), one.features, strict=True):
        assert len(its) <= 4 and [abs(np.log(each.factor)) for each in its] == sorted(
            (abs(np.log(each.factor)) for each in its), reverse=True)
        said = {each.name: each for each in its}
        if abs(effect) > 0.1:
            assert said["silence"].factor == pytest.approx(np.exp(effect)) and said["silence"].value == known.silence
            assert said["silence"].text.startswith("Much" if effect > 0 else "Little")
    assert "The first 3% of the video" in " ".join(each.text for each in found[0])
    plain = reasons(fitted.baseline, one.parts, one.length_s, one.features)
    assert {each.name for its in plain for each in its} <= {"position", "length"}
    assert [each.name for its in reasons(BUILT_IN, one.parts, one.length_s, one.features) for each in its] \
        and "length" not in {each.name for its in reasons(BUILT_IN, one.parts, one.length_s, one.features) for each in its}


@pytest.mark.parametrize("length_s", [1, 4, 5, 6, 7, 19, 20, 99, 100, 101, 119, 120, 121, 1000, 4001])
def test_who_reaches_the_end_is_not_lost(length_s: int) -> None:
    until = laws.until(length_s)
    for second in range(length_s):
        assert (second >= until) == merge.reaches_end(second + 1, length_s)


def test_learner_seconds_by_hand() -> None:
    # Of ten, one leaves in second 0, two in second 20, and the rest at the end, which is no part.
    exits = np.zeros(50, np.int64)
    exits[[0, 20, 49]] = 1, 2, 7
    left, seconds = laws.counted(exits, 10, [(0, 20), (20, 40)])
    assert left.tolist() == [1, 2]
    assert seconds.tolist() == [9.5 + 19 * 9, 8 + 19 * 7]
    assert [each.tolist() for each in laws.counted(exits[:1], 10, [(0, 20), (20, 40)])] == [[1, 0], [9.5 + 19 * 9, 20 * 9]]
    assert [each.size for each in laws.counted(exits, 10, [])] == [0, 0]
