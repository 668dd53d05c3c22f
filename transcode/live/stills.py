"""A picture of what is live, out of a segment that is stored. Pure.

Nothing else is decoded for it, and nothing of what the encoder is at work on.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import ffmpeg

from infra.core.command import GIB, Command, Limits
from infra.core.ffmpeg_words import with_input_limits
from infra.core.keys import PlanKeys
from infra.core.steps import Tools
from transcode import jpeg
from transcode.live.channel import Channel
from transcode.live.timeline import Timeline, init_name

NAME = "still.jpg"
_HIGHEST_PX = 720
_SAME_S = 1e-3  # times in seconds are rounded
_LIMITS = Limits(wall_s=60, cpu_s=60, memory_bytes=4 * GIB, file_bytes=1 << 26)


@dataclass(frozen=True, slots=True)
class Place:
    """Frame `frame` of a segment, whose bytes are those of two objects, one behind the other."""

    init: str
    cell: str
    frame: int


def place_of(timeline: Timeline, keys: PlanKeys, at_s: float) -> Place | None:
    """Where the picture of second `at_s` is, in the largest size up to 720p; behind the end the last one. None: nothing is
    stored yet.
    """
    channel = Channel.of(timeline)
    frames = channel.segments
    segment = next((k for k in reversed(range(len(frames))) if channel.start_s(k) <= at_s + _SAME_S), 0)
    run = channel.run_of(segment)
    if not frames or run is None:
        return None
    sizes = timeline.plan.renditions
    name = next((one for one in sizes if one.height_px <= _HIGHEST_PX), sizes[-1]).name
    frame = round((at_s - float(channel.start_s(segment))) * float(timeline.plan.frame_rate))
    return Place(keys.named(name, init_name(run.number)), keys.cell(name, segment), min(frame, frames[segment] - 1))


def still_command(tools: Tools, source: Path, frame: int, work: Path, *, max_pixels: int, nice: int) -> Command:
    """That frame of a segment with its init section, a file in `work`, to `work`/NAME."""
    picture = ffmpeg.input(f"file:{source}", threads=1)["v:0"].filter("trim", start_frame=frame, end_frame=frame + 1)
    output = jpeg.one_picture(picture.filter("scale", **jpeg.COLOURS), work / NAME, pix_fmt="yuvj420p")
    return Command(with_input_limits(tools, output, source, max_pixels), work=work, nice=nice, limits=_LIMITS)
