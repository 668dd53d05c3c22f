"""AV1 and VP9 cells keep the promises of H.264 cells: the same bytes whoever makes them, whole, on the grid."""

from __future__ import annotations

from pathlib import Path

import pytest
from clips import KEYS, Clips, Desk, numbers

from infra.core import boxes
from transcode import render

pytestmark = pytest.mark.media
other = pytest.mark.parametrize("codec", ["av1", "vp9"])


@other
def test_a_cell_rendered_alone_is_the_cell_of_the_background_fill(desk: Desk, clips: Clips, out: Path, codec: str) -> None:
    source = clips.counted("two_rungs.mp4", 190, "25", size="854x480")
    alone, filled = (desk.context(source, out / name, codecs=(codec,)) for name in ("alone", "filled"))
    names = [rendition.name for rendition in alone.plan.video]
    assert names == [f"{codec}-480p", f"{codec}-360p"]
    render.fill(filled, 0, filled.plan.segments, names, lambda progress: None, lambda: None)
    for k in reversed(range(alone.plan.segments)):
        for name in names:
            render.render(alone, k, [name])
    stored = [{item.key: ctx.storage.read(item.key) for item in ctx.storage.list("")} for ctx in (alone, filled)]
    assert stored[0] == stored[1]
    for rendition in alone.plan.video:
        assert boxes.video_codecs(stored[0][KEYS.init(rendition.name)]) == rendition.codecs
    if codec == "vp9":  # the packaged ffmpeg decodes no AV1: browsers do, in tests/e2e/test_codecs.py
        assert numbers(desk.pictures(desk.joined(alone, names[0]))) == list(range(190))


@other
def test_the_header_of_one_frame_is_that_of_every_cell(desk: Desk, clips: Clips, out: Path, codec: str) -> None:
    """Also of a last segment of one frame, and of one with the rate cap: all cells of a rendition share it."""
    source = clips.counted("one_rung.mp4", 151, "25", size="320x180")
    ctx = desk.context(source, out, codecs=(codec,))
    (rendition,) = ctx.plan.video
    render.render_inits(ctx, [rendition.name])
    for k in range(ctx.plan.segments):
        render.render(ctx, k, [rendition.name])
    again = ctx.plan.model_copy(update={"video": (rendition.model_copy(update={"capped": True}),)})
    capped = desk.context(source, out / "capped", codecs=(codec,))
    render.render_inits(render.RenderContext(again, KEYS, source, capped.work, capped.storage, ctx.tools, ctx.run,
                                             ctx.max_pixels), [rendition.name])
    assert capped.storage.read(KEYS.init(rendition.name)) == ctx.storage.read(KEYS.init(rendition.name))


@pytest.mark.parametrize("codec", ["h264", "av1", "vp9"])
def test_a_cell_beyond_the_cap_is_encoded_with_it_the_same_in_every_run(desk: Desk, clips: Clips, out: Path,
                                                                        codec: str) -> None:
    noise = clips.make("noise.mp4", "-f", "lavfi", "-i",
                       "nullsrc=size=320x180:rate=25:duration=4,geq=random(1)*255:128:128",
                       "-c:v", "libx264", "-preset", "ultrafast", "-crf", "10", "-pix_fmt", "yuv420p")
    results = set()
    for attempt in range(2):
        ctx = desk.context(noise, out / str(attempt), codecs=(codec,))
        (top,) = ctx.plan.video
        low = top.model_copy(update={"max_bps": 1_000_000, "buffer_bits": 1_000_000})
        low_plan = ctx.plan.model_copy(update={"video": (low,)})
        render.render(render.RenderContext(low_plan, KEYS, noise, ctx.work, ctx.storage, ctx.tools, ctx.run,
                                           ctx.max_pixels), 1, [low.name])
        cell = ctx.storage.read(KEYS.cell(low.name, 1))
        seconds = ctx.plan.frames(1) / ctx.plan.frame_rate
        assert len(cell) * 8 < (1.3 if codec == "vp9" else 1.1) * low.max_bits(seconds)  # VP9 knows no hard limit
        results.add(cell)
    assert len(results) == 1
