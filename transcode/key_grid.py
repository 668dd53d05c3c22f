"""A time grid that follows the key frames of the source, so that its packets can be copied. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise

from transcode.grid import SEGMENT_S, START_S

# EXTINF of 8 s after rounding (RFC 8216bis, 4.4.3.1); the sound of a segment may be a packet longer than its picture.
LONGEST_S = Fraction(17, 2) - Fraction(1, 20)
_SHORT_S = Fraction(1)  # a shorter segment is made only where nothing else is possible


def key_boundaries(keys: Sequence[int], frames: int, rate: Fraction) -> tuple[int, ...] | None:
    """Boundaries out of `keys` (frame numbers, ascending, the first 0) and `frames`, the end of the video.

    Segments come as near to 2, 2, 2 and then 6 s as the key frames allow. None where two of them, or the last one and
    the end, are too far apart for one segment.
    """
    stops = [*keys, frames]
    if stops[0] != 0 or widest_s(keys, frames, rate) > LONGEST_S:
        return None
    cuts = [0]
    lengths = iter(START_S)
    while cuts[-1] < frames:
        target_s = next(lengths, SEGMENT_S)
        first = bisect_right(stops, cuts[-1])
        last = bisect_right(stops, cuts[-1] + int(LONGEST_S * rate))
        cuts.append(min(stops[first:last], key=lambda stop: _badness(stop, cuts[-1], frames, rate, target_s)))
    return tuple(cuts)


def widest_s(keys: Sequence[int], frames: int, rate: Fraction) -> Fraction:
    """The longest time in seconds between two neighbours of `keys` and the end."""
    return max(b - a for a, b in pairwise([*keys, frames])) / rate


def _badness(stop: int, cut: int, frames: int, rate: Fraction, target_s: int) -> tuple[bool, Fraction, int]:
    """Smaller is better: no crumb here or at the end, then near to the target, then early."""
    length_s, rest_s = (stop - cut) / rate, (frames - stop) / rate
    crumb = stop < frames and (length_s < _SHORT_S or rest_s < _SHORT_S)
    return crumb, abs(length_s - target_s), stop
