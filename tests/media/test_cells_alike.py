"""A cell is the same bytes whoever renders it, and whatever is rendered beside it."""

from __future__ import annotations

from pathlib import Path

import pytest
from clips import CORPUS, KEYS, Clips, Desk, digests

from transcode import render

pytestmark = pytest.mark.media


@pytest.fixture
def source(clips: Clips) -> Path:
    return clips.counted("three_rungs.mp4", 250, "25", size="1280x720")


def test_a_cell_rendered_alone_is_the_cell_of_the_background_fill(desk: Desk, source: Path, out: Path) -> None:
    alone, filled = desk.context(source, out / "alone"), desk.context(source, out / "filled")
    names = [rendition.name for rendition in alone.plan.video]
    assert len(names) == 3
    progress: list[float] = []
    render.fill(filled, 0, filled.plan.segments, names, progress.append, lambda: None)
    assert progress == sorted(progress)
    assert progress[-1] == 1
    render.render_inits(alone, names)
    for k in reversed(range(alone.plan.segments)):
        for name in reversed(names):
            render.render(alone, k, [name])
    assert digests(alone) == digests(filled)
    assert len(digests(alone)) == 3 * (alone.plan.segments + 1)


def test_a_cell_is_the_same_in_every_run(desk: Desk, source: Path, out: Path) -> None:
    results = set()
    for attempt in range(4):
        ctx = desk.context(source, out / str(attempt))
        name = ctx.plan.video[0].name
        render.render(ctx, 3, [name])
        results.add(ctx.storage.read(KEYS.cell(name, 3)))
    assert len(results) == 1


@pytest.mark.corpus
@pytest.mark.slow
def test_a_cell_of_a_film_is_the_same_in_every_run(desk: Desk, out: Path) -> None:
    # Where x264's lookahead had a thread of its own, one in about twenty of these came out otherwise.
    results = set()
    for attempt in range(4):
        ctx = desk.context(CORPUS / "lectures" / "talking_heads_vp9_noaudio.webm", out / str(attempt))
        render.render(ctx, 4, [rendition.name for rendition in ctx.plan.video if rendition.codec == "h264"])
        results.add(frozenset(digests(ctx).items()))
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
