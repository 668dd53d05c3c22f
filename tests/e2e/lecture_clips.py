"""Clips made with the ffmpeg that Lectern itself uses: small, but shaped like what people upload."""

from __future__ import annotations

import struct
import subprocess
import zlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from infra.core.settings import Settings
from infra.tools import find_tools


@cache
def ffmpeg() -> str:
    """The ffmpeg of this installation."""
    return str(find_tools(Settings()).ffmpeg)


@dataclass(frozen=True, slots=True)
class Shape:
    """What a clip is like. The picture counts frames, the sound is a tone that changes."""

    duration_s: float = 40.0
    size: str = "1280x720"
    rate: int | str = 25
    gop: int = 250  # as cameras and screen recorders write: a key frame every ten seconds
    codec: tuple[str, ...] = ("-c:v", "libx264", "-preset", "ultrafast")
    audio: tuple[str, ...] = ("-c:a", "aac", "-b:a", "96k")


def make(path: Path, shape: Shape | None = None) -> Path:
    """Write a clip to `path`; its ending chooses the container."""
    shape = shape or Shape()
    # Not ffmpeg-python: the commands of the product must not be tested with the product's own way to write them.
    picture = f"testsrc=size={shape.size}:rate={shape.rate}:duration={shape.duration_s}"
    sound = f"aevalsrc=0.2*sin(2*PI*t*(300+100*floor(mod(t\\,5)))):s=48000:d={shape.duration_s}"
    command = [ffmpeg(), "-v", "error", "-y", "-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", sound,
               *shape.codec, "-g", str(shape.gop), "-pix_fmt", "yuv420p", *shape.audio, str(path)]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, timeout=120)
    return path


# What the usual programs write: ending -> codecs.
CONTAINERS: dict[str, Shape] = {
    ending: Shape(duration_s=3.0, size="640x360", gop=50, codec=codec, audio=audio)
    for ending, codec, audio in (
        ("mp4", ("-c:v", "libx264", "-preset", "ultrafast"), ("-c:a", "aac")),
        ("mkv", ("-c:v", "libx264", "-preset", "ultrafast"), ("-c:a", "libopus")),
        ("webm", ("-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8"), ("-c:a", "libopus")),
        ("ts", ("-c:v", "libx264", "-preset", "ultrafast"), ("-c:a", "aac")),
        ("mov", ("-c:v", "libx264", "-preset", "ultrafast"), ("-c:a", "pcm_s16le")),
        ("avi", ("-c:v", "mpeg4", "-q:v", "5"), ("-c:a", "pcm_s16le")),
        ("flv", ("-c:v", "libx264", "-preset", "ultrafast"), ("-c:a", "aac")),
    )
}


def without_moov(source: Path, path: Path) -> Path:
    """An MP4 that was cut before its index was written."""
    data = source.read_bytes()
    path.write_bytes(data[: data.rindex(b"moov") - 4])
    return path


def picture(path: Path) -> Path:
    """A PNG of 64x64 black pixels; not every ffmpeg can write one."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", 64, 64, 8, 2, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header)
                     + chunk(b"IDAT", zlib.compress((b"\0" + bytes(192)) * 64)) + chunk(b"IEND", b""))
    return path
