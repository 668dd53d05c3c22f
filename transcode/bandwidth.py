"""Measured bit rates: what a rendition really needs, once all of it is there. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from transcode.grid import SEGMENT_S


class BitRates(NamedTuple):
    """Of one rendition, in bits a second."""

    peak_bps: int
    average_bps: int


def bit_rates(sizes_bytes: Sequence[int], durations_s: Sequence[Fraction]) -> BitRates:
    """From the size and the duration of every segment.

    The peak is the largest rate of any run of segments that lasts 0.5 to 1.5 target durations (RFC 8216bis, 4.4.6.2,
    "peak segment bit rate"); where a video is too short for such a run, of the whole.
    """
    shortest_s, longest_s = Fraction(SEGMENT_S, 2), Fraction(3 * SEGMENT_S, 2)
    average = Fraction(8 * sum(sizes_bytes)) / sum(durations_s)
    peak = Fraction(0)
    for first in range(len(sizes_bytes)):
        size, duration_s = 0, Fraction(0)
        for more_bytes, more_s in zip(sizes_bytes[first:], durations_s[first:], strict=True):
            size, duration_s = size + more_bytes, duration_s + more_s
            if duration_s > longest_s:
                break
            if duration_s >= shortest_s:
                peak = max(peak, size * 8 / duration_s)
    return BitRates(-int(-(peak or average) // 1), -int(-average // 1))  # rounded up
