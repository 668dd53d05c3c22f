"""Sound that is brought to one loudness: as loud as it should be, on time, not over full scale, and without joints."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from clips import Clips, Desk

from infra.core.media import Loudness, MediaInfo
from infra.storage.local import LocalStorage
from transcode import render, sound
from transcode.loudness import measure, normalized, with_loudness
from transcode.normalization import PEAK_DBFS, TARGET_LUFS
from transcode.render import RenderContext

pytestmark = pytest.mark.media

# Somebody speaks four times a second, softly, and claps every three seconds: far apart as in a room without a microphone.
SPEECH = r"0.05*sin(2*PI*220*t)*(0.5-0.5*cos(2*PI*4*t))*(0.7+0.3*sin(2*PI*0.11*t))"
CLAPS = r"0.6*sin(2*PI*900*t)*exp(-60*mod(t\,3.01))"
SOURCES = {
    "quiet.mp4": (f"{SPEECH}+{CLAPS}", "stereo", ("-c:a", "aac", "-b:a", "192k")),
    "quiet_mono.mp4": (f"{SPEECH}+{CLAPS}", "mono", ("-c:a", "aac", "-b:a", "128k")),
    "quiet_mono.mkv": (f"{SPEECH}+{CLAPS}", "mono", ("-c:a", "aac", "-ar", "44100")),
    "loud.mov": (rf"0.9*sin(2*PI*300*t)*(0.7+0.3*sin(2*PI*0.3*t))+0.1*{CLAPS}", "stereo", ("-c:a", "pcm_s16le")),
}


def made(clips: Clips, name: str, expression: str, layout: str, codec: tuple[str, ...]) -> Path:
    channels = "|".join([expression] * {"mono": 1, "stereo": 2, "5.1": 6}[layout])
    return clips.make(name, "-f", "lavfi", "-i", "color=gray:s=64x36:r=25:d=31", "-f", "lavfi", "-i",
                      f"aevalsrc={channels}:c={layout}:s=48000:d=31", "-c:v", "libx264", "-level", "5.1", *codec)


def heard(desk: Desk, source: Path) -> MediaInfo:
    info = desk.info(source)
    return with_loudness(info, {str(stream.index): loudness(desk, source, stream.index).model_dump()
                                for stream in sound.chosen(info)})


def loudness(desk: Desk, file: Path, index: int = 0) -> Loudness:
    return measure(desk.tools, desk.run, index, file, desk.info(file).duration_s, max_pixels=desk.settings.max_pixels)


def as_normalized(desk: Desk, source: Path, out: Path) -> RenderContext:
    ctx = desk.context(source, out)
    plan = normalized(ctx.plan, heard(desk, source), source, desk.tools, desk.run, max_pixels=ctx.max_pixels)
    return replace(ctx, plan=plan)


def render_all(ctx: RenderContext) -> None:
    for track in (*ctx.plan.audio, *ctx.plan.replaced):
        for k in reversed(range(ctx.plan.segments)):
            render.render(ctx, k, [track.name])


@pytest.mark.parametrize(("name", "clip"), [
    pytest.param(*source, id=source[0], marks=() if source[0] == "quiet_mono.mp4" else pytest.mark.slow)
    for source in SOURCES.items()])
def test_every_track_is_as_loud_as_the_others(
    desk: Desk, clips: Clips, out: Path, name: str, clip: tuple[str, str, tuple[str, ...]]
) -> None:
    ctx = as_normalized(desk, made(clips, name, *clip), out)
    (track,), (before,) = ctx.plan.audio, ctx.plan.replaced
    assert abs(track.gain_db) > 5
    render_all(ctx)
    found = loudness(desk, desk.joined(ctx, track.name))
    assert found.integrated_lufs == pytest.approx(TARGET_LUFS, abs=1)
    assert found.true_peak_dbtp is not None
    assert found.true_peak_dbtp < PEAK_DBFS + 1.5  # an AAC encoder adds some

    # On time: between the claps it is what it was, times the gain.
    was = desk.sound(replace(ctx, plan=ctx.plan.model_copy(update={"audio": (before,)})), 0)
    now = desk.sound(ctx, 0)
    rate = track.sample_rate_hz
    length = min(len(was), len(now), 30 * rate)
    claps = np.concatenate([[0], np.cumsum(np.abs(now[:length]) > 0.6)])
    at = np.arange(length)
    quiet = claps[np.minimum(at + rate // 4, length)] == claps[np.maximum(at - rate // 4, 0)]  # none within a quarter second
    inner = np.flatnonzero(quiet[48:-48]) + 48
    lag = max(range(-48, 49), key=lambda lag: float(np.dot(was[inner - lag], now[inner])))
    assert lag == 0
    gain = np.dot(was[:length][quiet], now[:length][quiet]) / np.dot(was[:length][quiet], was[:length][quiet])
    spread_db = 3.01 if before.channels == 1 else 0  # over two speakers instead of one
    assert 20 * np.log10(gain) == pytest.approx(track.gain_db - spread_db, abs=0.3)


def test_cells_are_pieces_of_one_run(desk: Desk, clips: Clips, out: Path) -> None:
    """Where a limiter works at a joint, both sides agree: the same as from a filter that has heard all of it."""
    source = made(clips, "over.mov", rf"0.3*sin(2*PI*440*t)*(1+0.9*sin(2*PI*2.7*t))+{CLAPS}*0.5", "stereo",
                  ("-c:a", "pcm_s16le"))
    ctx = desk.context(source, out)
    (old,) = ctx.plan.audio
    track = old.model_copy(update={"name": "aac-norm", "gain_db": 12.0})
    ctx = replace(ctx, plan=ctx.plan.model_copy(update={"audio": (track,)}))
    render_all(ctx)
    (out / "once" / "work").mkdir(parents=True)
    whole = track.model_copy(update={"boundaries": (0, track.boundaries[-1])})
    alone = replace(ctx, work=out / "once" / "work", storage=LocalStorage(out / "once" / "cells"), plan=ctx.plan.model_copy(
        update={"audio": (whole,), "boundaries": (0, ctx.plan.boundaries[-1])}))
    render.render(alone, 0, [track.name])
    cut, once = desk.sound(ctx, 0), desk.sound(alone, 0)
    length = min(len(cut), len(once))
    wrong = np.abs(cut[:length] - once[:length])
    joints = [cut_at * 1024 for cut_at in track.boundaries[1:-1]]
    assert len(joints) >= 5
    at_joints = np.concatenate([wrong[joint - 2048:joint + 2048] for joint in joints])
    assert at_joints.max() < 0.05
    assert np.sqrt(np.mean(at_joints ** 2)) < 0.01


def test_what_is_near_enough_or_silent_stays(desk: Desk, clips: Clips, out: Path) -> None:
    near = made(clips, "near.mp4", "0.158*sin(2*PI*1000*t)", "stereo", ("-c:a", "aac", "-b:a", "192k"))
    silent = made(clips, "silent.mp4", "0", "stereo", ("-c:a", "aac", "-b:a", "192k"))
    for source in (near, silent):
        ctx = as_normalized(desk, source, out / source.name)
        assert ctx.plan.replaced == ()
        assert [track.name for track in ctx.plan.audio] == ["aac"]
        assert ctx.plan == desk.context(source, out / "again" / source.name).plan
    assert loudness(desk, near, 1).integrated_lufs == pytest.approx(-16, abs=0.4)


@pytest.mark.slow
def test_stereo_and_surround_of_a_track_each_get_their_own(desk: Desk, clips: Clips, out: Path) -> None:
    source = made(clips, "six.mov", SPEECH, "5.1", ("-c:a", "pcm_s16le"))
    ctx = as_normalized(desk, source, out)
    assert [track.name for track in ctx.plan.audio] == ["aac-norm", "aac-51-norm"]
    assert ctx.plan.audio[0].gain_db != ctx.plan.audio[1].gain_db
    render_all(ctx)
    for track in ctx.plan.audio:
        assert loudness(desk, desk.joined(ctx, track.name)).integrated_lufs == pytest.approx(TARGET_LUFS, abs=1)
