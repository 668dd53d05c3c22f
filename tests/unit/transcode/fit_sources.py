"""A source that is fit to be copied, to be spoilt in one respect at a time."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from media_infos import video

from infra.core.media import AvcPackets, VideoStream

# Decoder configurations as x264 and ffmpeg write them.
AVCC = {
    "high": "01640028ffe1001b67640028acd940780227e5c044000003000400000300c83c60c65801000468ef8fcbfdf8f800",
    "main": "014d401fffe10019674d401feca02802dd80880000030008000003019078c18cb001000468ef8fc8",
    "baseline": "0142c01effe100196742c01eda0280bfe5c044000003000400000300c83c58ba8001000468ce0fc8",
    "interlaced": "01640028ffe1001a67640028acd94078044fde0220000003002000000643e2c5b2c001000468fe8fcbfdf8f800",
    "high10": "016e001fffe1001a676e001fa6cd9405005bb011000003000100000300320f18319601000468ef8fcbfdfafa00",
    "high422": "017a001fffe1001a677a001fbcd9405005bb011000000300100000030320f183196001000468ef8fcbfef8f800",
    "high444": "01f4001effe1001b67f4001e919b281405ff1380880000030008000003019078b16cb001000668ef8f192190fff8f800",
    "matrices": "01640033ffe1001a67640033acd940a02ff97011000003000100000300320f18319601000568ef8fcc03fdf8f800",
}
RATE = 25


def packets(**changes: Any) -> AvcPackets:
    """100 s with a key frame every 4 s, 1 Mbit/s."""
    fields: dict[str, Any] = {
        "track": 0, "count": 2500, "scale": 12_800, "first_ticks": 0, "last_ticks": 2499 * 512, "uneven_ticks": 0.0,
        "config_hex": AVCC["high"], "keys": tuple(range(0, 2500, 100)), "key_bytes": (500_000,) * 25}
    return AvcPackets(**(fields | changes))


def fit_video(**changes: Any) -> VideoStream:
    """1080p at 25 frames a second, 100 s."""
    return video(packets=packets(), duration_s=Fraction(100)).model_copy(update=changes)
