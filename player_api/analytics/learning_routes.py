"""/api/v1: results of assessments, and what watching goes with them."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema
from sqlalchemy.orm import Session
from starlette.responses import Response

from infra.db.audience_models import Audience
from infra.db.models import Video
from player_api import shapes as api_shapes
from player_api.analytics import answering, correlation, learning, learning_shapes, page_tokens, shapes
from player_api.analytics.learning import MOST_RESULTS, Result
from player_api.analytics.merge import Curve
from player_api.keys import Principal
from player_api.services import Services


class Results(BaseModel):
    """Some results."""

    model_config = ConfigDict(extra="forbid")
    results: Annotated[list[Any], Field(max_length=MOST_RESULTS), WithJsonSchema(
        {"type": "array", "maxItems": MOST_RESULTS, "items": Result.model_json_schema()})]


def router(services: Services, analyst: Callable[..., Any]) -> APIRouter:
    """Results in, associations out; `analyst` is the dependency that names who asks."""
    routes = APIRouter(tags=["analytics"])
    who_asks = Depends(analyst)

    @routes.post("/assessments/results", summary="Tell how learners did at questions",
                 response_model=learning_shapes.TakenResults)
    def take(told: Results, who: Principal = who_asks) -> dict[str, Any]:
        """A result is known by learner, item and attempt: sent again it is the same one, and with other values it takes the
        place of the one before. Those that make no sense are refused one by one."""
        secret = page_tokens.secret_of(services.database, who.organization_id)
        return learning.take(services.database, who.organization_id, secret, told.results, time.time_ns() // 1_000_000)

    @routes.get("/videos/{video_id}/analytics/correlation", summary="Which watching goes with results",
                response_model=shapes.Metric[learning_shapes.CorrelationData], responses=api_shapes.problems(404))
    def correlations(video_id: str, how: answering.Format = "json", if_none_match: answering.IfNoneMatch = None,
                     who: Principal = who_asks) -> Response:
        """Partial rank correlations of what was watched before a first attempt with its score, given how the learner does
        elsewhere and how hard the item is. An association is not a cause. It is made of events, so it takes longer than the
        other metrics and forgets with them."""
        def build(session: Session, video: Video, known: Audience, total: Curve, length_s: int) -> dict[str, Any]:
            found, left_out = learning.observations(session, services.events, video, known, length_s)
            return correlation.correlation(found, left_out, services.settings.analytics_k)

        return answering.answer(services, who, video_id, "correlation", how, if_none_match, build)

    return routes
