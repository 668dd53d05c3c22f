"""Colours come out as they were meant, tagged as BT.709: from BT.601, from full range, from high dynamic range."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from clips import KEYS, Clips, Desk

from infra.core.command import Command
from transcode import render

pytestmark = pytest.mark.media
X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-crf", "8", "-level", "5.1")  # not to be copied


def shown(desk: Desk, source: Path, out: Path) -> tuple[np.ndarray, dict[str, str]]:
    """The mean R, G, B (0..255) of the first picture of the top rung as a player shows it, and how it is tagged."""
    ctx = desk.context(source, out)
    top = ctx.plan.video[0].name
    render.render(ctx, 0, [top])
    path = out / "top.mp4"
    path.write_bytes(ctx.storage.read(KEYS.init(top)) + ctx.storage.read(KEYS.cell(top, 0)))
    raw = path.with_suffix(".rgb")
    desk.ffmpeg("-i", path, "-frames:v", "1", "-vf", "scale=in_color_matrix=bt709:in_range=tv,format=rgb24", "-f",
                "rawvideo", raw, reads=(path,), work=out)
    entries = "stream=color_range,color_space,color_transfer,color_primaries,pix_fmt"
    said = desk.run(Command((str(desk.tools.ffprobe), "-v", "error", "-show_entries", entries, "-of", "json", str(path)),
                            reads=(path,))).stdout
    return np.fromfile(raw, np.uint8).reshape(-1, 3).mean(axis=0), json.loads(said)["streams"][0]


@pytest.mark.parametrize("how", [
    {"matrix": "bt601", "range": "tv", "space": "smpte170m"}, {"matrix": "bt709", "range": "tv", "space": "bt709"},
    {"matrix": "bt601", "range": "pc", "space": "bt470bg"}, {"matrix": "bt601", "range": "tv", "space": None},
], ids=str)
def test_orange_stays_orange(desk: Desk, clips: Clips, out: Path, how: dict[str, str | None]) -> None:
    tags = ("-colorspace", str(how["space"])) if how["space"] else ()
    source = clips.make("orange.mp4", "-f", "lavfi", "-i", "color=c=0xE07020:s=320x180:r=25:d=1,format=rgb24", "-vf",
                        f"scale=out_color_matrix={how['matrix']}:out_range={how['range']},format=yuv420p", *X264,
                        "-color_range", str(how["range"]), *tags)
    colour, tagged = shown(desk, source, out)
    assert colour == pytest.approx([0xE0, 0x70, 0x20], abs=7)  # 8 bits of chroma, rounded twice
    assert tagged == {"color_range": "tv", "color_space": "bt709", "color_transfer": "bt709",
                      "color_primaries": "bt709", "pix_fmt": "yuv420p"}


@pytest.mark.parametrize(("transfer", "value", "expected"), [
    # PQ of 203 cd/m2 (reference white), 50 and 10; HLG of reference white (75 %): what BT.2390's curve makes of them.
    ("smpte2084", 0.5807, 0.903), ("smpte2084", 0.4403, 0.557), ("smpte2084", 0.3022, 0.285), ("arib-std-b67", 0.75, 0.903),
])
def test_high_dynamic_range_is_mapped(desk: Desk, clips: Clips, out: Path, transfer: str, value: float,
                                      expected: float) -> None:
    code = round(64 + 876 * value)
    source = clips.make("hdr.mp4", "-f", "lavfi", "-i",
                        f"nullsrc=s=320x180:r=25:d=1,format=yuv420p10le,geq=lum={code}:cb=512:cr=512,"
                        f"setparams=color_primaries=bt2020:color_trc={transfer}:colorspace=bt2020nc", *X264)
    colour, tagged = shown(desk, source, out)
    assert colour == pytest.approx([255 * expected] * 3, abs=4)
    assert (tagged["color_transfer"], tagged["pix_fmt"]) == ("bt709", "yuv420p")
