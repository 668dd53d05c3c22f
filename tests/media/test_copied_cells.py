"""A fit source's own packets are the top rung: not a byte changed, on the grid, frame by frame what the other rungs show."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from clips import COPIED, KEYS, Clips, Desk, numbers, psnr_db

from infra.core.errors import StepFailed
from infra.core.ports import Storage
from infra.storage.local import LocalStorage
from transcode import render
from transcode.plan import time_scale
from transcode.source_parts import copied_parts

pytestmark = pytest.mark.media
NTSC = Fraction(30_000, 1001)
SOURCES = {  # rate, frames, longest segment in seconds, options
    "b_frames": ("25", 200, 6, ("-bf", "3", "-b_strategy", "0", "-g", "50")),
    "pyramid_29.97": ("30000/1001", 270, 8, ("-bf", "4", "-g", "120", "-x264-params", "level=4:b-pyramid=normal:bframes=4")),
    "no_b_frames": ("25", 200, 8, ("-bf", "0", "-profile:v", "baseline", "-g", "100")),
    "uneven_keys": ("30", 360, 8, ("-g", "250", "-force_key_frames", "0.5,3.1,3.3,7.7")),
    "key_frames_only": ("25", 80, 6, ("-g", "1")),
    "milliseconds": ("30", 240, 8, ("-g", "120", "-video_track_timescale", "1000")),
    "one_group": ("25", 60, 6, ("-g", "250", "-movflags", "+faststart")),
}


def clip(clips: Clips, name: str) -> Path:
    rate, frames, _, options = SOURCES[name]
    return clips.counted(f"fit_{name}.mp4", frames, rate, *COPIED, *options)


def rendered(desk: Desk, source: Path, out: Path) -> render.RenderContext:
    ctx = desk.context(source, out)
    assert ctx.plan.source_fit.sentence
    assert ctx.plan.source_fit.code == "fit", ctx.plan.source_fit
    for k in reversed(range(ctx.plan.segments)):
        render.render(ctx, k, [rendition.name for rendition in ctx.plan.renditions])
    return ctx


def packet_hashes(desk: Desk, path: Path) -> list[str]:
    """Of the packets of the picture, in the order they are stored in."""
    listing = path.with_suffix(".hashes")
    desk.ffmpeg("-i", path, "-map", "0:v:0", "-c", "copy", "-f", "framehash", listing, reads=(path,), work=path.parent)
    return [line.split(",")[-1] for line in listing.read_text().splitlines() if not line.startswith("#")]


@pytest.mark.parametrize("name", SOURCES)
def test_the_sources_packets_are_the_top_rung_on_the_grid_of_its_key_frames(
    desk: Desk, clips: Clips, out: Path, name: str
) -> None:
    source = clip(clips, name)
    _, frames, longest_s, _ = SOURCES[name]
    ctx = rendered(desk, source, out)
    made, (top, *_, lowest) = ctx.plan, ctx.plan.video
    copy = desk.joined(ctx, top.name)
    assert packet_hashes(desk, copy) == packet_hashes(desk, source)

    packets = desk.packets(copy)
    tick = int(time_scale(made.frame_rate) / made.frame_rate)
    decoded = [int(packet["dts"]) for packet in packets]
    shown = sorted(int(packet["pts"]) for packet in packets)
    assert set(np.diff(decoded)) == set(np.diff(shown)) == {tick}
    for k in range(made.segments):
        assert "K" in packets[made.boundaries[k]]["flags"]
    assert made.boundaries[-1] == len(packets) == frames
    assert max(b - a for a, b in pairwise(made.boundaries)) <= (longest_s + Fraction(1, 2)) * made.frame_rate

    pictures, small = desk.pictures(copy), desk.pictures(desk.joined(ctx, lowest.name))
    assert numbers(pictures) == numbers(small) == list(range(frames))
    quality = psnr_db(pictures, small)
    assert quality.min() > 30
    # The picture beside it is another one: a shift by a frame would be seen.
    assert (quality[1:] > psnr_db(pictures[:-1], small[1:])).all()


def test_the_last_picture_stays_while_the_sound_goes_on(desk: Desk, clips: Clips, out: Path) -> None:
    source = clip(clips, "b_frames")
    longer = clips.make("fit_longer.mp4", "-i", str(source), "-f", "lavfi", "-i", "sine=440:d=9.28", "-c:v", "copy",
                        "-c:a", "aac", reads=(source,))
    ctx = rendered(desk, longer, out)
    made, top = ctx.plan, ctx.plan.video[0]
    assert (top.copied.count, made.boundaries[-1]) == (200, 232)
    last = desk.packets(desk.joined(ctx, top.name))[-1]
    tick = time_scale(made.frame_rate) / made.frame_rate
    assert int(last["dts"]) + int(last["duration"]) == 232 * tick
    small = numbers(desk.pictures(desk.joined(ctx, made.video[-1].name)))
    assert small == [min(n, 199) for n in range(232)]
    assert abs(made.audio[0].boundaries[-1] * 1024 / made.audio[0].sample_rate_hz - 9.28) < 0.03


def test_a_copied_cell_is_made_from_its_own_bytes(desk: Desk, clips: Clips, out: Path) -> None:
    class FarAway(LocalStorage):
        remote = True

    minute = clips.counted("fit_minute.mp4", 1500, "25", *COPIED, size="320x180")
    whole, few = desk.context(minute, out / "whole"), desk.context(minute, out / "few")
    top = whole.plan.video[0]
    storage = FarAway(out / "far")
    (out / "upload").write_bytes(minute.read_bytes())
    storage.put("source", out / "upload")
    k = 9
    parts = copied_parts(cast(Storage, storage), "source", whole.plan, top, k)
    holes = out / "holes"
    with minute.open("rb") as file, holes.open("wb") as sparse:
        sparse.truncate(minute.stat().st_size)
        for start, end in parts:
            file.seek(start)
            sparse.seek(start)
            sparse.write(file.read(end - start))
    render.render(whole, k, [top.name])
    cell = whole.storage.read(KEYS.cell(top.name, k))
    render.render(render.RenderContext(few.plan, KEYS, holes, few.work, few.storage, few.tools, few.run, few.max_pixels),
                  k, [top.name])
    assert few.storage.read(KEYS.cell(top.name, k)) == cell
    index = minute.read_bytes().index(b"moov")
    boxes = int.from_bytes(minute.read_bytes()[index - 4 : index], "big") + 100
    assert sum(end - start for start, end in parts) < len(cell) + boxes


def test_a_cell_that_does_not_begin_with_an_idr_picture_is_not_published(desk: Desk, clips: Clips, out: Path) -> None:
    """A file that was changed after it was planned, or of whose key frames not all were looked at."""
    source = clip(clips, "b_frames")
    ctx = desk.context(source, out)
    top = ctx.plan.video[0]
    other = out / "other.mp4"
    data = bytearray(source.read_bytes())
    packet = desk.packets(source)[ctx.plan.boundaries[1]]
    at = int(packet["pos"])
    assert data[at + 4] & 31 == 5
    data[at + 4] = data[at + 4] & 0xE0 | 1
    other.write_bytes(data)
    changed = render.RenderContext(ctx.plan, KEYS, other, ctx.work, ctx.storage, ctx.tools, ctx.run, ctx.max_pixels)
    with pytest.raises(StepFailed, match="IDR") as failed:
        render.render(changed, 1, [top.name])
    assert failed.value.code == "bad_cell"
    render.render(changed, 0, [top.name])
    assert [item.key for item in ctx.storage.list("")] == [KEYS.cell(top.name, 0), KEYS.init(top.name)]
    # Looked at before it is planned, it is cut elsewhere.
    assert ctx.plan.boundaries[1] not in desk.context(other, out / "again").plan.boundaries


def test_a_source_that_was_deleted_meanwhile_is_named_as_such(desk: Desk, clips: Clips, out: Path) -> None:
    ctx = desk.context(clip(clips, "b_frames"), out)
    gone = replace(ctx, source=out / "gone.mp4")
    with pytest.raises(StepFailed, match="not there any more") as failed:
        render.render(gone, 1, [ctx.plan.video[0].name])
    assert failed.value.code == "source_gone"


def test_parameter_sets_that_repeat_the_header_are_left_out(desk: Desk, clips: Clips, out: Path) -> None:
    plain = clips.counted("fit_plain.mp4", 60, "25", *COPIED)
    repeating = clips.counted("fit_repeating.mp4", 60, "25", "-x264-params", "level=4:repeat-headers=1")
    assert repeating.stat().st_size > plain.stat().st_size
    ctx = desk.context(repeating, out)
    assert ctx.plan.source_fit.code == "fit"
    top = ctx.plan.video[0]
    for k in range(ctx.plan.segments):
        render.render(ctx, k, [top.name])
    copy = desk.joined(ctx, top.name)
    sizes, source = ([int(packet["size"]) for packet in desk.packets(path)] for path in (copy, repeating))
    assert sizes[0] < source[0]
    assert sizes[1:] == source[1:]
    assert numbers(desk.pictures(copy)) == list(range(60))
