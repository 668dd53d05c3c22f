"""A cell made from a file that holds only its own parts, zeros elsewhere, is the cell made from the whole file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import cast

import pytest
from clips import CORPUS, Clips, Desk, digests

from infra.core.ports import Parts, Storage
from infra.storage.local import LocalStorage
from transcode import render
from transcode.render import RenderContext
from transcode.source_parts import source_parts

pytestmark = pytest.mark.media
CORPUS_FILES = sorted(path for path in CORPUS.rglob("*") if path.suffix in (".mp4", ".mov", ".m4v", ".mkv", ".webm"))


class FarAway(LocalStorage):
    """A directory that is said to be on the network."""

    remote = True


def sparse(source: Path, copy: Path, parts: Parts) -> int:
    """Make `copy` hold only `parts` of `source`; how many bytes that are."""
    size = source.stat().st_size
    seen = 0
    with source.open("rb") as whole, copy.open("wb") as file:
        file.truncate(size)
        for start, end in parts:
            assert 0 <= start <= end
            whole.seek(start)
            file.seek(start)
            seen += file.write(whole.read(min(end, size) - start))
    return seen


@contextmanager
def whole_and_sparse(desk: Desk, source: Path, out: Path, k: int) -> Iterator[tuple[RenderContext, RenderContext, float]]:
    info = desk.info(source)
    whole = desk.context(source, out / "whole", info)
    storage = FarAway(out / "far")
    (out / "copied").write_bytes(source.read_bytes())
    storage.put("source", out / "copied")
    start_s, end_s = whole.plan.start_s(k), whole.plan.start_s(k + 1)
    parts = source_parts(cast(Storage, storage), "source", info, whole.plan, start_s, end_s)
    if parts is None:
        pytest.skip("no index: the whole file is needed")
    holes = out / "holes"
    share = sparse(source, holes, parts) / source.stat().st_size
    few = desk.context(source, out / "few", info)
    yield whole, RenderContext(few.plan, few.keys, holes, few.work, few.storage, few.tools, few.run, few.max_pixels), share


def cells(ctx: RenderContext, k: int) -> dict[str, str]:
    """The smallest size, the packets that are copied, and the sound: all sizes are made of the same decoded frames."""
    sizes = [each.name for each in ctx.plan.video if each.copied is not None or each == ctx.plan.video[-1]]
    render.render(ctx, k, [*sizes, *(track.name for track in ctx.plan.audio)])
    return digests(ctx)


@pytest.mark.parametrize("options", [
    pytest.param(("-bf", "2", "-g", "100"), id="b-frames"),
    pytest.param(("-bf", "0", "-g", "25"), id="short-groups", marks=pytest.mark.slow),
    pytest.param(("-g", "1000", "-movflags", "+faststart"), id="one-group"),
    pytest.param(("-c:v", "mpeg4", "-q:v", "3", "-g", "1"), id="key-frames-only", marks=pytest.mark.slow),
])
@pytest.mark.parametrize("ending", ["mp4", "mkv"])
def test_every_cell_of_a_clip(desk: Desk, clips: Clips, out: Path, options: tuple[str, ...], ending: str) -> None:
    if ending == "mkv":
        options = tuple(option for option in options if "movflags" not in option and "faststart" not in option)
    name = f"parts{'_'.join(options)}.{ending}".replace(":", "")
    source = clips.counted(name, 1500, "25", *options, size="640x360")
    for k in (0, 8):
        with whole_and_sparse(desk, source, out / str(k), k) as (whole, few, _):
            assert cells(whole, k) == cells(few, k), k


@pytest.mark.parametrize("ending", ["mp4", "mkv"])
def test_a_long_source_is_fetched_in_small_part(desk: Desk, clips: Clips, out: Path, ending: str) -> None:
    minute = clips.counted("parts_minute.mp4", 1500, "25", "-g", "100", size="640x360")
    source = clips.make(f"parts_long.{ending}", "-stream_loop", "29", "-i", str(minute), "-c", "copy", reads=(minute,))
    with whole_and_sparse(desk, source, out, 150) as (whole, few, share):
        assert cells(whole, 150) == cells(few, 150)
        assert share < 0.1


@pytest.mark.corpus
@pytest.mark.slow
@pytest.mark.parametrize("source", CORPUS_FILES, ids=lambda path: path.name)
def test_a_cell_in_the_middle_of_every_corpus_file(desk: Desk, source: Path, out: Path) -> None:
    try:
        middle = desk.context(source, out / "plan").plan.segments // 2
    except Exception as refused:  # what is no video is another test's matter
        pytest.skip(str(refused))
    with whole_and_sparse(desk, source, out, middle) as (whole, few, _):
        assert cells(whole, middle) == cells(few, middle)


def test_the_whole_file_where_nothing_is_known(desk: Desk, clips: Clips, out: Path) -> None:
    source = clips.counted("parts.ts", 250, "25")
    info = desk.info(source)
    plan = desk.context(source, out, info).plan
    assert source_parts(cast(Storage, FarAway(out / "far")), "source", info, plan, Fraction(0), Fraction(6)) is None


SOUNDS = {
    "low.m4a": ("-map", "0", "-map", "1", "-ar", "22050", "-c:a", "aac"),
    "two.mkv": ("-map", "2", "-map", "0", "-map", "1", "-c:v", "libx264", "-g", "5", "-c:a", "libmp3lame"),
    "six.mov": ("-map", "2", "-map", "0", "-map", "1", "-c:v", "libx264", "-g", "1", "-ac", "6", "-c:a", "pcm_s16le"),
}


@pytest.mark.parametrize(("name", "options"), SOUNDS.items(), ids=list(SOUNDS))
def test_a_cell_of_every_sound_track(desk: Desk, clips: Clips, out: Path, name: str, options: tuple[str, ...]) -> None:
    source = clips.make(
        name, "-f", "lavfi", "-i", "anoisesrc=a=0.3:r=48000:d=40:seed=1", "-f", "lavfi", "-i", "sine=500:duration=40",
        "-f", "lavfi", "-i", "testsrc=size=64x36:rate=25:duration=40", *options)
    with whole_and_sparse(desk, source, out, 5) as (whole, few, _):
        assert len(whole.plan.audio) >= 2
        for ctx in (whole, few):
            render.render(ctx, 5, [track.name for track in ctx.plan.audio])
        assert digests(whole) == digests(few)
