"""A look at a few seconds tells slides from film, the same way every time, and never keeps an upload from its plan."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from clips import COPIED, Clips, Desk

from infra.core.errors import StepFailed
from infra.core.media import MediaInfo
from transcode import title
from transcode.plan import Plan
from transcode.sampling import planned

pytestmark = pytest.mark.media
LECTURE = Path(__file__).parents[2] / "infra" / "demo" / "sample-lecture.mp4"
NOISE = ("-f", "lavfi", "-i", "testsrc2=s=1280x720:r=25:d=5,noise=alls=60:allf=t", *COPIED, "-preset", "ultrafast")
MOVING = ("-f", "lavfi", "-i", "mandelbrot=s=640x360:r=25:end_scale=0.1", "-t", "5", "-preset", "ultrafast")


def look(desk: Desk, path: Path) -> tuple[MediaInfo, Plan]:
    return planned(desk.info(path), path, desk.settings, desk.tools, desk.run)


def names(made: Plan) -> list[str]:
    return [rendition.name for rendition in made.of_codec("h264")]


def test_slides(desk: Desk) -> None:
    info, made = look(desk, LECTURE)
    assert info.video is not None
    assert len(info.video.samples) == 3
    assert title.is_screen(info.video.samples)
    assert names(made) == ["h264-1080p", "h264-720p", "h264-360p"]
    assert look(desk, LECTURE) == (info, made)


@pytest.mark.parametrize("args", [NOISE, MOVING], ids=["noise", "moving"])
def test_what_moves(desk: Desk, clips: Clips, args: tuple[str, ...]) -> None:
    info, made = look(desk, clips.make(f"sampled_{len(args)}.mp4", *args, "-pix_fmt", "yuv420p", "-c:v", "libx264"))
    assert info.video is not None
    assert len(info.video.samples) == 1, "a short one is looked at once"
    assert not title.is_screen(info.video.samples)
    assert made.of_codec("h264")[-1].capped == (args is NOISE)


@pytest.mark.parametrize("name, args", [
    ("sampled_slow.mp4", ("-r", "1/3")),
    ("sampled_60.mp4", ("-r", "60")),
    ("sampled.mkv", ()),
])
def test_any_rate_and_container_with_an_index(desk: Desk, clips: Clips, name: str, args: tuple[str, ...]) -> None:
    path = clips.make(name, "-f", "lavfi", "-i", "color=navy:s=640x360:r=30:d=24", *args, "-c:v", "libx264",
                      "-pix_fmt", "yuv420p")
    info, made = look(desk, path)
    assert info.video is not None
    assert title.is_screen(info.video.samples)
    assert {sample.frames for sample in info.video.samples} == {max(2, round(made.frame_rate / 2))}


@pytest.mark.parametrize("picture, screen", [
    ("color=navy:s=640x360:r=25:d=24", True),
    ("testsrc2=s=640x360:r=25:d=24,noise=alls=60:allf=t", False),
], ids=["slides", "noise"])
@pytest.mark.parametrize("name, encoder", [
    ("timed.ts", ("-c:v", "libx264", "-preset", "ultrafast", "-g", "125")),
    ("timed.mpg", ("-c:v", "mpeg2video", "-q:v", "5", "-g", "12")),
], ids=["ts", "mpg"])
def test_without_an_index_places_are_found_by_time(desk: Desk, clips: Clips, name: str, encoder: tuple[str, ...],
                                                   picture: str, screen: bool) -> None:
    info, _ = look(desk, clips.make(f"{screen}_{name}", "-f", "lavfi", "-i", picture, "-pix_fmt", "yuv420p", *encoder))
    assert not info.seekable and info.video is not None
    assert len(info.video.samples) == 3
    assert title.is_screen(info.video.samples) is screen


def test_where_a_place_is_found_by_reading_all_before_it_none_is_looked_for(desk: Desk, clips: Clips) -> None:
    info = desk.info(clips.make("sampled.flv", *NOISE, "-flvflags", "no_duration_filesize", "-pix_fmt", "yuv420p", "-c:v",
                                "libx264"))
    assert not info.seekable
    assert planned(info, Path("never-opened"), desk.settings, desk.tools, desk.run)[0] == info


def test_a_look_that_fails_leaves_the_usual_plan(desk: Desk) -> None:
    def broken(*args: Any, **more: Any) -> Any:
        raise StepFailed("tool_timed_out", "It took too long.")
    info = desk.info(LECTURE)
    made = planned(info, LECTURE, desk.settings, desk.tools, broken)
    assert made[0] == info
    assert names(made[1]) == ["h264-1080p", "h264-720p", "h264-480p", "h264-360p"]
