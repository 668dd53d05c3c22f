"""Drawing a waveform costs as much for a day as for twenty minutes."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transcode.still import windows


@given(st.fractions(min_value=Fraction(1, 10), max_value=86_400, max_denominator=1000))
def test_windows_are_in_order_inside_the_recording_and_bounded(duration_s: Fraction) -> None:
    drawn = windows(duration_s)
    at = Fraction(0)
    for start_s, length_s in drawn:
        assert start_s >= at
        assert length_s > 0
        at = start_s + length_s
    assert at <= duration_s
    assert sum(length_s for _, length_s in drawn) <= 20 * 60
    assert len(drawn) <= 40


@pytest.mark.parametrize(("duration_s", "count"), [(1, 1), (1200, 1), (1201, 40), (36_000, 40)])
def test_a_short_recording_is_drawn_whole(duration_s: int, count: int) -> None:
    assert len(windows(Fraction(duration_s))) == count
