"""/api/v1: where learners will probably leave a video."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Depends
from starlette.responses import Response

from infra.core.errors import NotFound
from player_api import catalogue
from player_api import shapes as api_shapes
from player_api.analytics import answering, merge, prediction, prediction_shapes, shapes
from player_api.keys import Principal
from player_api.services import Services


def router(services: Services, analyst: Callable[..., Any]) -> APIRouter:
    """The prediction; `analyst` is the dependency that names who asks."""
    routes = APIRouter(tags=["analytics"])
    who_asks = Depends(analyst)
    k = services.settings.analytics_k

    @routes.get("/videos/{video_id}/analytics/prediction", summary="Where learners will probably leave",
                response_model=shapes.Metric[prediction_shapes.PredictionData], responses=api_shapes.problems(404))
    def predict(video_id: str, how: answering.Format = "json", if_none_match: answering.IfNoneMatch = None,
                who: Principal = who_asks) -> Response:
        """For each 15 to 30 s the share of learners that will leave, with a band and reasons. Before the first one comes it
        is made of place and length, and of words and slides where those have shown to help in your other videos. As learners
        come it draws near to what is seen; what fewer than k did is not looked at."""
        with services.database.read() as session:
            video = catalogue.get(session, who.organization_id, video_id)
            known, curve, length_s = answering.total(session, video)
            planned_s = length_s if known else prediction.planned_length_s(video)
            if planned_s is None:
                raise NotFound("not_playable", "This video has not been received completely yet.")
            learners = curve.sums[merge.LEARNERS]
            enough = learners >= max(k, 1)
            data = prediction.prediction(session, video, curve if enough else None, planned_s)
        return answering.respond(video, known, learners if enough else None, "prediction", how, if_none_match, data)

    return routes
