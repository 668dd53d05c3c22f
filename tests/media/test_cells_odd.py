"""Sources that are not a plain landscape clip from 0: each still becomes exactly the planned video."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from clips import Clips, Desk, beep_times, flash_times, numbers

from transcode import render

pytestmark = pytest.mark.media


def rendered(desk: Desk, source: Path, out: Path) -> render.RenderContext:
    ctx = desk.context(source, out)
    for rendition in ctx.plan.renditions:
        for k in range(ctx.plan.segments):
            render.render(ctx, k, [rendition.name])
    return ctx


def pictures(desk: Desk, ctx: render.RenderContext) -> np.ndarray:
    found = desk.pictures(desk.joined(ctx, ctx.plan.video[-1].name))
    assert len(found) == ctx.plan.boundaries[-1]
    return found


@pytest.mark.parametrize("container", ["mp4", "mkv", "ts"])
def test_the_last_picture_stays_while_the_sound_goes_on(
    desk: Desk, clips: Clips, out: Path, container: str
) -> None:
    source = clips.counted("long_sound.mp4", 100, "25", size="320x180")
    longer = clips.make(f"longer.{container}", "-i", str(source), "-f", "lavfi", "-i", "sine=440:d=9", "-c:v", "copy",
                        "-c:a", "aac", reads=(source,))
    ctx = rendered(desk, longer, out)
    frames = ctx.plan.boundaries[-1]
    # MPEG-TS does not tell how long its last packet of sound is; Matroska's first one begins before second 0.
    assert abs(frames - 225) <= {"mp4": 0, "mkv": 1, "ts": 8}[container]
    shown = numbers(pictures(desk, ctx))
    late = shown.count(0) - 1
    assert late <= 2
    assert shown == [min(max(n - late, 0), 99) for n in range(frames)]


def test_silence_follows_when_the_sound_ends_first(desk: Desk, clips: Clips, out: Path) -> None:
    ctx = rendered(desk, clips.flashing("short_sound.mp4", "-c:a", "aac", seconds=9, audio_s=4), out)
    sound = desk.sound(ctx)
    rate = ctx.plan.audio[0].sample_rate_hz
    assert abs(len(sound) / rate - 9) <= 0.02
    assert np.abs(sound[int(4.1 * rate) :]).max() < 0.001
    assert len(beep_times(sound, ctx.plan.audio[0])) == 3


@pytest.mark.parametrize("container", ["mp4", "mkv"])
def test_a_single_picture_is_a_video_of_one_frame(desk: Desk, clips: Clips, out: Path, container: str) -> None:
    ctx = rendered(desk, clips.counted(f"single.{container}", 1, "25", size="320x180"), out)
    assert (ctx.plan.segments, ctx.plan.boundaries) == (1, (0, 1))
    assert numbers(pictures(desk, ctx)) == [0]


def test_a_single_picture_with_sound_is_shown_while_it_sounds(desk: Desk, clips: Clips, out: Path) -> None:
    source = clips.counted("single_still.mp4", 1, "25", size="320x180")
    spoken = clips.make("spoken.mp4", "-i", str(source), "-f", "lavfi", "-i", "sine=440:d=3", "-c:v", "copy", "-c:a",
                        "aac", reads=(source,))
    ctx = rendered(desk, spoken, out)
    assert numbers(pictures(desk, ctx)) == [0] * 75


def test_one_frame_a_second_stays_one_frame_a_second(desk: Desk, clips: Clips, out: Path) -> None:
    ctx = rendered(desk, clips.counted("slow.mp4", 15, "1", size="320x180"), out)
    assert ctx.plan.frame_rate == 1
    assert numbers(pictures(desk, ctx)) == list(range(15))


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_a_phone_held_upright_is_shown_upright(desk: Desk, clips: Clips, out: Path, turn: int) -> None:
    source = clips.counted("flat.mp4", 75, "25", size="320x180")
    turned = clips.make(f"turned{turn}.mp4", "-display_rotation", str(turn), "-i", str(source), "-c", "copy",
                        reads=(source,))
    ctx = rendered(desk, turned, out)
    size = (ctx.plan.video[0].width_px, ctx.plan.video[0].height_px)
    assert size == ((180, 320) if turn % 180 else (320, 180))
    back = {90: "transpose=clock", 180: "hflip,vflip", 270: "transpose=cclock"}[turn]  # -display_rotation turns left
    shown = desk.pictures(desk.joined(ctx, ctx.plan.video[0].name), back)
    assert numbers(shown) == list(range(75))


def test_odd_sizes_lose_at_most_a_line(desk: Desk, clips: Clips, out: Path) -> None:
    source = clips.counted("odd.mkv", 75, "25", "-pix_fmt", "yuv444p", size="321x241")
    ctx = rendered(desk, source, out)
    assert (ctx.plan.video[0].width_px, ctx.plan.video[0].height_px) == (320, 240)
    assert numbers(pictures(desk, ctx)) == list(range(75))


def test_anamorphic_pictures_are_shown_in_square_pixels(desk: Desk, clips: Clips, out: Path) -> None:
    source = clips.counted("wide.mp4", 75, "25", "-aspect", "16:9", size="240x180")
    ctx = rendered(desk, source, out)
    assert (ctx.plan.video[0].width_px, ctx.plan.video[0].height_px) == (320, 180)
    assert numbers(pictures(desk, ctx)) == list(range(75))


@pytest.mark.parametrize("container", ["mp4", "mkv", "ts"])
def test_a_source_that_begins_at_ten_seconds_begins_at_zero(
    desk: Desk, clips: Clips, out: Path, container: str
) -> None:
    source = clips.flashing(f"ten.{container}", "-c:a", "aac", "-output_ts_offset", "10", seconds=7)
    ctx = rendered(desk, source, out)
    assert abs(ctx.plan.duration_s - 7) <= Fraction(1, 20)
    shown = flash_times(desk.pictures(desk.joined(ctx, ctx.plan.video[0].name)), ctx.plan)
    assert np.abs(shown - [0.52, 1.84, 3.16, 4.48, 5.8]).max() <= 0.021 + 0.04
    assert np.abs(shown - beep_times(desk.sound(ctx), ctx.plan.audio[0])).max() <= 0.02
