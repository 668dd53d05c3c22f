"""A cell is the same bytes whoever renders it, and whatever is rendered beside it."""

from __future__ import annotations

from pathlib import Path

import pytest
from clips import KEYS, Clips, Desk

from transcode import render

pytestmark = pytest.mark.media


@pytest.fixture
def source(clips: Clips) -> Path:
    return clips.counted("three_rungs.mp4", 250, "25", size="1280x720")


def stored(ctx: render.RenderContext) -> dict[str, bytes]:
    return {item.key: ctx.storage.read(item.key) for item in ctx.storage.list("")}


def test_a_cell_rendered_alone_is_the_cell_of_the_background_fill(desk: Desk, source: Path, out: Path) -> None:
    alone, filled = desk.context(source, out / "alone"), desk.context(source, out / "filled")
    names = [rendition.name for rendition in alone.plan.video]
    assert len(names) == 3
    progress: list[float] = []
    render.fill(filled, 0, filled.plan.segments, names, progress.append, lambda: None)
    assert progress == sorted(progress)
    assert progress[-1] == 1
    render.render_inits(alone)
    for k in reversed(range(alone.plan.segments)):
        for name in reversed(names):
            render.render(alone, k, [name])
    assert stored(alone) == stored(filled)
    assert len(stored(alone)) == 3 * (alone.plan.segments + 1)


def test_a_cell_is_the_same_in_every_run(desk: Desk, source: Path, out: Path) -> None:
    results = set()
    for attempt in range(4):
        ctx = desk.context(source, out / str(attempt))
        name = ctx.plan.video[0].name
        render.render(ctx, 3, [name])
        results.add(ctx.storage.read(KEYS.cell(name, 3)))
    assert len(results) == 1


def test_a_cell_beyond_the_cap_is_encoded_with_it_the_same_in_every_run(desk: Desk, clips: Clips, out: Path) -> None:
    noise = clips.make("noise.mp4", "-f", "lavfi", "-i",
                       "nullsrc=size=1280x720:rate=25:duration=6,geq=random(1)*255:128:128",
                       "-c:v", "libx264", "-preset", "ultrafast", "-crf", "10", "-pix_fmt", "yuv420p")
    info = desk.info(noise)
    assert info.video is not None
    # A source that claims to be thin: the cap is not set from the start.
    thin = info.model_copy(update={"video": info.video.model_copy(update={"bit_rate_bps": 1_000_000})})
    results = set()
    for attempt in range(2):
        ctx = desk.context(noise, out / str(attempt), thin)
        top = ctx.plan.video[0]
        assert not top.capped
        render.render(ctx, 1, [rendition.name for rendition in ctx.plan.video])
        cell = ctx.storage.read(KEYS.cell(top.name, 1))
        seconds = ctx.plan.frames(1) / ctx.plan.frame_rate
        assert 0.5 * top.max_bps * seconds < len(cell) * 8 < 1.1 * top.max_bits(seconds)
        results.add(cell)
    assert len(results) == 1


def test_encoded_sound_is_the_same_in_every_run(desk: Desk, clips: Clips, out: Path) -> None:
    source = clips.flashing("alike.mkv", "-c:a", "aac")
    results = set()
    for attempt in range(2):
        ctx = desk.context(source, out / str(attempt))
        for k in range(ctx.plan.segments):
            render.render(ctx, k, ["aac"])
        results.add(desk.joined(ctx, "aac").read_bytes())
    assert len(results) == 1


def test_what_is_there_is_not_rendered_again(desk: Desk, source: Path, out: Path) -> None:
    ctx = desk.context(source, out)
    name = ctx.plan.video[-1].name
    render.render(ctx, 0, [name])
    before = ctx.storage.stat(KEYS.cell(name, 0))
    ctx.source.stat()
    gone = render.RenderContext(ctx.plan, ctx.keys, out / "no such file", ctx.work, ctx.storage, ctx.tools, ctx.run,
                                ctx.max_pixels)
    render.render(gone, 0, [name])
    assert ctx.storage.stat(KEYS.cell(name, 0)) == before


def test_the_work_folder_is_empty_afterwards(desk: Desk, source: Path, out: Path) -> None:
    ctx = desk.context(source, out)
    render.render(ctx, 0, [rendition.name for rendition in ctx.plan.video])
    assert list(ctx.work.iterdir()) == []
