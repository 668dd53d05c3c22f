"""A publisher whose every frame shows the time it was made at, and how to read that time back."""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tests.bench.service import Service

STREAMS = "/api/v1/live-streams"
WIDTH, HEIGHT, BITS = 320, 180, 32
STRIP = 20  # rows of the bar code, and below it as many with the opposite of every bit
FPS = 30
# In a page: the milliseconds that the picture shows, or null where it can not be read.
READ_CLOCK = """() => {
  const video = document.querySelector("video");
  const canvas = (window.lecternBench ??= Object.assign(document.createElement("canvas"), {width: 320, height: 180}));
  const context = canvas.getContext("2d", {willReadFrequently: true});
  context.drawImage(video, 0, 0, 320, 180);
  const row = (y) => [...Array(32).keys()].map((i) => context.getImageData(i * 10 + 5, y, 1, 1).data[0] > 128);
  const [bits, opposite] = [row(10), row(30)];
  if (!video.videoWidth || bits.some((bit, i) => bit === opposite[i])) return null;
  const shown = bits.reduce((sum, bit, i) => sum + (bit ? 2 ** i : 0), 0);
  return (Date.now() % 2 ** 32) - shown;
}"""


def picture(clock_ms: int) -> bytes:
    """A gray frame with the time."""
    bits = (clock_ms >> np.arange(BITS)) & 1
    bar = np.repeat(bits * 215 + 20, WIDTH // BITS).astype(np.uint8)
    frame = np.full((HEIGHT, WIDTH), 128, np.uint8)
    frame[:STRIP], frame[STRIP:2 * STRIP] = bar, 255 - bar
    frame[60:, (clock_ms // 8) % (WIDTH - 40):][:, :40] = 220  # something that moves
    return frame.tobytes()


def clocks(gray: bytes) -> list[int]:
    """The times that frames of WIDTH x HEIGHT gray pixels show, in milliseconds modulo 2^32."""
    frames = np.frombuffer(gray, np.uint8).reshape(-1, HEIGHT, WIDTH)
    bars = frames[:, 8:12].reshape(len(frames), 4, BITS, WIDTH // BITS)[:, :, :, 3:-3].mean(axis=(1, 3)) > 128
    return [int(n) for n in (bars.astype(np.int64) << np.arange(BITS)).sum(axis=1)]


@dataclass
class Stream:
    """A live stream of a service, and its encoder."""

    service: Service
    id: str
    url: str
    encoder: subprocess.Popen[bytes] | None = None
    playback_id: str = ""

    @classmethod
    def make(cls, service: Service, profile: str = "default", language: str | None = None) -> Stream:
        body = json.dumps({"name": "Bench", "profile": profile, "language": language})
        for _ in range(300):
            try:
                made = json.loads(service.get(STREAMS, "POST", body, {"Content-Type": "application/json"}).body)
                rtmp = next((one for one in made["servers"] if one["protocol"] == "rtmp"), None)
                if rtmp is not None:
                    return cls(service, made["id"], f"{rtmp['url']}/{rtmp['stream_key']}")
            except RuntimeError:  # the live process is not there yet
                pass
            time.sleep(0.2)
        raise RuntimeError("no live stream could be made: lectern doctor says what is missing")

    def publish_clock(self, *, small: bool = False) -> None:
        """Frames of 720p, or of 360p, that show the time, as an encoder on this machine makes them; until `stop`."""
        encoder = self._begin("-f", "rawvideo", "-pix_fmt", "gray", "-s", f"{WIDTH}x{HEIGHT}", "-r", str(FPS), "-i",
                              "pipe:0", "-f", "lavfi", "-i", "sine=440:sample_rate=48000", "-vf",
                              f"scale={'640:360' if small else '1280:720'}:flags=neighbor,format=yuv420p",
                              "-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency",
                              "-g", str(2 * FPS), "-c:a", "aac", "-shortest")

        def write() -> None:
            assert encoder.stdin
            begun_s = time.monotonic()
            n = 0
            try:
                while True:
                    time.sleep(max(0.0, begun_s + n / FPS - time.monotonic()))
                    encoder.stdin.write(picture(int(time.time() * 1000) % 2**32))
                    encoder.stdin.flush()
                    n += 1
            except (BrokenPipeError, ValueError):
                return

        threading.Thread(target=write, daemon=True).start()
        self._until_live()

    def publish_file(self, file: Path) -> None:
        """A file over and over, its own packets: hardly any work for this machine."""
        self._begin("-re", "-stream_loop", "-1", "-i", str(file), "-c", "copy")
        self._until_live()

    def stop(self) -> None:
        if self.encoder is not None:
            self.encoder.kill()
            self.encoder.wait()

    def end(self) -> None:
        """As its owner ends it."""
        self.service.get(f"{STREAMS}/{self.id}/end", "POST")

    def index(self, rendition: str) -> str:
        """Path of a media playlist."""
        return f"/play/{self.playback_id}/{rendition}/index.m3u8"

    def _begin(self, *arguments: str) -> subprocess.Popen[bytes]:
        tool = shutil.which("ffmpeg") or "ffmpeg"
        self.encoder = subprocess.Popen([tool, "-v", "error", *arguments, "-f", "flv", self.url], stdin=subprocess.PIPE)
        return self.encoder

    def _until_live(self) -> None:
        """Raises RuntimeError with the reason when it is refused, or does not begin within a minute."""
        for _ in range(600):
            stream: Any = json.loads(self.service.get(f"{STREAMS}/{self.id}").body)
            if stream["refused"]:
                raise RuntimeError(stream["refused"]["message"])
            found = stream["current"]
            if found and found["state"] == "live":
                self.playback_id = found["playback_id"]
                try:
                    if self.service.get(self.index("live-360p")).body.count(b"#EXTINF") >= 1:
                        return
                except RuntimeError:
                    pass  # nothing is encoded yet
            time.sleep(0.1)
        raise RuntimeError("the stream did not begin")


def lecture(tools: str, file: Path, seconds: int = 20) -> Path:
    """720p30 such as a lecture is: something still, and a small moving inset. 2.5 Mbit/s at most, a key frame every 2 s."""
    if not file.is_file():
        file.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run([tools, "-v", "error", "-y", "-f", "lavfi", "-i", f"smptehdbars=s=1280x720:r=30:d={seconds}", "-f",
                        "lavfi", "-i", f"testsrc2=s=320x180:r=30:d={seconds},noise=alls=12:allf=t", "-f", "lavfi", "-i",
                        f"sine=440:d={seconds}:sample_rate=48000", "-filter_complex", "[0][1]overlay=940:20,format=yuv420p",
                        "-c:v", "libx264", "-preset", "veryfast", "-tune", "zerolatency", "-g", "60", "-maxrate", "2500k",
                        "-bufsize", "2500k", "-c:a", "aac", "-f", "flv", str(file)], check=True)
    return file
