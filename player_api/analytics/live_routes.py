"""/api/v1: who watches a video now, as of what players told seconds ago."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from fastapi import APIRouter, Depends
from starlette.responses import Response

from infra.core.live import LiveState
from infra.db import audience, live
from player_api import catalogue
from player_api import shapes as api_shapes
from player_api.analytics import answering, live_shapes, metrics, tables
from player_api.analytics.live_tails import Tails
from player_api.keys import Principal
from player_api.services import Services


def router(services: Services, reader: Callable[..., Any]) -> APIRouter:
    """The live tail; `reader` is the dependency that names who asks: analysts, and who holds the lecture."""
    routes = APIRouter(prefix="/videos/{video_id}/analytics", tags=["analytics"])
    who_asks = Depends(reader)
    k = services.settings.analytics_k
    tails = Tails(services.events)

    @routes.get("/live", summary="Who watches now", response_model=live_shapes.LiveTail,
                responses=api_shapes.problems(404, 503))
    def tail(video_id: str, how: answering.Format = "json", who: Principal = who_asks) -> Response:
        """Viewers by ten seconds over the last quarter of an hour, who came and went, how it plays, and how far behind the
        newest picture they are. Of a recording as well. Ask every few seconds; CSV has the ten seconds."""
        with services.database.read() as session:
            video = catalogue.get(session, who.organization_id, video_id)
            known = audience.find(session, video.id)
            number = (known.number, known.revision) if known else None
            on_air = live.states_of(session, [video.id]).get(video.id) in (LiveState.LIVE, LiveState.INTERRUPTED)
        as_of_ms, viewers, data = tails.look(*number, k) if number else (None, 0, None)
        for line in data["bins"] if data else ():
            line["at"] = catalogue.rfc3339(line.pop("at_ms") / 1000)
        if how == "csv":
            return Response(tables.of_metric("live", data).encode(), 200, {
                "Content-Disposition": f'attachment; filename="{video.id}-live.csv"', "Cache-Control": "no-store"},
                "text/csv; charset=utf-8")
        shown = {
            "video_id": video.id, "as_of": catalogue.rfc3339(as_of_ms / 1000) if as_of_ms else None, "on_air": on_air,
            "n_viewers": viewers if data else None,
            "definition": {"name": "live", "version": metrics.VERSION, "url": "docs/metrics.md#live"},
            "suppressed": None if data else {
                "code": "too_few_viewers", "k": k, "reason": f"Fewer than {k} have watched this video in the last quarter "
                "of an hour: what they do would be nearly theirs alone."},
            "data": data}
        return Response(msgspec.json.encode(shown), 200, {"Cache-Control": "no-store"}, "application/json")

    return routes
