"""The player of the watch page: captions, chapters on its bar, sharing, other sites, and its budget."""

from __future__ import annotations

import gzip
import json
import re
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from html import unescape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import pytest
from browsing import Watching
from lecture_clips import Shape, make
from playwright.sync_api import Browser
from service import Service, until

from player_api.pages import STATIC, static_watch_page, with_chunks

Watch = Callable[..., Watching]
VTT = "WEBVTT\n\n00:00.000 --> 00:12.000\n{}\n"
MOST_SCRIPT_BYTES = 300_000
SHIFTS = """window.shifts = [];
const place = ({ node }) => (node?.parentElement?.closest(".panel") ? "panel" : node?.nodeName);
new PerformanceObserver((list) => window.shifts.push(...list.getEntries().map((one) => (
    { moved: one.value, places: one.sources.map(place) })))).observe({ type: "layout-shift", buffered: true });"""
MOST_MOVED = 0.001  # nothing that anybody sees


@pytest.fixture(scope="module")
def lecture(service: Service, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    clip = make(tmp_path_factory.mktemp("player") / "lecture.mp4", Shape(duration_s=12))
    made = service.upload(clip, language="en", title='Graphs & "trees"')
    with service.client() as client:
        at = f"/api/v1/videos/{made['id']}"
        for language, text in (("en", "A graph has nodes."), ("de", "Ein Graph hat Knoten.")):
            assert client.put(f"{at}/captions/{language}", content=VTT.format(text)).status_code == 201
        client.put(f"{at}/chapters", json=[{"start_s": 0, "title": "Nodes"}, {"start_s": 6, "title": "Edges"}])
    return made


@pytest.fixture
def url(service: Service, lecture: dict[str, Any]) -> str:
    return f"{service.url}{lecture['watch_url']}"


SHOWN = "[...video.textTracks].find((track) => track.mode === 'showing')"


def test_captions_are_chosen_styled_and_remembered(watch: Watch, url: str) -> None:
    page = watch(url)
    button = page.page.get_by_role("button", name="Captions")
    assert button.get_attribute("aria-pressed") == "false"
    page.page.keyboard.press("c")
    page.until_true(f"{SHOWN}?.language === 'en'")
    assert button.get_attribute("aria-pressed") == "true"
    menu = page.menu("Captions")
    assert menu.locator("option").all_inner_texts() == ["Off", "Deutsch", "English"]
    menu.select_option(label="Deutsch")
    page.play()
    page.until_true(f"{SHOWN}?.activeCues?.[0]?.text === 'Ein Graph hat Knoten.'")
    page.menu("Caption size").select_option(label="Large")
    page.menu("Caption colour").select_option(label="Yellow")

    def look() -> str:
        return str(page.page.evaluate("[...document.adoptedStyleSheets].flatMap((one) => [...one.cssRules])"
                                      ".map((rule) => rule.cssText).find((text) => text.includes('::cue'))"))

    assert "font-size: 140%" in look()
    assert "color: rgb(255, 225, 77)" in look()
    page.open(url)
    page.until_true(f"{SHOWN}?.language === 'de'")
    assert "font-size: 140%" in look()
    page.page.get_by_role("button", name="Captions").click()
    page.until_true(f"!{SHOWN}")
    page.open(url)
    page.until_true("video.textTracks.length === 2")
    assert page.ask(f"{SHOWN} === undefined")


def test_chapters_are_the_pieces_of_the_time_bar(watch: Watch, url: str) -> None:
    page = watch(url)
    page.until_true("document.querySelectorAll('.cuts i').length === 1")
    assert page.page.evaluate("document.querySelector('.cuts i').style.left") == "50%"
    box = page.page.get_by_role("slider", name="Time").bounding_box()
    assert box is not None
    for part, title in ((0.2, "Nodes"), (0.8, "Edges")):
        page.page.mouse.move(box["x"] + box["width"] * part, box["y"] + box["height"] / 2)
        page.page.locator(".preview b", has_text=title).wait_for()


def test_the_controls_do_what_they_say(watch: Watch, url: str) -> None:
    page = watch(url)
    page.ask("void (video.muted = true)")
    page.page.get_by_role("button", name="play", exact=True).click()
    page.until_true("!video.paused && video.currentTime > 0.2")
    page.page.get_by_role("button", name="pause", exact=True).click()
    page.until_true("video.paused")
    page.page.get_by_role("button", name="unmute", exact=True).click()
    page.until_true("!video.muted")
    assert [text.strip() for text in page.menu("Speed").locator("option").all_inner_texts()][::8] == ["0.5×", "2.5×"]
    assert page.ask("video.preservesPitch")
    page.page.keyboard.press("Escape")
    page.page.get_by_role("button", name="enter fullscreen mode").click()
    page.until_true("document.fullscreenElement?.localName === 'media-controller'")
    assert page.page.get_by_role("slider", name="Time").is_visible()


def test_what_is_most_replayed_stands_over_the_time_bar(watch: Watch, service: Service, url: str, lecture: dict[str, Any]
                                                         ) -> None:
    def put(learner: int) -> None:
        at = f"/api/v1/videos/{lecture['id']}/event-tokens"
        token = client.post(at, json={"learner": f"replays {learner}"}).json()["token"]
        t = time.time_ns() // 1_000_000
        stretches = [(0, 8000), (6000, 8000)]
        events = [{"id": str(uuid.uuid4()), "seq": n, "type": "watch", "t": t, "from": start, "to": end, "rate": 1}
                  for n, (start, end) in enumerate(stretches)]
        answer = client.post("/api/v1/events", json={
            "v": 1, "sent_at": t, "token": token, "video": lecture["playback_id"], "session": str(uuid.uuid4()),
            "events": events})
        assert answer.json()["accepted"] == 2, answer.text

    page = watch(url)
    assert page.page.locator(".replayed[hidden]").count() == 1
    with service.client() as client:
        for learner in range(30):
            put(learner)
        curve = f"/play/{lecture['playback_id']}/most-replayed.json"
        heights = until(lambda: client.get(curve).json()["heights"], 30, "thirty learners are counted")
    assert heights.index(1) in (6, 7)
    again = watch(url)
    again.page.locator(".replayed path[d^='M0 1']").wait_for(state="attached")
    assert again.page.locator(".replayed[hidden]").count() == 0


def test_it_speaks_german(watch: Watch, url: str) -> None:
    page = watch(url, locale="de-DE")
    page.page.get_by_role("button", name="Einstellungen").click()
    assert page.page.get_by_role("combobox", name="Tempo", exact=True).is_visible()
    assert page.page.get_by_role("button", name="abspielen", exact=True).is_visible()


def test_a_second_can_be_shared(watch: Watch, url: str, lecture: dict[str, Any]) -> None:
    page = watch(url)
    page.ask("void (video.currentTime = 7.4)")
    page.until_true("!video.seeking && Math.abs(video.currentTime - 7.4) < 0.1")
    page.page.get_by_role("button", name="Share").click()
    dialog = page.page.get_by_role("dialog", name="Share")
    assert dialog.get_by_label("Link").input_value() == f"{url}?t=7"
    code = dialog.get_by_label("For a page of your own").input_value()
    assert f"/embed/{lecture['playback_id']}?t=7\"" in code and 'title="Graphs &amp; &quot;trees&quot;"' in code
    dialog.get_by_label("Begin at 0:07").uncheck()
    assert dialog.get_by_label("Link").input_value() == url
    page.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    dialog.get_by_role("button", name="Copy").first.click()
    dialog.get_by_text("Copied").wait_for()
    assert page.page.evaluate("navigator.clipboard.readText()") == url


def test_other_sites_learn_how_to_embed_it(service: Service, url: str, lecture: dict[str, Any]) -> None:
    with service.client("") as client:
        html = client.get(url).text
        address = unescape(html.partition('type="application/json+oembed" href="')[2].partition('"')[0])
        told = client.get(address)
        assert told.headers["content-type"] == "application/json"
        found = told.json()
        assert (found["version"], found["type"], found["title"]) == ("1.0", "video", 'Graphs & "trees"')
        assert (found["width"], found["height"]) == (640, 360)
        assert f'src="{service.url}/embed/{lecture["playback_id"]}"' in found["html"]
        assert "&amp; &#34;trees&#34;" in found["html"]
        assert client.get(found["thumbnail_url"]).status_code == 200
        at = {"url": url}
        small = client.get("/oembed", params=at | {"maxwidth": "320", "maxheight": "100"}).json()
        assert small["width"] <= 320 and small["height"] == 100
        for params, status, code in ((at | {"format": "xml"}, 501, "only_json"), ({}, 422, "invalid_request"),
                                     ({"url": "https://[/"}, 404, "video_not_found"),
                                     ({"url": f"{service.url}/watch/p_none"}, 404, "video_not_found")):
            answer = client.get("/oembed", params=params)
            assert (answer.status_code, answer.json()["code"]) == (status, code)


class _School(BaseHTTPRequestHandler):
    """A page of another site, with the element in it."""

    element = ""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(f'<!doctype html><link rel="icon" href="data:,">{self.element}'.encode())

    def log_message(self, *what: object) -> None:
        pass


@pytest.fixture
def school(service: Service, lecture: dict[str, Any]) -> Iterator[str]:
    element = (f'<script type="module" src="{service.url}/lectern-player.js"></script>'
               f'<lectern-player video="{lecture["playback_id"]}" start="3" title="Our lecture"></lectern-player>')
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("_WithElement", (_School,), {"element": element}))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_an_element_plays_it_in_a_page_of_another_site(service: Service, lecture: dict[str, Any], watch: Watch,
                                                       school: str) -> None:
    seen = watch()
    page = seen.page
    page.goto(school)
    ask = "document.querySelector('lectern-player')"
    seen.until(f"() => {ask}.duration > 11", "it knows how long it is")
    box = page.locator("lectern-player").bounding_box()
    assert box is not None and box["height"] == pytest.approx(box["width"] * 9 / 16, abs=1)
    assert page.locator("lectern-player iframe").get_attribute("title") == "Our lecture"
    page.evaluate(f"{ask}.play()")
    seen.until(f"() => !{ask}.paused && {ask}.currentTime > 3.5", "it plays")
    page.evaluate(f"{ask}.pause(); {ask}.currentTime = 9")
    seen.until(f"() => {ask}.paused && Math.abs({ask}.currentTime - 9) < 0.1", "it goes where it is told")
    page.goto("about:blank")


def test_without_scripts_the_browser_plays_it(service: Service, browser: Browser, url: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    try:
        page = context.new_page()
        page.goto(url)
        video = page.locator("video[controls][poster]")
        assert video.is_visible()
        sources = [one.get_attribute("src") or "" for one in video.locator("source").all()]
        tracks = [one.get_attribute("src") or "" for one in video.locator("track").all()]
    finally:
        context.close()
    with service.client("") as client:
        assert "<noscript><p>Without JavaScript" in client.get(url).text
        assert [urlsplit(one).path.rsplit("/")[-1] for one in sources] == ["master.m3u8", "download.mp4"]
        assert client.get(sources[0]).text.startswith("#EXTM3U")
        assert len(tracks) == 2
        assert "Knoten" in client.get(tracks[0]).text and "nodes" in client.get(tracks[1]).text


def test_nothing_moves_while_the_page_comes(watch: Watch, url: str) -> None:
    for size in ({"width": 1280, "height": 800}, {"width": 360, "height": 740}):
        page = watch(viewport=size)
        page.page.add_init_script(SHIFTS)
        page.open(url)
        page.until_true("document.querySelectorAll('.cuts i').length === 1")
        page.until_true("video.textTracks.length === 2")
        page.page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        shifts = page.page.evaluate("window.shifts")
        assert sum(one["moved"] for one in shifts) < MOST_MOVED, shifts


def test_all_scripts_of_the_page_are_small() -> None:
    names = with_chunks(json.loads((STATIC / "manifest.json").read_text())["watch.js"])
    sizes = {name: len(gzip.compress((STATIC / name).read_bytes(), 9)) for name in names}
    assert sum(sizes.values()) < MOST_SCRIPT_BYTES, sizes
    first = sum(sizes[name] for name in _at_once(names[0]))
    assert first < 80_000 < max(sizes.values()), sizes  # the controls do not wait for the engine
    page = static_watch_page("A talk", ["h264-360p"], chapters=False)["index.html"].decode()
    early = set(re.findall(r'<link rel="modulepreload" href="([^"]+)">', page))
    assert early == _at_once(names[0]) - {names[0]}  # fetched beside the script, not after it


def _at_once(script: str) -> set[str]:
    """The script, and what it imports before it runs."""
    named = re.findall(r'(?:from|import)"\./([\w.-]+\.js)"', (STATIC / script).read_text())
    return {script}.union(*map(_at_once, named))
