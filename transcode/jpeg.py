"""How pictures become JPEG files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ffmpeg

COLOURS = {"out_color_matrix": "bt601", "out_range": "pc"}  # of a scale filter: JFIF knows one matrix and the full range


def one_picture(picture: Any, path: Path, *, quality: int = 3, **more: Any) -> Any:
    """The output of a filter graph to a file at `path`: its first picture. `quality` of ffmpeg's `-q:v`, 2 (best) to 31."""
    return ffmpeg.output(picture, f"file:{path}", f="mjpeg", map_metadata=-1, **{"q:v": quality, "frames:v": 1}, **more)
