"""Two videos, or two times of one, side by side. Pure. docs/metrics.md#compare."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np

from infra.core.errors import Rejected
from player_api.analytics import merge, metrics
from player_api.analytics.merge import PLAYS, SUMS, UNIQUE, UNNAMED, Curve

SLICES = 100
MOST_WEEKS = 53
_Z = 1.959964  # 95 %
_WEEK = re.compile(r"(\d{4})-W(\d{2})")


def week_of(text: str) -> int:
    """202607 of 2026-W07. Raises Rejected."""
    found = _WEEK.fullmatch(text)
    try:
        if found is None:
            raise ValueError
        monday = date.fromisocalendar(int(found[1]), int(found[2]), 1)
    except ValueError:
        raise Rejected("bad_week", f"{text[:20]!r} is no ISO week: write 2026-W07.") from None
    year, week, _ = monday.isocalendar()
    return year * 100 + week


def named(week: int) -> str:
    """2026-W07 of 202607."""
    return f"{week // 100}-W{week % 100:02d}"


def periods(first: int, last: int) -> tuple[list[int], list[int]]:
    """The weeks from `first` to `last`, both included, and as many before them. Raises Rejected."""
    start, end = _monday(first), _monday(last)
    count = (end - start).days // 7 + 1
    if not 1 <= count <= MOST_WEEKS:
        raise Rejected("bad_period", f"`to` is not before `from`, and at most {MOST_WEEKS} weeks can be asked for.")
    if start < date(1971, 1, 1) + timedelta(weeks=count):
        raise Rejected("bad_period", "Nothing was watched here then: begin later.")
    return [_week(start + timedelta(weeks=n)) for n in range(count)], \
        [_week(start + timedelta(weeks=n - count)) for n in range(count)]


def this_week(now_s: float) -> int:
    """The ISO week of a time, in UTC."""
    return _week(datetime.fromtimestamp(now_s, UTC).date())


def _monday(week: int) -> date:
    return date.fromisocalendar(week // 100, week % 100, 1)


def _week(day: date) -> int:
    year, week, _ = day.isocalendar()
    return year * 100 + week


# --- two videos


def newcombe(one: float, of_one: int, other: float, of_other: int) -> tuple[float, float]:
    """The 95 % interval of the difference of two shares (Newcombe 1998, of Wilson's intervals)."""
    low, high = wilson(one, of_one)
    other_low, other_high = wilson(other, of_other)
    difference = one - other
    return (round(difference - math.hypot(one - low, other_high - other), 4),
            round(difference + math.hypot(high - one, other - other_low), 4))


def wilson(share: float, total: int) -> tuple[float, float]:
    """Wilson's interval of a share that need not be a count: of a mean of values between 0 and 1 it is too wide, not too
    narrow, since nothing between them varies more than a yes or no."""
    z2 = _Z * _Z
    middle = (share + z2 / (2 * total)) / (1 + z2 / total)
    half = _Z * math.sqrt(share * (1 - share) / total + z2 / (4 * total * total)) / (1 + z2 / total)
    return max(0.0, middle - half), min(1.0, middle + half)


def relative(curve: Curve, length_s: int) -> list[float]:
    """Retention in 100 slices of equal length: a second that lies in two counts for each by its part."""
    shares = metrics.lines(curve, length_s)[UNIQUE] / curve.sums[merge.LEARNERS]
    sums = np.concatenate([[0.0], np.cumsum(shares)])
    edges = np.interp(np.linspace(0, length_s, SLICES + 1), np.arange(length_s + 1), sums)
    found: list[float] = np.round(np.diff(edges) * SLICES / length_s, 6).clip(0, 1).tolist()
    return found


def headline(curve: Curve, length_s: int) -> dict[str, float]:
    """The figures of a video that learners enough have seen."""
    sums, learners = curve.sums, curve.sums[merge.LEARNERS]
    return {"n_learners": learners, "views": sums[merge.VIEWS], "watch_content_s": sums[merge.CONTENT_MS] / 1000,
            "watch_wall_s": sums[merge.WALL_MS] / 1000,
            "engagement": round(int(curve.counts[UNIQUE].sum()) / (learners * length_s), 6),
            "completion_rate": round(sums[merge.COMPLETED] / learners, 6),
            "reached_end_rate": round(sums[merge.REACHED_END] / learners, 6)}


def videos(one: Curve, one_length_s: int, other: Curve, other_length_s: int) -> dict[str, Any]:
    """This video, the other one, and the difference: this minus the other."""
    figures = headline(one, one_length_s), headline(other, other_length_s)
    of_one, of_other = one.sums[merge.LEARNERS], other.sums[merge.LEARNERS]
    lines = []
    for name in figures[0]:
        this, that = figures[0][name], figures[1][name]
        low, high = newcombe(this, of_one, that, of_other) if name in _SHARES else (None, None)
        lines.append({"name": name, "this": this, "other": that, "difference": round(this - that, 6),
                      "low": low, "high": high})
    slices = []
    for number, (this, that) in enumerate(zip(relative(one, one_length_s), relative(other, other_length_s), strict=True)):
        low, high = newcombe(this, of_one, that, of_other)
        slices.append({"from": number / SLICES, "this": this, "other": that, "difference": round(this - that, 6),
                       "low": low, "high": high})
    return {"length_s": one_length_s, "other_length_s": other_length_s, "figures": lines, "slices": slices}


_SHARES = ("engagement", "completion_rate", "reached_end_rate")


# --- two times


def times(weeks: Mapping[int, Curve], now: Sequence[int], before: Sequence[int], length_s: int, k: int) -> dict[str, Any]:
    """What weeks added, and what as many before them did. A week with fewer than k new learners is in neither: it would be
    what is left when one period is taken from another."""
    left_out = [named(week) for week in sorted({*now, *before}) if week in weeks and not _enough(weeks[week], k)]
    both = [_sum([weeks[week] for week in period if week in weeks and _enough(weeks[week], k)], length_s)
            for period in (now, before)]
    lines = []
    for name, (place, unit) in _ADDED.items():
        this, that = (each.sums[place] / unit if _enough(each, k) else None for each in both)
        lines.append({"name": name, "this": this, "other": that,
                      "difference": None if this is None or that is None else round(this - that, 3)})
    this_plays, other_plays = (((each.counts[PLAYS] + each.counts[UNNAMED]).tolist() if _enough(each, k) else None)
                               for each in both)
    return {"weeks": [named(week) for week in now], "before": [named(week) for week in before], "weeks_left_out": left_out,
            "step_s": 1, "plays": this_plays, "plays_before": other_plays, "figures": lines}


_ADDED = {
    "views": (merge.VIEWS, 1), "watch_content_s": (merge.CONTENT_MS, 1000), "watch_wall_s": (merge.WALL_MS, 1000),
    "new_learners": (merge.LEARNERS, 1), "completed": (merge.COMPLETED, 1), "reached_end": (merge.REACHED_END, 1),
}  # place in the sums, and how many of them are one


def _enough(curve: Curve, k: int) -> bool:
    return curve.sums[merge.LEARNERS] >= max(k, 1)


def _sum(curves: Sequence[Curve], length_s: int) -> Curve:
    found = Curve(np.zeros((merge.LINES, length_s), np.int32), [0] * SUMS)
    for each in curves:
        found.counts += metrics.lines(each, length_s)
        found.sums = [one + other for one, other in zip(found.sums, each.sums, strict=True)]
    return found
