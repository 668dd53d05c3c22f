"""A cell is the same bytes whoever renders it, and whatever is rendered beside it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from clips import BURSTS, CORPUS, KEYS, VARIABLE, Clips, Desk, digests

from infra.core.command import Command
from infra.core.errors import StepFailed
from infra.core.steps import Completed
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


# What would make a difference if decoding began elsewhere: far key frames, rates that change, no index, fields.
SOURCES = {
    "far.mp4": ("-g", "250"),
    "far_and_variable.mkv": ("-g", "250", "-vf", BURSTS, *VARIABLE),
    "no_index.ts": ("-g", "50"),
    "fields.mp4": ("-g", "75", "-flags", "+ilme+ildct", "-vf", "setfield=tff"),
}


@pytest.mark.parametrize("name", ["far.mp4", "no_index.ts", *(
    pytest.param(name, marks=pytest.mark.slow) for name in ("far_and_variable.mkv", "fields.mp4"))])
def test_a_cell_decoded_with_others_is_the_same(desk: Desk, clips: Clips, out: Path, name: str) -> None:
    source = clips.counted(name, 500, "25", "-sc_threshold", "0", *SOURCES[name])
    alone, filled = desk.context(source, out / "alone"), desk.context(source, out / "filled")
    names = [rendition.name for rendition in alone.plan.video]
    commands: list[Command] = []

    def run(command: Command, *args: Any, **how: Any) -> Completed:
        commands.append(command)
        return desk.run(command, *args, **how)

    render.fill(replace(filled, run=run), 0, filled.plan.segments, names, lambda progress: None, lambda: None)
    # Deinterlacing looks at the frame before: there each segment begins its own decode, wherever it is rendered.
    assert (len(commands) < filled.plan.segments) is not filled.plan.deinterlace
    for k in range(alone.plan.segments):
        render.render(alone, k, names)
    assert digests(alone) == digests(filled)


def test_a_segment_that_can_not_be_rendered_does_not_take_others_along(desk: Desk, clips: Clips, out: Path) -> None:
    source = clips.counted("far.mp4", 500, "25", "-sc_threshold", "0", *SOURCES["far.mp4"])
    ctx = desk.context(source, out)
    name = ctx.plan.video[0].name
    last = ctx.plan.segments - 1

    def run(command: Command, *args: Any, **how: Any) -> Completed:
        if any(word.endswith(f"{name}-{last}.mp4") for word in command.argv):
            raise StepFailed("tool_failed", "The decoder gave up.")
        return desk.run(command, *args, **how)

    with pytest.raises(StepFailed, match="could not be rendered"):
        render.fill(replace(ctx, run=run), last - 2, last + 1, [name], lambda progress: None, lambda: None)
    there = [ctx.storage.stat(KEYS.cell(name, k)) is not None for k in range(last - 2, last + 1)]
    assert there == [True, True, False]


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
