"""A fresh Lectern for a bench, an uploader that notes when its last byte left, and a client that asks as a player does."""

from __future__ import annotations

import base64
import http.client
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import m3u8
import psutil

from tests.granted import clocks_s, share_stolen
from tests.processes import is_called

_TUS = {"Tus-Resumable": "1.0.0"}
_PIECE_BYTES = 1 << 20
_BEGAN = clocks_s()
API = "/api/v1"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, and when: seconds of the monotonic clock."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes
    first_byte_s: float
    last_byte_s: float


@dataclass(frozen=True, slots=True)
class Uploaded:
    """A finished upload: when its last byte was handed to the network, and when it was acknowledged."""

    video_id: str
    playback_id: str
    last_byte_sent_s: float
    acknowledged_s: float


@dataclass(frozen=True, slots=True)
class Played:
    """When the first segment of the variant that is listed first (`rendition`), and its sound, were there; seconds of the
    monotonic clock."""

    playlists_s: float
    inits_s: float
    video_first_byte_s: float
    video_last_byte_s: float
    audio_last_byte_s: float
    rendition: str


class Service:
    """A running `lectern up` and one connection to it."""

    def __init__(self, url: str, key: str, supervisor: int) -> None:
        where = urlsplit(url)
        assert where.hostname and where.port
        self._address = (where.hostname, where.port)
        self.url = url
        self._key = key
        self.supervisor = supervisor
        self._local = threading.local()
        self._pool = ThreadPoolExecutor(8)

    def get(self, path: str, method: str = "GET", body: Any = None, headers: dict[str, str] | None = None) -> Answer:
        """Ask over this thread's own connection. Raises RuntimeError when the answer is no success."""
        for attempt in (0, 1):
            connection = getattr(self._local, "connection", None)
            if connection is None:
                connection = self._local.connection = http.client.HTTPConnection(*self._address, timeout=120)
                connection.blocksize = 1 << 20
            try:
                connection.request(method, path, body, {"Authorization": f"Bearer {self._key}", **(headers or {})})
                answer = connection.getresponse()
                break
            except (http.client.RemoteDisconnected, ConnectionError):  # it was idle for too long
                self._local.connection = None
                if attempt:
                    raise
        data = answer.read(1)
        first = time.monotonic()
        data += answer.read()
        last = time.monotonic()
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path}: {answer.status} {data[:300]!r}")
        return Answer(answer.status, answer.headers, data, first, last)

    def upload(self, file: Path) -> Uploaded:
        """By tus, in one PATCH."""
        size = file.stat().st_size
        name = base64.b64encode(file.name.encode()).decode()
        created = self.get(f"{API}/uploads", "POST", headers=_TUS | {
            "Upload-Length": str(size), "Upload-Metadata": f"filename {name}"})
        sent_s = 0.0

        def pieces() -> Iterator[bytes]:
            nonlocal sent_s
            with file.open("rb") as source:
                while piece := source.read(_PIECE_BYTES):
                    yield piece
            sent_s = time.monotonic()

        done = self.get(urlsplit(created.headers["Location"]).path, "PATCH", pieces(), _TUS | {
            "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream", "Content-Length": str(size)})
        video_id = done.headers["Lectern-Video"]
        playback_id = json.loads(self.get(f"{API}/videos/{video_id}").body)["playback_id"]
        return Uploaded(video_id, playback_id, sent_s, done.last_byte_s)

    def play(self, playback_id: str, segment: int = 0) -> Played:
        """Do what a player does: the multivariant playlist, both media playlists at once, then for picture and sound
        side by side the init section and the segment."""
        base = f"/play/{playback_id}/"
        master = m3u8.loads(self.get(base + "master.m3u8").body.decode())
        variant = master.playlists[0]
        names = [variant.uri] + [m.uri for m in master.media if m.type == "AUDIO"]
        playlists = list(self._pool.map(lambda name: self.get(base + name), names))

        def fetch(name: str) -> tuple[Answer, Answer]:
            folder = base + name.rpartition("/")[0]
            return self.get(f"{folder}/init.mp4"), self.get(f"{folder}/{segment}.m4s")

        (init, video), *audio = self._pool.map(fetch, names)
        return Played(max(p.last_byte_s for p in playlists), init.last_byte_s, video.first_byte_s, video.last_byte_s,
                      max((segment.last_byte_s for _, segment in audio), default=video.last_byte_s),
                      variant.uri.partition("/")[0])

    def cell(self, playback_id: str, segment: int, rung: str = "h264-720p") -> tuple[float, float]:
        """Seconds until the last byte of a cell, and of its sound, asked for at once."""
        begun = time.monotonic()
        both = self._pool.map(lambda name: self.get(f"/play/{playback_id}/{name}/{segment}.m4s").last_byte_s,
                              (rung, "aac"))
        video_s, audio_s = both
        return video_s - begun, audio_s - begun

    def segments(self, playback_id: str, rung: str = "h264-720p") -> int:
        """How many segments the video has."""
        return len(m3u8.loads(self.get(f"/play/{playback_id}/{rung}/index.m3u8").body.decode()).segments)

    def video(self, video_id: str) -> dict[str, Any]:
        """The video as the API shows it."""
        found: dict[str, Any] = json.loads(self.get(f"{API}/videos/{video_id}").body)
        return found

    def hold(self, name: str) -> None:
        """Stop a process of the service, as if it were not there; it ends with the others."""
        for process in psutil.Process(self.supervisor).children():
            if is_called(process, name):
                process.suspend()

    def delete(self, video_id: str) -> None:
        """Withdraw a video, so that its background work does not disturb what is measured next."""
        self.get(f"{API}/videos/{video_id}", "DELETE")


@contextmanager
def service(data: Path, **environment: str) -> Iterator[Service]:
    """A fresh service in the folder `data`, ended (and the folder removed) at the end."""
    shutil.rmtree(data, ignore_errors=True)
    process = subprocess.Popen([sys.executable, "-m", "infra.runtime.cli", "up", "--data", str(data), "--port", "0"],
                               stdout=subprocess.PIPE, text=True,
                               env={**os.environ, "LECTERN_TRANSCRIBE": "false", **environment})
    try:
        assert process.stdout
        for line in process.stdout:
            if line.startswith("ready "):
                yield Service(line.split()[1], (data / "admin.key").read_text().strip(), process.pid)
                break
        else:
            raise RuntimeError("the service did not start; its messages above say why")
    finally:
        process.terminate()
        process.wait(60)
        shutil.rmtree(data, ignore_errors=True)


def load_average() -> str:
    """What else this machine was doing, to print beside the figures; and other machines, where they share its processors."""
    stolen = share_stolen(_BEGAN)
    return f"load average {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores, {stolen:.0%} of them taken away until here"
