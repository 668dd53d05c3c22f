"""What is most replayed of a video, for the curve over a player's time bar: public, and so without any number of people."""

from __future__ import annotations

import msgspec
from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from player_api import manifests, public
from player_api.analytics import answering, metrics, shapes
from player_api.services import Services

_CACHE = "public, max-age=300"


def router(services: Services) -> APIRouter:
    """The route under /play."""
    routes = APIRouter(prefix="/play", tags=["playback"])
    k = services.settings.analytics_k

    def read(playback_id: str) -> str:
        with services.database.read() as session:
            video = public.find(session, playback_id)
            known, curve, length_s = answering.total(session, video)
            heights = metrics.most_replayed(curve, length_s, k) if known else None
        return msgspec.json.encode({"heights": heights or []}).decode()

    @routes.head("/{playback_id}/most-replayed.json", include_in_schema=False)
    @routes.get("/{playback_id}/most-replayed.json", response_model=shapes.MostReplayedCurve)
    async def most_replayed(playback_id: str, request: Request) -> Response:
        """How often each part is watched again, next to the part that is most: for a curve over the time bar. Empty while
        fewer than 30 learners have watched; a second that fewer than `LECTERN_ANALYTICS_K` saw again counts as none."""
        return manifests.answer(request, await run_in_threadpool(read, playback_id), "application/json", _CACHE)

    return routes
