"""Takes the samples that tell how hard a title is (`transcode.title`), while an upload is looked at.

That is before the plan, because what they say is part of it: a setting that changed later would be other cells. So it
has to be quick: half a second from three places, read from the nearest key frames, in one command.
"""

from __future__ import annotations

import logging
import re
from fractions import Fraction
from pathlib import Path

import ffmpeg

from infra.core import samples
from infra.core.command import GIB, Command, Limits
from infra.core.errors import StepFailed
from infra.core.ffmpeg_words import with_input_limits
from infra.core.media import MediaInfo, Sample
from infra.core.settings import Settings
from infra.core.steps import Runner, Tools
from transcode import cells
from transcode.plan import Plan, plan

log = logging.getLogger(__name__)

_CRF = 23
# A title that takes longer is planned without samples: its upload waits for this.
_LIMITS = Limits(wall_s=10, cpu_s=20, memory_bytes=8 * GIB, file_bytes=1 << 20)
# Without an index, but every packet has its time: a few reads find a place, the key frame behind it comes soon.
_BY_TIME = ("mpegts", "mpeg")
# Of these the places are fetched where they lie in a bucket (`ingest.essentials`), of others only the beginning.
_FETCHED = ("mov", "matroska")
_PACKET = re.compile(rb"^0,\s*-?\d+,\s*-?\d+,\s*\d+,\s*(\d+),", re.MULTILINE)  # stream, dts, pts, duration, size, ...


def planned(info: MediaInfo, source: Path, settings: Settings, tools: Tools, run: Runner) -> tuple[MediaInfo, Plan]:
    """The plan of a source that was just probed, and what it was computed from: `info` with samples.

    Raises Rejected as `plan` does. That no samples can be taken is no error.
    """
    if info.video is not None and _can_be_sampled(info, source):
        # Where the pictures are does not depend on whether they can be copied, which takes a while to find out.
        bare = info.video.model_copy(update={"packets": None})
        title = plan(info.model_copy(update={"video": bare}), tools.encoder, tools.codecs[:1])
        try:
            taken = take(title, source, info.duration_s, settings, tools, run)
            info = info.model_copy(update={"video": info.video.model_copy(update={"samples": taken})})
        except StepFailed as failure:
            log.info("no samples: %s", failure)
    return info, plan(info, tools.encoder, tools.codecs)


def take(title: Plan, source: Path, duration_s: Fraction, settings: Settings, tools: Tools, run: Runner
         ) -> tuple[Sample, ...]:
    """The samples of a source. Raises StepFailed as the runner does, and `not_sampled`."""
    times = samples.times(duration_s)
    frames = _frames(title)
    answer = run(sample_command(tools, title, source, times, max_pixels=settings.max_pixels)).stdout
    bits = [8 * int(size) for size in _PACKET.findall(answer)]
    if len(bits) != frames * len(times):
        raise StepFailed("not_sampled", f"{len(bits)} pictures of {frames * len(times)} came.")
    width_px, height_px = title.video[-1].size
    return tuple(Sample(width_px=width_px, height_px=height_px, frames=frames, first_bits=group[0],
                        later_bits=sum(group[1:]))
                 for group in (bits[i:i + frames] for i in range(0, len(bits), frames)))


def sample_command(tools: Tools, title: Plan, source: Path, times_s: tuple[Fraction, ...], *, max_pixels: int
                   ) -> Command:
    """Encode half a second from the key frame before each of `times_s` on, and list the sizes on stdout. Pure."""
    frames = _frames(title)
    width_px, height_px = title.video[-1].size
    pieces = [
        cells.pictures_since_key_frame(title, source, time_s)
        .filter("scale", width_px, height_px, flags="fast_bilinear").filter("setsar", 1).filter("format", "yuv420p")
        .filter("trim", end_frame=frames)
        for time_s in times_s
    ]
    picture = ffmpeg.concat(*pieces, n=len(pieces)) if len(pieces) > 1 else pieces[0]
    output = ffmpeg.output(picture, "pipe:1", f="framecrc", fps_mode="passthrough", **{
        "c:v": "libx264", "preset": "veryfast", "crf": _CRF, "threads": 2, "g": frames, "keyint_min": frames,
        "sc_threshold": 0, "flags": "+cgop"})
    argv = with_input_limits(tools, output, source, max_pixels, "error")
    return Command(argv, reads=(source,), limits=_LIMITS)


def _frames(title: Plan) -> int:
    """Of each sample: its time to the nearest whole picture."""
    return max(2, round(samples.SAMPLE_S * title.frame_rate))


def _can_be_sampled(info: MediaInfo, source: Path) -> bool:
    """Not where finding a place means reading all that is before it, or where the place was not fetched."""
    if info.seekable and info.container in _FETCHED:
        return True
    return (info.seekable or info.container in _BY_TIME) and not _is_sparse(source)


def _is_sparse(path: Path) -> bool:
    about = path.stat()
    return about.st_blocks * 512 < about.st_size * 0.9
