"""How each codec's encoder is told to make a cell: options for ffmpeg. Pure.

Most cells stay far below their rung's cap by constant quality alone. So a cell is first encoded without the cap, by
several threads; only one that turns out too large is encoded again with it (docs/decisions/0001).
"""

from __future__ import annotations

from typing import Any

from transcode.plan import Plan, VideoRendition, time_scale

# Frame threads make the same bytes in every run, and a 1080p cell of 6 s in 2.7 instead of 3.7 s on two cores, for 2 %
# more processor time. Their number is part of what the bytes are: it does not follow the machine. But x264's lookahead in
# a thread of its own does not: its macroblock tree made other bytes in 8 of 50 runs of one cell. Without it five threads
# are as fast as three were with it (0.78 s instead of 0.76 for 6 s of 720p on two cores), at equal bytes and quality.
_X264_THREADS = 5
_X264_PARAMS = "sync-lookahead=0"
# With a rate cap and several threads x264 makes other bytes in every run (measured: 5 results in 14 runs of a 2 s
# cell; one in 10 with one thread). SVT-AV1, too: 3 results in 3 runs. Neither SVT-AV1 without a cap nor libvpx does.
_X264_CAPPED_THREADS = 1
_SVT_THREADS = 3
_SVT_CAPPED_THREADS = 1
_VPX_THREADS = 3
# What x264's preset veryfast lacks most: against it, trellis on the final encode of a macroblock and a lookahead of 20
# instead of 10 pictures need 0.72 of the bytes of slides and 0.83 of two people talking at equal VMAF, for 2 to 15 % more
# processor time; the preset faster needs 0.71 and 0.79 for 40 to 80 %. On screens 40 pictures save another tenth.
_X264_TRELLIS = 1
_X264_LOOKAHEAD, _X264_SCREEN_LOOKAHEAD = 20, 40


def options(plan: Plan, rendition: VideoRendition, *, capped: bool) -> dict[str, Any]:
    """Options of the output that encodes one segment of `rendition` as one closed group of pictures."""
    how = {"h264": _h264, "av1": _av1, "vp9": _vp9}[rendition.codec]
    return {
        **how(plan, rendition, capped),
        # One closed group of pictures a segment, the same in all rungs: a player can switch at every boundary.
        "flags": "+cgop+bitexact",
        "fps_mode": "passthrough",
        "enc_time_base": f"{plan.frame_rate.denominator}:{plan.frame_rate.numerator}",
        "video_track_timescale": time_scale(plan.frame_rate),
        "map_metadata": -1,
        "map_chapters": -1,
        "fflags": "+bitexact",
        "f": "mp4",
        # Fragment times are true decode times on the grid: no edit list, no shift to zero.
        "use_editlist": 0,
        "avoid_negative_ts": "disabled",
        "movflags": "+frag_keyframe+delay_moov+default_base_moof+frag_discont+negative_cts_offsets+skip_trailer",
    }


def _h264(plan: Plan, rendition: VideoRendition, capped: bool) -> dict[str, Any]:
    group = max(2, _longest(plan))  # with 1 it would be another, intra-only profile
    return {
        "c:v": "libx264",
        "preset": rendition.preset,
        "crf": rendition.crf,
        "trellis": _X264_TRELLIS,
        "rc-lookahead": _X264_SCREEN_LOOKAHEAD if plan.screen else _X264_LOOKAHEAD,
        **({"maxrate": rendition.max_bps, "bufsize": rendition.buffer_bits} if capped else {}),
        "profile:v": "high",
        "level": rendition.level,
        "x264-params": _X264_PARAMS,
        "threads": _X264_CAPPED_THREADS if capped else _X264_THREADS,
        "g": group,
        "keyint_min": group,
        "sc_threshold": 0,
    }


def _av1(plan: Plan, rendition: VideoRendition, capped: bool) -> dict[str, Any]:
    parameters = {
        "lp": _SVT_CAPPED_THREADS if capped else _SVT_THREADS,
        "level": round(float(rendition.level) * 10),
        "scd": 0,
        **({"mbr": rendition.max_bps // 1000} if capped else {}),
    }
    return {
        "c:v": "libsvtav1",
        "preset": rendition.preset,
        "crf": rendition.crf,
        "g": _longest(plan) + 1,
        "svtav1-params": ":".join(f"{name}={value}" for name, value in parameters.items()),
    }


def _vp9(plan: Plan, rendition: VideoRendition, capped: bool) -> dict[str, Any]:
    return {
        "c:v": "libvpx-vp9",
        "deadline": "good",
        "cpu-used": rendition.preset,
        "row-mt": 1,
        "threads": _VPX_THREADS,
        "crf": rendition.crf,
        # 0: constant quality; else quality within a rate, which libvpx exceeds by a third where it is hard (noise).
        "b:v": rendition.max_bps * 3 // 4 if capped else 0,
        "g": _longest(plan) + 1,
    }


def _longest(plan: Plan) -> int:
    """Frames of the longest segment."""
    return max(plan.frames(k) for k in range(plan.segments))
