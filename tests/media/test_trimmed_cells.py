"""A trimmed recording shows the frames between its cuts and no other, and what is heard with them."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from clips import COPIED, FIRST_FLASH, FLASH_EVERY, Clips, Desk, beep_times, flash_times, numbers, psnr_db

from enrich.speech_sound import speech_command
from enrich.speech_spans import RATE_HZ
from infra.runtime.itinerary import voice_of
from transcode import loudness, render
from transcode.plan import plan
from transcode.trim import wanted

pytestmark = pytest.mark.media


def trimmed(desk: Desk, source: Path, out: Path, start_s: float, end_s: float | None) -> render.RenderContext:
    """All cells of a part of `source`, or of all of it."""
    whole = desk.context(source, out)
    part = wanted(start_s, end_s, whole.plan.duration_s, whole.plan.frame_rate)
    ctx = replace(whole, plan=plan(desk.info(source), desk.tools.encoder, ("h264",), part))
    for k in reversed(range(ctx.plan.segments)):
        render.render(ctx, k, [rendition.name for rendition in ctx.plan.renditions])
    return ctx


@pytest.mark.parametrize(("name", "rate", "part", "frames", "options"), [
    pytest.param("25.mp4", "25", (3.48, 7.6), (87, 190), ("-bf", "3", "-g", "60"), id="encoded"),
    pytest.param("29.97.mkv", "30000/1001", (6.4, None), (192, 300), ("-bf", "2", "-g", "90"), id="ntsc in milliseconds"),
    pytest.param("25.ts", "25", (4.0, 8.0), (100, 200), ("-bf", "2", "-g", "50"), id="broadcast"),
    pytest.param("fit.mp4", "25", (4.0, 10.0), (100, 250), (*COPIED, "-bf", "3", "-g", "50"), id="copied"),
    pytest.param("fit_no_b.mp4", "25", (4.0, 9.48), (100, 237), (*COPIED, "-bf", "0", "-g", "50", "-sc_threshold", "0"),
                 id="copied to mid-group"),
])
def test_every_frame_of_the_part_and_no_other(desk: Desk, clips: Clips, out: Path, name: str, rate: str,
                                              part: tuple[float, float | None], frames: tuple[int, int],
                                              options: tuple[str, ...]) -> None:
    source = clips.counted(name, 300, rate, *options)
    ctx = trimmed(desk, source, out, *part)
    first, last = frames
    whole = desk.pictures(source if source.suffix == ".mp4" else clips.counted(f"{name}.mp4", 300, rate, *options))
    assert (ctx.plan.video[0].copied is not None) is (source.name.startswith("fit")), ctx.plan.source_fit
    for rendition in (ctx.plan.video[0], ctx.plan.video[-1]):
        pictures = desk.pictures(desk.joined(ctx, rendition.name))
        assert numbers(pictures) == list(range(first, last))
        quality = psnr_db(pictures, whole[first:last])
        assert quality.min() > 30
        # One frame aside it is another picture.
        assert (quality > psnr_db(pictures, whole[first - 1:last - 1])).all()


@pytest.mark.parametrize(("start_s", "name", "copied"), [
    (2.56, "flashing.mp4", True), (3.04, "flashing.mp4", False), (3.0, "flashing.mkv", False), (3.0, "flashing.ts", False),
    (0.0, "flashing.ts", False)])
def test_what_is_heard_stays_with_what_is_seen(desk: Desk, clips: Clips, out: Path, start_s: float, name: str, copied: bool
                                               ) -> None:
    source = clips.flashing(name, "-c:a", "aac")
    ctx = trimmed(desk, source, out, start_s, 11.0)
    track = ctx.plan.audio[0]
    assert (track.copy_nth is not None) is copied
    pictures, sound = desk.pictures(desk.joined(ctx, ctx.plan.video[-1].name)), desk.sound(ctx)
    seen, heard = flash_times(pictures, ctx.plan), beep_times(sound, track)
    assert len(seen) == len(heard) > 5
    assert np.abs(seen - heard).max() < 0.02
    assert abs(len(sound) / track.sample_rate_hz - (11.0 - start_s)) < 0.03
    # So do the words: speech is recognized from this.
    desk.run(speech_command(desk.tools, voice_of(ctx.plan, desk.info(source)), source, out / "sound.s16",
                            max_pixels=ctx.max_pixels))
    listened = np.fromfile(out / "sound.s16", np.int16) / 32_768
    understood = beep_times(listened, track.model_copy(update={"sample_rate_hz": RATE_HZ}))
    assert len(understood) == len(seen)
    assert np.abs(seen - understood).max() < 0.02


@pytest.mark.parametrize(("start_s", "copied"), [(2.56, True), (3.04, False)])
def test_sound_that_is_cut_begins_without_a_click(desk: Desk, clips: Clips, out: Path, start_s: float, copied: bool
                                                  ) -> None:
    source = clips.make("tone.mp4", "-f", "lavfi", "-i", "color=gray:s=160x90:r=25:d=8", "-f", "lavfi", "-i",
                        "sine=440:sample_rate=48000:d=8,volume=3", "-c:v", "libx264", "-ac", "2", "-c:a", "aac", "-b:a",
                        "160k")
    ctx = trimmed(desk, source, out, start_s, 6.2)
    assert (ctx.plan.audio[0].copy_nth is not None) is copied
    sound = desk.sound(ctx)
    steps = np.abs(np.diff(sound, prepend=0.0))
    assert np.abs(sound[10_000:-10_000]).max() > 0.2
    assert steps.max() < 1.5 * steps[10_000:-10_000].max()


def test_sound_alone_is_trimmed_by_its_packets(desk: Desk, clips: Clips, out: Path) -> None:
    source = clips.make("beeps.m4a", "-i", str(clips.flashing("flashing.mp4", "-c:a", "aac")), "-vn", "-c:a", "copy",
                        reads=(clips.flashing("flashing.mp4", "-c:a", "aac"),))
    ctx = trimmed(desk, source, out, 3.0, 9.0)
    assert not ctx.plan.video
    heard = beep_times(desk.sound(ctx), ctx.plan.audio[0])
    there = np.arange(FIRST_FLASH, 9 * 25, FLASH_EVERY) / 25
    assert heard + 3.0 == pytest.approx(there[there > 3.0], abs=0.03)


def test_the_part_alone_is_measured(desk: Desk, clips: Clips) -> None:
    source = clips.make("loud_then_soft.m4a", "-f", "lavfi", "-i", "sine=1000:d=12", "-af",
                        r"volume=if(lt(t\,6)\,1\,0.1):eval=frame")
    found = [loudness.measure(desk.tools, desk.run, 0, source, Fraction(4), max_pixels=1, begin_s=Fraction(begin_s))
             for begin_s in (1, 7)]
    loud, soft = (one.integrated_lufs or 0 for one in found)
    assert loud - soft == pytest.approx(20, abs=1)
