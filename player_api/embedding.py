"""What other sites embed a video with: oEmbed (oembed.com), for those that know only its link, and an element for pages."""

from __future__ import annotations

import re
from typing import Annotated
from urllib.parse import urlencode, urlsplit

from fastapi import APIRouter, Query, Request
from markupsafe import escape
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

from infra.core.errors import LecternError, NotFound
from player_api import public
from player_api.services import Services
from transcode.cells import thumbnail_rung
from transcode.plan import Plan

WIDTH_PX, HEIGHT_PX = 640, 360
_PAGE = re.compile(r"/(?:watch|embed)/([^/]+)/?")
_CACHE = "public, max-age=300"


class _OnlyJson(LecternError):
    """oEmbed's own status for a format that a provider does not have."""

    status = 501


def discovery(base_url: str, playback_id: str) -> str:
    """The oEmbed address of a watch page, for its <link>; `base_url` is the server's, without a slash at its end."""
    return f"{base_url}/oembed?" + urlencode({"url": f"{base_url}/watch/{playback_id}", "format": "json"})


def router(services: Services) -> APIRouter:
    """The oEmbed endpoint, where its specification has it: outside of the API, without a key."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/oembed")
    async def oembed(request: Request, url: Annotated[str, Query(max_length=2000)],
                     maxwidth: Annotated[int, Query(ge=1)] = WIDTH_PX, maxheight: Annotated[int, Query(ge=1)] = HEIGHT_PX,
                     format: str = "json") -> Response:
        """How the video behind the link of a watch page is embedded, no larger than asked for."""
        if format != "json":
            raise _OnlyJson("only_json", "oEmbed answers are JSON here: ask with format=json, or without it.")
        title, found_id, size_px = await run_in_threadpool(_find, services, url)
        width_px, height_px = size_px or (WIDTH_PX, HEIGHT_PX)
        scale = min(1.0, maxwidth / WIDTH_PX, maxheight / (WIDTH_PX * height_px / width_px))
        width = max(1, int(WIDTH_PX * scale))
        height = max(1, int(WIDTH_PX * height_px / width_px * scale))
        base = str(request.base_url).rstrip("/")
        frame = (f'<iframe src="{base}/embed/{found_id}" title="{escape(title)}" width="{width}" height="{height}" '
                 'loading="lazy" allow="autoplay; fullscreen; picture-in-picture" style="border:0;max-width:100%"></iframe>')
        picture = {"thumbnail_url": f"{base}/play/{found_id}/thumbnail.jpg", "thumbnail_width": width_px,
                   "thumbnail_height": height_px} if size_px else {}
        return JSONResponse({
            "version": "1.0", "type": "video", "provider_name": "Lectern", "provider_url": base, "title": title,
            "html": frame, "width": width, "height": height, "cache_age": 300, **picture},
            headers={"Cache-Control": _CACHE})

    return routes


def _find(services: Services, url: str) -> tuple[str, str, tuple[int, int] | None]:
    """Title, playback id, and the size of the still (none of sound alone) of the video that has this page."""
    try:
        page = _PAGE.fullmatch(urlsplit(url).path)
    except ValueError:  # "http://["
        page = None
    with services.database.read() as session:
        video = public.find(session, page[1] if page else "")
        if video.plan_id is None:
            raise NotFound("not_playable", "This video has not been received completely yet.")
        plan = Plan.model_validate(video.plan)
        return video.title, video.playback_id, thumbnail_rung(plan).size if plan.video else None
