"""The watch page with several tracks, and with sound alone."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from browsing import Watching
from lecture_clips import ffmpeg
from service import Service, until

Watch = Callable[..., Watching]


def tones(path: Path, *args: str, seconds: float = 12, hertz: tuple[int, ...] = (400, 2000), picture: bool = True) -> Path:
    """A clip with one steady tone a track."""
    inputs = ["-f", "lavfi", "-i", f"testsrc=size=320x180:rate=25:duration={seconds}"] if picture else []
    for one in hertz:
        inputs += ["-f", "lavfi", "-i", f"aevalsrc=0.3*sin(2*PI*{one}*t):s=48000:d={seconds}"]
    maps = [word for i in range(len(hertz) + picture) for word in ("-map", str(i))]
    subprocess.run([ffmpeg(), "-v", "error", *inputs, *maps, *args, str(path)], check=True, timeout=60)
    return path


# What is heard, by the loudest frequency of the element's own sound.
LISTEN = """() => {
    const { video } = window.lectern;
    video.muted = false;
    const context = window.listening ??= new AudioContext();
    if (!window.analyser) {
        window.analyser = context.createAnalyser();
        window.analyser.fftSize = 8192;
        context.createMediaElementSource(video).connect(window.analyser);
    }
    context.resume();
    const levels = new Float32Array(window.analyser.frequencyBinCount);
    window.analyser.getFloatFrequencyData(levels);
    const loudest = levels.indexOf(Math.max(...levels));
    return levels[loudest] > -60 ? loudest * context.sampleRate / window.analyser.fftSize : 0;
}"""


def hears(page: Watching, hertz: int) -> None:
    until(lambda: abs(page.page.evaluate(LISTEN) - hertz) < 20, 60, f"a tone of {hertz} Hz")


@pytest.mark.parametrize("picture", [True, False])
def test_another_language_can_be_heard(watch: Watch, service: Service, tmp_path: Path, picture: bool) -> None:
    clip = tones(tmp_path / "languages.mkv", "-c:v", "libx264", "-c:a", "aac", "-metadata:s:a:0", "language=eng",
                 "-metadata:s:a:1", "language=fre", seconds=30, picture=picture)
    video = service.upload(clip)
    assert [(track["label"], track["language"]) for track in video["tracks"]] == [("English", "en"), ("Français", "fr")]
    page = watch(f"{service.url}{video['watch_url']}")
    page.play()
    hears(page, 400)
    sound = page.menu("Sound")
    assert [option.strip() for option in sound.locator("option").all_inner_texts()] == ["English", "Français"]
    sound.select_option(label="Français")
    hears(page, 2000)
    sound.select_option(label="English")
    hears(page, 400)
    assert page.menu("Quality").is_visible() == picture


def test_surround_is_offered_and_the_page_stays_with_stereo(watch: Watch, service: Service, tmp_path: Path) -> None:
    clip = tones(tmp_path / "surround.mp4", "-c:v", "libx264", "-c:a", "aac", "-ac", "6", hertz=(400,))
    video = service.upload(clip)
    assert [(track["name"], track["channels"]) for track in video["tracks"]] == [("aac", 2), ("aac-51", 6)]
    with service.client() as client:
        master = client.get(video["playlist_url"]).text
    assert 'GROUP-ID="audio-51"' in master
    page = watch(f"{service.url}{video['watch_url']}")
    page.play()
    hears(page, 400)
    assert page.ask("hls.levels.length") == len([one for one in video["renditions"] if one["codec"] != "vp9"])
    assert page.ask("hls.audioTracks.map(track => track.channels)") == ["2"]
    assert page.menu("Speed").is_visible()
    assert not page.page.get_by_label("Sound").is_visible()


@pytest.mark.parametrize("name", [pytest.param("lecture.mp3", marks=pytest.mark.slow), "lecture.m4a"])
def test_sound_alone_has_a_page_that_plays_and_seeks(watch: Watch, service: Service, tmp_path: Path, name: str) -> None:
    video = service.upload(tones(tmp_path / name, seconds=40, hertz=(500,), picture=False), title="A podcast")
    assert (video["playable"], video["renditions"]) == (True, [])
    with service.client() as client:
        poster = client.get(video["poster_url"])
        assert client.get(f"{video['poster_url']}?time=30").content == poster.content
    assert (poster.status_code, poster.headers["content-type"]) == (200, "image/jpeg")
    page = watch(f"{service.url}{video['watch_url']}")
    page.play()
    page.until_true("video.currentTime > 1")
    hears(page, 500)
    page.seek(35)
    assert page.ranges()[-1][1] > 35
    assert abs(page.ask("video.duration") - 40) < 0.1
    page.until_true("video.ended")
    ready = service.until_ready(video["id"])
    assert ready["progress"] == 1
    # A tone of 0.3 is -10.5 dBFS, 3 dB less by its power, and K-weighting takes 0.6 at 500 Hz (ITU-R BS.1770).
    assert ready["tracks"][0]["loudness"]["integrated_lufs"] == pytest.approx(-14.0, abs=0.8)
    assert ready["tracks"][0]["loudness"]["true_peak_dbtp"] == pytest.approx(-10.4, abs=0.8)


@pytest.mark.slow
def test_an_operator_can_have_all_videos_equally_loud(watch: Watch, tmp_path: Path) -> None:
    service = Service.start(tmp_path / "loud", LECTERN_NORMALIZE_LOUDNESS="true", LECTERN_FILL_CODECS="h264")
    try:
        video = service.upload(tones(tmp_path / "quiet.mp4", "-c:v", "libx264", "-c:a", "aac", "-af", "volume=-20dB",
                                     seconds=30, hertz=(500,)))
        page = watch(f"{service.url}{video['watch_url']}")  # while it is as it came
        page.play()
        ready = service.until_ready(video["id"])
        (track,) = ready["tracks"]
        assert track["name"] == "aac-norm"
        assert track["gain_db"] == pytest.approx(-16 - track["loudness"]["integrated_lufs"], abs=0.2)
        assert "fill:aac-norm" in [step["name"] for step in ready["steps"] if step["state"] == "done"]
        played = f"{service.url}{video['playlist_url'].rpartition('/')[0]}"
        with service.client() as client:
            master = client.get(video["playlist_url"]).text
            assert 'URI="aac-norm/index.m3u8"' in master
            assert "aac/index.m3u8" not in master
            for name in ("aac", "aac-norm"):
                playlist = client.get(f"{played}/{name}/index.m3u8")
                last = playlist.text.split()[-2]
                assert client.get(f"{played}/{name}/{last}").status_code == 200
        page.play()  # it may have come to its end meanwhile
        page.seek(25)  # whoever began with the sound as it came stays with it
        page.until_true("video.ended")
        page.open(f"{service.url}{video['watch_url']}")
        page.play()
        hears(page, 500)
        page.page.goto("about:blank")  # it tells what was watched, and would complain about a service that is gone
    finally:
        service.stop()
