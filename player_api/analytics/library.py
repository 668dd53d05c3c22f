"""All videos of an organization by what is counted of them: lines, their order, their sum. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np

from player_api.analytics import coverage, merge, stored

Sort = Literal["views", "n_learners", "watch_content_s", "completion_rate", "engagement", "created_at", "title"]
COUNTED = ("views", "n_learners", "watch_content_s", "completion_rate", "engagement")


class Position(NamedTuple):
    """Where a page ends: what it is sorted by, and the video."""

    value: float | str | None
    video_id: str


def line(row: Any, k: int) -> dict[str, Any]:
    """A video: `row` as `infra.db.audience.library` has it. What fewer than k learners did is null."""
    sums = stored.sums_of(row.sums) if row.sums is not None else [0] * merge.SUMS
    learners = sums[merge.LEARNERS]
    shown = {"video_id": row.id, "title": row.title, "tags": row.tags or [], "created_at": row.created_at,
             "duration_s": row.duration_ms / 1000 if row.duration_ms is not None else None,
             "suppressed": learners < k, **dict.fromkeys((*COUNTED, "watch_wall_s"))}
    if learners >= k:
        unique_s = int(np.frombuffer(row.counts, f"<i{row.size[0]}").sum(dtype=np.int64))
        shown |= {"views": sums[merge.VIEWS], "n_learners": learners, "watch_content_s": sums[merge.CONTENT_MS] / 1000,
                  "watch_wall_s": sums[merge.WALL_MS] / 1000,
                  "completion_rate": round(sums[merge.COMPLETED] / learners, 6) if learners else None,
                  "engagement": round(unique_s / (learners * coverage.length_s(row.duration_ms)), 6) if learners else None}
    return shown


def ordered(lines: Iterable[dict[str, Any]], by: Sort, descending: bool, after: Position | None) -> list[dict[str, Any]]:
    """The lines behind `after`; those of which nothing is shown come last, in the order of their ids, whatever they hide."""
    found = sorted(lines, key=lambda one: str(one["video_id"]))
    known = [one for one in found if one[by] is not None]
    known.sort(key=lambda one: one[by], reverse=descending)  # it is stable: equal ones stay in the order of their ids
    found = known + [one for one in found if one[by] is None]
    if after is None:
        return found
    return [one for one in found if _behind(one, by, descending, after)]


def _behind(one: dict[str, Any], by: Sort, descending: bool, after: Position) -> bool:
    value = one[by]
    if value == after.value:
        return str(one["video_id"]) > after.video_id
    if value is None or after.value is None:
        return value is None
    return bool(value < after.value if descending else value > after.value)


def totals(lines: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The sum of what is shown. Learners of several videos are not told apart here, so they are not added up."""
    shown = [one for one in lines if not one["suppressed"]]
    return {"videos": len(lines), "videos_shown": len(shown), "views": sum(one["views"] for one in shown),
            "watch_content_s": round(sum(one["watch_content_s"] for one in shown), 3),
            "watch_wall_s": round(sum(one["watch_wall_s"] for one in shown), 3)}
