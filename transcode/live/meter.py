"""How a publisher's bytes arrive: bits and pictures a second, key frames, what is missing. Pure: callers have the clock."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from transcode.live.pictures import Picture, pictures_of

WINDOW_S = 10.0
_KEYS = 4  # so many intervals between key frames are looked at
_MOST_PICTURES = 2400  # of a window, at 240 frames a second
_LONG_S = 2.5  # a first interval is told before its end, once it is so long
_SKIPPED = 1.7  # in usual distances between pictures: from there on some are missing
_JUMP_S = 5.0  # stamps that go back, or on by so much, are another clock's


@dataclass(frozen=True, slots=True)
class Reading:
    """Of the last 10 s. What can not be told yet is None."""

    bitrate_bps: int
    frame_rate: float | None
    key_frame_interval_s: float | None  # the longest of the last few, or since the last one where that is longer
    missing_frames: int  # pictures that by the time stamps of the others should be there
    steady: bool  # nine of ten pictures have the usual distance


class Meter:
    """Of one publication."""

    def __init__(self, source_input: tuple[str, ...]) -> None:
        self.last_s: float | None = None  # decode time of the newest picture
        self._pictures = pictures_of(source_input)
        self._readable = True
        self._sizes: deque[tuple[float, int]] = deque()
        self._due: deque[tuple[float, float]] = deque(maxlen=_MOST_PICTURES)
        self._keys: deque[float] = deque(maxlen=_KEYS + 1)

    def take(self, data: bytes, now_s: float) -> None:
        """These bytes arrived at `now_s` of a steady clock."""
        self._sizes.append((now_s, len(data)))
        while self._sizes[0][0] < now_s - WINDOW_S:
            self._sizes.popleft()
        if self._readable:
            try:
                for picture in self._pictures.feed(data):
                    self._note(picture, now_s)
            except ValueError:  # the encoder is told the same, and says so
                self._readable = False

    def reading(self, now_s: float) -> Reading:
        """How it is now."""
        sizes = [(at_s, size) for at_s, size in self._sizes if at_s > now_s - WINDOW_S]
        # The first piece of a burst came in no time: what counts is what came after it.
        span_s = now_s - sizes[0][0] if sizes else 0.0
        bits = 8 * sum(size for _, size in sizes[1:])
        due = [due_s for at_s, due_s in self._due if at_s > now_s - WINDOW_S]
        gaps = [after - before for before, after in pairwise(due)]
        usual = median(gaps) if gaps else 0.0
        missing = sum(round(gap / usual) - 1 for gap in gaps if gap > _SKIPPED * usual) if usual > 0 else 0
        alike = sum(0.5 * usual <= gap <= 1.5 * usual for gap in gaps)
        intervals = [after - before for before, after in pairwise(self._keys)]
        if self._keys and self.last_s is not None:
            intervals.append(self.last_s - self._keys[-1])
        longest_s = max(intervals, default=0.0)
        return Reading(
            bitrate_bps=round(bits / span_s) if span_s > 0.5 else 0,
            frame_rate=round(len(gaps) / (due[-1] - due[0]), 2) if len(due) > 1 and due[-1] > due[0] else None,
            key_frame_interval_s=round(longest_s, 2) if len(intervals) > 1 or longest_s > _LONG_S else None,
            missing_frames=missing,
            steady=alike >= 0.9 * len(gaps))

    def _note(self, picture: Picture, now_s: float) -> None:
        if self.last_s is not None and not 0 <= picture.due_s - self.last_s < _JUMP_S:
            self._due.clear()
            self._keys.clear()
        self.last_s = picture.due_s
        self._due.append((now_s, picture.due_s))
        if picture.key:
            self._keys.append(picture.due_s)
