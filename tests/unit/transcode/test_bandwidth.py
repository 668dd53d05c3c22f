"""Measured bit rates are what RFC 8216bis calls the peak and the average."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from transcode.bandwidth import BitRates, bit_rates

segments = st.lists(st.tuples(st.integers(100, 10_000_000), st.fractions(Fraction(1, 30), 6, max_denominator=90)),
                    min_size=1, max_size=30)


def test_short_segments_count_together_and_a_run_is_no_longer_than_nine_seconds() -> None:
    sizes = [100_000, 300_000, 100_000, 600_000]
    assert bit_rates(sizes, [Fraction(2)] * 3 + [Fraction(6)]) == BitRates(
        800_000, 733_334)  # the last one, and 400 kB in any two of the first; not the second alone: it lasts only 2 s


def test_a_video_shorter_than_half_a_segment_has_the_rate_of_the_whole() -> None:
    assert bit_rates([1000, 3000], [Fraction(1), Fraction(1)]) == BitRates(16_000, 16_000)


@given(segments)
def test_the_peak_is_between_the_average_and_the_largest_segment(listed: list[tuple[int, Fraction]]) -> None:
    sizes, durations = [size for size, _ in listed], [duration for _, duration in listed]
    found = bit_rates(sizes, durations)
    assert found.peak_bps <= max(8 * size / duration for size, duration in listed) + 1
    assert found.average_bps <= max(found.peak_bps, max(8 * size / duration for size, duration in listed)) + 1
