"""/api/v1/videos/{id}/slides: what is shown when, as pictures and text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Depends

from enrich.slide import Slide, load
from infra.db.models import Video
from player_api import catalogue, shapes
from player_api.keys import Principal
from player_api.services import Services
from player_api.shapes import SlideList


def router(services: Services, creator: Callable[..., Any]) -> APIRouter:
    """The routes; `creator` is the dependency that names who asks."""
    routes = APIRouter(prefix="/videos/{video_id}/slides", tags=["slides"])
    who_asks = Depends(creator)

    @routes.get("", summary="Slides of a video", response_model=SlideList, responses=shapes.problems(404))
    def slides(video_id: str, who: Principal = who_asks) -> dict[str, Any]:
        """Found in the picture, once it is rendered; a build of a slide is a line of its own."""
        with services.database.read() as session:
            video = catalogue.get(session, who.organization_id, video_id)
        found = load(services.storage, video.organization_id, video.id)
        if found is None:
            return {"looked": False, "why_none": None, "why_no_text": None, "items": []}
        return {"looked": True, "why_none": found.why_none, "why_no_text": found.why_no_text,
                "items": [_line(video, one) for one in found.slides]}

    return routes


def _line(video: Video, one: Slide) -> dict[str, Any]:
    return {"start_s": one.start_s, "end_s": one.end_s, "build": not one.new, "title": one.title, "text": one.text,
            "image_url": f"/play/{video.playback_id}/thumbnail.jpg?time={one.image / 10:g}"}
