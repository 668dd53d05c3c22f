"""Where on the time line live captions are shown, and the WebVTT of a segment. Pure.

What is said is recognized some seconds after it was said, when players have played it. So captions stand where they can
still be read: from the segment on that is being closed when they come, in the order they were said, each as long as it
took to say. They are late by what `delay_s` says, for everybody and for ever: what is published never changes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from infra.core.live import Hearing, Said
from transcode.webvtt_time import webvtt_time

FOLDER = "live-captions"  # beside those of the sizes
Cue = tuple[float, float, tuple[str, ...]]  # start_s, end_s, lines

_LEAST_S = 1.0  # nobody reads faster
_LATE = 0.75  # what is shown of a cue's time when another one waits behind it
_MOST_LATE_S = 15.0  # captions that could only be shown so long after they were said are left out
_USUAL = 10  # cues that the delay is the mean of


@dataclass(frozen=True, slots=True)
class CaptionState:
    """How the captions of a session are doing. `delay_s`: see `CaptionTimes.delay_s`."""

    hearing: Hearing
    delay_s: float | None


@dataclass(frozen=True, slots=True)
class _Shown:
    cue: Cue
    late_s: float


class CaptionTimes:
    """The captions of one session. Ask for the segments in order, each when it is closed."""

    def __init__(self) -> None:
        self._shown: list[_Shown] = []  # that end after the last segment that was asked for
        self._free_s = 0.0  # the end of the last cue
        self._late_s: deque[float] = deque(maxlen=_USUAL)

    @property
    def delay_s(self) -> float | None:
        """From the moment that something is said to the moment that it can be read, lately; None: nothing was said."""
        return round(sum(self._late_s) / len(self._late_s), 1) if self._late_s else None

    def segment(self, start_s: float, end_s: float, said: Iterable[Said]) -> tuple[Cue, ...]:
        """What is to be read in [start_s, end_s), with what was recognized since the segment before was closed.

        A cue that is longer than the segment is in the next one as well, with the same times (RFC 8216bis, 3.1.4).
        """
        self._shown = [one for one in self._shown if one.cue[1] > start_s]
        for one in sorted(said, key=lambda each: each.start_s):
            begin_s = max(start_s, self._free_s, one.start_s)
            if begin_s - one.start_s > _MOST_LATE_S:
                continue
            wanted_s = one.end_s - one.start_s
            until_s = begin_s + max(_LEAST_S, wanted_s * _LATE if self._free_s > start_s else wanted_s)
            self._shown.append(_Shown((round(begin_s, 3), round(until_s, 3), one.lines), begin_s - one.start_s))
            self._late_s.append(begin_s - one.start_s)
            self._free_s = until_s
        return tuple(one.cue for one in self._shown if one.cue[0] < end_s)


def vtt(cues: Sequence[Cue]) -> str:
    """The WebVTT segment of HLS; a session's media times begin at 0."""
    lines = ["WEBVTT", "X-TIMESTAMP-MAP=MPEGTS:0,LOCAL:00:00:00.000", ""]
    for start_s, end_s, texts in cues:
        lines += [f"{webvtt_time(start_s)} --> {webvtt_time(end_s)}", *map(_escaped, texts), ""]
    return "\n".join(lines)


def file_name(segment: int) -> str:
    """Of a segment's captions, in storage and in playlists."""
    return f"{segment}.vtt"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
