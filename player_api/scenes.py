"""/api/v1/videos/{id}/scenes: where a film is cut, with a picture of each scene."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from fastapi import APIRouter, Depends

from enrich.scene import Scenes, load
from infra.db.models import Step, Video
from player_api import catalogue, shapes
from player_api.keys import Principal
from player_api.outline import waits_for
from player_api.services import Services
from player_api.shapes import SceneList
from transcode.plan import Plan

_WAITING = "Scenes are looked for when the video is rendered."
_NONE = "Scenes are looked for in films. This video has slides, or no picture."


def router(services: Services, reader: Callable[..., Any]) -> APIRouter:
    """The routes; `reader` is the dependency that names who asks."""
    routes = APIRouter(prefix="/videos/{video_id}/scenes", tags=["slides"])
    who_asks = Depends(reader)

    @routes.get("", summary="Scenes of a film", response_model=SceneList, responses=shapes.problems(404))
    def scenes(video_id: str, who: Principal = who_asks) -> dict[str, Any]:
        """Found in the picture, once it is rendered; a video that shows slides has none."""
        with services.database.read() as session:
            video = catalogue.get(session, who.organization_id, video_id)
            steps = catalogue.steps_of(session, [video.id])[video.id]
        return listed(video, load(services.storage, video.organization_id, video.folder), steps)

    return routes


def listed(video: Video, found: Scenes | None, steps: Sequence[Step]) -> dict[str, Any]:
    """The scenes as the API shows them, or why there are none (yet)."""
    if found is not None:
        folder = catalogue.lasting_address(video)
        return {"state": "done", "message": None, "items": [
            {"start_s": one.start_s, "end_s": one.end_s, "image_url": catalogue.still_url(folder, one.image)}
            for one in found.scenes]}
    has_picture = video.plan is None or Plan.model_validate(video.plan).video
    # A film is known to be one when slides were looked for in it.
    waits = has_picture and waits_for(steps, "slides", "scenes")
    return {"state": "waiting" if waits else "none", "message": _WAITING if waits else _NONE, "items": []}
