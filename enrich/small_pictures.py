"""The small pictures that slides and scenes are looked for in: the command that makes them, and what it wrote.

Pure but for `read`. The source is a local file: an init section and any cells of that rendition behind it, in order.
"""

from __future__ import annotations

from math import ceil, prod
from pathlib import Path

import ffmpeg
import numpy as np
import numpy.typing as npt

from enrich.slide_look import SHAPE
from infra.core.command import GIB, Command, Limits
from infra.core.errors import StepFailed
from infra.core.ffmpeg_words import with_input_limits
from infra.core.steps import Tools

Times = npt.NDArray[np.float64]  # (n,) seconds
Small = npt.NDArray[np.uint8]  # (n, 90, 160), in colour (n, 90, 160, 3) with blue first
_PIXELS, _TIMES = "pictures.raw", "pictures.times"


def pictures_command(tools: Tools, source: Path, work: Path, media_s: float, *, max_pixels: int, nice: int = 0,
                     colour: bool = False) -> Command:
    """All pictures of a file in `work` that lasts `media_s` seconds: for `read`."""
    small = ffmpeg.input(f"file:{source}", copyts=None, threads=1)["v:0"]
    small = small.filter("scale", SHAPE[1], SHAPE[0], flags="area").filter("format", "bgr24" if colour else "gray")
    small = small.filter_multi_output("split", 2)
    how = {"fps_mode": "passthrough", "enc_time_base": "1:90000"}
    # The times in a list beside the pixels: no format that is easily read has both.
    argv = with_input_limits(tools, ffmpeg.merge_outputs(
        ffmpeg.output(small[0], f"file:{work / _PIXELS}", f="rawvideo", **how),
        ffmpeg.output(small[1], f"file:{work / _TIMES}", f="framecrc", **how)), source, max_pixels)
    limits = Limits(wall_s=60 + 4 * media_s, cpu_s=60 + ceil(4 * media_s), memory_bytes=4 * GIB, file_bytes=4 * GIB)
    return Command(argv, work=work, limits=limits, nice=nice)


def read(work: Path, *, colour: bool = False) -> tuple[Times, Small]:
    """Times, in seconds from the first picture on, and the pictures that the command wrote. Raises StepFailed."""
    pixels = np.fromfile(work / _PIXELS, np.uint8)
    times_s = times((work / _TIMES).read_text())
    shape = (*SHAPE, 3) if colour else SHAPE
    if not len(times_s) or pixels.size != len(times_s) * prod(shape):
        raise StepFailed("bad_cell", "The pictures that are looked at did not come out whole.", retryable=True)
    return times_s, pixels.reshape(-1, *shape)


def times(listed: str) -> Times:
    """The times of ffmpeg's frame list (framecrc), in seconds from the first one on."""
    scale = 0.0
    ticks = []
    for line in listed.splitlines():
        if line.startswith("#tb"):
            numerator, denominator = line.split(":")[1].split("/")
            scale = int(numerator) / int(denominator)
        elif line and not line.startswith("#"):
            ticks.append(int(line.split(",")[2]))
    return (np.array(ticks, dtype=np.float64) - (ticks[0] if ticks else 0)) * scale
