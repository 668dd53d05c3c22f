"""The watch page in a real browser, on a video that is being rendered while it is watched."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from browsing import Watching
from lecture_clips import ffmpeg
from service import Service, until

Watch = Callable[..., Watching]


@pytest.fixture(scope="module")
def video(service: Service, clip: Path) -> dict[str, Any]:
    """The lecture; it is being rendered while the first tests watch it."""
    return service.upload(clip, title="What is a <cell>?")


@pytest.fixture(scope="module")
def url(service: Service, video: dict[str, Any]) -> str:
    return f"{service.url}{video['watch_url']}"


@pytest.fixture
def fresh(service: Service, clip: Path, tmp_path: Path) -> Iterator[dict[str, Any]]:
    """A video of five minutes that has just been uploaded: most of it is not rendered yet."""
    long = tmp_path / "long.mp4"
    subprocess.run([ffmpeg(), "-v", "error", "-stream_loop", "7", "-i", str(clip), "-c", "copy", str(long)],
                   check=True, timeout=60)
    made = service.upload(long)
    yield made
    with service.client() as client:  # the rest need not be rendered
        client.delete(f"/api/v1/videos/{made['id']}")


def test_it_plays_from_the_first_second_without_gap_or_lost_frame(watch: Watch, url: str) -> None:
    page = watch(url)
    assert page.page.title() == "What is a <cell>? · Lectern"
    page.play()
    page.until_true("video.currentTime > 8")
    begin, end = page.ranges()[0]
    assert len(page.ranges()) == 1
    assert begin == 0
    assert end > 8
    frames = page.ask("(({totalVideoFrames: all, droppedVideoFrames: lost}) => ({all, lost}))"
                      "(video.getVideoPlaybackQuality())")
    assert frames["all"] >= 150, frames
    assert frames["lost"] <= frames["all"] * 0.2, frames  # two busy cores decode and draw in software
    assert page.ask("video.videoWidth") > 0


def test_it_starts_and_seeks_where_nothing_is_rendered_yet(watch: Watch, service: Service,
                                                           fresh: dict[str, Any]) -> None:
    page = watch(f"{service.url}{fresh['watch_url']}")
    page.play()
    page.until_true("video.currentTime > 1")
    page.seek(200)
    assert service.video(fresh["id"])["status"] == "processing"
    assert page.ask("video.currentTime") < 215
    page.seek(290)


def test_every_quality_can_be_had(watch: Watch, url: str, video: dict[str, Any]) -> None:
    page = watch(url)
    page.play()
    heights = page.ask("hls.levels.map(level => level.videoCodec.startsWith('avc1') ? level.height : 0)")
    wanted = sorted({rendition["height_px"] for rendition in video["renditions"]})
    assert sorted(filter(None, heights)) == wanted
    for height in wanted:
        page.ask(f"void (hls.currentLevel = {heights.index(height)})")
        page.until_true(f"video.videoHeight === {height} && video.readyState >= 3")


def test_the_menus_change_quality_and_speed(watch: Watch, url: str) -> None:
    page = watch(url)
    page.play()
    quality = page.menu("Quality")
    assert [option.strip() for option in quality.locator("option").all_inner_texts()][1:] == ["720p", "480p", "360p"]
    for size in (360, 720):
        quality.select_option(label=f"{size}p")
        page.until_true(f"video.videoHeight === {size} && !hls.autoLevelEnabled")
    quality.select_option(value="-1")
    page.until_true("hls.autoLevelEnabled")
    page.menu("Speed").select_option(label="2×")
    page.until_true("video.playbackRate === 2")


def test_it_seeks_near_the_end_and_ends(watch: Watch, url: str) -> None:
    page = watch(url)
    page.ask("video.addEventListener('ended', () => (window.hasEnded = true))")
    page.play()
    page.seek(37)
    page.until_true("window.hasEnded && video.ended")
    assert abs(page.ask("video.duration") - 40) < 0.1
    assert abs(page.ask("video.currentTime") - 40) < 0.1
    page.ask("void (video.currentTime = 2)")
    page.play()
    page.until_true("!video.ended && video.currentTime > 2.5 && video.currentTime < 10")


def test_keys_control_it(watch: Watch, url: str) -> None:
    page = watch(url)
    press = page.page.keyboard.press
    press("m")
    page.until_true("video.muted")
    press("k")
    page.until_true("!video.paused && video.currentTime > 0.2")
    press("k")
    page.until_true("video.paused")
    press("5")
    page.until_true("Math.abs(video.currentTime - 20) < 0.1")
    press("l")
    page.until_true("Math.abs(video.currentTime - 30) < 0.1")
    press("j")
    press("ArrowLeft")
    page.until_true("Math.abs(video.currentTime - 15) < 0.1")
    press(">")
    page.until_true("video.playbackRate === 1.25")
    press("ArrowDown")
    page.until_true("Math.abs(video.volume - 0.9) < 0.01")
    press("f")
    page.until_true("document.fullscreenElement !== null")
    press("Space")
    page.until_true("!video.paused")
    press("?")
    shortcuts = page.page.get_by_role("dialog", name="Keyboard shortcuts")
    shortcuts.wait_for()
    assert "captions on or off" in shortcuts.inner_text()
    press("k")  # the player is behind the dialog
    press("Escape")
    shortcuts.wait_for(state="hidden")
    assert not page.ask("video.paused")


def test_the_position_and_the_speed_are_remembered(watch: Watch, url: str) -> None:
    page = watch(url)
    page.play()
    page.seek(20)
    page.menu("Speed").select_option(label="1.5×")
    page.ask("video.pause()")
    left_s = page.ask("video.currentTime")
    page.page.goto("about:blank")
    page.open(url)
    page.until_true(f"Math.abs(video.currentTime - {left_s}) < 0.5")
    assert page.ask("video.playbackRate") == 1.5
    assert page.menu("Speed").input_value() == "1.5"
    page.open(f"{url}?t=11")
    page.until_true("Math.abs(video.currentTime - 11) < 0.5")


def test_the_page_can_stand_in_a_frame_of_another_site_only_where_it_is_meant_to(
        watch: Watch, service: Service, video: dict[str, Any]) -> None:
    with service.client() as client:
        policies = {name: client.get(f"/{name}/{video['playback_id']}").headers["Content-Security-Policy"]
                    for name in ("watch", "embed")}
    assert "frame-ancestors 'none'" in policies["watch"]
    assert "frame-ancestors" not in policies["embed"]


def test_an_embedded_player_fills_its_frame(watch: Watch, service: Service, video: dict[str, Any]) -> None:
    page = watch(f"{service.url}/embed/{video['playback_id']}", viewport={"width": 560, "height": 315})
    page.play()
    page.until_true("video.currentTime > 1")
    box = page.ask("video.getBoundingClientRect().toJSON()")
    assert [box[side] for side in ("left", "top", "width", "height")] == [0, 0, 560, 315]
    assert page.ask("document.documentElement.scrollHeight") == 315


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (360, 740)])
def test_the_page_fits_the_screen(watch: Watch, url: str, width: int, height: int) -> None:
    page = watch(url, viewport={"width": width, "height": height})
    page.until_true("document.querySelector('.settings select').options.length > 2")
    assert page.ask("document.documentElement.scrollWidth") == width
    assert page.ask("document.querySelector('.bar').getBoundingClientRect().bottom") <= height
    if width >= 1000:  # else the texts stand below the player
        assert page.ask("document.documentElement.scrollHeight") <= height


def test_a_wrong_link_says_so(watch: Watch, service: Service) -> None:
    page = watch()
    answer = page.page.goto(f"{service.url}/watch/p_nothing")
    assert answer is not None
    assert answer.status == 404
    assert "There is no such video" in page.page.inner_text("main")
    page.complaints.clear()  # the browser reports the 404


def test_a_video_deleted_while_it_is_watched_says_so(watch: Watch, service: Service, fresh: dict[str, Any]) -> None:
    page = watch(f"{service.url}{fresh['watch_url']}")
    with service.client() as client:
        assert client.delete(f"/api/v1/videos/{fresh['id']}").status_code == 204
        until(lambda: client.get(fresh["playlist_url"]).status_code == 404, 5, "it plays no more")
    page.ask("void (video.muted = true, video.play().catch(() => {}))")  # which may wait for ever, as nothing comes
    page.ask("void (video.currentTime = 250)")
    page.page.wait_for_selector("[role=alert]:not([hidden])")
    assert page.page.inner_text("[role=alert] span")
    page.complaints.clear()  # the browser reports each 404
