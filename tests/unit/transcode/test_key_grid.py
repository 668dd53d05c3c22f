"""The grid that follows key frames."""

from __future__ import annotations

from fractions import Fraction
from itertools import accumulate, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transcode.key_grid import LONGEST_S, key_boundaries

rates = st.sampled_from([Fraction(1), Fraction(6), Fraction(25), Fraction(30_000, 1001), Fraction(60)])


@st.composite
def key_frames(draw: st.DrawFn) -> tuple[list[int], int, Fraction]:
    """Key frames at any distance up to the longest segment, the end of the video, the frame rate."""
    rate = draw(rates)
    gaps = draw(st.lists(st.integers(1, int(LONGEST_S * rate)), min_size=1, max_size=60))
    *keys, end = accumulate(gaps, initial=0)
    return keys, end, rate


@given(key_frames())
@settings(deadline=None)
def test_boundaries_are_key_frames_and_cover_every_frame_once(source: tuple[list[int], int, Fraction]) -> None:
    keys, frames, rate = source
    cuts = key_boundaries(keys, frames, rate)
    assert cuts is not None
    assert (cuts[0], cuts[-1]) == (0, frames)
    assert set(cuts[:-1]) <= set(keys)
    assert all(0 < b - a <= LONGEST_S * rate < Fraction(17, 2) * rate for a, b in pairwise(cuts))


@given(key_frames())
@settings(deadline=None)
def test_no_crumbs_where_key_frames_allow_it(source: tuple[list[int], int, Fraction]) -> None:
    keys, frames, rate = source
    stops = [*keys, frames]
    cuts = key_boundaries(keys, frames, rate)
    for a, b in pairwise(cuts or ()):
        if (b - a) / rate < 1:
            reachable = [stop for stop in stops if a < stop <= a + LONGEST_S * rate]
            assert all(stop - a < rate or frames - stop < rate for stop in reachable if stop < frames), (a, b)


@given(key_frames(), st.integers(1, 10_000))
@settings(deadline=None)
def test_a_gap_that_is_too_long_has_no_grid(source: tuple[list[int], int, Fraction], more: int) -> None:
    keys, _, rate = source
    gap = int(LONGEST_S * rate) + more
    assert key_boundaries(keys, keys[-1] + gap, rate) is None
    assert key_boundaries([*keys, keys[-1] + gap], keys[-1] + gap + 1, rate) is None


@pytest.mark.parametrize(("every_s", "lengths"), [
    ("0.4", [2, 2, 2, 6, 6, 6, 6]), ("1", [2, 2, 2, 6, 6, 6, 6]), ("2", [2, 2, 2, 6, 6, 6, 6]),
    ("3", [3, 3, 3, 6, 6, 6, 3]), ("4", [4] * 6 + [6]), ("5", [5] * 6), ("8", [8, 8, 8, 6]),
    ("0.04", [2, 2, 2, 6, 6, 6, 6]),
])
def test_segments_come_as_near_to_two_and_six_seconds_as_can_be(every_s: str, lengths: list[int]) -> None:
    keys = range(0, 750, int(Fraction(every_s) * 25))
    cuts = key_boundaries(keys, 750, Fraction(25))
    assert [(b - a) / 25 for a, b in pairwise(cuts)] == lengths


def test_x264s_default_group_at_thirty_frames_a_second_is_a_segment() -> None:
    assert key_boundaries([0, 250, 500], 600, Fraction(30)) == (0, 250, 500, 600)
    assert key_boundaries([0, 250, 500], 600, Fraction(25)) is None


def test_a_first_frame_that_is_no_key_frame_has_no_grid() -> None:
    assert key_boundaries([1, 50], 100, Fraction(25)) is None
