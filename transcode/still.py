"""The picture of a video that has none: the cover that came with the sound, or its waveform. Pure.

A waveform takes decoding. Of a long recording only windows are drawn, evenly apart, so that the cost has a limit.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import ffmpeg

from infra.core.command import Command
from infra.core.ffmpeg_words import with_input_limits
from infra.core.steps import Tools
from transcode import jpeg
from transcode.cells import media_limits
from transcode.plan import Plan

WIDTH_PX, HEIGHT_PX = 1280, 720
_WAVE_PX = 360
_WAVE = "0x8ab4f8"
_WHOLE_S = 20 * 60  # up to here all of it is drawn
_WINDOWS, _WINDOW_S = 40, Fraction(15)


def cover_command(tools: Tools, plan: Plan, source: Path, work: Path, *, max_pixels: int, nice: int = 0) -> Command:
    """The source's own picture to work/thumbnail.jpg, fitted into WIDTH_PX x HEIGHT_PX."""
    picture = ffmpeg.input(f"file:{source}")[str(plan.cover_index)]
    picture = picture.filter("scale", WIDTH_PX, HEIGHT_PX, force_original_aspect_ratio="decrease", flags="lanczos")
    picture = _framed(picture.filter("format", "rgb24"))
    return _one_picture(tools, picture, source, work, Fraction(1), max_pixels, nice)


def waveform_command(tools: Tools, plan: Plan, source: Path, work: Path, *, max_pixels: int, nice: int = 0) -> Command:
    """The first track's waveform to work/thumbnail.jpg, from its first second on the left to its last on the right."""
    track = plan.audio[0]
    pieces = []
    begin_s = plan.origin_s - plan.container_start_s  # more than nothing where it was trimmed
    for from_s, length_s in windows(plan.duration_s):
        start_s = begin_s + from_s
        options = {"ss": f"{float(start_s):.3f}", "fflags": "+fastseek"} if start_s else {}
        sound = ffmpeg.input(f"file:{source}", t=f"{float(length_s):.3f}", **options)[str(track.stream_index)]
        # 8 kHz: every column of the picture is the peak of hundreds of samples, and they are all kept until the end.
        pieces.append(sound.filter("aresample", 8000).filter("aformat", sample_fmts="s16", channel_layouts="mono"))
    sound = ffmpeg.concat(*pieces, v=0, a=1) if len(pieces) > 1 else pieces[0]
    wave = sound.filter("showwavespic", s=f"{WIDTH_PX}x{_WAVE_PX}", colors=_WAVE, scale="sqrt", draw="full")
    picture = _framed(wave.filter("format", "rgb24"))  # what was transparent becomes black
    drawn_s = sum((length_s for _, length_s in windows(plan.duration_s)), Fraction(0))
    return _one_picture(tools, picture, source, work, drawn_s / 60, max_pixels, nice)


def windows(duration_s: Fraction) -> list[tuple[Fraction, Fraction]]:
    """(start, length), in seconds, of what is drawn of a recording."""
    if duration_s <= _WHOLE_S:
        return [(Fraction(0), duration_s)]
    return [(duration_s * i / _WINDOWS, _WINDOW_S) for i in range(_WINDOWS)]


def _framed(picture: Any) -> Any:
    """In the middle of a black picture of WIDTH_PX x HEIGHT_PX."""
    picture = picture.filter("pad", WIDTH_PX, HEIGHT_PX, "(ow-iw)/2", "(oh-ih)/2").filter("setsar", 1)
    return picture.filter("format", "yuvj420p")


def _one_picture(tools: Tools, picture: Any, source: Path, work: Path, media_s: Fraction,
                 max_pixels: int, nice: int) -> Command:
    output = jpeg.one_picture(picture, work / "thumbnail.jpg")
    return Command(with_input_limits(tools, output, source, max_pixels), reads=(source,), work=work, nice=nice,
                   limits=media_limits(media_s))
