"""Cells made one by one, in any order, are one video: every frame where it belongs, no joint to be seen."""

from __future__ import annotations

import random
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from clips import BURSTS, VARIABLE, Clips, Desk, bursts, constant, counted_frames, numbers, on_screen, psnr_db

from transcode import render
from transcode.plan import time_scale

pytestmark = pytest.mark.media

_HOLDS = "settb=1/90000,setpts=(floor(N/5)*3+0.2*mod(N\\,5))/TB"  # pictures that stay for more than two seconds
def holds(n: int) -> Fraction:
    return n // 5 * 3 + Fraction(n % 5, 5)


NTSC = Fraction(30_000, 1001)
# name, rate of the numbered frames, how many, when frame n is shown, output options
SOURCES = [
    ("25.mp4", "25", 300, constant(Fraction(25)), ()),
    ("29.97.mp4", "30000/1001", 300, constant(NTSC), ()),
    ("30.mkv", "30", 300, constant(Fraction(30)), ()),
    ("59.94.mp4", "60000/1001", 510, constant(2 * NTSC), ()),
    ("29.97.mkv", "30000/1001", 300, constant(NTSC), ()),
    ("25.ts", "25", 220, constant(Fraction(25)), ()),
    ("bursts.mkv", "60", 100, bursts, ("-vf", BURSTS, *VARIABLE, "-g", "17")),
    ("bursts.mp4", "60", 100, bursts, ("-vf", BURSTS, *VARIABLE, "-g", "17")),
    ("holds.mp4", "60", 20, holds, ("-vf", _HOLDS, *VARIABLE, "-g", "6")),
    ("holds.mkv", "60", 20, holds, ("-vf", _HOLDS, *VARIABLE, "-g", "6")),
]
QUICK = ("29.97.mp4", "25.ts", "bursts.mkv", "holds.mp4")
EACH = [pytest.param(*s, id=s[0], marks=() if s[0] in QUICK else pytest.mark.slow) for s in SOURCES]


@pytest.mark.parametrize(("name", "rate", "frames", "shown_at", "options"), EACH)
def test_cells_made_alone_in_any_order_are_one_video(
    desk: Desk, clips: Clips, out: Path, name: str, rate: str, frames: int, shown_at: Callable[[int], Fraction],
    options: tuple[str, ...],
) -> None:
    ctx = desk.context(clips.counted(name, frames, rate, *options), out)
    made = ctx.plan
    cells = [(rendition.name, k) for rendition in made.video for k in range(made.segments)]
    assert len(cells) >= 8
    for rendition, k in random.Random(name).sample(cells, len(cells)):
        render.render(ctx, k, [rendition])

    first_s = made.origin_s  # the source may begin anywhere; its own first frame is number 0
    expected = on_screen(made, lambda n: shown_at(n) + first_s, frames)
    for rendition in made.video:
        path = desk.joined(ctx, rendition.name)
        tick = int(time_scale(made.frame_rate) / made.frame_rate)
        packets = desk.packets(path)
        assert [int(p["dts"]) - int(packets[0]["dts"]) for p in packets] == [
            n * tick for n in range(made.boundaries[-1])]
        times = sorted(int(p["pts"]) for p in packets)
        assert [t - times[0] for t in times] == [n * tick for n in range(made.boundaries[-1])]

        pictures = desk.pictures(path)
        assert numbers(pictures) == expected
        quality = psnr_db(pictures, counted_frames(frames)[expected])
        joints = [n for cut in made.boundaries[1:-1] for n in (cut - 1, cut)]
        elsewhere = np.delete(quality, joints)
        assert min(quality[joints]) > elsewhere.min() - 1.5
