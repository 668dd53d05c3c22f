"""`lectern up`, a real encoder by RTMP and by SRT, and what a player gets while it is live and afterwards."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import m3u8
import psutil
import pytest
from service import Service, until

from infra.core.errors import ConfigError
from ingest.live.nginx_rtmp import find_nginx
from ingest.live.srt import find_srt
from tests.processes import is_called

pytestmark = pytest.mark.real_time

STREAMS = "/api/v1/live-streams"
PICTURE = ("-f", "lavfi", "-i", "testsrc2=s=640x360:r=30", "-f", "lavfi", "-i", "sine=r=48000", "-c:v", "libx264", "-preset",
           "ultrafast", "-tune", "zerolatency", "-g", "60", "-pix_fmt", "yuv420p", "-b:v", "800k", "-c:a", "aac")
# Another page every eight seconds, with strokes for letters.
_PAGES = ("color=white:s=640x360:r=1,geq=lum='if(lt(mod(X,14+11*mod(floor(T/8),5)),9)*lt(mod(Y,30),9)*gt(Y,40),20,245)'"
          ":cb=128:cr=128,fps=30")
SLIDES = tuple(_PAGES if word.startswith("testsrc2") else word for word in PICTURE)


def picture_and(spoken: Path) -> tuple[str, ...]:
    at = PICTURE.index("sine=r=48000") - 3
    return (*PICTURE[:at], "-stream_loop", "-1", "-i", str(spoken), *PICTURE[at + 4:])


def need(protocol: str) -> str:
    """The encoder; skips where one of both ends is missing."""
    tool = shutil.which("ffmpeg")
    try:
        find_nginx() if protocol == "rtmp" else find_srt()
        said = subprocess.run([tool or "ffmpeg", "-v", "error", "-protocols"], capture_output=True, text=True).stdout
        if protocol in said.split():
            return str(tool)
        why = f"this ffmpeg does not publish by {protocol}"
    except ConfigError as error:
        why = error.message
    except FileNotFoundError:
        why = "no ffmpeg that publishes: apt-get install ffmpeg"
    (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(why)
    raise AssertionError


class Channel:
    """A service that takes live streams, one stream of it, and its encoders."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.client = service.client()
        self.encoders: list[subprocess.Popen[bytes]] = []
        answer = until(lambda: self._made(), 60, "the service takes live streams")
        self.stream = dict(answer.json())

    def _made(self) -> httpx.Response | None:
        answer = self.client.post(STREAMS, json={"name": "Physics, live", "language": "de"})
        open_now = {server["protocol"] for server in answer.json().get("servers", [])}
        assert answer.status_code in (201, 503), answer.text
        return answer if open_now == {"rtmp", "srt"} else None

    def publish(self, protocol: str, seconds: float = 300, *, spoken: Path | None = None, picture: tuple[str, ...] = PICTURE
                ) -> subprocess.Popen[bytes]:
        """`spoken`: a file with speech, over and over, where there is a tone otherwise."""
        server = next(one for one in self.stream["servers"] if one["protocol"] == protocol)
        url = f"{server['url']}/{server['stream_key']}" if protocol == "rtmp" else f"{server['url']}&pkt_size=1316"
        self.encoders.append(subprocess.Popen(
            [need(protocol), "-v", "error", "-nostdin", "-re", *(picture_and(spoken) if spoken else picture), "-t",
             str(seconds), "-f", "flv" if protocol == "rtmp" else "mpegts", url], stdin=subprocess.DEVNULL))
        return self.encoders[-1]

    def look(self) -> dict[str, Any]:
        answer = self.client.get(f"{STREAMS}/{self.stream['id']}")
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def session(self, state: str, within_s: float = 60) -> dict[str, Any]:
        """The newest session, once it is in this state."""
        def found() -> dict[str, Any] | None:
            sessions = self.look()["sessions"]
            return sessions[0] if sessions and sessions[0]["state"] == state else None

        return dict(until(found, within_s, f"a session that is {state}") or {})

    def playlist(self, session: dict[str, Any]) -> m3u8.M3U8:
        """The media playlist of the first size."""
        master = self.client.get(session["playlist_url"])
        assert master.status_code == 200, master.text
        first = m3u8.loads(master.text).playlists[0].uri
        base = session["playlist_url"].rpartition("/")[0]
        media = self.client.get(f"{base}/{first}")
        assert media.status_code == 200, media.text
        return m3u8.loads(media.text, uri=f"{base}/{first}")

    def segments(self, session: dict[str, Any], at_least: int, within_s: float = 60) -> m3u8.M3U8:
        """The playlist, once it has so many segments; each of them is there."""
        def found() -> m3u8.M3U8 | None:
            answer = self.client.get(session["playlist_url"])
            if answer.status_code != 200:
                return None
            playlist = self.playlist(session)
            return playlist if len(playlist.segments) >= at_least else None

        playlist = until(found, within_s, f"{at_least} segments of {session['playlist_url']}")
        assert playlist is not None
        base = str(playlist.base_uri)
        for segment in playlist.segments:
            if segment.uri:  # the last may have parts alone
                answer = self.client.get(f"{base}{segment.uri}" if "/" not in segment.uri[:1] else segment.uri)
                assert answer.status_code == 200 and len(answer.content) > 1000, segment.uri
        return playlist

    def process(self, name: str) -> psutil.Process:
        return next(process for process in self.service.program.family() if is_called(process, name))

    def close(self) -> None:
        for encoder in self.encoders:
            encoder.kill()
            encoder.wait()
        self.client.close()


@pytest.fixture
def channel(start: Callable[..., Service]) -> Iterator[Channel]:
    need("rtmp")
    need("srt")
    service = start(LECTERN_LIVE="true", LECTERN_RTMP_PORT="0", LECTERN_SRT_PORT="0")
    channel = Channel(service)
    yield channel
    channel.close()


@pytest.mark.parametrize("protocol", ["rtmp", pytest.param("srt", marks=pytest.mark.slow)])
def test_what_is_published_is_watched_live_and_is_the_recording_at_once(channel: Channel, protocol: str) -> None:
    channel.publish(protocol)
    session = channel.session("live")
    assert session["protocol"] == protocol and channel.look()["state"] == "live"
    live = channel.segments(session, 3)
    assert not live.is_endlist
    assert channel.client.post(f"{STREAMS}/{channel.stream['id']}/end").status_code == 200
    ended = channel.session("ended", 10)
    assert ended["id"] == session["id"] and ended["playlist_url"] == session["playlist_url"]
    recording = channel.segments(ended, 3)
    assert recording.is_endlist
    assert channel.look()["state"] == "idle" and channel.look()["current"] is None
    lecture = channel.service.until_ready(session["video_id"])
    assert lecture["playback_id"] == session["playback_id"] and lecture["title"] == "Physics, live"
    assert {step["name"] for step in lecture["steps"]} >= {"assemble", "poster", "fill:h264", "storyboard"}
    assert lecture["source"]["sha256"] and lecture["duration_s"] >= 4
    rendered = channel.segments(ended, 2)  # the same address, the lecture's own sizes
    assert rendered.is_endlist
    assert abs(sum(segment.duration for segment in rendered.segments) - lecture["duration_s"]) < 0.2
    assert abs(sum(segment.duration for segment in recording.segments) - lecture["duration_s"]) < 1.5


def test_a_publisher_that_was_killed_goes_on_in_the_same_video(channel: Channel) -> None:
    first = channel.publish("rtmp")
    session = channel.session("live")
    before = len(channel.segments(session, 2).segments)
    first.send_signal(signal.SIGKILL)
    assert channel.session("interrupted")["id"] == session["id"]
    channel.publish("rtmp")
    assert channel.session("live")["id"] == session["id"]
    after = channel.segments(session, before + 2)
    assert not after.is_endlist
    assert len(channel.look()["sessions"]) == 1
    assert channel.client.post(f"{STREAMS}/{channel.stream['id']}/end").status_code == 200
    recording = channel.segments(session, before + 2)
    lecture = channel.service.until_ready(session["video_id"])  # of both connections
    assert abs(sum(segment.duration for segment in recording.segments) - lecture["duration_s"]) < 2.5


def test_the_live_process_that_was_killed_goes_on_with_its_sessions(channel: Channel) -> None:
    channel.publish("rtmp")
    session = channel.session("live")
    before = [segment.uri for segment in channel.segments(session, 3).segments[:2]]
    channel.process("live").send_signal(signal.SIGKILL)
    until(lambda: channel.encoders[0].poll() is not None, 60, "the encoder notices")

    def published() -> bool:  # as OBS does: it tries again. With port 0 the new process has another port
        key = channel.stream["stream_key"]
        channel.stream["servers"] = [server | {"stream_key": key, "url": server["url"].replace("STREAM_KEY", key)}
                                     for server in channel.look()["servers"]]
        if len(channel.stream["servers"]) < 2:
            return False
        encoder = channel.publish("rtmp")
        try:
            encoder.wait(4)
        except subprocess.TimeoutExpired:
            return True
        return False

    until(published, 40, "the encoder is let in again")
    assert channel.session("live")["id"] == session["id"]
    after = channel.segments(session, 5)
    assert [segment.uri for segment in after.segments[:2]] == before
    assert not after.is_endlist
