"""/api/v1: the learners of one video, as the pseudonyms under which they are kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session
from starlette.responses import Response

from infra.db import learners
from infra.db.audience_models import Audience
from infra.db.learners import Sort
from infra.db.models import Video
from player_api import catalogue, cursors
from player_api import shapes as api_shapes
from player_api.analytics import answering, merge, metrics, shapes
from player_api.analytics.merge import Curve
from player_api.keys import Principal
from player_api.services import Services


class LearnerLine(BaseModel):
    """A learner of this video."""

    model_config = ConfigDict(extra="forbid")
    learner: str = Field(description="16 hex digits, made with a secret of the organization: not the learner's name, and "
                         "the same in the files of events.", examples=["0f3a9c2277be1d04"])
    progress: float = Field(ge=0, le=1, description="Share of the seconds that were seen.")
    completed: bool
    unique_s: int
    watch_content_s: float
    replayed_s: float = Field(description="Seconds played beyond the first time of each.")
    resume_s: float = Field(description="Where they go on; 0 once it is completed.")
    last_seen_at: str | None
    results: int = Field(description="First attempts at items of this video.")
    score: float | None = Field(description="Their mean; null: there is no result.")


class LearnersData(BaseModel):
    """A page of them."""

    model_config = ConfigDict(extra="forbid")
    items: list[LearnerLine]
    next_cursor: str | None = Field(description="Send it as `cursor` for what follows; null at the end.")


def router(services: Services, analyst: Callable[..., Any]) -> APIRouter:
    """The learners of a video; `analyst` is the dependency that names who asks."""
    routes = APIRouter(prefix="/videos/{video_id}/analytics", tags=["analytics"])
    who_asks = Depends(analyst)

    @routes.get("/learners", summary="What each learner has seen of it", response_model=shapes.Metric[LearnersData],
                responses=api_shapes.problems(404))
    def of_video(video_id: str, sort: Annotated[Sort, Query(description="What it is sorted by.")] = "last_seen_at",
                 order: Annotated[Literal["asc", "desc"], Query(description="Who has no result is last in both.")] = "desc",
                 limit: Annotated[int, Query(ge=1, le=200)] = 50,
                 cursor: Annotated[str | None, Query(max_length=400, description="`next_cursor`, as it came.")] = None,
                 how: answering.Format = "json", if_none_match: answering.IfNoneMatch = None,
                 who: Principal = who_asks) -> Response:
        """By pseudonym, those who consented alone; nothing where fewer than k have watched. CSV has all of them at once."""
        after = _position(cursor, sort, order) if cursor else None

        def build(session: Session, video: Video, known: Audience, total: Curve, length_s: int) -> dict[str, Any]:
            found = learners.of_video(session, who.organization_id, video.id, known.number, sort, descending=order == "desc",
                                      after=after if how == "json" else None, limit=limit + 1 if how == "json" else None)
            page = found[:limit] if how == "json" else found
            more = len(found) > len(page)
            return {"items": [_line(row, length_s) for row in page],
                    "next_cursor": cursors.pack(sort, order, page[-1].place, page[-1].learner) if more else None}

        return answering.answer(services, who, video_id, "learners", how, if_none_match, build)

    return routes


def _line(row: Any, length_s: int) -> dict[str, Any]:
    completed = merge.completes(row.unique_s, length_s)
    return {"learner": f"{row.learner & 0xFFFFFFFFFFFFFFFF:016x}", "progress": round(min(1.0, row.unique_s / length_s), 4),
            "completed": completed, "unique_s": row.unique_s, "watch_content_s": row.content_ms / 1000,
            "replayed_s": max(0.0, row.content_ms / 1000 - row.unique_s), "last_seen_at": catalogue.rfc3339(
                row.last_t_ms / 1000) if row.last_t_ms else None, "resume_s": metrics.resume_s(row.last_ms, completed),
            "results": row.results or 0, "score": None if row.score is None else round(row.score, 4)}


def _position(cursor: str, sort: Sort, order: str) -> tuple[float, int]:
    def read(by: Any, its_order: Any, place: Any, learner: Any) -> tuple[float, int]:
        if (by, its_order) != (sort, order) or not isinstance(place, int | float) or not isinstance(learner, int) \
                or not -2**63 <= learner < 2**63 or not abs(place) < 2**63:
            raise ValueError
        return place, learner

    return cursors.unpack(cursor, read, "This cursor is not one of ours, or of another order: begin without it.")
