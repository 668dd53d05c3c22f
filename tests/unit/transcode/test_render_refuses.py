"""What is not exactly as planned is never published: a runner that writes something else stands for every failure."""

from __future__ import annotations

import struct
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from media_infos import ENCODER, source, video

from infra.core.cmaf import with_brand
from infra.core.command import Command
from infra.core.errors import StepFailed
from infra.core.keys import PlanKeys
from infra.core.steps import Completed, Tools
from infra.storage.local import LocalStorage
from transcode import render
from transcode.plan import plan, time_scale

PLAN = plan(source("mov", video(width_px=640, height_px=360, duration_s=Fraction(5))), ENCODER)
NAME = PLAN.video[0].name
KEYS = PlanKeys("")
TICK = int(time_scale(PLAN.frame_rate) / PLAN.frame_rate)


def box(kind: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I4s", len(body) + 8, kind) + body


def full(kind: bytes, flags: int, *numbers: int, after: bytes = b"") -> bytes:
    return box(kind, struct.pack(f">{len(numbers) + 1}I", flags, *numbers), after)


def init(codecs: str = PLAN.video[0].codecs, scale: int = time_scale(PLAN.frame_rate), more: bytes = b"") -> bytes:
    avc1 = box(b"avc1", bytes(78), box(b"avcC", b"\x01" + bytes.fromhex(codecs[5:]) + b"\xff"))
    stbl = box(b"stbl", full(b"stsd", 0, 1, after=avc1))
    trak = box(b"trak", box(b"mdia", full(b"mdhd", 0, 0, 0, scale, 0), box(b"minf", stbl)))
    return box(b"ftyp", b"iso6", bytes(4), b"iso6") + box(b"moov", trak, more)


def media(frames: int, decode_time: int, sync: bool = True, tick: int = TICK) -> bytes:
    flags = [0x2000000 if sync else 0x1010000] + [0x1010000] * (frames - 1)
    rows = b"".join(struct.pack(">III", tick, 3, flag) for flag in flags)
    trun = full(b"trun", 0x701, frames, 0, after=rows)
    traf = box(b"traf", full(b"tfhd", 0x20000, 1), full(b"tfdt", 0, decode_time), trun)
    return box(b"moof", full(b"mfhd", 0, 1), traf) + box(b"mdat", bytes(3 * frames))


def good(k: int) -> bytes:
    return init() + media(PLAN.frames(k), PLAN.boundaries[k] * TICK)


def context(folder: Path, files: Callable[[int], bytes], **changes: Any) -> render.RenderContext:
    """A context whose ffmpeg writes files(k) for cell k."""
    work = folder / "work"
    work.mkdir()

    def run(command: Command, **_: Any) -> Completed:
        for argument in command.argv:
            if argument.endswith(".mp4") and argument.startswith(f"file:{work}"):
                path = Path(argument.removeprefix("file:"))
                path.write_bytes(files(int(path.stem.rpartition("-")[2])))
        return Completed(b"", "", 0, 0)

    fields: dict[str, Any] = {"plan": PLAN, "keys": KEYS, "source": folder / "source", "work": work, "max_pixels": 1,
                              "storage": LocalStorage(folder / "storage"), "run": run,
                              "tools": Tools(Path("ffmpeg"), Path("ffprobe"), ENCODER)}
    return render.RenderContext(**(fields | changes))


def fill(ctx: render.RenderContext) -> None:
    render.fill(ctx, 0, PLAN.segments, [NAME], lambda progress: None, lambda: None)


def published(ctx: render.RenderContext) -> list[str]:
    return [item.key for item in ctx.storage.list("")]


def test_what_is_as_planned_is_published_with_its_number(tmp_path: Path) -> None:
    ctx = context(tmp_path, good)
    fill(ctx)
    assert published(ctx) == [f"{NAME}/{k}.m4s" for k in range(PLAN.segments)] + [f"{NAME}/init.mp4"]
    assert ctx.storage.read(KEYS.init(NAME)) == with_brand(init())
    for k in range(PLAN.segments):
        cell = ctx.storage.read(KEYS.cell(NAME, k))
        assert struct.unpack(">I", cell[cell.index(b"mfhd") + 8 :][:4]) == (k + 1,)


BAD = {
    "nothing": b"",
    "noise": b"noise" * 20,
    "no fragment": init(),
    "a frame too few": init() + media(PLAN.frames(1) - 1, PLAN.boundaries[1] * TICK),
    "a frame too many": init() + media(PLAN.frames(1) + 1, PLAN.boundaries[1] * TICK),
    "a tick late": init() + media(PLAN.frames(1), PLAN.boundaries[1] * TICK + 1),
    "the time of another cell": good(0),
    "no key frame": init() + media(PLAN.frames(1), PLAN.boundaries[1] * TICK, sync=False),
    "uneven frames": init() + media(PLAN.frames(1), PLAN.boundaries[1] * TICK, tick=TICK + 1),
    "two fragments": good(1) + media(1, 0),
    "cut off": good(1)[:-1],
    "another profile": init(codecs="avc1.42001e") + media(PLAN.frames(1), PLAN.boundaries[1] * TICK),
    "another time scale": init(scale=12_345) + media(PLAN.frames(1), PLAN.boundaries[1] * TICK),
}


@pytest.mark.parametrize("what", BAD)
def test_a_cell_that_is_not_as_planned_publishes_nothing(tmp_path: Path, what: str) -> None:
    ctx = context(tmp_path, lambda k: BAD[what] if k == 1 else good(k))
    with pytest.raises(StepFailed) as failed:
        render.render(ctx, 1, [NAME])
    assert failed.value.code == "bad_cell"
    assert published(ctx) == []


@pytest.mark.parametrize("what", ["nothing", "noise", "no fragment", "another profile", "another time scale"])
def test_an_init_section_that_is_not_as_planned_publishes_nothing(tmp_path: Path, what: str) -> None:
    ctx = context(tmp_path, lambda k: BAD[what])
    with pytest.raises(StepFailed) as failed:
        render.render_inits(ctx, [NAME])
    assert failed.value.code == "bad_cell"
    assert published(ctx) == []


def test_a_worker_whose_encoder_has_another_name_renders_nothing(tmp_path: Path) -> None:
    ctx = context(tmp_path, good, tools=Tools(Path("ffmpeg"), Path("ffprobe"), "ffmpeg-7-other"))
    for work in (lambda: render.render(ctx, 0, [NAME]), lambda: render.render_inits(ctx, [NAME])):
        with pytest.raises(StepFailed, match="ffmpeg-7-other") as failed:
            work()
        assert failed.value.code == "other_encoder"
    assert published(ctx) == []


def test_a_worker_whose_encoder_writes_another_header_adds_no_cell(tmp_path: Path) -> None:
    ctx = context(tmp_path, lambda k: init(more=box(b"free")) + media(PLAN.frames(k), PLAN.boundaries[k] * TICK))
    ctx.storage.put(KEYS.init(NAME), init())
    with pytest.raises(StepFailed) as failed:
        fill(ctx)
    assert failed.value.code == "other_encoder"
    assert published(ctx) == [KEYS.init(NAME)]


def test_what_is_there_costs_nothing(tmp_path: Path) -> None:
    ctx = context(tmp_path, good)
    fill(ctx)
    render.render_inits(ctx, [NAME])

    def never(command: Command, **_: Any) -> Completed:
        raise AssertionError(command.shell())

    again = render.RenderContext(PLAN, KEYS, ctx.source, ctx.work, ctx.storage, ctx.tools, never, 1)
    for k in range(PLAN.segments):
        render.render(again, k, [NAME, "no such rendition"])
    render.render_inits(again, [NAME])


def test_a_fill_that_is_called_off_stops_between_cells(tmp_path: Path) -> None:
    ctx = context(tmp_path, good)
    calls = []

    def check() -> None:
        calls.append(1)
        raise StepFailed("cancelled", "The video was deleted.")

    with pytest.raises(StepFailed):
        render.fill(ctx, 0, PLAN.segments, [NAME], lambda done: None, check)
    assert published(ctx) == []
