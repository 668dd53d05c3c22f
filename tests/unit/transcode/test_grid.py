"""The time grid: output frame rates, and where segments begin."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from media_infos import video, video_streams

from transcode import grid

NTSC_FILM, NTSC = Fraction(24_000, 1001), Fraction(30_000, 1001)


@pytest.mark.parametrize(("nominal", "average", "expected"), [
    ("25", None, 25), ("24", None, 24), ("30", None, 30), ("50", None, 50), ("60", None, 60),
    ("30000/1001", None, NTSC), ("60000/1001", None, 2 * NTSC), ("24000/1001", None, NTSC_FILM),
    ("2997/100", None, NTSC), ("29.97", "29.97", NTSC), ("5994/100", None, 2 * NTSC),
    ("120", None, 60), ("100", None, 50), ("240", None, 60), ("120000/1001", None, 2 * NTSC),
    ("6", None, 6), ("1", None, 1), ("23/12", None, Fraction(23, 12)), ("12.5", None, Fraction(25, 2)),
    ("60", "59.3", 60), ("30", "29.1", 30), ("25", "24.99", 25),
    # variable
    ("120", "2", NTSC_FILM), ("60", "18", NTSC_FILM), ("1000", "12.4", NTSC_FILM), ("90000", "29.5", NTSC),
    ("30", "17", 30), ("25", "3", 25), ("240", "118", 60), ("1000", "27", NTSC), ("1000", "45", 50),
    # what a broken header says
    ("0", "25", 25), ("0", "0", NTSC_FILM), ("1/2", None, NTSC_FILM), ("90000", "90000", 60),
])
def test_a_constant_rate_stays_and_a_variable_one_becomes_the_next_standard_rate(
    nominal: str, average: str | None, expected: Fraction
) -> None:
    stream = video(frame_rate=Fraction(nominal), average_frame_rate=Fraction(average) if average else None)
    assert grid.output_rate(stream) == expected


@given(video_streams())
def test_the_rate_is_always_between_one_and_sixty_frames_a_second(stream: object) -> None:
    assert 1 <= grid.output_rate(stream) <= 60


rates = st.sampled_from([Fraction(1), Fraction(23, 12), Fraction(6, 5), Fraction(25), NTSC, Fraction(60)]) | st.fractions(
    min_value=1, max_value=60, max_denominator=1001)


@given(st.integers(1, 20_000), rates)
def test_boundaries_rise_and_cover_every_frame_once(frames: int, rate: Fraction) -> None:
    cuts = grid.boundaries(frames, rate)
    assert cuts[0] == 0
    assert cuts[-1] == frames
    assert all(a < b for a, b in pairwise(cuts))


@given(st.integers(1, 20_000), rates)
@settings(deadline=None)
def test_no_segment_rounds_to_more_than_six_seconds(frames: int, rate: Fraction) -> None:
    assert all((b - a) / rate < Fraction("6.5") for a, b in pairwise(grid.boundaries(frames, rate)))


@given(st.integers(1, 20_000), st.sampled_from([Fraction(15), NTSC_FILM, Fraction(24), Fraction(25), NTSC, Fraction(30),
                                                Fraction(50), 2 * NTSC, Fraction(60)]))
def test_three_segments_of_two_seconds_then_all_of_six(frames: int, rate: Fraction) -> None:
    lengths = [(b - a) / rate for a, b in pairwise(grid.boundaries(frames, rate))]
    for k, length in enumerate(lengths[:-1]):
        assert abs(length - (2 if k < 3 else 6)) <= 1 / rate
    if len(lengths) > 1:
        assert lengths[-1] >= Fraction(9, 20)  # no crumb at the end


def test_a_grid_at_29_97_does_not_drift_from_the_clock() -> None:
    cuts = grid.boundaries(30 * 3600 * 24, NTSC)
    assert abs(cuts[10_000] / NTSC - (6 + 6 * 9997)) <= 1 / NTSC


def test_less_than_a_frame_has_no_grid() -> None:
    with pytest.raises(ValueError, match="at least one frame"):
        grid.boundaries(0, Fraction(25))
