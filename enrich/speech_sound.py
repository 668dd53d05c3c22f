"""The sound that speech is recognized from: 16 kHz, mono, 16 bits, no header, so that sample n is byte 2 n. Pure.

It is made of the source in one pass, and the source is not opened again for anything that is said.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import ffmpeg

from enrich.speech_spans import RATE_HZ
from infra.core.command import GIB, Command, Limits
from infra.core.ffmpeg_words import with_input_limits
from infra.core.media import Frozen, Rational
from infra.core.steps import Tools

SAMPLE_BYTES = 2
_NICE = 5  # behind viewers, before the fill: somebody waits for the first captions


class Voice(Frozen):
    """The track of the source that is listened to, and its time stamp of second 0 of the video."""

    stream_index: int
    source_rate_hz: int
    origin_s: Rational
    duration_s: Rational


def speech_command(tools: Tools, voice: Voice, source: Path, made: Path, *, max_pixels: int) -> Command:
    """Write the sound of `voice` to the file `made`. Gaps become silence, so that sample n is second n / 16,000."""
    origin_s = voice.origin_s
    # With the source's own time stamps, which `origin_s` is one of: ffmpeg would have them begin at 0.
    sound = ffmpeg.input(f"file:{source}", copyts=None)[str(voice.stream_index)]
    sound = sound.filter("asetpts", f"round(PTS-({origin_s.numerator}/{origin_s.denominator})/TB)")
    # Two filters: one that fills gaps and changes the rate at once loses sound (ffmpeg 8.1).
    sound = sound.filter("aresample", voice.source_rate_hz, **{"async": 1, "min_hard_comp": "0.02", "first_pts": 0})
    sound = sound.filter("aresample", RATE_HZ).filter("aformat", sample_fmts="s16", channel_layouts="mono")
    sound = sound.filter("atrim", end_sample=int(voice.duration_s * RATE_HZ))
    output = ffmpeg.output(sound, f"file:{made}", f="s16le", map_metadata=-1)
    argv = with_input_limits(tools, output, source, max_pixels)
    return Command(argv, reads=(source,), work=made.parent, nice=_NICE, limits=_limits(voice.duration_s))


def _limits(media_s: Fraction) -> Limits:
    # Decoding sound is a hundred times faster than real time on any machine; a hang must still end.
    return Limits(wall_s=300 + float(media_s), cpu_s=300 + int(media_s), memory_bytes=4 * GIB, file_bytes=8 * GIB)
