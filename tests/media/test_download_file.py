"""The file for download: the very samples of the cells, in step, playable from its first bytes."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from clips import FIRST_FLASH, Clips, Desk, beep_times, flash_times, numbers

from infra.core import keys
from infra.core.boxes import boxes
from infra.core.errors import StepFailed
from infra.core.keys import PlanKeys
from infra.core.steps import StepContext, VideoRecord
from infra.storage.local import LocalStorage
from transcode import download, steps
from transcode.plan import Plan, plan

pytestmark = pytest.mark.media


def context(desk: Desk, source: Path, out: Path, key: str = "", **changes: Any) -> tuple[StepContext, Plan]:
    info = desk.info(source)
    made = plan(info, desk.tools.encoder, ("h264",))
    storage = LocalStorage(out / "storage")
    (out / "copied").write_bytes(source.read_bytes())
    storage.put(keys.source("o_1", "v_1"), out / "copied")
    work = out / "work"
    work.mkdir()
    video = VideoRecord("v_1", "o_1", "Title", None, info, made.id, made.model_dump(mode="json"))
    fields: dict[str, Any] = {"video": video, "key": key or made.video[-1].name, "work": work, "settings": desk.settings,
                              "storage": storage, "tools": desk.tools, "run": desk.run, "progress": lambda part: None,
                              "check": lambda: None}
    return StepContext(**(fields | changes)), made


def finished(ctx: StepContext, made: Plan, out: Path) -> tuple[Path, dict[str, Any]]:
    outcome = download.make(ctx)
    assert outcome is not None
    path = out / "made.mp4"
    path.write_bytes(ctx.storage.read(PlanKeys.of("o_1", "v_1", made.id).download(ctx.key)))
    return path, outcome


@pytest.mark.parametrize(("name", "options"), [
    ("down.mp4", ()),
    ("down_late.mp4", ("-c:a", "aac", "-ar", "44100")),
    ("down.mkv", ("-c:a", "libopus")),
])
def test_picture_and_sound_are_those_of_the_cells_and_in_step(desk: Desk, clips: Clips, out: Path, name: str,
                                                              options: tuple[str, ...]) -> None:
    ctx, made = context(desk, clips.flashing(name, *options, seconds=6), out)
    path, outcome = finished(ctx, made, out)
    data = path.read_bytes()
    assert [box.kind for box in boxes(data)] == [b"ftyp", b"moov", b"mdat"]
    assert outcome == {"size_bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}

    shown = flash_times(desk.pictures(path), made)
    raw = out / "sound.f32"
    desk.ffmpeg("-i", path, "-map", "0:a:0", "-ac", "1", "-f", "f32le", raw, reads=(path,), work=out)
    heard = beep_times(np.fromfile(raw, np.float32), made.audio[0])
    assert abs(shown[0] - FIRST_FLASH / 25) <= 0.001
    assert len(shown) == len(heard)
    assert np.abs(shown - heard).max() <= 0.02

    packets = desk.packets(path)
    video = [float(p["pts_time"]) for p in packets if p["codec_type"] == "video"]
    audio = [float(p["pts_time"]) for p in packets if p["codec_type"] == "audio"]
    assert len(video) == made.boundaries[-1]
    assert min(video) == 0
    assert np.abs(np.sort(video) - np.arange(len(video)) / 25).max() < 1e-5
    assert abs(audio[0] - made.audio[0].offset_samples / made.audio[0].sample_rate_hz) < 1e-4
    assert len(audio) == made.audio[0].boundaries[-1]


def test_every_frame_is_there_without_sound_and_with_odd_rates(desk: Desk, clips: Clips, out: Path) -> None:
    ctx, made = context(desk, clips.counted("down30.mp4", 150, "30000/1001", size="640x360"), out)
    whole = [out / "a", out / "b"]
    path, first = finished(ctx, made, out)
    assert numbers(desk.pictures(path)) == list(range(150))
    where = PlanKeys.of("o_1", "v_1", made.id)
    cells = out / "cells.mp4"
    cells.write_bytes(b"".join([ctx.storage.read(where.init(ctx.key)),
                                *(ctx.storage.read(where.cell(ctx.key, k)) for k in range(made.segments))]))
    for file, to in zip((path, cells), whole, strict=True):
        desk.ffmpeg("-i", file, "-map", "0:v", "-c", "copy", "-f", "h264", to, reads=(file,), work=out)
    assert whole[0].read_bytes() == whole[1].read_bytes()
    # Nothing is rendered again, and the same bytes come out.
    def never(*_: Any, **__: Any) -> Any:
        raise AssertionError("rendered again")
    again, _ = context(desk, clips.counted("down30.mp4", 150, "30000/1001", size="640x360"), out / "storage", run=never,
                       storage=ctx.storage)
    assert download.make(again) == first


def test_missing_cells_are_rendered_first(desk: Desk, clips: Clips, out: Path) -> None:
    ctx, made = context(desk, clips.counted("down30.mp4", 150, "30000/1001", size="640x360"), out)
    steps.render_missing(ctx, made, 1, [ctx.key])
    where = PlanKeys.of("o_1", "v_1", made.id)
    kept = ctx.storage.stat(where.cell(ctx.key, 1))
    finished(ctx, made, out)
    assert ctx.storage.stat(where.cell(ctx.key, 1)) == kept


def test_a_rendition_that_is_not_there(desk: Desk, clips: Clips, out: Path) -> None:
    ctx, _ = context(desk, clips.counted("down30.mp4", 150, "30000/1001", size="640x360"), out, key="h264-4320p")
    with pytest.raises(StepFailed, match="no rendition"):
        download.make(ctx)
