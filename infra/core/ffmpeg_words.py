"""The words of an ffmpeg command that opens what somebody uploaded, or what was made of it. Pure."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import ffmpeg

from infra.core.safety import input_args
from infra.core.steps import Tools


def with_input_limits(tools: Tools, output: Any, source: Path, max_pixels: int,
                      level: str = "warning") -> tuple[str, ...]:
    """The words of the command, each opening of the source under the input rules."""
    args: list[str] = []
    for word, following in pairwise((*ffmpeg.get_args(output), "")):
        if word == "-i" and following == f"file:{source}":
            args += input_args(max_pixels)
        args.append(word)
    return (str(tools.ffmpeg), "-hide_banner", "-nostdin", "-nostats", "-loglevel", level, "-y", *args)
