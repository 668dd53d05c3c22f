"""Blocking playlist reloads (draft-pantos-hls-rfc8216bis, 6.2.5.2): answer now, wait, or refuse. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from math import ceil

from transcode.live.channel import Channel

_AHEAD = 2  # segments beyond the last one that may be asked for


class Verdict(Enum):
    """What to do with a request for a playlist."""

    NOW = "now"
    WAIT = "wait"
    TOO_FAR = "too far"  # 400


@dataclass(frozen=True, slots=True)
class Wanted:
    """The oldest playlist that the player wants: one with segment `msn`, or with part `part` of it."""

    msn: int
    part: int | None = None


def judge(channel: Channel, wanted: Wanted) -> Verdict:
    """What to do with a player that asks for this."""
    if channel.ended or _contains(channel, wanted):
        return Verdict.NOW
    newest = channel.open if channel.open_parts else channel.open - 1
    if wanted.msn > newest + _AHEAD:
        return Verdict.TOO_FAR
    if wanted.msn == channel.open and wanted.part is not None:
        furthest = len(channel.open_parts) - 1 + advance_part_limit(channel)
        if wanted.part > max(furthest, channel.plan.most_parts):
            return Verdict.TOO_FAR
    return Verdict.WAIT


def judge_captions(channel: Channel, wanted: Wanted) -> Verdict:
    """The same for the playlist of captions, which has no parts: whoever asks for one gets the segment that it is in."""
    if channel.ended or wanted.msn < channel.open:
        return Verdict.NOW
    return Verdict.TOO_FAR if wanted.msn > channel.open + _AHEAD else Verdict.WAIT


def advance_part_limit(channel: Channel) -> int:
    """How many parts beyond the last one may be asked for: three seconds of them, at least three."""
    return 3 if channel.plan.part_s >= 1 else ceil(3 / channel.plan.part_s)


def timeout_s(channel: Channel) -> float:
    """How long a player may wait before it gets a 503."""
    return 3.0 * channel.plan.target_duration_s


def _contains(channel: Channel, wanted: Wanted) -> bool:
    if wanted.msn < channel.open:
        if wanted.part is None:
            return True
        parts = channel.parts.get(wanted.msn)
        # A part behind the last one of its segment means the first one of the next.
        behind = parts is not None and wanted.part >= len(parts) and wanted.msn == channel.open - 1
        return not behind or bool(channel.open_parts)
    return wanted.msn == channel.open and wanted.part is not None and wanted.part < len(channel.open_parts)
