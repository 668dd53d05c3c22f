"""The counters of a video as they are stored, and the same found out in the plainest way."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any

from sqlalchemy import text

from infra.db.session import Database
from player_api.analytics import merge
from player_api.analytics.intake import Batch, rows_of
from player_api.analytics.kinds import LOAD, UNCOUNTED, WATCH, Row
from player_api.analytics.merge import ALL, Curve

TABLES = ("curves", "learner_progress", "quality_hours")


def snapshot(database: Database, video: int) -> dict[str, list[tuple[Any, ...]]]:
    """All counters of a video, byte for byte."""
    with database.read() as session:
        return {table: sorted(tuple(bytes(value) if isinstance(value, memoryview) else value for value in row)
                              for row in session.execute(text(f"SELECT * FROM {table} WHERE video = {video:d}")))
                for table in TABLES}


def oracle(rows: Iterable[Row], length_s: int) -> tuple[Curve, dict[int, set[int]], dict[int, Counter[int]]]:
    """The curve over all weeks, and by learner the seconds that were seen and the plays of each: second by second."""
    import numpy as np

    curve = Curve(np.zeros((merge.LINES, length_s), np.int32))
    plays: dict[int, Counter[int]] = defaultdict(Counter)
    for row in rows:
        if row.kind == LOAD:
            curve.sums[merge.VIEWS] += 1
        if row.kind != WATCH or row.marks & UNCOUNTED:
            continue
        assert row.a_ms is not None and row.b_ms is not None and row.rate is not None
        curve.sums[merge.CONTENT_MS] += row.b_ms - row.a_ms
        curve.sums[merge.WALL_MS] += (row.b_ms - row.a_ms) * 1000 // row.rate
        for second in range(length_s):
            if row.a_ms <= second * 1000 + 500 < row.b_ms:
                curve.counts[merge.UNNAMED if row.learner is None else merge.PLAYS, second] += 1
                if row.learner is not None:
                    plays[row.learner][second] += 1
    for its in plays.values():
        for second, count in its.items():
            curve.counts[merge.UNIQUE, second] += 1
            curve.counts[merge.REWATCH, second] += count >= 2
        curve.counts[merge.EXITS, max(its)] += 1
        curve.sums[merge.LEARNERS] += 1
        curve.sums[merge.COMPLETED] += len(its) >= 0.9 * length_s
        curve.sums[merge.REACHED_END] += max(its) + 1 >= length_s - max(5, 0.05 * length_s)
        curve.sums[merge.DECILES + len(its) * 10 // length_s] += 1
    return curve, {key: set(its) for key, its in plays.items()}, plays


def values(sent: Batch, video: int, learner: int | None, duration_ms: int, now_ms: int) -> list[tuple[Any, ...]]:
    """The rows of a batch, none of which is refused."""
    rows, refused, _ = rows_of(sent, video, learner, duration_ms, now_ms, None)
    assert not refused
    return rows


__all__ = ["ALL", "oracle", "snapshot", "values"]
