"""/api/v1: all videos of an organization by what is counted of them, and one of them beside another or another time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query
from sqlalchemy.orm import Session
from starlette.responses import Response

from infra.core.errors import Rejected
from infra.core.search_terms import folded
from infra.db import audience
from infra.db.audience_models import Audience
from infra.db.models import Video
from player_api import catalogue, cursors
from player_api import shapes as api_shapes
from player_api.analytics import answering, comparison, library, library_shapes, merge, metrics, shapes, stored, tables
from player_api.analytics.library import Position, Sort
from player_api.analytics.merge import Curve
from player_api.keys import Principal
from player_api.services import Services

_WEEK = "An ISO week (UTC): 2026-W07."


def router(services: Services, analyst: Callable[..., Any]) -> APIRouter:
    """The overview and comparisons; `analyst` is the dependency that names who asks."""
    routes = APIRouter(tags=["analytics"])
    who_asks = Depends(analyst)
    k = services.settings.analytics_k

    @routes.get("/analytics/overview", summary="All videos by what is counted of them",
                response_model=library_shapes.Overview)
    def overview(sort: Annotated[Sort, Query(description="What it is sorted by.")] = "views",
                 order: Annotated[Literal["asc", "desc"], Query(description="Videos of which nothing is shown are last in "
                                                                "both.")] = "desc",
                 limit: Annotated[int, Query(ge=1, le=200)] = 50,
                 cursor: Annotated[str | None, Query(max_length=4000, description="`next_cursor`, as it came.")] = None,
                 tag: Annotated[str | None, Query(max_length=240, description="Only videos with this tag, and their sums. "
                                                  "Case and accents do not count.")] = None,
                 how: answering.Format = "json", who: Principal = who_asks) -> Any:
        """Views, learners, watch time, completion and engagement of each video, of stored counters. CSV has all of them at
        once. What fewer than k learners did is null."""
        after = _position(cursor, sort, order) if cursor else None
        with services.database.read() as session:
            rows = audience.library(session, who.organization_id, merge.LINES, merge.UNIQUE,
                                    None if tag is None else folded(tag))
        lines = [library.line(row, k) for row in rows]
        found = library.ordered(lines, sort, order == "desc", after if how == "json" else None)
        page = found[:limit] if how == "json" else found
        more = len(found) > len(page)
        next_cursor = cursors.pack(sort, order, page[-1][sort], page[-1]["video_id"]) if more else None
        for line in page:
            line["created_at"] = catalogue.rfc3339(line["created_at"])
        if how == "csv":
            return Response(tables.of_metric("overview", {"items": page}).encode(), 200, {
                "Content-Disposition": 'attachment; filename="overview.csv"', "Cache-Control": "private, no-cache"},
                "text/csv; charset=utf-8")
        counted_id = max((row.counted_id for row in rows if row.counted_id), default=0)
        return {"as_of": catalogue.rfc3339(counted_id / 1e6) if counted_id else None, "k": k,
                "definition": {"name": "overview", "version": metrics.VERSION, "url": "docs/metrics.md#overview"},
                "totals": library.totals(lines), "items": page, "next_cursor": next_cursor}

    @routes.get("/videos/{video_id}/analytics/compare", summary="Beside another video, or another time",
                response_model=shapes.Metric[library_shapes.CompareData], responses=api_shapes.problems(404))
    def compare(video_id: str, other_id: Annotated[str | None, Query(
                    alias="with", max_length=40, pattern=r"^[^\x00]*$",
                    description="Another video: retention by relative position.")] = None,
                start: Annotated[str | None, Query(alias="from", max_length=20, description=f"{_WEEK} The first week; these "
                                                   "weeks are compared with as many before them.")] = None,
                end: Annotated[str | None, Query(alias="to", max_length=20, description=f"{_WEEK} The last week, included. "
                                                 "Default: this week.")] = None,
                how: answering.Format = "json", if_none_match: answering.IfNoneMatch = None,
                who: Principal = who_asks) -> Response:
        """With `with` two videos, and intervals of the differences; with `from` what these weeks added, and what the weeks
        before did. A learner is new in the week whose event was counted first: a period's unique viewers are not known."""
        with services.database.read() as session:
            catalogue.get(session, who.organization_id, video_id)
            other = catalogue.get(session, who.organization_id, other_id) if other_id is not None else None
        if (other is None) == (start is None) or (end is not None and start is None):
            raise Rejected("what_to_compare", "Name another video (`with`), or weeks (`from`, `to`): one of both.")
        now = comparison.this_week(time.time())
        periods = comparison.periods(comparison.week_of(start), comparison.week_of(end) if end else now) if start else None

        def build(session: Session, video: Video, known: Audience, total: Curve, length_s: int) -> dict[str, Any]:
            if periods is not None:
                weeks = {week: stored.curve(*blobs) for week, blobs in audience.curves(
                    session, known.number, [*periods[0], *periods[1]]).items()}
                return {"kind": "periods", "videos": None, "periods": comparison.times(weeks, *periods, length_s, k)}
            assert other is not None
            _, its, its_length_s = answering.total(session, other)
            enough = its.sums[merge.LEARNERS] >= max(k, 1) and total.sums[merge.LEARNERS] > 0
            return {"kind": "videos", "periods": None, "videos": {
                "other_video_id": other.id, "n_other_learners": its.sums[merge.LEARNERS] if enough else None,
                "compared": comparison.videos(total, length_s, its, its_length_s) if enough else None}}

        return answering.answer(services, who, video_id, "compare", how, if_none_match, build)

    return routes


def _position(cursor: str, sort: Sort, order: str) -> Position:
    def read(by: Any, its_order: Any, value: Any, video_id: Any) -> Position:
        if (by, its_order) != (sort, order) or not isinstance(video_id, str):
            raise ValueError
        if value is not None and not isinstance(value, str if sort == "title" else (int, float)):
            raise ValueError
        return Position(value, video_id)

    return cursors.unpack(cursor, read, "This cursor is not one of ours, or of another order: begin without it.")
