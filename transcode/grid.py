"""The time grid: which output frame rate, and at which frames the segments begin. Pure.

Boundaries are frame numbers, so that time stays exact: frame n is shown at n / frame_rate seconds.
"""

from __future__ import annotations

from fractions import Fraction

from infra.core.media import VideoStream

SEGMENT_S = 6  # Apple's HLS authoring rule 7.5
START_S = (2, 2, 2)  # short first segments: a player can start after 2 s of encoded video
_MERGE_S = Fraction(1, 2)  # a shorter rest joins the last segment; rule 7.7 allows 0.5 s over the target
# Half a second over would round up. The sound of a segment may be a packet longer than its picture.
_LONGEST_S = SEGMENT_S + _MERGE_S - Fraction(1, 20)

_STANDARD_RATES = tuple(
    Fraction(rate) for rate in ("24000/1001", "24", "25", "30000/1001", "30", "50", "60000/1001", "60")
)
_MAX_RATE = Fraction(60)  # rule 1.19


def output_rate(video: VideoStream) -> Fraction:
    """Frames a second of every rendition.

    A constant rate stays what it is, down to one frame a second (a low-rate screencast costs what it is worth), or is
    halved until it is at most 60. A variable rate becomes the next standard rate that loses no frame on average,
    at least 24000/1001, so that typing and pointer movement stay smooth.
    """
    nominal, average = _rates(video)
    if is_constant(video):
        rate = _snap(nominal)
        while rate > _MAX_RATE:
            rate /= 2
        return rate
    if nominal in _STANDARD_RATES and nominal <= 30 and average <= nominal:
        return nominal
    return next((rate for rate in _STANDARD_RATES if rate * Fraction(2001, 2000) >= average), _STANDARD_RATES[-1])


def is_constant(video: VideoStream) -> bool:
    """Whether its frames come at an even pace, as far as the probe can tell."""
    nominal, average = _rates(video)
    close = abs(average - nominal) * 20 <= nominal
    return 1 <= nominal <= 240 and (close or not Fraction(1, 100) <= average <= 240)


def _rates(video: VideoStream) -> tuple[Fraction, Fraction]:
    average = video.average_frame_rate or video.frame_rate
    return (video.frame_rate if video.frame_rate > 0 else average), average


def _snap(rate: Fraction) -> Fraction:
    """Rates such as 29.97 or 2997/100 are meant to be 30000/1001."""
    near = min(_STANDARD_RATES, key=lambda standard: abs(standard - rate))
    return near if abs(near - rate) < Fraction(1, 500) else rate.limit_denominator(1001)


def boundaries(frames: int, rate: Fraction) -> tuple[int, ...]:
    """Frame numbers b(0)=0 < b(1) < ... < b(n)=frames; segment k is the frames [b(k), b(k+1)).

    Raises ValueError for less than one frame.
    """
    if frames < 1:
        raise ValueError("a video has at least one frame")
    cuts = [0]
    time_s = Fraction(0)
    lengths = iter(START_S)
    while True:
        time_s += next(lengths, SEGMENT_S)
        # At a frame or two a second, rounding alone could make a segment too long.
        cut = max(min(round(time_s * rate), cuts[-1] + int(_LONGEST_S * rate)), cuts[-1] + 1)
        if cut >= frames:
            break
        cuts.append(cut)
    if len(cuts) > 1 and (frames - cuts[-1]) / rate < _MERGE_S and (frames - cuts[-2]) / rate < _LONGEST_S:
        cuts.pop()
    return (*cuts, frames)
