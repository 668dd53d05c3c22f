"""How loud the tracks of a source are: EBU R 128, measured over the whole of each, for the creator to see; and where the
operator wants all videos equally loud, what follows for the plan.

It takes decoding all sound, a second or so of processor time for five minutes, so it is a step in the background and
nothing waits for it.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import ffmpeg

from infra.core import keys
from infra.core.command import Command
from infra.core.errors import StepFailed
from infra.core.ffmpeg_words import with_input_limits
from infra.core.media import AudioStream, Loudness, MediaInfo
from infra.core.steps import Runner, StepContext, Tools
from transcode import normalization, sound
from transcode.cells import levelled, media_limits, mixed
from transcode.plan import Plan
from transcode.sound import AudioTrack

log = logging.getLogger(__name__)

_NICE = 15
_ROUNDS = 3  # of measuring what a limiter takes away
# What the filter says at its end. It takes whatever is below -70 LUFS for silence (ITU-R BS.1770-5, the absolute gate).
_SUMMARY = re.compile(r"I:\s+(?P<integrated>\S+) LUFS.*?LRA:\s+(?P<range>\S+) LU\b.*?Peak:\s+(?P<peak>\S+) dBFS", re.DOTALL)
_SILENCE_LUFS = -70.0


def loudness_command(tools: Tools, stream_index: int, source: Path, duration_s: Fraction, *, max_pixels: int,
                     nice: int = 0, rendition: AudioTrack | None = None, begin_s: Fraction | None = None) -> Command:
    """Measure one track of `source`, or what a rendition makes of it; the answer is in the last lines of stderr, for
    `parse_summary`. With `begin_s`, in seconds of the file, `duration_s` from there on, else all of it.
    """
    part = {} if begin_s is None else {"ss": f"{float(begin_s):.6f}", "t": f"{float(duration_s):.6f}"}
    heard = ffmpeg.input(f"file:{source}", **part)[str(stream_index)]
    made = levelled(mixed(heard, rendition), rendition) if rendition else heard
    measured = made.filter("ebur128", peak="true", framelog="quiet")
    argv = with_input_limits(tools, ffmpeg.output(measured, "-", f="null"), source, max_pixels, level="info")
    return Command(argv, reads=(source,), nice=nice, limits=media_limits(duration_s))


def parse_summary(stderr: str) -> Loudness | None:
    """The summary of ffmpeg's ebur128; None when there is none."""
    summaries = list(_SUMMARY.finditer(stderr))
    if not summaries:
        return None
    found = summaries[-1]
    integrated, peak = float(found["integrated"]), float(found["peak"])
    return Loudness(
        integrated_lufs=integrated if integrated > _SILENCE_LUFS else None,
        range_lu=float(found["range"]),
        true_peak_dbtp=peak if peak > float("-inf") else None,
    )


def measure(tools: Tools, run: Runner, stream_index: int, source: Path, duration_s: Fraction, *, max_pixels: int,
            nice: int = 0, rendition: AudioTrack | None = None, begin_s: Fraction | None = None) -> Loudness:
    """The loudness of one track, or of what a rendition makes of it. Raises StepFailed: `not_measured` or the runner's
    codes.
    """
    command = loudness_command(tools, stream_index, source, duration_s, max_pixels=max_pixels, nice=nice,
                               rendition=rendition, begin_s=begin_s)
    failed = StepFailed("not_measured", "How loud the sound is could not be measured; the source may be damaged.",
                        retryable=True)
    try:
        found = parse_summary(run(command).stderr)
    except StepFailed as failure:
        if failure.code != "tool_failed":
            raise
        log.warning("%s\n%s", failure, command.shell())
        raise failed from failure
    if found is None:
        raise failed
    return found


def loudness(ctx: StepContext) -> dict[str, Any]:
    """The step: {"loudness": {index of a stream: its Loudness}} of every track that is rendered.

    Where the settings want all videos equally loud, also what follows: {"plan", "usual_codecs": of the fill}.
    Raises StepFailed: `not_planned`, `not_measured` or the runner's codes; OutOfSpace.
    """
    info = ctx.video.media_info
    if info is None:
        raise StepFailed("not_planned", "The video has not been looked at yet.", retryable=True)
    found: dict[str, Any] = {}
    streams = sound.chosen(info)
    plan = Plan.model_validate(ctx.video.plan) if ctx.video.plan is not None else None
    part = plan if ctx.video.trimmed else None
    with ctx.storage.local(keys.source(ctx.video.organization_id, ctx.video.source_folder)) as source:
        for done, stream in enumerate(streams, 1):
            ctx.check()
            measured = measure(ctx.tools, ctx.run, stream.index, source, _length_s(stream, info, part),
                               max_pixels=ctx.settings.max_pixels, nice=_NICE, begin_s=_begin_s(part))
            found[str(stream.index)] = measured.model_dump(mode="json")
            ctx.progress(done / len(streams))
        if ctx.settings.normalize_loudness and plan is not None:
            plan = normalized(plan, with_loudness(info, found), source, ctx.tools, ctx.run,
                              max_pixels=ctx.settings.max_pixels, nice=_NICE, trimmed=ctx.video.trimmed)
            return {"loudness": found, "plan": plan.model_dump(mode="json"),
                    "usual_codecs": ctx.settings.fill_codecs.split(",")}
    return {"loudness": found}


def normalized(plan: Plan, info: MediaInfo, source: Path, tools: Tools, run: Runner, *, max_pixels: int, nice: int = 0,
               trimmed: bool = False) -> Plan:
    """`plan` with its sound at `normalization.TARGET_LUFS`; `info` says how loud the source's tracks are, or, where it was
    `trimmed`, what the plan shows of them.

    Raises as `measure` does.
    """
    streams, part = {stream.index: stream for stream in info.audio}, plan if trimmed else None

    def heard(track: AudioTrack, gain_db: float) -> Loudness:
        stream = streams[track.stream_index]
        rendition = sound.encoded(info, stream, track.name, track.label, track.channels, plan.boundaries, plan.frame_rate,
                                  gain_db)
        return measure(tools, run, stream.index, source, _length_s(stream, info, part), max_pixels=max_pixels, nice=nice,
                       rendition=rendition, begin_s=_begin_s(part))

    gains_db = {track.name: _gain_db(track, streams[track.stream_index], heard) for track in plan.audio}
    return normalization.normalized(plan, info, gains_db)


def _begin_s(part: Plan | None) -> Fraction | None:
    return part.origin_s - part.container_start_s if part else None


def _length_s(stream: AudioStream, info: MediaInfo, part: Plan | None) -> Fraction:
    return part.duration_s if part else stream.duration_s or info.duration_s


def _gain_db(track: AudioTrack, stream: AudioStream, heard: Callable[[AudioTrack, float], Loudness]) -> float:
    """The gain of a rendition; `heard` measures what comes out with one, limited."""
    # In other channels than the source's it has another loudness.
    found = stream.loudness if stream.loudness and stream.channels == 2 else heard(track, 0)
    gain_db = normalization.gain_db(found.integrated_lufs)
    for _ in range(_ROUNDS):
        if not gain_db or (found.true_peak_dbtp or 0) + gain_db <= normalization.PEAK_DBFS:
            break
        # What the limiter takes away is missing: speech between the bangs of a door.
        lacking_db = normalization.gain_db(heard(track, gain_db).integrated_lufs)
        gain_db = normalization.at_most(gain_db + lacking_db)
        if not lacking_db:
            break
    return gain_db


def with_loudness(info: MediaInfo, found: dict[str, Any]) -> MediaInfo:
    """`info` with what the step found."""
    return info.model_copy(update={"audio": tuple(
        stream.model_copy(update={"loudness": Loudness.model_validate(found[str(stream.index)])})
        if str(stream.index) in found else stream for stream in info.audio)})
