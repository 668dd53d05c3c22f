"""Sets of seconds: which seconds of a video somebody has played, as a flat sorted list [start, end, start, end, ...].

Second s stands for its midpoint: an interval of media plays it when from <= s + 0.5 s < to. So it does not matter where a
player cuts what was played in one go, a cut second is neither lost nor counted twice, and all sums are exact.
"""

from __future__ import annotations

import struct
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence

HALF_MS = 500


def seconds_of(from_ms: int, to_ms: int) -> tuple[int, int]:
    """The seconds [first, end) whose midpoints lie in [from_ms, to_ms)."""
    return (from_ms + HALF_MS - 1) // 1000, (to_ms + HALF_MS - 1) // 1000


def length_s(duration_ms: int) -> int:
    """How many seconds a video has: those whose midpoint it reaches, and one at least."""
    return max(1, seconds_of(0, duration_ms)[1])


def insert(covered: list[int], start: int, end: int) -> list[int]:
    """Add [start, end), which is not empty, to `covered`; what was new of it, as a flat list that may hold empty pieces."""
    if not covered or start > covered[-1]:
        covered += (start, end)
        return [start, end]
    i, j = bisect_left(covered, start), bisect_right(covered, end)
    left = [start] if i % 2 == 0 else []  # odd: it begins in, or right behind, a piece that is there
    right = [end] if j % 2 == 0 else []
    fresh = left + covered[i:j] + right
    covered[i:j] = left + right
    return fresh


def rest(fresh: Sequence[int], start: int, end: int) -> list[int]:
    """What of [start, end) is not `fresh`: the pieces that were covered before. May hold empty pieces."""
    return [start, *fresh, end]


def pieces(flat: Sequence[int]) -> Iterator[tuple[int, int]]:
    """The pieces of a flat list that are not empty."""
    for k in range(0, len(flat), 2):
        if flat[k] < flat[k + 1]:
            yield flat[k], flat[k + 1]


def measure(flat: Sequence[int]) -> int:
    """How many seconds there are in it."""
    return sum(flat[1::2]) - sum(flat[::2])


def clipped(flat: Sequence[int], end: int) -> list[int]:
    """What lies before `end`."""
    return [bound for piece in pieces([min(bound, end) for bound in flat]) for bound in piece]


def packed(flat: Sequence[int]) -> bytes:
    """As it is stored: little-endian, 4 bytes a bound."""
    return struct.pack(f"<{len(flat)}I", *flat)


def unpacked(stored: bytes) -> list[int]:
    """What `packed` made."""
    return list(struct.unpack(f"<{len(stored) // 4}I", stored))
