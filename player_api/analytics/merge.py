"""What events do to the counters of one video. Pure: rows and the counters so far -> the counters from then on.

Rows come in the order of their ids. However they are cut into batches, the counters end the same to the byte; in whatever
order they arrived, the sums over all weeks do (a second that a learner saw twice is new in the week that arrived first).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from player_api.analytics import coverage, quality
from player_api.analytics.kinds import HIDDEN, LIVE, LOAD, ROBOT, UNCOUNTED, WATCH, Row

# The lines of `Curve.counts`; plays by those who did not want to be known are UNNAMED, and in no other line.
PLAYS, UNIQUE, REWATCH, EXITS, UNNAMED = range(5)
LINES = 5
# The places of `Curve.sums`; from DECILES on: learners by the tenths of the video that they have seen (the last: all of it).
# LIVE_MS came later than the others, and stands behind them.
CONTENT_MS, WALL_MS, HIDDEN_MS, VIEWS, LEARNERS, COMPLETED, REACHED_END, DECILES = range(8)
LIVE_MS = DECILES + 11
SUMS = LIVE_MS + 1
ALL = 0  # the "week" that holds everything
COMPLETE_PERCENT = 90  # of the seconds
END_S, END_SHARE = 5.0, 0.05  # who comes this near to the end has reached it
_DAY_MS = 86_400_000


@dataclass(slots=True)
class Curve:
    """Counts per second of one week, and its sums."""

    counts: NDArray[np.int32] = field(default_factory=lambda: np.zeros((LINES, 0), np.int32))
    sums: list[int] = field(default_factory=lambda: [0] * SUMS)


@dataclass(slots=True)
class Learner:
    """What one learner has seen of one video."""

    seen: list[int] = field(default_factory=list)  # seconds, as `coverage` has them
    again: list[int] = field(default_factory=list)  # seconds that were played twice or more
    unique_s: int = 0
    content_ms: int = 0
    wall_ms: int = 0
    last_t_ms: int = 0
    last_ms: int = 0  # the position then: where to resume
    exit_week: int = 0  # in which the furthest second was reached


@dataclass(slots=True)
class Counters:
    """All of one video that a batch touches. `length_s` says when a learner has completed it."""

    length_s: int
    curves: dict[int, Curve] = field(default_factory=dict)  # by week; ALL is the sum of the others
    learners: dict[int, Learner] = field(default_factory=dict)
    hours: dict[int, list[int]] = field(default_factory=dict)  # by hours since 1970


@lru_cache(maxsize=4096)
def _week_of_day(day: int) -> int:
    year, week, _ = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=day)).isocalendar()
    return year * 100 + week


def week_of(t_ms: int) -> int:
    """The ISO week of a time, in UTC: 202607 is week 7 of 2026."""
    return _week_of_day(t_ms // _DAY_MS)


def completes(unique_s: int, length_s: int) -> bool:
    """Whether that many of the seconds are enough to have completed the video."""
    return unique_s * 100 >= COMPLETE_PERCENT * length_s


def reaches_end(furthest_s: int, length_s: int) -> bool:
    """Whether somebody who came that far has reached the end."""
    return furthest_s >= length_s - max(END_S, END_SHARE * length_s)


def tenth(unique_s: int, length_s: int) -> int:
    """How many full tenths of the video those seconds are."""
    return min(10, unique_s * 10 // length_s)


class _Changes:
    """What a batch adds to one week: bounds of pieces, summed up at the end."""

    __slots__ = ("pieces", "sums")

    def __init__(self) -> None:
        self.pieces: tuple[list[int], ...] = ([], [], [], [], [])
        self.sums = [0] * SUMS


def merge(counters: Counters, rows: Iterable[Row]) -> None:
    """Count `rows`, in the order of their ids, none of which was counted before."""
    length_s = counters.length_s
    changes: dict[int, _Changes] = {}
    exits: list[tuple[int, int, int]] = []  # week, second, +1 or -1
    before: dict[int, tuple[int, int, int]] = {}  # learner -> furthest, week of it, unique seconds
    for row in rows:
        kind = row.kind
        learner: Learner | None = None
        if row.learner is not None:  # whatever was told of somebody, there is a row that says so
            learner = counters.learners.get(row.learner)
            if learner is None:
                learner = counters.learners[row.learner] = Learner()
            if row.learner not in before:
                before[row.learner] = (learner.seen[-1] if learner.seen else 0, learner.exit_week, learner.unique_s)
        if row.marks & UNCOUNTED and (kind == WATCH or row.marks & ROBOT):
            continue
        week = _week_of_day(row.t_ms // _DAY_MS)
        change = changes.get(week)
        if change is None:
            change = changes[week] = _Changes()
        played_ms = 0
        if kind == WATCH:
            assert row.a_ms is not None and row.b_ms is not None
            content_ms = row.b_ms - row.a_ms
            played_ms = content_ms * 1000 // (row.rate or 1000)
            sums = change.sums
            sums[CONTENT_MS] += content_ms
            sums[WALL_MS] += played_ms
            if row.marks & HIDDEN:
                sums[HIDDEN_MS] += played_ms
            if row.marks & LIVE:
                sums[LIVE_MS] += played_ms
            start, end = (row.a_ms + 499) // 1000, (row.b_ms + 499) // 1000
            end = min(end, length_s)  # the last packets may reach a little behind the end
            if start < end:
                change.pieces[UNNAMED if row.learner is None else PLAYS].extend((start, end))
            if learner is not None:
                learner.content_ms += content_ms
                learner.wall_ms += played_ms
                if (row.t_ms, row.b_ms) > (learner.last_t_ms, learner.last_ms):
                    learner.last_t_ms, learner.last_ms = row.t_ms, row.b_ms
                if start < end:
                    _cover(learner, start, end, week, change, length_s)
        elif kind == LOAD:
            change.sums[VIEWS] += 1
        hour = row.t_ms // quality.HOUR_MS
        sums_of_hour = counters.hours.get(hour)
        if sums_of_hour is None:
            sums_of_hour = counters.hours[hour] = quality.empty()
        quality.add(sums_of_hour, row, played_ms)
    total = counters.curves.setdefault(ALL, Curve())
    for key, (furthest, week, unique_s) in before.items():
        its = counters.learners[key]
        if its.seen and its.seen[-1] != furthest:
            if furthest:
                exits.append((week, furthest - 1, -1))
            exits.append((its.exit_week, its.seen[-1] - 1, 1))
        if its.unique_s != unique_s:
            if unique_s:
                total.sums[DECILES + tenth(unique_s, length_s)] -= 1
            total.sums[DECILES + tenth(its.unique_s, length_s)] += 1
    _apply(counters, changes, exits)


def _cover(learner: Learner, start: int, end: int, week: int, change: _Changes, length_s: int) -> None:
    seen = learner.seen
    furthest = seen[-1] if seen else 0
    fresh = coverage.insert(seen, start, end)
    added = 0
    for k in range(0, len(fresh), 2):
        if fresh[k] < fresh[k + 1]:
            change.pieces[UNIQUE].extend((fresh[k], fresh[k + 1]))
            added += fresh[k + 1] - fresh[k]
    if added != end - start:
        for first, last in coverage.pieces(coverage.rest(fresh, start, end)):
            for piece in coverage.pieces(coverage.insert(learner.again, first, last)):
                change.pieces[REWATCH].extend(piece)
    if not added:
        return
    sums, unique_s = change.sums, learner.unique_s
    learner.unique_s = now_s = unique_s + added
    if not unique_s:
        sums[LEARNERS] += 1
    if completes(now_s, length_s) and not completes(unique_s, length_s):
        sums[COMPLETED] += 1
    if end > furthest:
        learner.exit_week = week
        if reaches_end(end, length_s) and not (unique_s and reaches_end(furthest, length_s)):
            sums[REACHED_END] += 1


def without(counters: Counters, its: Counters, key: int, known: Learner) -> None:
    """Take one learner out. `its`: counters of their events alone; `known`: what was stored of them.

    Where some of their events are deleted already, only what all weeks together show is put right, from what is known:
    the plays beyond the second of each second stay.
    """
    length_s = counters.length_s
    alone = its.learners.get(key)
    if alone == known:
        for week, curve in its.curves.items():
            _take(counters.curves.setdefault(week, Curve()), curve)
        for hour, sums in its.hours.items():
            counters.hours[hour] = [one - other for one, other in zip(counters.hours[hour], sums, strict=True)]
            if not any(counters.hours[hour]):
                del counters.hours[hour]
    else:
        curve = Curve(np.zeros((LINES, known.seen[-1] if known.seen else 0), np.int32))
        for line, pieces in ((PLAYS, known.seen), (PLAYS, known.again), (UNIQUE, known.seen), (REWATCH, known.again)):
            for start, end in coverage.pieces(pieces):
                curve.counts[line, start:end] += 1
        curve.sums[CONTENT_MS], curve.sums[WALL_MS] = known.content_ms, known.wall_ms
        if known.unique_s:
            curve.counts[EXITS, known.seen[-1] - 1] += 1
            curve.sums[LEARNERS] = 1
            curve.sums[COMPLETED] = int(completes(known.unique_s, length_s))
            curve.sums[REACHED_END] = int(reaches_end(known.seen[-1], length_s))
            curve.sums[DECILES + tenth(known.unique_s, length_s)] = 1
        _take(counters.curves[ALL], curve)
    for week in [week for week, curve in counters.curves.items() if week != ALL]:
        if not counters.curves[week].counts.any() and not any(counters.curves[week].sums):
            del counters.curves[week]


def _take(curve: Curve, taken: Curve) -> None:
    curve.counts = _sum(curve.counts, -taken.counts)
    curve.sums = [one - other for one, other in zip(curve.sums, taken.sums, strict=True)]


def _apply(counters: Counters, changes: dict[int, _Changes], exits: list[tuple[int, int, int]]) -> None:
    total = counters.curves[ALL]
    for week in sorted({*changes, *(week for week, _, _ in exits)}):
        curve = counters.curves.setdefault(week, Curve())
        change = changes.get(week) or _Changes()
        its_exits = [(second, by) for at, second, by in exits if at == week]
        reach = max([0, *(max(piece[1::2], default=0) for piece in change.pieces), *(second + 1 for second, _ in its_exits)])
        added = np.zeros((LINES, reach), np.int32)
        for line, bounds in enumerate(change.pieces):
            if bounds:
                flat = np.array(bounds)
                steps = np.bincount(flat[::2], minlength=reach + 1) - np.bincount(flat[1::2], minlength=reach + 1)
                added[line] = np.cumsum(steps[:reach])
        for second, by in its_exits:
            added[EXITS, second] += by
        for each in (curve, total):
            each.counts = _sum(each.counts, added)
            each.sums = [one + other for one, other in zip(each.sums, change.sums, strict=True)]


def _sum(one: NDArray[np.int32], other: NDArray[np.int32]) -> NDArray[np.int32]:
    if one.shape[1] < other.shape[1]:
        one, other = other, one
    found = one.copy()
    found[:, :other.shape[1]] += other
    return found
