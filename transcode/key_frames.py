"""How near to each other the key frames of a source are, and where they lie, by the index of its container."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import pairwise

from infra.core.boxes import BadBoxes
from infra.core.mkv_cues import BadCues, cue_times
from infra.core.mp4_tracks import key_frames, top_level
from transcode.plan import Plan

Read = Callable[[int, int], bytes]  # (start, length) -> bytes of the source
_NEAR_S = 12  # x264 sets one at least every 250 frames: every 10.4 s of a film
_MOST_MOOV_BYTES = 256 << 20


def near_enough(read: Read, size_bytes: int, plan: Plan, start_s: Fraction, end_s: Fraction) -> bool:
    """Whether the key frames alone show output seconds [start_s, end_s) well enough for a storyboard.

    Without an index that is assumed: broadcast streams and old camera files set one every second or so.
    """
    begin_s, until_s = start_s + plan.origin_s, end_s + plan.origin_s
    try:
        found = mp4_key_frames(read, size_bytes, plan, start_s, end_s)
        times = [time for time, _, _ in found] if found is not None else None
    except BadBoxes:
        try:
            times = cue_times(read, size_bytes)
        except BadCues:
            return True
    return times is None or _dense(times, begin_s, until_s)


def mp4_key_frames(read: Read, size_bytes: int, plan: Plan, start_s: Fraction, end_s: Fraction
                   ) -> list[tuple[Fraction, int, int]] | None:
    """See `infra.core.mp4_tracks.key_frames`. Raises BadBoxes, also for what is no MP4."""
    for kind, _, content, end in top_level(read, size_bytes):
        if kind == b"moov":
            if end - content > _MOST_MOOV_BYTES:
                raise BadBoxes("moov is too large")
            return key_frames(read(content, end - content), start_s + plan.origin_s, end_s + plan.origin_s)
    raise BadBoxes("no moov")


def _dense(times: Sequence[Fraction], begin_s: Fraction, until_s: Fraction) -> bool:
    around = [max((t for t in times if t <= begin_s), default=begin_s), *(t for t in times if begin_s < t < until_s),
              min((t for t in times if t >= until_s), default=until_s)]
    return all(b - a <= _NEAR_S for a, b in pairwise(around))
