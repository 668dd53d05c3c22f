"""The start and the end of a recording are trimmed in the studio, while somebody watches it, and all of it comes back."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from browsing import Watching
from lecture_clips import Shape, make
from playwright.sync_api import expect
from service import Service, until

VTT = "WEBVTT\n\n00:02.000 --> 00:05.000\nWe are waiting.\n\n00:20.000 --> 00:24.000\nWelcome.\n"
CHAPTERS = [{"start_s": 0, "title": "Noise"}, {"start_s": 12, "title": "Lecture"}, {"start_s": 48, "title": "Graphs"}]
SHOWN_CUES = ("[...video.textTracks].filter((one) => one.mode === 'showing').flatMap((one) => [...one.cues ?? []]"
              ".map((cue) => [cue.startTime, cue.text]))")
PLAYER = "const video = document.querySelector('video')"


def players_are_told(service: Service, video: dict[str, Any], before: str) -> str:
    """Wait until the playlist names pieces of another version; which. A web process looks again after 2 s."""
    with service.client("") as client:
        def version() -> str | None:
            found = re.search(r"~(\w+)/", client.get(video["playlist_url"]).text)
            return found[1] if found and found[1] != before else None

        return str(until(version, 20, "another version in the playlist"))


def beside(viewer: Watching, sentences: list[str], chapters: list[str], duration: str) -> None:
    """Wait until all that stands beside the player, and its time bar, is of one part of the recording."""
    page = viewer.page
    expect(page.locator(".said p")).to_have_text(sentences)
    expect(page.locator("nav.chapters button")).to_have_text(chapters)
    expect(page.locator(".scrub .cuts i")).to_have_count(len(chapters) - 1)
    expect(page.get_by_role("slider", name="Time", exact=True)).to_have_attribute("aria-valuemax", duration)


def test_a_recording_is_trimmed_under_the_eyes_of_a_learner(service: Service, watch: Callable[..., Watching],
                                                            tmp_path: Path) -> None:
    # Longer than a player fetches ahead, so that it needs pieces when another part is shown.
    video = service.upload(make(tmp_path / "lecture.mp4", Shape(duration_s=70, size="320x180", rate=10, gop=20)),
                           title="To be trimmed", language="en")
    with service.client() as client:
        assert client.put(f"/api/v1/videos/{video['id']}/captions/en", content=VTT).status_code == 201
        assert client.put(f"/api/v1/videos/{video['id']}/chapters", json=CHAPTERS).status_code == 200
    viewer = watch(f"{service.url}{video['watch_url']}")
    beside(viewer, ["We are waiting.", "Welcome."], ["0:00 Noise", "0:12 Lecture", "0:48 Graphs"], "70")
    search = viewer.page.get_by_role("searchbox")
    search.fill("welcome")
    expect(viewer.page.locator(".hits .time")).to_have_text(["0:20"])
    viewer.page.locator("h1").click()
    viewer.page.keyboard.press("c")
    viewer.play()
    viewer.until_true("video.currentTime > 1")
    viewer.ask("video.pause()")  # with half a minute ahead

    studio = watch()
    page = studio.page
    page.goto(f"{service.url}/studio/videos/{video['id']}#key={service.key}")
    page.get_by_role("link", name="Trim").click()
    start, end = (page.get_by_role("slider", name=name) for name in ("Start", "End"))
    expect(page.get_by_text("1:10.000 of 1:10.000 stay.")).to_be_visible()
    expect(page.get_by_role("button", name="Trim", exact=True)).to_be_disabled()
    expect(page.locator(".pictures i").first).to_be_visible()
    # By keyboard, by the player's second, by typing, by mouse.
    start.focus()
    for key in ("Shift+ArrowRight", "ArrowRight", "ArrowRight", "ArrowLeft", "Home", "Shift+ArrowRight"):
        page.keyboard.press(key)
    expect(start).to_have_attribute("aria-valuetext", "0:10.000")
    page.wait_for_function(f"() => {{ {PLAYER}; return !video.seeking && video.readyState >= 2; }}")
    page.evaluate("() => void (document.querySelector('video').currentTime = 12)")
    page.get_by_role("button", name="Start here").click()
    expect(page.get_by_role("textbox", name="Start")).to_have_value("0:12.000")
    typed = page.get_by_role("textbox", name="End")
    for text, fault in (("soon", "Write a time such as 1:02.5."), ("2:00", "The recording ends at 1:10.000."),
                        ("0:10", "The end has to come after the start."), ("0:13", "At least 2 seconds have to stay.")):
        typed.fill(text)
        typed.press("Tab")
        expect(page.get_by_text(fault)).to_be_visible()
        expect(typed).to_have_attribute("aria-invalid", "true")
    typed.fill("1:00")
    typed.press("Tab")
    rail = page.locator(".rail").bounding_box()
    handle = end.bounding_box()
    assert rail and handle
    page.mouse.move(handle["x"] + handle["width"] / 2, handle["y"] + 5)
    page.mouse.down()
    page.mouse.move(rail["x"] + rail["width"] * 66 / 70, handle["y"] + 9, steps=4)
    page.mouse.up()
    assert abs(float(end.get_attribute("aria-valuenow") or 0) - 66) < 0.5
    typed.fill("1:06")
    typed.press("Tab")
    expect(page.get_by_text("0:54.000 of 1:10.000 stay.")).to_be_visible()
    page.get_by_role("button", name="Play the end").click()
    page.wait_for_function(f"() => {{ {PLAYER}; return video.paused && video.currentTime > 65.9; }}")
    page.get_by_role("button", name="Trim", exact=True).click()
    expect(page.get_by_text("Done: viewers see 0:54.000 from now on.")).to_be_visible()
    expect(page.get_by_text("Viewers see 0:12.000 to 1:06.000 of a recording of 1:10.000.")).to_be_visible()

    told = players_are_told(service, video, "")
    # Not fetched yet, and not what is shown by now.
    at_s = viewer.ask("(video.currentTime = 54, video.play().catch(() => {}), 54)")
    viewer.until_true("Math.abs(video.duration - 54) < 0.2 && !video.seeking && !video.paused && video.readyState >= 3")
    assert at_s - 12 <= viewer.ask("video.currentTime") < at_s - 12 + 5  # it goes on at the same moment
    beside(viewer, ["Welcome."], ["0:00 Lecture", "0:36 Graphs"], "54")  # and so does all that stands beside it
    expect(viewer.page.locator(".hits .time")).to_have_text(["0:08"])
    viewer.until_true("Object.values(JSON.parse(localStorage['lectern.positions'] ?? '{}')).some((at_s) => at_s > 54)")
    viewer.open(f"{service.url}{video['watch_url']}")
    back_s = viewer.ask("video.currentTime")
    assert at_s - 12 <= back_s  # and comes back to it
    fresh = watch(f"{service.url}{video['watch_url']}")
    assert abs(fresh.ask("video.duration") - 54) < 0.2
    track = fresh.until_true("[...video.textTracks].find((one) => (one.mode = 'hidden', one.cues?.length === 1))?.cues[0]"
                             " && [...video.textTracks].flatMap((one) => [...one.cues].map((cue) =>"
                             " [cue.startTime, cue.text]))")
    assert track == [[8, "Welcome."]]

    with service.client() as client:  # where somebody is may be cut off: then it is over
        assert client.put(f"/api/v1/videos/{video['id']}/trim", json={"start_s": 12, "end_s": 40}).status_code == 200
    players_are_told(service, video, told)
    fresh.ask("(video.currentTime = 50, video.play().catch(() => {}), 50)")
    fresh.until_true("Math.abs(video.duration - 28) < 0.2 && video.paused && Math.abs(video.currentTime - 27.5) < 0.2")

    # The whole recording is there to be shown again, in one go; of what is cut off there is nothing to be seen.
    page.reload()
    expect(page.get_by_text("0:28.000 of 1:10.000 stay.")).to_be_visible()
    expect(start).to_have_attribute("aria-valuetext", "0:12.000")
    expect(end).to_have_attribute("aria-valuetext", "0:40.000")
    rail, pictures = page.locator(".rail").bounding_box(), page.locator(".pictures").bounding_box()
    assert rail and pictures
    assert abs(pictures["x"] - rail["x"] - rail["width"] * 12 / 70) < 2
    assert abs(pictures["width"] - rail["width"] * 28 / 70) < 2
    for handle_, key in ((start, "ArrowLeft"), (start, "ArrowLeft"), (end, "End")):
        handle_.focus()
        page.keyboard.press(key)
    expect(page.get_by_text("Cut off now: it can be played")).to_have_count(2)
    expect(page.get_by_role("button", name="Play the start")).to_be_disabled()
    page.get_by_role("button", name="Trim", exact=True).click()
    expect(page.get_by_text("Done: viewers see 1:00.000 from now on.")).to_be_visible()
    expect(page.get_by_text("Viewers see 0:10.000 to 1:10.000 of a recording of 1:10.000.")).to_be_visible()

    page.get_by_role("button", name="Show all of it").click()
    expect(page.get_by_text("Done: viewers see all of the recording again.")).to_be_visible()
    expect(page.get_by_text("1:10.000 of 1:10.000 stay.")).to_be_visible()
    with service.client() as client:
        assert "We are waiting." in client.get(f"/api/v1/videos/{video['id']}/captions/en").text
    # Who has it standing in another tab, and needs no piece, sees it when they come back.
    beside(viewer, ["Welcome."], ["0:00 Lecture", "0:36 Graphs"], "54")
    viewer.page.evaluate("() => void document.dispatchEvent(new Event('visibilitychange'))")
    beside(viewer, ["We are waiting.", "Welcome."], ["0:00 Noise", "0:12 Lecture", "0:48 Graphs"], "70")
    viewer.until_true(f"video.paused && Math.abs(video.currentTime - {back_s + 12}) < 0.5")
    viewer.ask("void (video.currentTime = 19)")
    viewer.until_true(f"JSON.stringify({SHOWN_CUES}) === JSON.stringify([[20, 'Welcome.']])")  # captions are still on
    for one in (viewer, studio, fresh):
        one.page.goto("about:blank")
        one.complaints[:] = [text for text in one.complaints if "404" not in text]
