"""The commands that render cells. Pure: a plan in, `Command`s out; `transcode.render` runs them.

A video cell is made by an encoder of its own, never by one that has already seen other segments. So it is the same
bytes whether a viewer asked for it alone or the background fill made it among others. One command renders segment k
of any number of rungs from one decode. The pictures go down a chain of scalers, also past rungs that are not asked
for, because a rung scaled from another size would be other pixels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import ffmpeg

from infra.core.command import GIB, Command, Limits
from infra.core.ffmpeg_words import with_input_limits
from infra.core.steps import Tools
from transcode import colour, encoders, jpeg
from transcode.normalization import PEAK_DBFS
from transcode.plan import Plan, VideoRendition
from transcode.sound import AudioTrack

# The AAC encoder and decoder look back: this many packets before the first wanted one make its neighbour's context.
_AUDIO_LEAD_PACKETS = 16
_AUDIO_TAIL_PACKETS = 4
# What one command of the fill may hold: as much as a segment of the ladder of 1080p, which takes 0.6 GB.
_MOST_TOGETHER, _PIXELS_TOGETHER = 10, 1920 * 1080 + 1280 * 720 + 854 * 480 + 640 * 360
# In the work folder of a command, where the plan has a `tone`: what `colour.cube` makes of it.
TONE_FILE = "tone.cube"


@dataclass(frozen=True, slots=True)
class Cell:
    """Segment `k` of a rendition, how it is encoded, and the file that a command writes it to."""

    rendition: VideoRendition
    k: int
    capped: bool

    @property
    def file_name(self) -> str:
        return f"{self.rendition.name}-{self.k}.mp4"


def together(plan: Plan, renditions: Sequence[VideoRendition], first: int, last: int) -> list[range]:
    """Segments [first, last), in order, those that one command of the background fill makes from one decode.

    Fewer starts, and less is decoded twice. How many: each encoder keeps its memory until the command ends. Not where
    frames are made of fields: the first one that is decoded has none before it, so it would be another picture.
    """
    pixels = sum(rendition.width_px * rendition.height_px for rendition in renditions)
    count = 1
    if pixels and not plan.deinterlace and all(rendition.codec == "h264" for rendition in renditions):
        count = max(1, min(_MOST_TOGETHER, _PIXELS_TOGETHER // pixels))
    return [range(k, min(k + count, last)) for k in range(first, last, count)]


def video_command(tools: Tools, plan: Plan, source: Path, cells: Sequence[Cell], work: Path, *, max_pixels: int,
                  nice: int = 0, frames: int | None = None, few_threads: bool = False) -> Command:
    """Render `cells`, of segments that follow each other, from one decode, each to its file in `work`: a fragment behind
    its init section. `frames` renders only the first few frames of each (for an init section).

    `few_threads`: for decoding and scaling, which then takes less processor time, and longer where nothing else runs.
    """
    segments = sorted({cell.k for cell in cells})
    first, last = segments[0], segments[-1] + 1
    decoded = _decoded(plan, source, plan.start_s(first), **({"threads": 2} if few_threads else {}))
    outputs = []
    for k, picture in zip(segments, _ways(decoded, len(segments)), strict=True):
        start, end = plan.boundaries[k], plan.boundaries[k + 1]
        end = end if frames is None else min(end, start + frames)
        here = [cell for cell in cells if cell.k == k]
        outputs += _encoded(plan, picture.filter("trim", start_pts=start, end_pts=end), here, work)
    argv = with_input_limits(tools, ffmpeg.merge_outputs(*outputs), source, max_pixels)
    if few_threads:
        argv = (argv[0], "-filter_complex_threads", "1", *argv[1:])
    media_s = plan.start_s(last) - plan.start_s(first)
    return Command(argv, reads=(source,), work=work, nice=nice, limits=media_limits(media_s + plan.seek_lead_s))


def _encoded(plan: Plan, picture: Any, cells: Sequence[Cell], work: Path) -> list[Any]:
    """The outputs that make `cells` of the pictures of their segment."""
    sizes = list(dict.fromkeys(rendition.size for rendition in plan.video))
    lowest = max(sizes.index(cell.rendition.size) for cell in cells)
    outputs = []
    for i, (width_px, height_px) in enumerate(sizes[: lowest + 1]):
        if i == 0:
            picture = in_sdr(plan, picture, width_px, height_px, work, **colour.TO_BT709)
            picture = picture.filter("setparams", **colour.SAYS_BT709)
        else:
            picture = picture.filter("scale", width_px, height_px, flags="bicubic")
        picture = picture.filter("setsar", 1).filter("format", "yuv420p")
        here = [cell for cell in cells if cell.rendition.size == (width_px, height_px)]
        branches = _ways(picture, len(here) + (i < lowest))
        picture = branches[-1]
        for cell, branch in zip(here, branches, strict=False):
            options = encoders.options(plan, cell.rendition, capped=cell.capped)
            outputs.append(ffmpeg.output(branch, f"file:{work / cell.file_name}", **options))
    return outputs


def _ways(picture: Any, count: int) -> list[Any]:
    """The same pictures, to go `count` ways."""
    if count <= 1:
        return [picture]
    split = picture.filter_multi_output("split", count)
    return [split[way] for way in range(count)]


def key_frames_from(plan: Plan, source: Path, start_s: Fraction) -> Any:
    """Like `pictures_from`, but only key frames are read and decoded; each stays until the next one."""
    return _decoded(plan, source, start_s, discard="nokey", skip_frame="nokey")


def pictures_from(plan: Plan, source: Path, start_s: Fraction) -> Any:
    """The pictures of a source from output time `start_s` or somewhat earlier on, on the output grid, without end."""
    return _decoded(plan, source, start_s)


def pictures_since_key_frame(plan: Plan, source: Path, start_s: Fraction) -> Any:
    """The pictures of a source from the key frame before output time `start_s` on, counted from 0, without end."""
    return _on_grid(plan, _input(plan, source, start_s), "PTS-STARTPTS")


def _decoded(plan: Plan, source: Path, start_s: Fraction, **how: Any) -> Any:
    """The frames from output time `start_s` or somewhat earlier on, on the output grid, without end.

    Decoding begins at the key frame before, because the frame that is still on screen at `start_s` may be long past:
    with accurate seeking a cell of a variable-rate source would begin with the next one, and a cell that is wholly
    behind the last frame would be empty. Should the first frame come later, it is shown from `start_s` on.
    """
    start = f"({start_s.numerator}/{start_s.denominator})/TB"
    time = f"PTS-({plan.origin_s.numerator}/{plan.origin_s.denominator})/TB"
    aim_s = start_s - plan.seek_lead_s if start_s else min(Fraction(0), -plan.seek_lead_s)
    return _on_grid(plan, _input(plan, source, aim_s, **how),
                    f"round(if(eq(N,0),min({time},{start}),{time}))")


def _on_grid(plan: Plan, source: Any, time: str) -> Any:
    """The frames of an opened source, without end, on the output grid by the time stamp that the expression gives each."""
    stream = source[str(plan.video_index)]
    if plan.deinterlace:
        stream = stream.filter("bwdif", deint="interlaced")
    stream = stream.filter("setpts", time)
    # From here on a time stamp is a frame number of the grid, rounded from 0 on and so the same in every cell.
    stream = stream.filter("fps", fps=f"{plan.frame_rate.numerator}/{plan.frame_rate.denominator}")
    # What a source says of its mastering screen or its room reaches the header of a lone rung, but not those behind a
    # split: a cell made alone would not fit the others (ffmpeg 8.1).
    stream = stream.filter("sidedata", "delete")
    return stream.filter("tpad", stop=-1, stop_mode="clone")  # the last frame stays while the sound goes on


def in_sdr(plan: Plan, picture: Any, width_px: int, height_px: int, work: Path, *, flags: str = "bicubic",
           **result: str) -> Any:
    """The picture in this size and without high dynamic range, coded as `result` says. `work` holds TONE_FILE."""
    source = {"in_color_matrix": plan.matrix} if plan.matrix else {}
    if plan.tone is not None:
        picture = (picture.filter("scale", width_px, height_px, flags=flags, out_range="pc", **source)
                   .filter("format", "gbrp16le").filter("lut3d", file=work / TONE_FILE, interp="tetrahedral"))
        source = {}
    return picture.filter("scale", width_px, height_px, flags=flags, **source, **result)


def _input(plan: Plan, source: Path, output_s: Fraction, **how: Any) -> Any:
    """The source from the key frame before `output_s`, with its own time stamps."""
    options: dict[str, Any] = {"copyts": None, "noaccurate_seek": None, **how}
    seek_s = output_s + plan.origin_s - plan.container_start_s
    if seek_s > 0:
        options["ss"] = f"{float(seek_s):.6f}"
    return ffmpeg.input(f"file:{source}", **options)


def audio_command(tools: Tools, plan: Plan, track: AudioTrack, source: Path, k: int, work: Path,
                  *, max_pixels: int, nice: int = 0) -> Command:
    """Encode what segment `k` needs of the sound to work/audio.aac (ADTS); `audio_skip` packets come too many."""
    first, last = track.boundaries[k], track.boundaries[k + 1]
    begin = (first - audio_lead(track, k)) * 1024  # samples
    end = (last + _AUDIO_TAIL_PACKETS) * 1024
    # A whole second earlier: there both the source's and the output's samples begin together, so a resampler is in
    # the same phase in every cell.
    seek_s = max(0, begin // track.sample_rate_hz - 1)
    # Near the beginning from the beginning: before its first picture ffmpeg can not seek in what has no index (FLV), and
    # loses sound in trying.
    aim_s = Fraction(seek_s) if seek_s > plan.seek_lead_s else min(Fraction(0), -plan.seek_lead_s)
    sound = _input(plan, source, aim_s)[str(track.stream_index)].filter("asetpts", _sound_time(plan, track))
    source_rate = track.source_rate_hz
    # Gaps become silence and overlaps are dropped, so that sample n is second n / rate, whatever the source did.
    # Two filters: one that resamples as well loses seconds of sound after a seek (ffmpeg 8.1).
    sound = sound.filter("aresample", source_rate, **{"async": 1, "min_hard_comp": "0.02",
                                                      "first_pts": seek_s * source_rate, **_mixing(track)})
    sound = (
        levelled(mixed(sound, track), track)
        .filter("apad")
        .filter("atrim", start_pts=begin, end_pts=end)
        .filter("asetpts", "PTS-STARTPTS")
    )
    output = ffmpeg.output(sound, f"file:{work / 'audio.aac'}", f="adts", map_metadata=-1, fflags="+bitexact",
                           **{"c:a": "aac", "b:a": track.bit_rate_bps, "flags": "+bitexact"})
    argv = with_input_limits(tools, output, source, max_pixels)
    return Command(argv, reads=(source,), work=work, nice=nice, limits=media_limits(Fraction(end - begin, 48_000)))


def mixed(sound: Any, track: AudioTrack) -> Any:
    """The sound of a source in the sample rate and the channels of a rendition."""
    return (sound.filter("aresample", track.sample_rate_hz, **_mixing(track))
            .filter("aformat", sample_fmts="fltp", channel_layouts="5.1" if track.surround else "stereo"))


def levelled(sound: Any, track: AudioTrack) -> Any:
    """The sound of a rendition with its gain, and not over full scale."""
    if not track.gain_db:
        return sound
    # A millisecond before a peak the limiter turns down, and a tenth of a second after it has forgotten it: a cell, whose
    # decoding begins a second earlier, has the same sound as one long run.
    return (sound.filter("volume", f"{track.gain_db}dB")
            .filter("alimiter", limit=round(10 ** (PEAK_DBFS / 20), 4), attack=1, release=100, level=0, latency=1)
            .filter("aformat", sample_fmts="fltp"))


def _mixing(track: AudioTrack) -> dict[str, int]:
    # Left and right get the centre and each back channel at 0.707 and no LFE (ITU-R BS.775-3, table 2), all of it
    # scaled so that full scale in every channel is full scale. Wherever ffmpeg puts the mixing, each filter knows.
    return {"rematrix_maxval": 1} if track.source_channels > 2 else {}


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


def thumbnail_rung(plan: Plan) -> VideoRendition:
    """Whose size a still has: the rung nearest to 720p."""
    return min(plan.video, key=lambda video: abs(min(video.width_px, video.height_px) - 720))


def thumbnail_command(tools: Tools, plan: Plan, source: Path, at_s: Fraction, work: Path,
                      *, max_pixels: int, nice: int = 0) -> Command:
    """The picture on screen at `at_s` to work/thumbnail.jpg, in the size of the rung nearest to 720p."""
    rung = thumbnail_rung(plan)
    frame = min(int(at_s * plan.frame_rate), plan.boundaries[-1] - 1)
    picture = _decoded(plan, source, frame / plan.frame_rate).filter("trim", start_pts=frame, end_pts=frame + 1)
    picture = in_sdr(plan, picture, rung.width_px, rung.height_px, work, **jpeg.COLOURS).filter("setsar", 1)
    output = jpeg.one_picture(picture, work / "thumbnail.jpg", pix_fmt="yuvj420p")
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
    return Command(with_input_limits(tools, output, source, max_pixels), reads=(source,), work=work, nice=nice,
                   limits=media_limits(media_s))


def media_limits(media_s: Fraction) -> Limits:
    """Limits of a command that decodes this many seconds."""
    # Generous: 4K sources on a busy machine run at a tenth of real time. A hang must still end.
    return Limits(wall_s=120 + 60 * float(media_s), cpu_s=240 + int(120 * media_s), memory_bytes=8 * GIB,
                  file_bytes=1 * GIB)
