"""A lecturer at work while it is live: what the API and the studio tell, and what becomes of it. With a real encoder."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from browsing import Watching
from playwright.sync_api import Page, expect
from service import Service, until
from test_accessible import RULES
from test_live_publishing import SLIDES, STREAMS, Channel, need

pytestmark = pytest.mark.real_time


@pytest.fixture(scope="module")
def service_of_live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    need("rtmp")
    need("srt")
    started = Service.start(tmp_path_factory.mktemp("live"), LECTERN_LIVE="true", LECTERN_RTMP_PORT="0",
                            LECTERN_SRT_PORT="0", LECTERN_ANALYTICS_K="1", LECTERN_COUNT_ROBOTS="true")
    yield started
    started.stop()


@pytest.fixture
def channel(service_of_live: Service) -> Iterator[Channel]:
    made = Channel(service_of_live)
    yield made
    made.close()


@pytest.fixture(scope="module")
def axe(players: Path) -> str:
    """The checker of pages, as a script."""
    return (players / "node_modules/axe-core/axe.min.js").read_text()


def test_a_video_that_is_deleted_while_it_is_live_ends_its_session(channel: Channel) -> None:
    encoder = channel.publish("rtmp")
    session = channel.session("live")
    channel.segments(session, 2)
    media = f"{session['playlist_url'].rpartition('/')[0]}/live-360p/index.m3u8"
    assert channel.client.get(media).status_code == 200
    assert channel.client.delete(f"/api/v1/videos/{session['video_id']}").status_code == 204
    until(lambda: channel.client.get(media).status_code == 404, 20, "it stops playing")
    until(lambda: encoder.poll() is not None, 20, "its encoder is cut off")
    until(lambda: channel.look()["state"] == "idle", 20, "the stream is idle")
    assert channel.look()["sessions"] == []

    def left() -> list[Path]:
        data = channel.service.data
        return [Path(folder) / name for root in ("storage", "live/sources", "live-journal", "live-slides")
                for folder, folders, files in os.walk(data / root) for name in (*folders, *files)
                if name.removesuffix(".pictures") in (session["video_id"], session["id"])]

    until(lambda: not left(), 60, "nothing of it is left")
    assert channel.client.get(session["playlist_url"]).status_code == 404


def test_markers_health_and_viewers_of_what_is_live(channel: Channel, watch: Callable[..., Watching]) -> None:
    url = f"{STREAMS}/{channel.stream['id']}"
    refused = channel.client.post(f"{url}/markers", json={"title": "Too early"})
    assert (refused.status_code, refused.json()["code"]) == (409, "not_live")
    channel.publish("rtmp")
    session = channel.session("live")
    channel.segments(session, 3)
    seen = watch(f"{channel.service.url}{session['watch_url']}")
    seen.play()
    seen.until_true("video.currentTime > 3")

    # How it does: what the encoder of this test sends is told as it is.
    health = until(lambda: (channel.look()["current"]["health"] or {}).get("key_frame_interval_s") and channel.look(), 30,
                   "its health")["current"]["health"]
    assert 300_000 < health["bitrate_bps"] < 3_000_000 and 28 < health["frame_rate"] < 32
    assert health["key_frame_interval_s"] == pytest.approx(2, abs=0.1)
    assert (health["width_px"], health["height_px"]) == (640, 360)
    assert (health["video_codec"], health["audio_codec"]) == ("h264", "aac")
    assert health["encoder_lag_s"] < 10 and health["restarts"] == 0
    assert "no_sound" not in [one["code"] for one in health["advice"]]

    # Who watches: the page tells what it plays, whichever web process it asks.
    until(lambda: channel.look()["current"]["viewers"] == 1, 30, "the viewer is counted")
    listed = channel.client.get(STREAMS).json()["items"]
    assert next(one for one in listed if one["id"] == channel.stream["id"])["current"]["viewers"] == 1

    # Moments are marked, named, taken back.
    first = channel.client.post(f"{url}/markers", json={"at": session["started_at"]})
    assert first.status_code == 201 and first.json()["at_s"] == 0, first.text
    now = channel.client.post(f"{url}/markers", json={"title": "  Questions "}).json()
    until_s = seen.ask("hls.levels[hls.currentLevel].details.edge")
    assert now["title"] == "Questions" and abs(now["at_s"] - until_s) < 5
    wrong = channel.client.post(f"{url}/markers", json={"title": "Wrong"}).json()
    assert channel.client.patch(f"{url}/markers/{wrong['id']}", json={"title": "Right"}).json()["title"] == "Right"
    assert [one["title"] for one in channel.client.get(f"{url}/markers").json()["items"]] == ["", "Questions", "Right"]
    assert channel.client.delete(f"{url}/markers/{wrong['id']}").status_code == 204
    late = channel.client.post(f"{url}/markers", json={"at": "2100-01-01T00:00:00Z"})
    assert (late.status_code, late.json()["code"]) == (422, "bad_moment")

    assert channel.client.post(f"{url}/end").status_code == 200
    assert channel.client.delete(f"{url}/markers/{now['id']}").json()["code"] == "not_live"
    assert channel.look()["sessions"][0]["viewers"] is None
    lecture = until(lambda: (video := channel.service.video(session["video_id"]))["duration_s"] and video, 90, "a recording")
    chapters = channel.client.get(f"/api/v1/videos/{session['video_id']}/chapters").json()
    assert chapters["edited"] and [(one["start_s"], one["title"]) for one in chapters["items"]] == [
        (0, "0:00"), (pytest.approx(now["at_s"]), "Questions")]
    assert chapters["items"][-1]["end_s"] == pytest.approx(lecture["duration_s"], abs=0.01)
    assert len(channel.client.get(f"{url}/markers").json()["items"]) == 2

    # What was watched live is told apart, by the length of what it has become.
    summary = f"/api/v1/videos/{session['video_id']}/analytics/summary"
    told = until(lambda: (found := channel.client.get(summary).json())["data"] and found["data"], 60, "it is counted")
    assert told["live_learners"] == 1 and 1 < told["live_wall_s"] <= told["watch_wall_s"]
    seen.page.goto("about:blank")


def checked(page: Page, axe: str, name: str) -> None:
    """It fits on a phone, and no rule of WCAG that a program can check is broken, in light and in dark."""
    wide = page.viewport_size
    page.set_viewport_size({"width": 360, "height": 740})
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 360
    assert page.evaluate("() => [...document.querySelectorAll('media-control-bar')].every((one) => "
                         "one.scrollWidth <= one.clientWidth)")
    pictured(page, f"{name}-phone", full_page=True)
    page.set_viewport_size(wide)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        page.evaluate(axe)
        found = page.evaluate(f"() => axe.run(document, {json.dumps(RULES)})")
        broken = [(one["id"], one["help"], [node["html"] for node in one["nodes"]]) for one in found["violations"]]
        assert found["passes"] and not broken, (scheme, broken)


def pictured(page: Page, name: str, **clip: Any) -> None:
    """A picture to look at, where LECTERN_PICTURES names a folder."""
    if folder := os.environ.get("LECTERN_PICTURES"):
        page.screenshot(path=f"{folder}/{name}.png", **clip)


def test_a_lecturer_streams_from_the_studio_and_a_learner_watches(
        channel: Channel, watch: Callable[..., Watching], axe: str) -> None:
    url = channel.service.url
    studio = watch(permissions=["clipboard-read", "clipboard-write"])
    page = studio.page

    # A stream is made, and its key shown for this once, as OBS asks for it.
    page.goto(f"{url}/studio#key={channel.service.key}")
    page.get_by_role("navigation", name="Lectern").get_by_role("link", name="Live", exact=True).click()
    page.get_by_role("button", name="New stream").click()
    page.get_by_label("Name").fill("Chemistry, live")
    page.get_by_role("button", name="Make the stream").click()
    page.get_by_role("button", name="Copy RTMP: Stream key").click()
    key = page.evaluate("() => navigator.clipboard.readText()")
    server = page.locator("[name=rtmp-server]").input_value()
    assert key.startswith("live_") and server.startswith("rtmp://")
    assert key in page.locator("[name=srt-server]").input_value()
    checked(page, axe, "live-list")
    pictured(page, "live-list", full_page=True)
    page.get_by_role("link", name="To its page").click()
    expect(page.get_by_text("Nobody streams here just now")).to_be_visible()
    assert key not in page.content()
    channel.stream = {"id": page.url.rpartition("/")[2], "servers": [{"protocol": "rtmp", "url": server, "stream_key": key}]}

    # It goes on air: the picture, how it does, who watches.
    channel.publish("rtmp", picture=SLIDES)
    expect(page.get_by_role("heading", name="Chemistry, live").locator("..")).to_contain_text("Live", timeout=60_000)
    frame = page.frame_locator("iframe.preview").locator("video")
    until(lambda: frame.evaluate("(video) => video.currentTime > 1 && video.muted"), 60, "the preview plays")
    expect(page.get_by_role("region", name="Health").locator(".figures")).to_contain_text("640×360 H264", timeout=60_000)
    session = channel.session("live")
    learner = watch()
    learner.page.route("**/master.m3u8", lambda route: route.fulfill(status=404), times=4)  # as before there is a picture
    learner.page.goto(f"{url}{session['watch_url']}")
    expect(learner.page.get_by_text("The lecture has not begun yet.")).to_be_visible(timeout=60_000)
    learner.until("() => window.lectern?.video.readyState >= 2", "it begins by itself")
    expect(learner.page.get_by_text("The lecture has not begun yet.")).to_be_hidden()
    learner.play()
    learner.until_true("video.currentTime > 0")
    expect(page.get_by_text("1 viewer now")).to_be_visible(timeout=60_000)  # the preview is none
    here = page.get_by_role("region", name="Audience")
    expect(here.locator(".figure").first).to_have_text(re.compile(r"Viewers\s+1"))
    expect(here).to_contain_text("Less than 30 s: live", timeout=60_000)  # told every ten seconds

    # A moment is marked, and named afterwards.
    page.get_by_label("Title", exact=True).fill("Acids")
    page.get_by_role("button", name="Mark this moment").click()
    named = page.get_by_role("list", name="Marked moments").get_by_role("textbox")
    expect(named).to_have_value("Acids")
    named.fill("Acids and bases")
    named.blur()
    until(lambda: [one["title"] for one in channel.client.get(f"{STREAMS}/{channel.stream['id']}/markers").json()["items"]]
          == ["Acids and bases"], 20, "the marker is named")
    checked(page, axe, "live-stream")
    pictured(page, "live-stream", full_page=True)

    # Who analyses sees who watches as well, without any number of the lecture that is not complete yet.
    numbers = watch()
    numbers.page.goto(f"{url}/studio/videos/{session['video_id']}/analytics#key={channel.service.key}")
    expect(numbers.page.get_by_text("This video is live.")).to_be_visible(timeout=60_000)
    expect(numbers.page.locator("#section-who-watches-now .figure").first).to_have_text(re.compile(r"Viewers\s+1"))
    curve = numbers.page.get_by_role("slider", name="Viewers over the last quarter of an hour")
    curve.focus()
    numbers.page.keyboard.press("End")
    expect(curve).to_have_attribute("aria-valuetext", re.compile("^Just now: one viewer"))
    checked(numbers.page, axe, "live-analytics")
    pictured(numbers.page, "live-analytics", full_page=True)

    # Slides stand beside the picture as they come, and lead to the moment they were shown.
    strip = learner.page.get_by_role("tabpanel", name="Slides").get_by_role("button")
    expect(strip.nth(1)).to_be_visible(timeout=60_000)
    learner.until_true("document.querySelector('.strip img').naturalWidth === 640")
    told = channel.client.get(f"/api/v1/videos/{session['video_id']}/slides").json()
    assert not told["looked"] and [one["build"] for one in told["items"][:2]] == [False, False]
    second = told["items"][1]
    assert second["start_s"] % 8 < 1.1 or second["start_s"] % 8 > 6.9, told
    assert channel.client.get(second["image_url"]).headers["content-type"] == "image/jpeg"
    strip.nth(1).click()
    learner.until_true(f"!video.seeking && Math.abs(video.currentTime - {second['start_s']}) < 4")
    expect(strip.nth(1)).to_have_attribute("aria-current", "true")
    learner.ask("void (video.currentTime = hls.liveSyncPosition)")

    # The learner is at what is live, goes back, and returns.
    live = learner.page.locator(".live-button")
    expect(live).to_have_text("Live", timeout=60_000)  # where the machine is slow, it catches up first
    learner.until_true("hls.latestLevelDetails.edge > 10")
    learner.seek(0.5)
    expect(learner.page.get_by_role("button", name="Go to live")).to_be_visible()
    learner.page.get_by_role("button", name="Settings").click()
    learner.page.get_by_role("checkbox", name="Statistics").check()
    stats = learner.page.get_by_role("region", name="Statistics")
    expect(stats).to_contain_text("Behind live")
    expect(stats).to_contain_text("640×360")
    pictured(learner.page, "live-watch")
    learner.page.keyboard.press("Escape")
    learner.page.get_by_role("button", name="Go to live").click()
    expect(learner.page.get_by_role("button", name="Live: this is now")).to_be_visible(timeout=60_000)
    checked(learner.page, axe, "live-watch")

    # The end, in the same page: the recording. The slides stay until those of the recording are found.
    before = strip.count()
    page.get_by_role("button", name="End the stream").click()
    page.get_by_role("button", name="Yes, end it").click()
    expect(page.get_by_text("Nobody streams here just now")).to_be_visible()
    expect(page.get_by_role("region", name="Earlier").get_by_role("link")).to_have_count(1)
    expect(learner.page.get_by_text("The lecture has ended; this is its recording.")).to_be_visible()
    expect(live).to_be_hidden()
    assert strip.count() >= before
    expect(learner.page.locator(".strip [aria-current]")).to_have_count(1)
    address = f"{session['playlist_url'].rpartition('/')[0]}/slides.json"
    until(lambda: channel.client.get(address).json()["state"] in ("waiting", "done"), 20, "slides of what is over")
    assert len(channel.client.get(address).json()["items"]) >= 2
    pictured(learner.page, "live-over")
    for seen in (studio, learner, numbers):
        seen.page.goto("about:blank")
        seen.complaints[:] = [one for one in seen.complaints if "404" not in one and "503" not in one]  # before it began
