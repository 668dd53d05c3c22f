"""Times as WebVTT writes them (W3C WebVTT, section 4.1, WebVTT timestamp)."""

from __future__ import annotations

from fractions import Fraction


def webvtt_time(time_s: float | Fraction) -> str:
    """Hours:minutes:seconds.milliseconds, of which there are at least 2, 2, 2 and 3 digits."""
    seconds, ms = divmod(round(time_s * 1000), 1000)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{ms:03}"
