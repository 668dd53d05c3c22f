"""A recording is replaced in the studio, while somebody watches it: a wrong file changes nothing, the right one plays."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from browsing import Watching
from lecture_clips import Shape, make, without_moov
from playwright.sync_api import expect
from service import Service

VTT = "WEBVTT\n\n00:00.500 --> 00:30.000\nWhat a person wrote.\n"


def test_a_recording_is_replaced_under_the_eyes_of_a_learner(service: Service, watch: Callable[..., Watching],
                                                             tmp_path: Path) -> None:
    # So much longer than a player fetches ahead that it needs pieces of the other recording, however slow the machine is.
    first = make(tmp_path / "first.mp4", Shape(duration_s=200, size="320x180", rate=10, gop=20))
    better = make(tmp_path / "better.mp4", Shape(duration_s=200, size="480x360", rate=10, gop=20))
    video = service.upload(first, title="To be replaced", language="en")
    with service.client() as client:
        assert client.put(f"/api/v1/videos/{video['id']}/captions/en", content=VTT).status_code == 201
    viewer = watch(f"{service.url}{video['watch_url']}")
    viewer.play()
    viewer.until_true("video.currentTime > 1")
    assert viewer.ask("Math.max(...hls.levels.map((one) => one.width / one.height))") > 1.7

    studio = watch()
    page = studio.page
    page.goto(f"{service.url}/studio/videos/{video['id']}#key={service.key}")
    card = page.get_by_role("region", name="Replace the recording")
    card.locator("input[type=file]").set_input_files(without_moov(first, tmp_path / "broken.mp4"))
    expect(card.get_by_role("alert")).to_contain_text("The recording that was there stays.")
    viewer.until_true("video.currentTime > 3 && !video.paused")  # nothing has happened to it
    assert service.video(video["id"])["source"]["replaced_at"] is None

    card.locator("input[type=file]").set_input_files(better)
    expect(card.get_by_text("captions and chapters that people made stay")).to_be_visible()
    preview = page.frame_locator("iframe.preview")
    expect(preview.locator("video")).to_be_visible()
    viewer.ask("void (video.currentTime = 190)")  # not fetched yet, and of a recording that is gone
    viewer.until_true("!video.seeking && video.currentTime > 190.5 && !video.paused")
    assert viewer.ask("Math.max(...hls.levels.map((one) => one.width / one.height))") < 1.4
    assert viewer.ask("video.textTracks.length") == 1
    with service.client() as client:
        assert "What a person wrote." in client.get(f"/api/v1/videos/{video['id']}/captions/en").text
        titles = [one["title"] for one in client.get("/api/v1/videos", params={"q": "better"}).json()["items"]]
    assert titles == []  # what it was uploaded as is no video beside it
    for one in (viewer, studio):
        one.page.goto("about:blank")
        one.complaints[:] = [text for text in one.complaints if not any(part in text for part in ("422", "404"))]
