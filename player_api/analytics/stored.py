"""Counters as bytes, the same on every machine."""

from __future__ import annotations

from typing import Any

import numpy as np

from player_api.analytics import coverage
from player_api.analytics.merge import LINES, SUMS, Curve, Learner


def of_curve(curve: Curve) -> tuple[bytes, bytes]:
    """Counts and sums as they are stored: the counts in the narrowest numbers that hold them, whose size comes first, as far
    as there are any."""
    used = np.flatnonzero(curve.counts.any(axis=0))
    counts = curve.counts[:, :used[-1] + 1 if len(used) else 0]
    most = int(counts.max(initial=0))
    size = 1 if most < 1 << 7 else 2 if most < 1 << 15 else 4
    return bytes([size]) + counts.astype(f"<i{size}").tobytes(), of_sums(curve.sums)


def curve(counts: bytes, sums: bytes) -> Curve:
    """What `of_curve` made."""
    known = sums_of(sums)
    return Curve(np.frombuffer(counts, f"<i{counts[0]}", offset=1).astype(np.int32).reshape(LINES, -1),
                 known + [0] * (SUMS - len(known)))  # what is counted since this was written


def of_sums(sums: list[int]) -> bytes:
    """Sums as they are stored."""
    return np.array(sums, "<i8").tobytes()


def sums_of(stored: bytes) -> list[int]:
    """What `of_sums` made."""
    found: list[int] = np.frombuffer(stored, "<i8").tolist()
    return found


def of_learner(one: Learner) -> tuple[Any, ...]:
    """The columns of a learner behind the key."""
    return (coverage.packed(one.seen), coverage.packed(one.again), one.unique_s, one.content_ms, one.wall_ms, one.last_t_ms,
            one.last_ms, one.exit_week)


def learner(columns: Any) -> Learner:
    """What `of_learner` made."""
    seen, again, *numbers = columns
    return Learner(coverage.unpacked(seen), coverage.unpacked(again), *numbers)
