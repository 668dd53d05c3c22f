"""A source that is a rendition as it is: players switch between its own packets and encoded rungs, and notice nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from browsing import Watching
from lecture_clips import Shape, make
from playwright.sync_api import Page
from service import Service
from test_other_players import H264, opened, page  # noqa: F401  # a fixture

SECONDS, COPIED, ENCODED = 14, 480, 360


@pytest.fixture(scope="module")
def video(service: Service, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """14 s at 480p with B-frames and a key frame every 3 s."""
    shape = Shape(duration_s=SECONDS, size="854x480", gop=75,
                  codec=("-c:v", "libx264", "-preset", "veryfast", "-bf", "3", "-level", "3.1"))
    made = service.upload(make(tmp_path_factory.mktemp("fit") / "fit.mp4", shape), title="As it is")
    assert made["source"]["fit"] == {
        "fit": True, "code": "fit", "message": "The source is a good H.264 rendition: its own packets are the top rung."}
    assert {line["height_px"]: line["copied"] for line in made["renditions"]
            if line["codec"] == "h264"} == {COPIED: True, ENCODED: False}
    return made


@pytest.mark.slow
def test_hls_js_switches_between_copied_and_encoded_cells(watch: Callable[..., Watching], service: Service,
                                                          video: dict[str, Any]) -> None:
    seen = watch(f"{service.url}{video['watch_url']}")
    seen.play()
    levels = seen.ask("hls.levels.map(level => level.videoCodec.startsWith('avc1') ? level.height : 0)")
    for height in (COPIED, ENCODED, COPIED):
        seen.seek(1)  # far from the end, however long the last one took
        seen.ask(f"void (hls.currentLevel = {levels.index(height)})")
        seen.until_true(f"video.videoHeight === {height} && video.readyState >= 3")
    seen.ask(f"void (hls.nextLevel = {levels.index(ENCODED)})")
    seen.seek(10)
    # No gap where cells of both kinds meet.
    seen.until_true("[...Array(video.buffered.length).keys()].some(i => video.buffered.start(i) <= 10 "
                    "&& video.buffered.end(i) > 11)")
    seen.until_true("video.ended", 90)
    assert seen.ask("video.duration") == pytest.approx(SECONDS, abs=0.1)
    assert seen.ask("video.getVideoPlaybackQuality().corruptedVideoFrames ?? 0") == 0


@pytest.mark.parametrize(("player", "manifest"), [("shaka", "master.m3u8"), ("shaka", "manifest.mpd"),
                                                  ("dashjs", "manifest.mpd")])
def test_other_players_switch_between_copied_and_encoded_cells(
    service: Service, video: dict[str, Any], players: Path, page: Page, player: str, manifest: str,  # noqa: F811
) -> None:
    true = opened(service, players, page, player, manifest, video["playback_id"], H264[player])
    true("window.ready")
    page.evaluate("void video.play()")
    for height in (COPIED, ENCODED, COPIED):
        page.evaluate("void (video.currentTime = 1, video.play())")  # far from the end, however long the last one took
        page.evaluate(f"pick({height})")
        true(f"video.videoHeight === {height} && video.readyState >= 3")
    page.evaluate("void (video.currentTime = 12)")
    true("window.ended")
    assert page.evaluate("video.duration") == pytest.approx(SECONDS, abs=0.1)
