"""Quality of experience, by the hour: sums that add up, and startup times in a histogram of equal ratios.

Sums, not averages: any hours and videos are put together by addition, and a ratio is taken of two sums at the end.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from player_api.analytics.kinds import ERROR, FATAL, LOAD, UNCOUNTED, WATCH, Row

(VIEWS, STARTS, STARTUP_MS, PLAYED_MS, REBUFFER_MS, REBUFFERS, SWITCHES, DROPPED, BITRATE_MS, BITRATE_KBIT, HEIGHT_MS,
 HEIGHT_PX_MS, ERRORS, FATALS) = range(14)
SUMS = 14
BINS = 40
FIRST_MS, RATIO = 20.0, 2.0 ** (1 / 3)  # bin 0 holds what is shorter; bin 39 begins at 2.3 minutes
HOUR_MS = 3_600_000


def empty() -> list[int]:
    """An hour in which nothing happened."""
    return [0] * (SUMS + BINS)


def bin_of(startup_ms: int) -> int:
    """The bin that a startup time falls into."""
    return min(BINS - 1, max(0, 1 + math.floor(math.log(startup_ms / FIRST_MS, RATIO)))) if startup_ms > 0 else 0


def upper_ms(number: int) -> float:
    """Where a bin ends."""
    return float(FIRST_MS * RATIO ** number)


def add(hour: list[int], row: Row, played_ms: int) -> None:
    """Count one event. `played_ms`: how long it was played, for a `watch` that counts."""
    if row.kind == LOAD:
        hour[VIEWS] += 1
    elif row.kind == ERROR:
        hour[ERRORS] += 1
        hour[FATALS] += bool(row.marks & FATAL)
    if row.kind == WATCH and row.marks & UNCOUNTED:
        return
    # On whichever event a player puts them: somebody who gave up while it stalled has no `watch` that could tell.
    if row.startup_ms is not None:
        hour[STARTS] += 1
        hour[STARTUP_MS] += row.startup_ms
        hour[SUMS + bin_of(row.startup_ms)] += 1
    hour[REBUFFER_MS] += row.rebuffer_ms or 0
    hour[REBUFFERS] += row.rebuffers or 0
    hour[SWITCHES] += row.switches or 0
    hour[DROPPED] += row.dropped or 0
    if row.kind == WATCH:
        hour[PLAYED_MS] += played_ms
        if row.bitrate_bps is not None:
            hour[BITRATE_MS] += played_ms
            hour[BITRATE_KBIT] += played_ms * row.bitrate_bps // 1_000_000
        if row.height_px is not None:
            hour[HEIGHT_MS] += played_ms
            hour[HEIGHT_PX_MS] += played_ms * row.height_px


def quantile_ms(histogram: Sequence[int], share: float) -> float | None:
    """The startup time that `share` of the starts do not exceed, by equal ratios within its bin; None without starts."""
    total = sum(histogram)
    if not total:
        return None
    wanted, before = share * total, 0
    for number, count in enumerate(histogram):
        if count and before + count >= wanted:
            return float(upper_ms(number) * RATIO ** ((wanted - before) / count - 1))
        before += count
    return upper_ms(BINS - 1)
