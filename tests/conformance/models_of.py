"""Packages of sources that are unlike the usual one: upright, mono at 29.97, without sound at 6 frames a second."""

from __future__ import annotations

from pathlib import Path

from .model import made, run

SOURCES = {
    "portrait": ("-f", "lavfi", "-i", "testsrc=size=480x854:rate=30:duration=5", "-f", "lavfi", "-i",
                 "sine=frequency=440:sample_rate=44100:duration=5", "-ac", "2"),
    "mono_2997": ("-f", "lavfi", "-i", "testsrc=size=640x480:rate=30000/1001:duration=8.3", "-f", "lavfi", "-i",
                  "sine=frequency=440:sample_rate=48000:duration=8.1", "-metadata:s:a:0", "language=deu"),
    "silent_6fps": ("-f", "lavfi", "-i", "testsrc=size=320x180:rate=6:duration=14"),
}


def package(work: Path, name: str) -> Path:
    """The folder that `lectern process` makes of it."""
    file = work / f"{name}.mp4"
    run(*SOURCES[name], "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac", file)
    return made(file, work / name)
