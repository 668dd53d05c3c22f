"""Trick-play pictures: cut out of the cells, each exactly the frame that the playlist says."""

from __future__ import annotations

from pathlib import Path

import pytest
from clips import KEYS, Clips, Desk, numbers, psnr_db

from infra.core.errors import NotFound
from transcode import render, render_trickplay, trickplay
from transcode.render import RenderContext

pytestmark = pytest.mark.media


def cells(ctx: RenderContext) -> None:
    for k in range(ctx.plan.segments):
        render.render(ctx, k, [trickplay.base(ctx.plan).name])


def stored(ctx: RenderContext) -> dict[str, bytes]:
    return {item.key: ctx.storage.read(item.key) for item in ctx.storage.list(f"{trickplay.NAME}/")}


@pytest.mark.parametrize(("name", "rate", "options"), [("tricks.mp4", "25", ()), ("tricks30.mkv", "30000/1001", ())])
def test_every_picture_is_the_frame_of_its_time(desk: Desk, clips: Clips, out: Path, name: str, rate: str,
                                                options: tuple[str, ...]) -> None:
    ctx = desk.context(clips.counted(name, 370, rate, *options, size="640x360"), out)
    cells(ctx)
    assert render_trickplay.missing(ctx, 0, ctx.plan.segments) == list(range(ctx.plan.segments))
    render_trickplay.render_pictures(ctx, 0, ctx.plan.segments)
    assert render_trickplay.missing(ctx, 0, ctx.plan.segments) == []
    starts = trickplay.frames(ctx.plan)
    path = out / "tricks.mp4"
    init = ctx.storage.read(KEYS.init(trickplay.NAME))
    path.write_bytes(init + b"".join(ctx.storage.read(KEYS.cell(trickplay.NAME, n)) for n in range(len(starts))))
    shown = desk.pictures(path)
    assert numbers(shown) == starts
    whole = desk.pictures(desk.joined(ctx, trickplay.base(ctx.plan).name))
    assert psnr_db(shown, whole[starts]).min() > 30
    packets = desk.packets(path)
    assert len(packets) == len(starts)
    for packet, start in zip(packets, starts, strict=True):
        assert abs(float(packet["dts_time"]) - start / ctx.plan.frame_rate) < 0.001
        assert packet["flags"].startswith("K")
    # Alone, it decodes too: each is an IDR.
    alone = out / "alone.mp4"
    alone.write_bytes(init + ctx.storage.read(KEYS.cell(trickplay.NAME, 4)))
    assert numbers(desk.pictures(alone)) == [starts[4]]


def test_alone_or_together_they_are_the_same_bytes(desk: Desk, clips: Clips, out: Path) -> None:
    source = clips.counted("tricks.mp4", 370, "25", size="640x360")
    together, alone = desk.context(source, out / "a"), desk.context(source, out / "b")
    for ctx in (together, alone):
        cells(ctx)
    render_trickplay.render_pictures(together, 0, together.plan.segments)
    for k in reversed(range(alone.plan.segments)):
        render_trickplay.render_pictures(alone, k, k + 1)
    assert stored(together) == stored(alone)
    assert len(stored(alone)) == 8


def test_a_dense_picture_stays_within_the_declared_bandwidth(desk: Desk, clips: Clips, out: Path) -> None:
    noise = clips.make("noise.mp4", "-f", "lavfi", "-i", "testsrc2=s=640x360:r=5:d=5", "-vf",
                       "noise=alls=60:allf=t,format=yuv420p", "-c:v", "libx264", "-preset", "ultrafast", "-crf", "10")
    ctx = desk.context(noise, out)
    cells(ctx)
    render_trickplay.render_pictures(ctx, 0, ctx.plan.segments)
    sizes = [len(data) for key, data in stored(ctx).items() if key.endswith("m4s")]
    assert max(sizes) < trickplay.MAX_BYTES + 200


def test_a_calm_picture_is_as_good_beside_dense_ones(desk: Desk, clips: Clips, out: Path) -> None:
    # The header belongs to all pictures: it must not hold the quantiser that the dense ones came to.
    half = clips.make("half_noise.mp4", "-f", "lavfi", "-i", "testsrc2=s=640x360:r=5:d=8", "-vf",
                      "noise=alls=60:allf=t:enable='gte(t,4)',format=yuv420p", "-c:v", "libx264", "-preset", "ultrafast",
                      "-crf", "10")
    ctx = desk.context(half, out)
    cells(ctx)
    render_trickplay.render_pictures(ctx, 0, ctx.plan.segments)
    starts = trickplay.frames(ctx.plan)
    calm = [frame for frame in starts if frame < 20]
    path = out / "tricks.mp4"
    path.write_bytes(b"".join([ctx.storage.read(KEYS.init(trickplay.NAME)), *(
        ctx.storage.read(KEYS.cell(trickplay.NAME, n)) for n in range(len(starts)))]))
    whole = desk.pictures(desk.joined(ctx, trickplay.base(ctx.plan).name))
    assert psnr_db(desk.pictures(path)[:len(calm)], whole[calm]).min() > 35


def test_without_the_cells_nothing_is_published(desk: Desk, clips: Clips, out: Path) -> None:
    ctx = desk.context(clips.counted("tricks.mp4", 370, "25", size="640x360"), out)
    with pytest.raises(NotFound):
        render_trickplay.render_pictures(ctx, 0, 1)
    assert stored(ctx) == {}
