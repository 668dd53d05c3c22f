"""What a publisher sends, by its first bytes: the command that asks, and what it answers. Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

from infra.core.command import GIB, Command, Limits
from infra.core.safety import input_args
from infra.core.steps import Tools
from transcode.colour import matrix_named
from transcode.live.plan import SourceLook

SIZES = (1 << 15, 1 << 17, 1 << 19, 1 << 21)  # bytes after which it is tried
_ASKED = ("stream=codec_type,codec_name,width,height,sample_aspect_ratio,avg_frame_rate,r_frame_rate,sample_rate,"
          "color_space")
_LIMITS = Limits(wall_s=15, cpu_s=10, memory_bytes=2 * GIB, file_bytes=1 << 20)


def look_command(tools: Tools, source: Sequence[str], head: Path, max_pixels: int) -> Command:
    """Ask what is in `head`, the first bytes of a stream that ffmpeg's arguments `source` describe."""
    form = source[source.index("-f") + 1] if "-f" in source else ""
    argv = (str(tools.ffprobe), "-v", "error", *input_args(max_pixels), *(("-f", form) if form else ()),
            "-show_entries", _ASKED, "-of", "json", f"file:{head}")
    return Command(argv, reads=(head,), limits=_LIMITS)


def read_look(answer: bytes) -> SourceLook | None:
    """What ffprobe says; None while there is no picture yet."""
    streams = json.loads(answer or b"{}").get("streams", [])
    picture = next((one for one in streams if one.get("codec_type") == "video" and one.get("width", 0) > 1), None)
    if picture is None or picture.get("height", 0) < 2:
        return None
    sound = next((one for one in streams if one.get("codec_type") == "audio" and int(one.get("sample_rate") or 0) > 0), None)
    rates = [_fraction(picture.get(name)) for name in ("avg_frame_rate", "r_frame_rate")]
    return SourceLook(
        width_px=picture["width"], height_px=picture["height"],
        sar=_fraction(str(picture.get("sample_aspect_ratio", "")).replace(":", "/")) or Fraction(1),
        rate=next((rate for rate in rates if 5 <= rate <= 240), Fraction(0)),
        sound=sound is not None, codec=picture.get("codec_name", ""), sound_codec=(sound or {}).get("codec_name", ""),
        matrix=matrix_named(picture.get("color_space"), picture["width"], picture["height"]))


def _fraction(text: str | None) -> Fraction:
    try:
        return Fraction(text or "0")
    except (ValueError, ZeroDivisionError):  # 0/0: not known
        return Fraction(0)
