"""What is known of a session for ever: its plan, its segments, and where encoders began anew. Pure.

It lies beside the cells, and lists exactly those that are stored: whatever dies, what is listed can be played.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from infra.core.media import Frozen
from transcode.live.plan import LivePlan


class TimelineRun(Frozen):
    """From `first_segment` on an encoder's output; its init section has the `number`. `date_s` is its first frame's."""

    number: int
    first_segment: int
    date_s: float


class Timeline(Frozen):
    """The stored part of a session. `frames` are (how many segments in a row, frames of each)."""

    version: int = 1
    plan: LivePlan
    runs: tuple[TimelineRun, ...]
    frames: tuple[tuple[int, int], ...]
    ended: bool = False

    @property
    def segments(self) -> list[int]:
        """Frames of each segment."""
        return [frames for count, frames in self.frames for _ in range(count)]


def packed(frames: Sequence[int]) -> tuple[tuple[int, int], ...]:
    """Frames of each segment as `Timeline.frames`."""
    return tuple((len(list(alike)), each) for each, alike in groupby(frames))


def init_name(number: int) -> str:
    """File name of the init section of a run."""
    return "init.mp4" if number == 0 else f"init-{number}.mp4"
