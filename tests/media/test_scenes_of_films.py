"""The scenes of a film whose cuts are known: pieces of moving pictures, one after the other."""

from __future__ import annotations

import subprocess
from itertools import accumulate
from pathlib import Path

import pytest
from clips import Desk
from slide_truth import footage, rendered, step_context

from enrich.scene import load
from enrich.scenes import scenes
from infra.core.errors import StepFailed

pytestmark = pytest.mark.media

RATE = 24
# What moves, and for how many frames: zooms, flickering cells, colours that flow, a picture that is scrolled.
PIECES = (("mandelbrot=size=640x360", 77), ("life=size=640x360:mold=10:ratio=0.1", 60),
          ("gradients=size=640x360:speed=0.05:seed=4", 118), ("testsrc2=size=640x360", 95), ("sierpinski=size=640x360", 101),
          ("gradients=size=640x360:speed=0.02:seed=9", 130))


def film(desk: Desk, path: Path) -> Path:
    inputs = [word for source, frames in PIECES for word in (
        "-f", "lavfi", "-i", f"{source}:rate={RATE},trim=end_frame={frames},format=yuv420p")]
    subprocess.run([str(desk.tools.ffmpeg), "-v", "error", *inputs, "-filter_complex", f"concat=n={len(PIECES)}:v=1:a=0",
                    "-c:v", "libx264", "-preset", "ultrafast", "-crf", "20", str(path)], check=True, timeout=120)
    return path


def test_the_scenes_of_a_film(desk: Desk, out: Path) -> None:
    ctx = rendered(desk, film(desk, out / "film.mp4"), out)
    step = step_context(desk, ctx)
    assert scenes(step, footage(ctx)) == {"scenes": len(PIECES)}
    stored = load(ctx.storage, "o", "v")
    assert stored is not None
    ends_s = [frames / RATE for frames in accumulate(frames for _, frames in PIECES)]
    assert [scene.start_s for scene in stored.scenes] == pytest.approx([0, *ends_s[:-1]], abs=1.5 / RATE)
    assert [scene.end_s for scene in stored.scenes] == pytest.approx(ends_s, abs=1.5 / RATE)
    assert all(scene.start_s < scene.image / 10 < scene.end_s for scene in stored.scenes)


def test_a_film_that_is_not_rendered_yet_is_looked_at_later(desk: Desk, out: Path) -> None:
    ctx = desk.context(film(desk, out / "film.mp4"), out)
    with pytest.raises(StepFailed) as failure:
        scenes(step_context(desk, ctx), footage(ctx))
    assert (failure.value.code, failure.value.retryable) == ("not_rendered", True)
