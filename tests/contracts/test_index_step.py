"""A source without an index, through the real application: its copy is made, read in its place, kept and deleted with it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from analytics_app import Site
from test_trimming_api import Lecturer

from infra.core import keys
from infra.core.keys import PlanKeys
from infra.core.media import MediaInfo
from infra.core.settings import Settings
from infra.db.models import Video
from infra.tools import find_tools
from transcode.plan import Plan


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """30 s with sound, as a camera writes it."""
    path = tmp_path_factory.mktemp("clips") / "camera.ts"
    subprocess.run([find_tools(Settings()).ffmpeg, "-v", "error", "-f", "lavfi", "-i", "testsrc=size=320x180:rate=10",
                    "-f", "lavfi", "-i", "sine", "-t", "30", "-pix_fmt", "yuv420p", "-g", "30", path], check=True)
    return {"camera": path}


@pytest.mark.parametrize("kind", ["sqlite", "postgresql", "s3"], indirect=True)
def test_pictures_are_made_of_the_copy(site: Site, clips: dict[str, Path]) -> None:
    lecturer = Lecturer(site, clips)
    _, video_id = lecturer.send("camera")
    app = site.app
    assert lecturer.states(video_id, ["index"]) == {"index": "ready"}
    app.engine.run_step(video_id, "index")
    assert lecturer.states(video_id, ["index"]) == {"index": "done"}
    assert {"indexed", "source"} <= set(lecturer.stored(video_id))

    with app.database.read() as session:
        video = session.get_one(Video, video_id)
        plan, where = Plan.model_validate(video.plan), PlanKeys.of("ours", video_id, video.plan_id or "")
        info = MediaInfo.model_validate(video.media_info)
    assert info.indexed is not None and info.indexed.seekable and not info.seekable
    source, name = keys.source("ours", video_id), plan.of_codec("h264")[-1].name
    kept = app.storage.read(source)
    app.storage.put(source, b"nobody reads this")
    app.engine.run_step(video_id, "fill", f"h264:0-{plan.segments}")
    assert all(app.storage.stat(where.cell(name, k)) for k in range(plan.segments))
    app.storage.put(source, kept)
    app.engine.run_step(video_id, "fill", f"aac:0-{plan.segments}")  # the sound is made of the source
    assert all(app.storage.stat(where.cell("aac", k)) for k in range(plan.segments))

    lecturer.trimmed(video_id, 10, 20)
    assert lecturer.states(video_id, ["index"]) == {}
    lecturer.sweep()
    assert [name for name in lecturer.stored(video_id) if "/" not in name] == ["indexed", "source"]
    app.storage.put(source, b"nobody reads this")
    with app.database.read() as session:
        video = session.get_one(Video, video_id)
        plan, where = Plan.model_validate(video.plan), PlanKeys.of("ours", video.folder, video.plan_id or "")
    app.engine.run_step(video_id, "fill", f"h264:0-{plan.segments}")
    assert all(app.storage.stat(where.cell(name, k)) for k in range(plan.segments))

    lecturer.api.delete(f"/api/v1/videos/{video_id}")
    lecturer.sweep()
    assert lecturer.stored(video_id) == []
