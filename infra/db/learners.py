"""The learners of one video, page by page in any order. What their numbers mean is not known here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from sqlalchemy import Float, and_, case, cast, func, or_, select
from sqlalchemy.orm import Session

from infra.db.audience_models import AssessmentResult, LearnerProgress
from infra.db.results import FIRST

Sort = Literal["last_seen_at", "progress", "replayed_s", "score"]


def of_video(session: Session, organization_id: str, video_id: str, number: int, sort: Sort, *, descending: bool,
             after: tuple[float, int] | None = None, limit: int | None = None) -> Sequence[Any]:
    """(learner, unique_s, content_ms, last_ms, last_t_ms, results, score, place) of those who watched a second of a video
    at least; `score` is the mean of their first attempts at its items, of which there are `results`.

    `after` is (place, learner) of the last row of the page before. Who has no result comes last in both orders of `score`.
    """
    its = AssessmentResult
    told = select(its.learner, func.count().label("results"), cast(func.avg(its.score), Float).label("score")).where(
        its.organization_id == organization_id, its.video_id == video_id, its.attempt == FIRST
    ).group_by(its.learner).subquery()
    row = LearnerProgress
    replayed_ms = row.content_ms - 1000 * row.unique_s
    places: dict[Sort, Any] = {
        "last_seen_at": row.last_t_ms, "progress": row.unique_s, "replayed_s": case((replayed_ms > 0, replayed_ms), else_=0),
        "score": func.coalesce(told.c.score, -1.0 if descending else 2.0)}
    place = places[sort]
    query = select(row.learner, row.unique_s, row.content_ms, row.last_ms, row.last_t_ms, told.c.results, told.c.score,
                   place.label("place")).outerjoin(told, told.c.learner == row.learner).where(
        row.video == number, row.unique_s > 0)
    if after is not None:
        value, learner = after
        beyond = place < value if descending else place > value
        query = query.where(or_(beyond, and_(place == value, row.learner > learner)))
    return session.execute(query.order_by(place.desc() if descending else place, row.learner).limit(limit)).all()
