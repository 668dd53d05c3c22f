"""Players that are not ours play what we serve: hls.js, Shaka Player (HLS and DASH) and dash.js, in a real browser."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from lecture_clips import Shape, ffmpeg, make
from playwright.sync_api import Browser, Page, Route
from service import Service, until

SCRIPTS = {
    "hlsjs": "node_modules/hls.js/dist/hls.min.js",
    "shaka": "node_modules/shaka-player/dist/shaka-player.compiled.js",
    "dashjs": "node_modules/dashjs/dist/modern/umd/dash.all.min.js",
}
# Each sets window.ready once the manifest is loaded, and gives heights() and pick(height).
START = {
    "hlsjs": """
        const player = new Hls();
        player.on(Hls.Events.ERROR, (_, what) => {
          // A machine that renders slowly makes it wait, and a forced switch drops what is under way: no errors.
          const expected = ["bufferStalledError", "aborted"];
          if (what.fatal || !expected.includes(what.details)) errors.push("hls.js " + what.details);
        });
        player.on(Hls.Events.MANIFEST_PARSED, () => { window.ready = true; });
        player.loadSource(MANIFEST);
        player.attachMedia(video);
        window.heights = () => player.levels.map((level) => level.height);
        window.pick = (height) => {
          player.currentLevel = player.levels.findIndex((level) => level.height === height);
        };""",
    "shaka": """
        const player = new shaka.Player();
        player.addEventListener("error", (event) => errors.push("shaka " + event.detail.code));
        player.attach(video).then(() => player.load(MANIFEST)).then(() => { window.ready = true; },
                                                                    (error) => errors.push("shaka " + error.code));
        window.heights = () => player.getVariantTracks().map((track) => track.height);
        window.sounds = () => player.getAudioTracks().map(({ language, channelsCount }) => [language, channelsCount]);
        window.heard = () => player.getAudioTracks().find((track) => track.active)?.language;
        window.choose = (wanted) => player.selectAudioTrack(
          player.getAudioTracks().find(({ language, channelsCount }) => language === wanted && channelsCount === 2));
        window.pick = (height) => {
          player.configure("abr.enabled", false);
          player.selectVariantTrack(player.getVariantTracks().find((track) => track.height === height), true, 0);
        };""",
    "dashjs": """
        const player = dashjs.MediaPlayer().create();
        player.on("error", (event) => errors.push("dash.js " + event.error.code + " " + event.error.message));
        player.on("streamInitialized", () => { window.ready = true; });
        player.initialize(video, MANIFEST, false);
        window.heights = () => player.getRepresentationsByType("video").map((one) => one.height);
        const channels = (track) => Number(track.audioChannelConfiguration[0].value);
        window.sounds = () => player.getTracksFor("audio").map((track) => [track.lang, channels(track)]);
        window.heard = () => player.getCurrentTrackFor("audio")?.lang;
        window.choose = (wanted) => player.setCurrentTrack(
          player.getTracksFor("audio").find((track) => track.lang === wanted && channels(track) === 2));
        window.pick = (height) => {
          player.updateSettings({ streaming: { abr: { autoSwitchBitrate: { video: false } },
                                               buffer: { fastSwitchEnabled: true } } });
          const found = player.getRepresentationsByType("video").find((one) => one.height === height);
          player.setRepresentationForTypeById("video", found.id, true);
        };""",
}


# Behind START: H.264 where AV1 is offered as well.
H264 = {
    "shaka": 'player.configure({ preferredVideo: [{ codec: "avc1" }] });',
    "dashjs": """player.setCustomInitialTrackSelectionFunction((tracks) => tracks.filter(
        (track) => track.type !== "video" || track.codec.includes("avc1")));""",
}


@pytest.fixture(scope="module")
def video(service: Service, clip: Path) -> dict[str, Any]:
    return service.upload(clip, title="For any player")


@pytest.fixture(scope="module")
def upright(service: Service, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Upright, 29.97 frames a second, a short last segment."""
    path = tmp_path_factory.mktemp("upright") / "upright.mp4"
    return service.upload(make(path, Shape(duration_s=13.3, size="480x854", rate="30000/1001", gop=90)))


@pytest.fixture(scope="module")
def silent(service: Service, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A screen recording at 6 frames a second, without sound."""
    path = tmp_path_factory.mktemp("silent") / "silent.mp4"
    return service.upload(make(path, Shape(duration_s=21, size="854x480", rate=6, gop=60, audio=("-an",))))


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context()
    yield context.new_page()
    context.close()


def in_two_languages(path: Path, *picture: str) -> Path:
    """A clip of 12 s with English in 5.1 and French in stereo; `picture` is its input and options."""
    command = [ffmpeg(), "-v", "error", "-f", "lavfi", "-i", "sine=300:duration=12", "-f", "lavfi", "-i",
               "sine=900:duration=12", *picture, "-map", "0", "-map", "1", "-c:a", "aac", "-ac:a:0", "6", "-ac:a:1", "2",
               "-metadata:s:a:0", "language=eng", "-metadata:s:a:1", "language=fre", str(path)]
    subprocess.run(command, check=True, timeout=60)
    return path


@pytest.fixture(scope="module")
def tracks(service: Service, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return service.upload(in_two_languages(
        tmp_path_factory.mktemp("tracks") / "tracks.mkv", "-f", "lavfi", "-i", "testsrc=size=320x180:rate=25:duration=12",
        "-map", "2", "-c:v", "libx264"))


@pytest.fixture(scope="module")
def sound(service: Service, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return service.upload(in_two_languages(tmp_path_factory.mktemp("sound") / "sound.mka"))


Look = Callable[..., Any]  # the value of a script as soon as it is true


def opened(service: Service, players: Path, page: Page, player: str, manifest: str, playback_id: str,
           more: str = "") -> Look:
    """Start `player` on a page of its own; `more` is run then."""
    address = f"/play/{playback_id}/{manifest}"
    html = f"""<!doctype html><title>{player}</title><video muted></video><script src="/player.js"></script><script>
        const video = document.querySelector("video"), errors = window.errors = [], MANIFEST = "{address}";
        video.addEventListener("error", () => errors.push("video " + video.error.message));
        video.addEventListener("ended", () => {{ window.ended = true; }});
        {START[player]} {more}</script>"""

    def document(route: Route) -> None:
        route.fulfill(body=html, content_type="text/html")

    page.route("**/player.html", document)
    page.route("**/player.js", lambda route: route.fulfill(path=players / SCRIPTS[player], content_type="text/javascript"))
    page.goto(f"{service.url}/player.html")

    def true(script: str, within_s: float = 60) -> Any:
        def look() -> Any:
            assert page.evaluate("window.errors") == []
            return page.evaluate(script)
        try:
            return until(look, within_s, f"{player} on {manifest}: {script}")
        except AssertionError as error:
            state = page.evaluate("({time: video.currentTime, ready: video.readyState, paused: video.paused, "
                                  "length: video.duration, end: video.buffered.length && video.buffered.end(0), "
                                  "ranges: video.buffered.length, seeking: video.seeking})")
            raise AssertionError(f"{error}; {state}") from None

    return true


EACH = pytest.mark.parametrize(("player", "manifest"), [("shaka", "master.m3u8"), ("shaka", "manifest.mpd"),
                                                        ("dashjs", "manifest.mpd")])


@pytest.mark.slow  # test_codecs.py has each player once for each codec
@EACH
def test_every_sound_track_can_be_chosen(service: Service, tracks: dict[str, Any], players: Path, page: Page, player: str,
                                         manifest: str) -> None:
    true = opened(service, players, page, player, manifest, tracks["playback_id"])
    true("window.ready")
    page.evaluate("void video.play()")
    true("video.currentTime > 1")
    found = {tuple(one) for one in page.evaluate("sounds()")}
    assert {("en", 2), ("en", 6), ("fr", 2)} <= found
    assert page.evaluate("heard()") == "en"
    page.evaluate("void choose('fr')")
    true("heard() === 'fr'")
    changed_s = page.evaluate("video.currentTime")
    true(f"!video.seeking && video.currentTime > {changed_s + 0.5}")
    page.evaluate("void (video.currentTime = 10.5)")
    true("window.ended")


@EACH
def test_sound_alone_plays(service: Service, sound: dict[str, Any], players: Path, page: Page, player: str,
                           manifest: str) -> None:
    true = opened(service, players, page, player, manifest, sound["playback_id"])
    true("window.ready")
    page.evaluate("void video.play()")
    true("video.currentTime > 1")
    assert {one for one, _ in page.evaluate("sounds()")} == {"en", "fr"}
    page.evaluate("void choose('fr')")
    true("heard() === 'fr'")
    changed_s = page.evaluate("video.currentTime")
    true(f"!video.seeking && video.currentTime > {changed_s + 0.5}")
    page.evaluate("void (video.currentTime = 10.5)")
    true("window.ended")
    assert page.evaluate("video.duration") == pytest.approx(12, abs=0.1)


@pytest.mark.parametrize("named", ["sound", "tracks"])
def test_dash_js_leaves_the_end_to_the_browser(service: Service, sound: dict[str, Any], tracks: dict[str, Any],
                                               players: Path, page: Page, named: str) -> None:
    """It looks five times a second whether the manifest's end is reached, and then stops without "ended". Looking all the
    time, it must not come before the browser."""
    page.add_init_script("""const every = window.setInterval;
        window.setInterval = (what, ms, ...more) => every(what, ms === 200 ? 1 : ms, ...more);""")
    video = {"sound": sound, "tracks": tracks}[named]
    true = opened(service, players, page, "dashjs", "manifest.mpd", video["playback_id"])
    true("window.ready")
    page.evaluate("void video.play()")
    for _ in range(3):
        page.evaluate("void (window.ended = false, video.currentTime = 11.5, video.play())")
        true("window.ended", 20)


EVERY = [("hlsjs", "master.m3u8"), ("shaka", "master.m3u8"), ("shaka", "manifest.mpd"), ("dashjs", "manifest.mpd")]


@pytest.mark.slow  # test_codecs.py has each player once for each codec
@pytest.mark.parametrize(("player", "manifest"), EVERY)
def test_it_plays_switches_seeks_and_ends(service: Service, video: dict[str, Any], players: Path, page: Page,
                                          player: str, manifest: str) -> None:
    _through(service, video, players, page, player, manifest)


@pytest.mark.slow
@pytest.mark.parametrize("source", ["upright", "silent"])
@pytest.mark.parametrize(("player", "manifest"), EVERY)
def test_other_sources_play_as_well(service: Service, upright: dict[str, Any], silent: dict[str, Any], players: Path,
                                    page: Page, player: str, manifest: str, source: str) -> None:
    _through(service, {"upright": upright, "silent": silent}[source], players, page, player, manifest)


def _through(service: Service, video: dict[str, Any], players: Path, page: Page, player: str, manifest: str) -> None:
    """Start, every level, five seeks, the end: without an error, a gap in what is buffered, or a damaged picture."""
    true = opened(service, players, page, player, manifest, video["playback_id"])
    true("window.ready")
    page.evaluate("void video.play()")
    true("video.currentTime > 2.5")
    length_s = float(video["duration_s"])
    heights = sorted({rendition["height_px"] for rendition in video["renditions"]})
    # In time: Shaka Player leaves out for half a minute what came too late on a busy machine.
    true(f"[...new Set(heights())].sort((a, b) => a - b).join() === '{','.join(map(str, heights))}'")
    for height in heights:
        page.evaluate("void (video.currentTime = 1, video.play())")  # far from the end, however long the last one took
        # hls.js takes a tenth of a second to see that it is there: told to switch before, with all fetched, it says that the
        # stream has ended, and with nothing fetched any more it has.
        true("!video.seeking && video.currentTime > 1.3")
        page.evaluate(f"pick({height})")
        true(f"video.videoHeight === {height} && video.readyState >= 3")
    for part in (0.75, 0.1, 0.5, 0.3, 0.9):
        time_s = round(length_s * part, 2)
        page.evaluate(f"void (video.currentTime = {time_s})")
        true(f"!video.seeking && video.currentTime > {time_s + 0.3} || window.ended")
        assert _gaps(page) == []
    true("window.ended")
    assert page.evaluate("video.duration") == pytest.approx(length_s, abs=0.05)
    played = page.evaluate("(q => [q.totalVideoFrames, q.corruptedVideoFrames ?? 0])(video.getVideoPlaybackQuality())")
    assert played[0] > 30
    assert played[1] == 0


def _gaps(page: Page) -> list[list[float]]:
    """Holes of under a second in what is buffered: larger ones are what was seeked over."""
    found: list[list[float]] = page.evaluate("""[...Array(video.buffered.length).keys()].slice(1)
        .map((i) => [video.buffered.end(i - 1), video.buffered.start(i)]).filter(([a, b]) => b - a < 1)""")
    return found


SHOW_TEXT = {"shaka": "player.selectTextTrack(player.getTextTracks()[0])", "dashjs": "player.setTextTrack(0)"}


CAPTIONS = "WEBVTT\n\n00:01.000 --> 00:04.000\nA graph has nodes.\n\n00:09.000 --> 00:12.000\nAnd edges.\n"


@EACH
def test_captions_are_shown(service: Service, upright: dict[str, Any], players: Path, page: Page, player: str, manifest: str
                            ) -> None:
    with service.client() as client:
        client.put(f"/api/v1/videos/{upright['id']}/captions/en", content=CAPTIONS.encode()).raise_for_status()
        until(lambda: "captions/en/" in client.get(f"/play/{upright['playback_id']}/manifest.mpd").text, 10, "captions")
    # Shaka Player shows text only once it has added media behind the choice: not all of a short clip before it.
    more = "player.configure('streaming.bufferingGoal', 4);" if player == "shaka" else ""
    true = opened(service, players, page, player, manifest, upright["playback_id"], more)
    true("window.ready")
    page.evaluate("void video.play()")
    true("video.currentTime > 0.5")
    page.evaluate(f"void {SHOW_TEXT[player]}")
    true("video.currentTime > 4")
    page.evaluate("void video.pause(), void (video.currentTime = 2)")  # text that comes late is shown, too
    shown = "[...video.textTracks].flatMap((track) => [...(track.activeCues ?? [])]).some((cue) => cue.text === '{}')"
    true(shown.format("A graph has nodes."))
    page.evaluate("void (video.currentTime = 9.5)")
    true(shown.format("And edges."))
