"""Where a file ends whose index promises more than has arrived.

The index of an MP4 that was cut short is whole, so ffprobe believes it. Which of the promised packets are
there is found by asking for one key frame at each of a few dozen times, then again in the gap in which they
stop: three or four short runs, whatever the length of the file.
"""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

from infra.core.command import GIB, Command, Limits
from infra.core.media import MediaInfo
from infra.core.safety import input_args
from infra.core.settings import Settings
from infra.core.steps import Runner, Tools

POINTS = 32
ROUNDS = 4
CLOSE_S = 1  # the rest is read packet by packet
MAX_PACKETS = 4000
_LIMITS = Limits(wall_s=15, cpu_s=15, memory_bytes=2 * GIB, file_bytes=1 << 20)


def packets_command(tools: Tools, path: Path, settings: Settings, intervals: str, stream: int | None) -> Command:
    """Show the packets of ffprobe's `intervals`; of one stream, or of all. Pure."""
    chosen = ("-select_streams", str(stream)) if stream is not None else ()
    return Command((str(tools.ffprobe), "-v", "fatal", *input_args(settings.max_pixels), *chosen,
                    "-read_intervals", intervals, "-show_entries",
                    "packet=stream_index,pts_time,duration_time,flags", "-of", "json=compact=1", "-i", f"file:{path}"),
                   reads=(path,), limits=_LIMITS)


def parse_packets(answer: bytes) -> list[tuple[int, Fraction, Fraction]]:
    """(stream, start, end) of every whole packet, in seconds. Pure."""
    found = []
    for packet in json.loads(answer).get("packets", []):
        if "pts_time" in packet and "C" not in packet.get("flags", ""):  # C: corrupt, here: cut in the middle
            start = Fraction(packet["pts_time"])
            found.append((int(packet["stream_index"]), start, start + Fraction(packet.get("duration_time", 0))))
    return found


def measured_ends(run: Runner, tools: Tools, settings: Settings, path: Path,
                  info: MediaInfo) -> dict[int, Fraction] | None:
    """When each stream really ends, in seconds; None when the last key frame is there, so that nothing is missing.

    Empty when not even the first is there. Raises what `run` raises.
    """
    main = info.video or info.audio[0]
    low, high = main.start_s, main.start_s + (main.duration_s or info.duration_s)
    for attempt in range(ROUNDS):
        points = [low + (high - low) * n / (POINTS - 1) for n in range(POINTS)]
        packets = _ask(run, tools, settings, path, ",".join(f"{float(at):.3f}%+#1" for at in points), main.index)
        there = len(packets)
        if there >= POINTS:
            if attempt == 0:
                return None
            low = high
            break
        if there == 0:
            if attempt == 0:
                return {}
            break
        low, high = points[there - 1], points[there]
        if high - low <= CLOSE_S:
            break
    ends: dict[int, Fraction] = {}
    for stream, _, end in _ask(run, tools, settings, path, f"{float(low):.3f}%+#{MAX_PACKETS}", None):
        ends[stream] = max(ends.get(stream, Fraction(0)), end)
    return ends


def _ask(run: Runner, tools: Tools, settings: Settings, path: Path, intervals: str,
         stream: int | None) -> list[tuple[int, Fraction, Fraction]]:
    return parse_packets(run(packets_command(tools, path, settings, intervals, stream)).stdout)
