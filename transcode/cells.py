"""The commands that render cells. Pure: a plan in, `Command`s out; `transcode.render` runs them.

A video cell is made by an encoder of its own, never by one that has already seen other segments. So it is the same
bytes whether a viewer asked for it alone or the background fill made it among others. One command renders segment k
of any number of rungs from one decode. The pictures go down a chain of scalers, also past rungs that are not asked
for, because a rung scaled from another size would be other pixels.

Most cells stay far below their rung's cap by constant quality alone. So a cell is first encoded without the cap, by
several threads; only one that turns out too large is encoded again with it (docs/decisions/0001).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import ffmpeg

from infra.core.command import GIB, Command, Limits
from infra.core.safety import input_args
from infra.core.steps import Tools
from transcode.plan import AudioTrack, Plan, VideoRendition, time_scale

# Frame threads make the same bytes in every run, and a 1080p cell of 6 s in 2.7 instead of 3.7 s on two cores, for 2 %
# more processor time. Their number is part of what the bytes are: it does not follow the machine.
_X264_THREADS = 3
# With a rate cap and several threads x264 makes other bytes in every run (measured: 5 results in 14 runs of a 2 s
# cell; one in 10 with one thread).
_X264_CAPPED_THREADS = 1
# The AAC encoder and decoder look back: this many packets before the first wanted one make its neighbour's context.
_AUDIO_LEAD_PACKETS = 16
_AUDIO_TAIL_PACKETS = 4


@dataclass(frozen=True, slots=True)
class Cell:
    """Segment `k` of a rendition, how it is encoded, and the file that a command writes it to."""

    rendition: VideoRendition
    k: int
    capped: bool

    @property
    def file_name(self) -> str:
        return f"{self.rendition.name}-{self.k}.mp4"


def video_command(tools: Tools, plan: Plan, source: Path, cells: Sequence[Cell], work: Path,
                  *, max_pixels: int, nice: int = 0, frames: int | None = None) -> Command:
    """Render `cells`, all of one segment, from one decode, each to its file in `work`: a fragment behind its init
    section. `frames` renders only the first few frames of each (for an init section).
    """
    (k,) = {cell.k for cell in cells}
    start, end = plan.boundaries[k], plan.boundaries[k + 1]
    end = end if frames is None else min(end, start + frames)
    picture = _decoded(plan, source, plan.start_s(k)).filter("trim", start_pts=start, end_pts=end)
    wanted = {cell.rendition.name: cell for cell in cells}
    lowest = max(i for i, rendition in enumerate(plan.video) if rendition.name in wanted)
    outputs = []
    for i, rendition in enumerate(plan.video[: lowest + 1]):
        picture = picture.filter(
            "scale", rendition.width_px, rendition.height_px, flags="bicubic", out_range="tv"
        ).filter("setsar", 1).filter("format", "yuv420p")
        cell = wanted.get(rendition.name)
        if cell is None:
            continue
        branch = picture
        if i < lowest:
            ways = picture.filter_multi_output("split", 2)
            branch, picture = ways[0], ways[1]
        outputs.append(ffmpeg.output(branch, f"file:{work / cell.file_name}", **_h264(plan, cell)))
    argv = _argv(tools, ffmpeg.merge_outputs(*outputs), source, max_pixels)
    media_s = plan.start_s(k + 1) - plan.start_s(k)
    return Command(argv, reads=(source,), work=work, nice=nice, limits=_limits(media_s + plan.seek_lead_s))


def key_frames_from(plan: Plan, source: Path, start_s: Fraction) -> Any:
    """Like `pictures_from`, but only key frames are read and decoded; each stays until the next one."""
    return _decoded(plan, source, start_s, discard="nokey", skip_frame="nokey")


def pictures_from(plan: Plan, source: Path, start_s: Fraction) -> Any:
    """The pictures of a source from output time `start_s` or somewhat earlier on, on the output grid, without end."""
    return _decoded(plan, source, start_s)


def _decoded(plan: Plan, source: Path, start_s: Fraction, **how: Any) -> Any:
    """The frames from output time `start_s` or somewhat earlier on, on the output grid, without end.

    Decoding begins at the key frame before, because the frame that is still on screen at `start_s` may be long past:
    with accurate seeking a cell of a variable-rate source would begin with the next one, and a cell that is wholly
    behind the last frame would be empty. Should the first frame come later, it is shown from `start_s` on.
    """
    stream = _input(plan, source, start_s - plan.seek_lead_s, **how)[str(plan.video_index)]
    if plan.deinterlace:
        stream = stream.filter("bwdif", deint="interlaced")
    start = f"({start_s.numerator}/{start_s.denominator})/TB"
    time = f"PTS-({plan.origin_s.numerator}/{plan.origin_s.denominator})/TB"
    stream = stream.filter("setpts", f"round(if(eq(N,0),min({time},{start}),{time}))")
    # From here on a time stamp is a frame number of the grid, rounded from 0 on and so the same in every cell.
    stream = stream.filter("fps", fps=f"{plan.frame_rate.numerator}/{plan.frame_rate.denominator}")
    return stream.filter("tpad", stop=-1, stop_mode="clone")  # the last frame stays while the sound goes on


def _input(plan: Plan, source: Path, output_s: Fraction, **how: Any) -> Any:
    """The source from the key frame before `output_s`, with its own time stamps."""
    options: dict[str, Any] = {"copyts": None, "noaccurate_seek": None, **how}
    seek_s = output_s + plan.origin_s - plan.container_start_s
    if seek_s > 0:
        options["ss"] = f"{float(seek_s):.6f}"
    return ffmpeg.input(f"file:{source}", **options)


def _h264(plan: Plan, cell: Cell) -> dict[str, Any]:
    rendition = cell.rendition
    cap = {"maxrate": rendition.max_bps, "bufsize": rendition.buffer_bits} if cell.capped else {}
    group = max(2, *(plan.frames(k) for k in range(plan.segments)))  # with 1 it would be another, intra-only profile
    return {
        "c:v": "libx264",
        "preset": rendition.preset,
        "crf": rendition.crf,
        **cap,
        "profile:v": "high",
        "level": rendition.level,
        "threads": _X264_CAPPED_THREADS if cell.capped else _X264_THREADS,
        # One closed group of pictures a segment, the same in all rungs: a player can switch at every boundary.
        "g": group,
        "keyint_min": group,
        "sc_threshold": 0,
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


def audio_command(tools: Tools, plan: Plan, track: AudioTrack, source: Path, k: int, work: Path,
                  *, max_pixels: int, nice: int = 0) -> Command:
    """Encode what segment `k` needs of the sound to work/audio.aac (ADTS); `audio_skip` packets come too many."""
    first, last = track.boundaries[k], track.boundaries[k + 1]
    begin = (first - audio_lead(track, k)) * 1024  # samples
    end = (last + _AUDIO_TAIL_PACKETS) * 1024
    # A whole second earlier: there both the source's and the output's samples begin together, so a resampler is in
    # the same phase in every cell.
    seek_s = max(0, begin // track.sample_rate_hz - 1)
    sound = _input(plan, source, Fraction(seek_s))[str(track.stream_index)].filter("asetpts", _sound_time(plan, track))
    source_rate = track.source_rate_hz
    sound = (
        # Gaps become silence and overlaps are dropped, so that sample n is second n / rate, whatever the source did.
        # Two filters: one that resamples as well loses seconds of sound after a seek (ffmpeg 8.1).
        sound.filter("aresample", source_rate, **{"async": 1, "min_hard_comp": "0.02",
                                                  "first_pts": seek_s * source_rate})
        .filter("aresample", track.sample_rate_hz)
        .filter("aformat", sample_fmts="fltp", channel_layouts="stereo")
        .filter("apad")
        .filter("atrim", start_pts=begin, end_pts=end)
        .filter("asetpts", "PTS-STARTPTS")
    )
    output = ffmpeg.output(sound, f"file:{work / 'audio.aac'}", f="adts", map_metadata=-1, fflags="+bitexact",
                           **{"c:a": "aac", "b:a": track.bit_rate_bps, "flags": "+bitexact"})
    argv = _argv(tools, output, source, max_pixels)
    return Command(argv, reads=(source,), work=work, nice=nice, limits=_limits(Fraction(end - begin, 48_000)))


def _sound_time(plan: Plan, track: AudioTrack) -> str:
    """Expression for the output time of a decoded piece of sound, exact to the sample."""
    rate = track.source_rate_hz
    if not track.snap_samples:
        return f"round(PTS-({plan.origin_s.numerator}/{plan.origin_s.denominator})/TB)"
    first = float(track.source_start_s * rate)
    shift = round((track.source_start_s - plan.origin_s) * rate)
    # By the end of the piece: of the first one the decoder has cut the beginning, its priming, away.
    end = f"round((PTS*TB*{rate}+NB_SAMPLES-{first:.3f})/{track.snap_samples})*{track.snap_samples}"
    # round: a result a hair below a whole tick would be cut to the one before, and a cell be a sample off.
    return f"round(({end}-NB_SAMPLES+{shift})/{rate}/TB)"


def audio_lead(track: AudioTrack, k: int) -> int:
    """Packets that are encoded before segment k's first one, for the encoder to settle; fewer near the start."""
    return min(_AUDIO_LEAD_PACKETS, track.boundaries[k])


def audio_skip(track: AudioTrack, k: int) -> int:
    """Packets to drop from the front of what `audio_command` made: the lead, and the encoder's own priming packet."""
    return audio_lead(track, k) + 1


def thumbnail_command(tools: Tools, plan: Plan, source: Path, at_s: Fraction, work: Path,
                      *, max_pixels: int, nice: int = 0) -> Command:
    """The picture on screen at `at_s` to work/thumbnail.jpg, in the size of the rung nearest to 720p."""
    rung = min(plan.video, key=lambda video: abs(min(video.width_px, video.height_px) - 720))
    frame = min(int(at_s * plan.frame_rate), plan.boundaries[-1] - 1)
    picture = _decoded(plan, source, frame / plan.frame_rate).filter("trim", start_pts=frame, end_pts=frame + 1)
    picture = picture.filter("scale", rung.width_px, rung.height_px, flags="lanczos").filter("setsar", 1)
    output = ffmpeg.output(picture, f"file:{work / 'thumbnail.jpg'}", f="mjpeg", map_metadata=-1,
                           **{"q:v": 3, "frames:v": 1, "pix_fmt": "yuvj420p"})
    return limited(tools, output, source, work, plan.seek_lead_s, max_pixels=max_pixels, nice=nice)


def sample_command(tools: Tools, plan: Plan, source: Path, at_s: Fraction, work: Path, size_px: tuple[int, int],
                   *, max_pixels: int, nice: int = 0) -> Command:
    """The brightness of the picture at `at_s` to work/sample.gray: a byte a pixel of `size_px`, row by row."""
    frame = min(int(at_s * plan.frame_rate), plan.boundaries[-1] - 1)
    picture = _decoded(plan, source, frame / plan.frame_rate).filter("trim", start_pts=frame, end_pts=frame + 1)
    picture = picture.filter("scale", *size_px, flags="area", out_range="pc").filter("format", "gray")
    output = ffmpeg.output(picture, f"file:{work / 'sample.gray'}", f="rawvideo", **{"frames:v": 1})
    return limited(tools, output, source, work, plan.seek_lead_s, max_pixels=max_pixels, nice=nice)


def limited(tools: Tools, output: Any, source: Path, work: Path, media_s: Fraction, *, max_pixels: int,
            nice: int = 0) -> Command:
    """The command that makes `output` of `source`, within what a hostile source of `media_s` seconds may take."""
    return Command(_argv(tools, output, source, max_pixels), reads=(source,), work=work, nice=nice,
                   limits=_limits(media_s))


def _argv(tools: Tools, output: Any, source: Path, max_pixels: int) -> tuple[str, ...]:
    args = ffmpeg.get_args(output)
    at = args.index(f"file:{source}") - 1  # the -i that belongs to it
    return (str(tools.ffmpeg), "-hide_banner", "-nostdin", "-nostats", "-loglevel", "warning", "-y",
            *args[:at], *input_args(max_pixels), *args[at:])


def _limits(media_s: Fraction) -> Limits:
    # Generous: 4K sources on a busy machine run at a tenth of real time. A hang must still end.
    return Limits(wall_s=120 + 60 * float(media_s), cpu_s=240 + int(120 * media_s), memory_bytes=8 * GIB,
                  file_bytes=1 * GIB)
