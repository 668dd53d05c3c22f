"""/api/v1/videos/{id}/slides: what is shown when, as pictures and text.

What is live has slides, too, as far as they are known. They are there until those of its recording have been looked for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Depends

from enrich.slide import Slide, Slides, load, load_live
from infra.core.keys import LIVE_SLIDES
from infra.core.ports import Storage
from infra.db.models import Video
from player_api import catalogue, shapes
from player_api.keys import Principal
from player_api.services import Services
from player_api.shapes import SlideList


def router(services: Services, reader: Callable[..., Any]) -> APIRouter:
    """The routes; `reader` is the dependency that names who asks."""
    routes = APIRouter(prefix="/videos/{video_id}/slides", tags=["slides"])
    who_asks = Depends(reader)

    @routes.get("", summary="Slides of a video", response_model=SlideList, responses=shapes.problems(404))
    def slides(video_id: str, who: Principal = who_asks) -> dict[str, Any]:
        """Found in the picture, once it is rendered, or while it is live; a build of a slide is a line of its own."""
        with services.database.read() as session:
            video = catalogue.get(session, who.organization_id, video_id)
        found, items = shown(services.storage, video)
        return {"looked": found is not None, "why_none": found.why_none if found else None,
                "why_no_text": found.why_no_text if found else None, "items": items}

    return routes


def shown(storage: Storage, video: Video) -> tuple[Slides | None, list[dict[str, Any]]]:
    """What was found in all of a video (None: nobody has looked), and the slides that there are: of that, or of what was
    live until then.
    """
    found = load(storage, video.organization_id, video.folder)
    if found is not None:
        stills = catalogue.lasting_address(video)
        return found, [_line(one, catalogue.still_url(stills, one.image)) for one in found.slides]
    of_live = load_live(storage, video.organization_id, video.folder)
    return None, [_line(one, f"/play/{video.playback_id}/{LIVE_SLIDES}/{one.image}.jpg")
                  for one in (of_live.slides if of_live else ())]


def _line(one: Slide, image_url: str) -> dict[str, Any]:
    return {"start_s": one.start_s, "end_s": one.end_s, "build": not one.new, "title": one.title, "text": one.text,
            "image_url": image_url}
