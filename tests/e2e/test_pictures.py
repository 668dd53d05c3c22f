"""Posters and storyboards: over HTTP, on the watch page, and in players that are not ours."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from browsing import Watching
from lecture_clips import Shape, make
from playwright.sync_api import Browser, Page
from service import Service, until
from test_other_players import H264, SCRIPTS

THUMBNAILS = {
    "shaka": """
        const player = new shaka.Player();
        player.attach(video).then(() => player.load(MANIFEST)).then(() => { window.ready = true; },
                                                                    (error) => errors.push(error.code));
        window.thumbnail = async (at) => {
          const track = player.getImageTracks()[0];
          const one = await player.getThumbnails(track.id, at);
          return { url: new URL(one.uris[0], location).pathname, x: one.positionX, y: one.positionY,
                   width: one.width, height: one.height, start: one.startTime, duration: one.duration,
                   tracks: player.getImageTracks().length };
        };""",
    "dashjs": """
        const player = dashjs.MediaPlayer().create();
        player.on("error", (event) => errors.push(event.error.message));
        player.on("streamInitialized", () => { window.ready = true; });
        player.initialize(video, MANIFEST, false);
        window.thumbnail = (at) => new Promise((resolve) => player.provideThumbnail(at, (one) => resolve(one && {
          url: new URL(one.url, location).pathname, x: one.x, y: one.y, width: one.width, height: one.height,
          tracks: player.getRepresentationsByType("image").length })));""",
}


@pytest.fixture(scope="module")
def video(service: Service, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Five minutes in two sheets."""
    shape = Shape(duration_s=300, size="640x360", rate=5)
    return service.upload(make(tmp_path_factory.mktemp("pictures") / "long.mp4", shape))


@pytest.fixture(scope="module")
def client(service: Service) -> Iterator[httpx.Client]:
    with service.client() as client:
        yield client


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context()
    yield context.new_page()
    context.close()


def test_a_creator_chooses_the_poster_and_takes_it_back(client: httpx.Client, video: dict[str, Any]) -> None:
    address = f"/api/v1/videos/{video['id']}"
    found = until(lambda: "?time=" in (seen := client.get(address).json())["poster_url"] and seen, 60, "a poster")
    assert found["poster_time_s"] is None
    automatic = client.get(found["poster_url"])
    assert automatic.headers["Content-Type"] == "image/jpeg"
    changed = client.patch(address, json={"poster_time_s": 42.0}).json()
    assert changed["poster_time_s"] == 42.0
    assert changed["poster_url"].endswith("/thumbnail.jpg?time=42")
    chosen = client.get(changed["poster_url"])
    assert chosen.content != automatic.content
    until(lambda: client.get(f"/play/{video['playback_id']}/thumbnail.jpg").content == chosen.content, 10, "the poster")
    assert changed["poster_url"] in client.get(video["watch_url"]).text
    for wrong in (300.0, -1, "first"):
        refused = client.patch(address, json={"poster_time_s": wrong})
        assert refused.status_code == 422, wrong
    assert client.patch(address, json={"title": "Other"}).json()["poster_time_s"] == 42.0
    assert client.patch(address, json={"poster_time_s": None}).json()["poster_url"] == found["poster_url"]


def test_stills_are_told_apart_by_tenths_of_a_second(client: httpx.Client, video: dict[str, Any]) -> None:
    etags = [client.get(f"/play/{video['playback_id']}/thumbnail.jpg?time={at}").headers["ETag"]
             for at in (100, 100.04, 100.4, 1e6)]
    assert etags[0] == etags[1] and len(set(etags)) == 3


@pytest.mark.parametrize(("path", "kind", "cache"), [
    ("storyboard.vtt", "text/vtt", "max-age=60"), ("storyboard/index.m3u8", "application/vnd.apple.mpegurl", "max-age=60"),
    ("storyboard/1.jpg", "image/jpeg", "immutable")])
def test_the_storyboard_is_cacheable(client: httpx.Client, video: dict[str, Any], path: str, kind: str, cache: str) -> None:
    address = f"/play/{video['playback_id']}/{path}"
    answer = client.get(address)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith(kind)
    assert cache in answer.headers["Cache-Control"]
    assert client.get(address, headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304
    assert client.head(address).status_code == 200


@pytest.mark.parametrize("name", ["2.jpg", "-1.jpg", "00.jpg", "0.m4s", "init.mp4"])
def test_there_are_no_other_sheets(client: httpx.Client, video: dict[str, Any], name: str) -> None:
    assert client.get(f"/play/{video['playback_id']}/storyboard/{name}").status_code == 404


@pytest.mark.parametrize(("player", "manifest"), [("shaka", "master.m3u8"), ("shaka", "manifest.mpd"),
                                                  ("dashjs", "manifest.mpd")])
def test_other_players_find_the_thumbnails(service: Service, video: dict[str, Any], players: Path, page: Page,
                                           player: str, manifest: str) -> None:
    address = f"/play/{video['playback_id']}/"
    html = f"""<!doctype html><title>{player}</title><video muted></video><script src="/player.js"></script><script>
        const video = document.querySelector("video"), errors = window.errors = [], MANIFEST = "{address}{manifest}";
        {THUMBNAILS[player]}</script>"""
    page.route("**/player.html", lambda route: route.fulfill(body=html, content_type="text/html"))
    page.route("**/player.js", lambda route: route.fulfill(path=players / SCRIPTS[player], content_type="text/javascript"))
    page.goto(f"{service.url}/player.html")
    until(lambda: page.evaluate("window.errors.length || window.ready"), 60, "the manifest")
    assert page.evaluate("window.errors") == []
    for at_s, sheet, column, row in ((3, 0, 0, 0), (77, 0, 2, 1), (249, 0, 4, 4), (262, 1, 1, 0)):
        found = page.evaluate(f"window.thumbnail({at_s})")
        assert found["tracks"] == 1
        assert found["url"] == f"{address}storyboard/{sheet}.jpg", found
        assert (found["x"], found["y"]) == (column * 320, row * 180), found
        assert (found["width"], found["height"]) == (320, 180), found
        if player == "shaka":
            assert (found["start"], found["duration"]) == (at_s // 10 * 10, 10), found


def test_the_time_bar_shows_the_place_and_goes_there(watch: Callable[..., Watching], service: Service,
                                                     video: dict[str, Any]) -> None:
    seen = watch(f"{service.url}{video['watch_url']}")
    seen.until_true("video.duration > 0")
    bar = seen.page.get_by_role("slider", name="Time")
    box = bar.bounding_box()
    assert box is not None
    at_s, middle = 265.4, box["y"] + box["height"] / 2
    seen.page.mouse.move(box["x"] + box["width"] * at_s / 300, middle)
    tile = seen.page.locator(".preview .tile")
    tile.wait_for(state="visible")
    assert seen.page.inner_text(".preview span") == "4:25"
    style = tile.evaluate("node => [node.style.backgroundImage, node.style.backgroundPosition, node.offsetWidth]")
    assert "storyboard/1.jpg" in style[0]
    assert style[1:] == ["-320px 0px", 320]
    preview = seen.page.locator(".preview").bounding_box()
    assert preview is not None
    assert preview["x"] + preview["width"] <= box["x"] + box["width"] + 1
    assert preview["y"] + preview["height"] <= middle
    seen.page.mouse.down()
    seen.page.mouse.up()
    seen.until_true("Math.abs(video.currentTime - 265) < 1 && !video.seeking")
    assert bar.get_attribute("aria-valuetext") == "4:25 of 5:00"
    bar.press("Home")
    seen.until_true("video.currentTime < 1 && !video.seeking")


def test_shaka_plays_the_pictures_of_trick_play(service: Service, video: dict[str, Any], players: Path, page: Page) -> None:
    address = f"/play/{video['playback_id']}/master.m3u8"
    html = f"""<!doctype html><title>trick play</title><video muted></video><script src="/player.js"></script><script>
        const video = document.querySelector("video"), errors = window.errors = [], MANIFEST = "{address}";
        {THUMBNAILS["shaka"]} {H264["shaka"]} window.player = player;</script>"""
    asked: list[str] = []
    page.on("response", lambda answer: asked.append(answer.url) if answer.ok and "/iframes/" in answer.url else None)
    page.route("**/player.html", lambda route: route.fulfill(body=html, content_type="text/html"))
    page.route("**/player.js", lambda route: route.fulfill(path=players / SCRIPTS["shaka"], content_type="text/javascript"))
    page.goto(f"{service.url}/player.html")
    until(lambda: page.evaluate("window.errors.length || window.ready"), 60, "the manifest")
    page.evaluate("void video.play()")
    until(lambda: page.evaluate("video.currentTime > 1"), 60, "it plays")
    page.evaluate("player.trickPlay(8)")
    until(lambda: page.evaluate("video.currentTime > 40"), 60, "it runs")
    page.evaluate("player.cancelTrickPlay()")
    at_s = page.evaluate("video.currentTime")
    until(lambda: page.evaluate(f"video.currentTime > {at_s + 1} && video.playbackRate === 1"), 60, "it plays again")
    assert page.evaluate("window.errors") == []
    assert len({url for url in asked if url.endswith(".m4s")}) > 8, asked


def test_a_picture_of_trick_play_is_rendered_when_asked_for(client: httpx.Client, video: dict[str, Any]) -> None:
    root = f"/play/{video['playback_id']}/iframes"
    listed = [line for line in client.get(f"{root}/index.m3u8").text.splitlines() if line.endswith(".m4s")]
    last = client.get(f"{root}/{listed[-1]}")
    assert last.headers["Content-Type"] == "video/iso.segment"
    assert "immutable" in last.headers["Cache-Control"]
    assert client.get(f"{root}/init.mp4").headers["Content-Type"] == "video/mp4"
    for absent in (f"{len(listed)}.m4s", "01.m4s", "0.jpg"):
        assert client.get(f"{root}/{absent}").status_code == 404
