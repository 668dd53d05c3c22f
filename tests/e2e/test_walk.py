"""A newcomer's walk in one browser: upload, watch at once, find a sentence, correct it, see it, and be on the curve."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

from browsing import Watching
from granted import granted_s
from lecture_clips import ffmpeg
from playwright.sync_api import Page, expect
from service import Service

SAMPLE = Path(__file__).parents[2] / "infra/demo/sample-lecture.mp4"
A_SCREEN = "Mozilla/5.0 (X11; Linux x86_64) Chrome/156.0.0.0"  # a browser without one says so, and is not counted


def test_a_newcomers_walk(start: Callable[..., Service], watch: Callable[..., Watching], tmp_path: Path) -> None:
    talk = tmp_path / "First lecture.mp4"
    subprocess.run([ffmpeg(), "-v", "error", "-ss", "0", "-t", "18", "-i", SAMPLE, "-c", "copy", talk], check=True)
    service = start(LECTERN_TRANSCRIBE="true", LECTERN_ANALYTICS_K="1")  # as `lectern demo` has them
    studio = watch(user_agent=A_SCREEN)
    page = studio.page
    page.goto(f"{service.url}/studio#key={service.key}")

    page.locator("input[type=file]").set_input_files(talk)
    viewer = studio.follow(page.get_by_role("link", name="Watch it"))
    viewer.play()
    viewer.until_true("video.currentTime > 0.5")
    [video] = service.client().get("/api/v1/videos").json()["items"]
    assert video["status"] == "processing"  # it played before it was prepared

    viewer.page.get_by_label("Search inside").wait_for()
    expect(viewer.page.locator(".said")).to_contain_text("camera", timeout=90_000)  # by itself, as it is recognized
    viewer.page.keyboard.press("/")
    viewer.page.keyboard.type("camera")
    hit = viewer.page.get_by_role("list", name="Places that were found").get_by_role("button")
    expect(hit).to_have_count(1, timeout=60_000)
    hit.click()
    viewer.until_true("!video.seeking && video.currentTime > 9.5 && video.currentTime < 14.5")
    viewer.play()
    viewer.until_true("video.currentTime > 15")
    viewer.ask("video.pause()")

    _correct(page)
    viewer.page.bring_to_front()
    viewer.open(viewer.page.url)
    viewer.until_true("video.textTracks.length > 0")
    viewer.page.get_by_role("button", name="Captions").click()
    viewer.until_true("[...video.textTracks].some(track => track.mode === 'showing')")
    viewer.play()
    viewer.seek(10)
    viewer.until_true("[...video.textTracks].flatMap(track => [...track.cues ?? []])"
                      ".some(cue => cue.text.includes('CAMCORDER'))")
    expect(viewer.page.locator(".said")).to_contain_text("CAMCORDER")

    viewer.seek(3)
    viewer.until_true("video.currentTime > 5.2")
    viewer.ask("video.pause()")
    paused_s = granted_s()
    page.bring_to_front()
    page.get_by_role("link", name="Analytics", exact=True).last.click()
    curve = page.get_by_role("slider", name="Share of the learners who saw each second")
    curve.wait_for(timeout=5000)
    assert granted_s() - paused_s < 5
    curve.focus()
    page.keyboard.press("Home")
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    assert str(curve.get_attribute("aria-valuetext")).startswith("0:04: 100% saw it")
    for one in (viewer, studio):
        one.page.goto("about:blank")
    assert not viewer.complaints, viewer.complaints
    service.stop()


def _correct(page: Page) -> None:
    """In the studio, from the library to a saved caption."""
    page.bring_to_front()
    page.get_by_role("list", name="Videos").get_by_role("link", name="First lecture").click()
    page.get_by_role("link", name="Captions", exact=True).click()
    cue = page.locator(".cue", has_text="camera").first
    cue.get_by_role("button").last.click()
    text = page.locator(".cue.selected textarea")
    text.fill(text.input_value().replace("camera", "CAMCORDER"))
    page.keyboard.press("Control+s")
    page.get_by_text("Saved as revision").first.wait_for()
