"""How much work an encoder makes of a session, from all of it to the least that is still a picture. Pure.

An encoder that is slower than the clock would be later and later. It is ended, and another one goes on with less work. The
session's plan stays: a size that is not encoded any more is the next smaller picture under its name, so that no player
has to know, and none is left without a stream.
"""

from __future__ import annotations

from dataclasses import dataclass

from transcode.live.plan import LivePlan


@dataclass(frozen=True, slots=True)
class Effort:
    """x264's preset, and how many of the largest sizes are not encoded."""

    preset: str = "veryfast"
    left_out: int = 0


ALL = Effort()


def less(effort: Effort, plan: LivePlan) -> Effort | None:
    """The next smaller effort; None: there is none.

    ultrafast takes seven tenths of the work (measured: 0.23 cores, not 0.32, for 720p in three sizes with sound); without
    the largest size, which has more than half of all pixels, it is half.
    """
    if effort == ALL:
        return Effort("ultrafast")
    if effort.left_out + 1 < len(plan.renditions):
        return Effort(effort.preset, effort.left_out + 1)
    return None
