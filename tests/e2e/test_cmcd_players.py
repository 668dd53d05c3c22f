"""CMCD version 2 as hls.js, Shaka Player and dash.js send it: what they report of a viewing becomes our events."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lecture_clips import Shape, make
from playwright.sync_api import Browser, Page, Route
from service import Service, until

from player_api.analytics.cmcd import read, understood

SCRIPTS = {
    "hlsjs": "node_modules/hls.js/dist/hls.min.js",
    "shaka": "node_modules/shaka-player/dist/shaka-player.compiled.js",
    "dashjs": "node_modules/dashjs/dist/modern/umd/dash.all.min.js",
}
EVENTS = '["ps", "e", "t", "bc", "pr", "sk", "b"]'
KEYS = ('["lectern-pt", "e", "ts", "sn", "sid", "cid", "v", "sta", "pt", "pr", "br", "bs", "bsd", "bsda", "msd", "ec", '
        '"df", "dfa", "bg", "sf", "st"]')
SESSION = "018f2d3c-7a11-7c05-9a70-4f6d5b0c2e11"
START = {
    "hlsjs": f"""
        const where = (reporter) => {{
          const tell = () => reporter.updateCustomData({{ "lectern-pt": Math.round(video.currentTime * 1000) }});
          for (const name of ["play", "timeupdate", "seeked"]) video.addEventListener(name, tell);
          tell();
        }};
        const player = new Hls({{ cmcd: {{ reporterCallback: where, version: 2, sessionId: "{SESSION}", contentId: VIDEO,
          includeKeys: ["sid"],
          eventTargets: [{{ url: "/cmcd?token=t", events: {EVENTS}, interval: 2, includeKeys: {KEYS} }}] }} }});
        player.loadSource(MANIFEST);
        player.attachMedia(video);""",
    "shaka": f"""
        const player = new shaka.Player();
        player.configure({{ cmcd: {{ enabled: true, version: 2, sessionId: "{SESSION}", contentId: VIDEO, eventTargets: [{{
          mode: "event", enabled: true, url: location.origin + "/cmcd?token=t", events: {EVENTS}, interval: 2,
          includeKeys: {KEYS} }}] }} }});
        player.configure({{ preferredVideo: [{{ codec: "avc1" }}] }});
        player.getNetworkingEngine().registerRequestFilter((_, request) => {{
          if (!request.uris[0].includes("/cmcd?")) return;
          const where = ",lectern-pt=" + Math.round(video.currentTime * 1000);
          const lines = new TextDecoder().decode(request.body).trim().split("\\n").map((line) => line + where);
          request.body = new TextEncoder().encode(lines.join("\\n"));
        }});
        player.attach(video).then(() => player.load(MANIFEST));""",
    "dashjs": f"""
        const player = dashjs.MediaPlayer().create();
        player.addRequestInterceptor((request) => {{
          if (!String(request.url).includes("/cmcd?") || typeof request.body !== "string") return Promise.resolve(request);
          const where = ",lectern-pt=" + Math.round(video.currentTime * 1000);
          request.body = request.body.trim().split("\\n").map((line) => line + where).join("\\n");
          return Promise.resolve(request);
        }});
        player.updateSettings({{ streaming: {{ cmcd: {{ enabled: true, version: 2, sid: "{SESSION}", cid: VIDEO,
          eventTargets: [{{ enabled: true, url: location.origin + "/cmcd?token=t", events: {EVENTS}, interval: 2,
          enabledKeys: {KEYS} }}] }} }} }});
        player.initialize(video, MANIFEST, false);""",
}
MANIFESTS = {"hlsjs": "master.m3u8", "shaka": "manifest.mpd", "dashjs": "manifest.mpd"}

Report = tuple[str, str, str]  # content type, query, body


@pytest.fixture(scope="module")
def video(service: Service, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    path = make(tmp_path_factory.mktemp("small") / "small.mp4", Shape(duration_s=30, size="640x360", gop=50))
    return service.upload(path)


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context()
    yield context.new_page()
    context.close()


def reported(service: Service, players: Path, page: Page, player: str, playback_id: str) -> list[Report]:
    """Play four seconds, seek to 20, play three seconds, pause: what the player sent meanwhile."""
    sent: list[Report] = []
    html = f"""<!doctype html><video muted></video><script src="/player.js"></script><script>
        const video = document.querySelector("video"), VIDEO = "{playback_id}";
        // Whole, as Shaka Player 5.2 with CMCD takes a path for a host.
        const MANIFEST = location.origin + "/play/{playback_id}/{MANIFESTS[player]}";
        {START[player]}</script>"""

    def report(route: Route) -> None:
        sent.append((route.request.headers.get("content-type", ""), route.request.url.partition("?")[2],
                     route.request.post_data or ""))
        route.fulfill(status=204)

    page.route("**/player.html", lambda route: route.fulfill(body=html, content_type="text/html"))
    page.route("**/player.js", lambda route: route.fulfill(path=players / SCRIPTS[player], content_type="text/javascript"))
    page.route("**/cmcd*", report)
    page.goto(f"{service.url}/player.html")
    until(lambda: page.evaluate("video.readyState >= 2"), 30, "the first picture")
    page.wait_for_timeout(500)
    page.evaluate("void video.play()")
    until(lambda: page.evaluate("video.currentTime > 4"), 30, "4 s")
    page.evaluate("void (video.currentTime = 20)")
    until(lambda: page.evaluate("video.currentTime > 23"), 30, "23 s")
    page.evaluate("video.pause()")
    page.wait_for_timeout(2500)
    return sent


@pytest.mark.slow
@pytest.mark.parametrize("player", SCRIPTS)
def test_what_players_report_of_themselves_becomes_events(service: Service, video: dict[str, Any], players: Path, page: Page,
                                                          player: str) -> None:
    sent = reported(service, players, page, player, video["playback_id"])
    if folder := os.environ.get("LECTERN_WRITE_CMCD"):  # samples for tests/unit/player_api
        Path(folder, f"{player}.json").write_text(json.dumps(sent, indent=1) + "\n")
    viewing, found = None, []
    for kind, query, body in sent:
        reports = read(body.encode(), kind, query)
        batch = understood(reports, viewing)
        viewing = batch.after
        found += batch.events
        assert reports.identity[:3] == (SESSION, video["playback_id"], "t")
    watched = [(event["from"], event["to"]) for event in found if event["type"] == "watch"]
    assert not any(start < 19_000 and end > 5500 for start, end in watched), watched
    played_ms = sum(end - start for start, end in watched)
    assert 3000 <= played_ms <= 9000, watched
    assert sum("startup_ms" in event for event in found) == 1
    assert any(event["type"] == "quality" for event in found)
    if player != "shaka":  # it names no states: see player_api/analytics/cmcd.py
        assert [event["type"] for event in found if event["type"] in ("play", "seek", "pause")] == ["play", "seek", "pause"]
        assert watched[-1][1] == pytest.approx(23_000, abs=1000)
