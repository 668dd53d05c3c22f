"""Stills and storyboards: each picture is the one of its time, and costs no more than it must."""

from __future__ import annotations

import hashlib
from fractions import Fraction
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from clips import HEIGHT, KEYS, WIDTH, Clips, Desk, numbers
from test_download_file import context
from test_source_parts import CORPUS, FarAway, sparse

from infra.core.keys import PlanKeys
from infra.core.ports import Storage
from transcode import render_pictures, steps, storyboard
from transcode.key_frames import near_enough
from transcode.render import RenderContext
from transcode.source_parts import source_parts

pytestmark = pytest.mark.media


def dense(ctx: RenderContext, j: int = 0) -> bool:
    data = ctx.source.read_bytes()
    return near_enough(lambda at, length: data[at:at + length], len(data), ctx.plan, *storyboard.sheet_span(ctx.plan, j))


def tiles(desk: Desk, ctx: RenderContext, j: int, folder: Path) -> list[int]:
    """The numbers that the tiles of sheet j show."""
    shape = storyboard.board(ctx.plan)
    path = folder / f"sheet{j}.jpg"
    path.write_bytes(ctx.storage.read(KEYS.sheet(j)))
    raw = path.with_suffix(".raw")
    desk.ffmpeg("-i", path, "-pix_fmt", "gray", "-f", "rawvideo", raw, reads=(path,), work=folder)
    sheet = np.fromfile(raw, np.uint8).reshape(shape.rows * shape.height_px, shape.columns * shape.width_px)
    assert (shape.width_px, shape.height_px) == (WIDTH, HEIGHT)
    cut = [sheet[r * HEIGHT:(r + 1) * HEIGHT, c * WIDTH:(c + 1) * WIDTH]
           for r in range(shape.rows) for c in range(shape.columns)]
    return numbers(np.stack(cut[:shape.tiles_of(j)]))


def test_a_still_is_the_picture_at_its_time(desk: Desk, clips: Clips, out: Path) -> None:
    ctx = desk.context(clips.counted("thumbnails.mp4", 300, "25", size="854x480"), out)
    for at_s, frame in ((0, 0), (7.32, 182), (10, 250), (70, 297)):  # to a tenth of a second
        n = render_pictures.still(ctx.plan, at_s)
        render_pictures.render_still(ctx, n)
        path = out / f"{n}.jpg"
        path.write_bytes(ctx.storage.read(KEYS.still(n)))
        assert numbers(desk.pictures(path)) == [frame]


@pytest.mark.parametrize(("name", "options", "key_frames", "picked"), [
    # A key frame every 4 s: the last one before three quarters of each ten seconds.
    ("board4.mp4", ("-g", "20"), True, [20, 80, 120, 180, 220, 280]),
    ("board4.mkv", ("-g", "20"), True, [20, 80, 120, 180, 220, 280]),
    ("board4.ts", ("-g", "20", "-bf", "0"), True, [20, 80, 120, 180, 220, 280]),
    # One in the whole clip: its middle, by decoding.
    ("board.mp4", ("-g", "1000"), False, [25, 75, 125, 175, 225, 275]),
    ("board.mkv", ("-g", "1000"), False, [25, 75, 125, 175, 225, 275]),
])
def test_the_tiles_of_a_sheet(desk: Desk, clips: Clips, out: Path, name: str, options: tuple[str, ...], key_frames: bool,
                              picked: list[int]) -> None:
    ctx = desk.context(clips.counted(name, 290, "5", *options, "-sc_threshold", "0", size="640x360"), out)
    assert dense(ctx) is key_frames
    render_pictures.render_sheet(ctx, 0, key_frames=key_frames)
    assert tiles(desk, ctx, 0, out) == picked


def test_later_sheets_and_the_rest_of_the_last(desk: Desk, clips: Clips, out: Path) -> None:
    ctx = desk.context(clips.counted("boards.mp4", 1360, "5", "-g", "25", "-sc_threshold", "0", size="640x360"), out)
    assert storyboard.board(ctx.plan).sheets == 2
    for j in (1, 0):
        assert dense(ctx, j)
        render_pictures.render_sheet(ctx, j, key_frames=True)
    assert tiles(desk, ctx, 0, out) == [25 + 50 * n for n in range(25)]
    assert tiles(desk, ctx, 1, out) == [1275, 1325, 1350]  # the last tile has 2 s, and one key frame


@pytest.mark.parametrize(("ending", "j", "most"), [("mp4", 0, 0.7), ("mp4", 1, 0.2), ("mkv", 1, 0.3)])
def test_a_sheet_of_a_remote_source_takes_only_its_key_frames(desk: Desk, clips: Clips, out: Path, ending: str, j: int,
                                                              most: float) -> None:
    minutes = clips.counted("boards.mp4", 1360, "5", "-g", "25", "-sc_threshold", "0", size="640x360")
    path = clips.make(f"boards.{ending}", "-i", str(minutes), "-c", "copy", reads=(minutes,))
    whole = desk.context(path, out / "whole")
    storage = FarAway(out / "far")
    (out / "copied").write_bytes(path.read_bytes())
    storage.put("source", out / "copied")
    parts = source_parts(cast(Storage, storage), "source", desk.info(path), whole.plan,
                         *storyboard.sheet_span(whole.plan, j), only_key_frames=True)
    assert parts is not None
    holes = out / "holes"
    share = sparse(path, holes, parts) / path.stat().st_size
    few = RenderContext(whole.plan, KEYS, holes, whole.work, type(storage)(out / "few"), desk.tools, desk.run, 1 << 30)
    for ctx in (whole, few):
        render_pictures.render_sheet(ctx, j, key_frames=True)
    assert few.storage.read(KEYS.sheet(j)) == whole.storage.read(KEYS.sheet(j))
    assert share < most


def test_the_same_sheet_again_is_the_same_bytes(desk: Desk, clips: Clips, out: Path) -> None:
    source = clips.counted("board4.mp4", 290, "5", "-g", "20", "-sc_threshold", "0", size="640x360")
    made = []
    for run in ("a", "b"):
        ctx = desk.context(source, out / run)
        render_pictures.render_sheet(ctx, 0, key_frames=True)
        made.append(hashlib.sha256(ctx.storage.read(KEYS.sheet(0))).hexdigest())
    assert made[0] == made[1]


def test_a_black_beginning_is_no_poster(desk: Desk, clips: Clips, out: Path) -> None:
    source = clips.make("fade.mp4", "-f", "lavfi", "-i", "testsrc2=s=640x360:r=10:d=20", "-vf",
                        "drawbox=c=black:t=fill:enable='lt(t,4)'", "-c:v", "libx264", "-preset", "ultrafast")
    ctx = desk.context(source, out)
    found = render_pictures.choose_poster(ctx.plan, lambda at_s: render_pictures.detail_at(ctx, at_s))
    assert found == Fraction(5)


@pytest.mark.corpus
def test_a_source_whose_key_frames_are_none_still_has_a_storyboard(desk: Desk, out: Path) -> None:
    source = CORPUS / "tech" / "sample_with_srt.mkv"
    if not source.is_file():
        pytest.skip("no corpus beside the checkout")
    ctx, made = context(desk, source, out, key="0")
    steps.sheet(ctx)
    assert ctx.storage.stat(PlanKeys.of("o_1", "v_1", made.id).sheet(0))
