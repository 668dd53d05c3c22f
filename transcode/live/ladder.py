"""The command that encodes a publisher's bytes into all sizes at once. Pure.

ffmpeg writes each size as fragmented MP4 to a pipe of its own, one fragment a part. Three things make the parts exact
(measured, with ffmpeg 8.1): the frame rate is constant before the picture is split; `frag_duration` is the part's to the
microsecond, cut off and not rounded, so that the picture's next frame, and never a packet of sound, ends a fragment; and
of the sound as many samples are cut off in front as the AAC encoder puts before it, so that no time stamp is negative.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import ffmpeg

from infra.core.command import GIB, Command, Limits
from infra.core.live import GLANCE_PX
from infra.core.safety import input_args
from infra.core.steps import Tools
from transcode.colour import SAYS_BT709, TO_BT709
from transcode.live.effort import ALL, Effort
from transcode.live.plan import SOUND_BPS, LivePlan, LiveRendition
from transcode.plan import time_scale

_AAC_DELAY = 1024  # samples
_SOUND_HZ = 48_000
SPEECH_HZ = 16_000
_GLANCES = 4  # small pictures of a segment, evenly apart: one each half second
# A lecture of a day and a half on four cores; a hang is noticed by the parts that do not come.
_LIMITS = Limits(cpu_s=6 * 86_400, memory_bytes=6 * GIB, file_bytes=1 << 20)


def ladder_command(tools: Tools, plan: LivePlan, source: Sequence[str], outputs: Sequence[int], start_s: Fraction,
                   *, sound: bool, max_pixels: int, matrix: str = "bt709", effort: Effort = ALL, glances: bool = False
                   ) -> Command:
    """Encode what comes on standard input as ffmpeg's arguments `source` say; the renditions that `effort` does not leave
    out go to the file descriptors `outputs`, and their first frame is at `start_s` of the session. `sound`: the source has
    some. `matrix`: of its colours, as in `SourceLook`. Where there are captions, one more output gets the sound as speech is
    recognized from: 16 kHz, mono, 16 bits. With `glances` the last output gets the pictures of `glance`: grey, GLANCE_PX, a
    byte a pixel, one behind the other.
    """
    stream = ffmpeg.input("pipe:0")
    picture = stream["v:0"].filter("fps", f"{plan.frame_rate}", start_time=0)
    renditions = plan.renditions[effort.left_out:]
    ways = len(renditions)
    split = picture.filter_multi_output("split", ways) if ways > 1 else [picture]
    captioned = sound and plan.captions is not None
    heard = _sound(stream, ways + captioned) if sound and plan.sound else []
    made = []
    for i, rendition in enumerate(renditions):
        # A publisher that comes back with another shape of picture goes on in the same size.
        branch = (split[i].filter("scale", rendition.width_px, rendition.height_px, force_original_aspect_ratio="decrease",
                                  flags="bicubic", in_color_matrix=matrix, **TO_BT709)
                  .filter("pad", rendition.width_px, rendition.height_px, -1, -1)
                  # Not by the encoder's options: they would have a source that says nothing of its colours converted, from
                  # BT.601, which makes them wrong, and takes a quarter of all processor time (ffmpeg 8.1).
                  .filter("setparams", **SAYS_BT709)
                  .filter("setsar", 1).filter("format", "yuv420p"))
        if glances and i + 1 == ways:  # out of the smallest size: that is scaled already
            both = branch.filter_multi_output("split", 2)
            branch, small = both[0], both[1]
        made.append(ffmpeg.output(branch, *([heard[i]] if heard else []), f"pipe:{outputs[i]}",
                                  **_options(plan, rendition, effort.preset, start_s)))
    if captioned:
        spoken = (heard[ways].filter("aresample", SPEECH_HZ).filter("aformat", sample_fmts="s16", channel_layouts="mono")
                  .filter("asetnsamples", SPEECH_HZ // 4, p=0))
        made.append(ffmpeg.output(spoken, f"pipe:{outputs[ways]}", f="s16le", flush_packets=1))
    if glances:
        step, of_segment = glance_step(plan), plan.segment_frames
        small = (small.filter("select", f"not(mod(mod(n,{of_segment}),{step}))").filter("scale", *GLANCE_PX, flags="area")
                 .filter("format", "gray"))
        made.append(ffmpeg.output(small, f"pipe:{outputs[-1]}", f="rawvideo", fps_mode="passthrough", flush_packets=1))
    words = list(ffmpeg.get_args(ffmpeg.merge_outputs(*made)))
    at = words.index("-i")
    # One thread: decoding frames side by side would hold back as many of them. Scaling takes less of one, too.
    opened = ["-threads", "1", *input_args(max_pixels, piped=True), *source]
    argv = (str(tools.ffmpeg), "-hide_banner", "-nostdin", "-nostats", "-loglevel", "warning", "-y",
            "-filter_complex_threads", "1", *words[:at], *opened, *words[at + 2:])
    return Command(argv, limits=_LIMITS)


def glance_step(plan: LivePlan) -> int:
    """Frames from one small picture of a segment to the next; each segment's first frame is one."""
    return -(-plan.segment_frames // _GLANCES)


def glance(plan: LivePlan, n: int) -> tuple[int, bool]:
    """The frame of small picture n of a run, and whether a segment begins with it."""
    step = glance_step(plan)
    of_segment = -(-plan.segment_frames // step)
    segment, within = divmod(n, of_segment)
    return segment * plan.segment_frames + within * step, within == 0


def _sound(stream: Any, ways: int) -> list[Any]:
    # Time stamps of FLV are whole milliseconds: without async the encoder complains, or the sound drifts.
    sound = (stream["a:0"].filter("aresample", _SOUND_HZ, **{"async": 1, "first_pts": 0})
             .filter("aformat", sample_fmts="fltp", channel_layouts="stereo")
             .filter("atrim", start_sample=_AAC_DELAY))
    if ways == 1:
        return [sound]
    split = sound.filter_multi_output("asplit", ways)
    return [split[i] for i in range(ways)]


def _options(plan: LivePlan, rendition: LiveRendition, preset: str, start_s: Fraction) -> dict[str, Any]:
    return {
        "f": "mp4",
        "c:v": "libx264", "preset": preset, "tune": "zerolatency", "profile:v": "high", "level:v": rendition.level,
        # x264 would cut each picture into slices, one a thread: more work, and more bits. One core makes 720p in time.
        "threads:v": 1 if rendition.height_px <= 720 else 2,
        "crf": 23, "maxrate": rendition.max_bps, "bufsize": rendition.max_bps,
        "g": plan.segment_frames, "keyint_min": plan.segment_frames, "sc_threshold": 0, "flags:v": "+cgop",
        # Each size has the sound in it, so it is encoded as often. The fast way is no worse from 64 kbit/s on (its manual).
        "c:a": "aac", "b:a": SOUND_BPS, "aac_coder": "fast",
        "map_metadata": -1, "fflags": "+bitexact",
        "movflags": "+delay_moov+default_base_moof+frag_keyframe+frag_discont+skip_trailer",
        "frag_duration": int(plan.part_s * 1_000_000),
        "use_editlist": 0, "avoid_negative_ts": "disabled",
        "output_ts_offset": f"{float(start_s):.6f}",
        "video_track_timescale": time_scale(plan.frame_rate),
        "flush_packets": 1, "max_interleave_delta": 500_000,
    }
