"""H.264, AV1 and VP9 from one set of segments: every player plays each, and who knows only H.264 gets that."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import m3u8
import pytest
from browsing import Watching
from lecture_clips import Shape, make
from playwright.sync_api import Browser
from service import ROOT, Service, until
from test_other_players import SCRIPTS

Watch = Callable[..., Watching]
HLS_JS = ROOT / "player_api" / "web" / "node_modules" / "hls.js" / "dist" / "hls.min.js"
SAMPLE_ENTRY = {"h264": "avc1", "av1": "av01", "vp9": "vp09"}
START = {
    "hls.js": """
        const hls = new Hls({ autoStartLoad: false });
        hls.on("hlsError", (_, error) => error.fatal && errors.push(`hls.js ${error.details}`));
        hls.on("hlsManifestParsed", () => {
          const level = hls.levels.findIndex((level) => level.videoCodec.startsWith(CODEC));
          if (level < 0) errors.push("hls.js has no " + CODEC);
          hls.loadLevel = level;
          hls.startLoad();
        });
        hls.loadSource(MANIFEST);
        hls.attachMedia(video);""",
    "shaka": """
        const player = new shaka.Player();
        player.addEventListener("error", (event) => errors.push("shaka " + event.detail.code));
        player.configure({ preferredVideo: [{ codec: CODEC }], abr: { enabled: false } });
        player.attach(video).then(() => player.load(MANIFEST)).catch((error) => errors.push("shaka " + error.code));""",
    "dashjs": """
        const player = dashjs.MediaPlayer().create();
        player.on("error", (event) => errors.push("dash.js " + event.error.code + " " + event.error.message));
        player.setCustomInitialTrackSelectionFunction((tracks) => {
          const wanted = tracks.filter((track) => track.type !== "video" || track.codec.includes(CODEC));
          if (!wanted.length) errors.push("dash.js has no " + CODEC);
          return wanted;
        });
        player.initialize(video, MANIFEST, false);""",
}


@pytest.fixture(scope="module")
def lecture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("codecs") / "lecture.mp4", Shape(duration_s=14, size="854x480", rate=10))


@pytest.fixture(scope="module")
def codecs_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    started = Service.start(tmp_path_factory.mktemp("codecs_service"), LECTERN_FILL_CODECS="h264,av1",
                            LECTERN_HLS_CODECS="h264,av1,vp9")
    yield started
    started.stop()


@pytest.fixture(scope="module")
def video(codecs_service: Service, lecture: Path) -> dict[str, Any]:
    return codecs_service.until_ready(codecs_service.upload(lecture)["id"], within_s=280)


def master(service: Service, video: dict[str, Any]) -> m3u8.M3U8:
    with service.client("") as viewer:
        return m3u8.loads(viewer.get(video["playlist_url"]).text)


def test_what_is_filled_is_measured_and_the_rest_is_declared(codecs_service: Service, video: dict[str, Any]) -> None:
    assert {line["name"] for line in video["steps"]} >= {"fill:h264", "fill:av1", "fill:aac", "measure"}
    assert not any("vp9" in line["name"] for line in video["steps"])
    listed = {variant.uri.partition("/")[0]: variant.stream_info for variant in master(codecs_service, video).playlists}
    assert len(listed) == 6
    with codecs_service.client("") as viewer:
        for rendition in video["renditions"]:
            name, stream = rendition["name"], listed[rendition["name"]]
            assert stream.codecs.startswith(rendition["codecs"])
            assert (rendition["average_bps"] is None) == (rendition["codec"] == "vp9")
            if rendition["average_bps"] is None:
                assert stream.bandwidth > rendition["max_bps"]
                continue
            index = m3u8.loads(viewer.get(f"/play/{video['playback_id']}/{name}/index.m3u8").text)
            sizes = [len(viewer.get(f"/play/{video['playback_id']}/{name}/{part.uri}").content) for part in index.segments]
            average = 8 * sum(sizes) / sum(part.duration for part in index.segments)
            assert rendition["average_bps"] == pytest.approx(average, rel=0.001)
            assert average < rendition["peak_bps"] < stream.bandwidth < rendition["max_bps"]


@pytest.mark.parametrize("codec", ["h264", "av1", "vp9"])
@pytest.mark.parametrize(("player", "manifest"), [
    ("hls.js", "master.m3u8"), pytest.param("shaka", "master.m3u8", marks=pytest.mark.slow),
    ("shaka", "manifest.mpd"), ("dashjs", "manifest.mpd")])
def test_each_player_plays_each_codec(codecs_service: Service, video: dict[str, Any], players: Path,
                                      browser: Browser, player: str, manifest: str, codec: str) -> None:
    context = browser.new_context()
    page = context.new_page()
    script = HLS_JS if player == "hls.js" else players / SCRIPTS[player]
    page.route("**/player.js", lambda route: route.fulfill(path=script, content_type="text/javascript"))
    page.route("**/player.html", lambda route: route.fulfill(content_type="text/html", body=f"""<!doctype html>
        <video muted></video><script src="/player.js"></script><script>
        const video = document.querySelector("video"), errors = window.errors = [];
        const MANIFEST = "/play/{video['playback_id']}/{manifest}", CODEC = "{SAMPLE_ENTRY[codec]}";
        video.addEventListener("error", () => errors.push("video " + video.error.message));
        {START[player]}</script>"""))
    fetched: set[str] = set()
    page.on("request", lambda request: fetched.add(request.url.split("/")[-2]) if ".m4s" in request.url else None)
    page.goto(f"{codecs_service.url}/player.html")

    def true(what: str) -> None:
        def look() -> Any:
            assert page.evaluate("window.errors") == []
            return page.evaluate(what)
        until(look, 60, f"{player} with {codec} of {manifest}: {what}; fetched {fetched}")

    true("video.readyState >= 2")
    page.evaluate("void video.play()")
    true("video.currentTime > 1")
    page.evaluate("void (video.currentTime = 12)")
    true("video.ended")
    assert {name.partition("-")[0] for name in fetched} == {codec, "aac"}
    assert page.evaluate("video.getVideoPlaybackQuality().totalVideoFrames") > 15
    assert page.evaluate("video.getVideoPlaybackQuality().corruptedVideoFrames ?? 0") == 0
    context.close()


def test_the_watch_page_prefers_the_codec_of_fewest_bytes_once_it_is_rendered(watch: Watch, codecs_service: Service,
                                                                             video: dict[str, Any]) -> None:
    page = watch()
    page.open(codecs_service.url + video["watch_url"])
    assert page.ask("hls.levels[hls.loadLevel].videoCodec").startswith("av01")
    page.play()
    page.until_true("video.currentTime > 3")
    assert page.ask("hls.levels[hls.currentLevel].videoCodec").startswith("av01")
    assert page.menu("Quality").locator("option").all_inner_texts()[1:] == ["480p", "360p"]
    assert page.complaints == []


def test_who_knows_only_h264_gets_h264(watch: Watch, codecs_service: Service, video: dict[str, Any]) -> None:
    page = watch()
    page.page.add_init_script("""
        for (const source of [window.MediaSource, window.ManagedMediaSource].filter(Boolean)) {
          const known = source.isTypeSupported.bind(source);
          source.isTypeSupported = (type) => !/av01|vp09/.test(type) && known(type);
        }""")
    page.open(codecs_service.url + video["watch_url"])
    page.play()
    page.until_true("video.currentTime > 3")
    assert page.ask("hls.levels.every((level) => level.videoCodec.startsWith('avc1'))")
    assert page.complaints == []


def test_organization_and_video_say_what_is_rendered_in_advance(codecs_service: Service, tmp_path: Path) -> None:
    service = codecs_service
    with service.client() as client:
        assert client.get("/api/v1/organization").json()["fill_codecs"] is None
        assert client.patch("/api/v1/organization", json={"fill_codecs": ["h264"]}).status_code == 200
        try:
            made = service.upload(make(tmp_path / "short.mp4", Shape(duration_s=4, size="640x360", rate=10)))
            assert {line["name"] for line in made["steps"] if "fill" in line["name"]} == {"fill:h264", "fill:aac"}
            changed = client.patch(f"/api/v1/videos/{made['id']}", json={"fill_codecs": ["h264", "vp9"]}).json()
            assert "fill:vp9" in {line["name"] for line in changed["steps"]}
            ready = service.until_ready(made["id"])
            assert {r["codec"] for r in ready["renditions"] if r["average_bps"]} == {"h264", "vp9"}
            refused = client.patch(f"/api/v1/videos/{made['id']}", json={"fill_codecs": ["theora"]})
            assert refused.status_code == 422
        finally:
            client.patch("/api/v1/organization", json={"fill_codecs": None})
