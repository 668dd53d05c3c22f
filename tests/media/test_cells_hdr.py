"""A source that describes its mastering screen: a cell made alone has the header of those made together."""

from __future__ import annotations

from pathlib import Path

from clips import KEYS, Clips, Desk

from transcode import render


def test_what_a_source_says_of_its_screen_does_not_tell_cells_apart(desk: Desk, clips: Clips, out: Path) -> None:
    screen = "G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,1)"
    source = clips.counted("hdr.mp4", 75, "25", "-color_primaries", "bt2020", "-color_trc", "smpte2084", "-colorspace",
                           "bt2020nc", "-x264-params", f"level=5.1:mastering-display={screen}:cll=1000,400")
    ctx = desk.context(source, out)
    small, large = ctx.plan.video[-1].name, ctx.plan.video[0].name
    assert small != large
    render.render(ctx, 0, [small])
    render.render(ctx, 1, [large, small])
    assert ctx.storage.stat(KEYS.cell(small, 1))
    assert b"mdcv" not in ctx.storage.read(KEYS.init(small))
