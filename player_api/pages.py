"""The pages: watch, embed and upload. Plain HTML from templates; the scripts are bundled at set-up into static/."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request
from jinja2 import Environment, FileSystemLoader, select_autoescape
from sqlalchemy import select
from starlette.concurrency import run_in_threadpool
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response

from infra.core.errors import ConfigError, NotFound
from infra.core.ids import is_id
from infra.db import steps
from infra.db.models import Video
from player_api import catalogue
from player_api.analytics import page_tokens
from player_api.analytics.collect import PATH
from player_api.direct_uploads import browser_origin
from player_api.services import Services

_HERE = Path(__file__).parent
STATIC = _HERE / "static"
# Nothing inline, nothing from elsewhere; blob: is where hls.js keeps its worker and its media, data: its text tracks.
_POLICY = ("default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
           "media-src 'self' blob: data:; worker-src 'self' blob:; connect-src 'self'; base-uri 'none'; form-action 'self'")
_ICON = ('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" '
         'fill="#2f6fde"/><path d="M12 9v14l12-7z" fill="#fff"/></svg>')


def router(services: Services) -> APIRouter:
    """The routes that people open in a browser."""
    routes = APIRouter(include_in_schema=False)
    templates = Environment(loader=FileSystemLoader(_HERE / "templates"), autoescape=select_autoescape())
    bundle = bundle_names()

    store = browser_origin(services.direct)

    def html(name: str, status: int = 200, *, embeddable: bool = False, connect: str | None = None,
             **context: Any) -> Response:
        policy = _POLICY if embeddable else f"{_POLICY}; frame-ancestors 'none'"
        if connect:
            policy = policy.replace("connect-src 'self'", f"connect-src 'self' {connect}")
        headers = {"Content-Security-Policy": policy, "Cache-Control": "no-store", "Referrer-Policy": "same-origin"}
        page = templates.get_template(name).render(bundle=bundle, static="/static/", **context)
        return HTMLResponse(page, status, headers)

    async def watch_page(playback_id: str, consent: str, *, embedded: bool) -> Response:
        try:
            video, captions_grow = await run_in_threadpool(_find, services, playback_id)
        except NotFound as error:
            return html("message.html", 404, embeddable=embedded, title="Not found", text=error.message)
        if video.plan_id is None:
            return html("message.html", embeddable=embedded, title=video.title,
                        text="This video is still being received. Open this page again in a moment.")
        return html("watch.html", embeddable=embedded, title=video.title, playback_id=playback_id,
                    master=f"/play/{playback_id}/master.m3u8", poster=catalogue.poster_url(video),
                    storyboard=f"/play/{playback_id}/storyboard.vtt", chapters=f"/play/{playback_id}/chapters.vtt",
                    download=f"/play/{playback_id}/download.mp4" if (video.plan or {}).get("video") else None,
                    rendered=_codecs(video.bit_rates or {}), captions_grow=captions_grow, events_url=PATH,
                    consent=consent.lower() not in ("false", "no", "0"),
                    events_token=await run_in_threadpool(page_tokens.of_page, services.database, video),
                    body_class="embed" if embedded else "")

    @routes.get("/watch/{playback_id}")
    async def watch(playback_id: str, consent: str = "") -> Response:
        return await watch_page(playback_id, consent, embedded=False)

    @routes.get("/embed/{playback_id}")
    async def embed(playback_id: str, consent: str = "") -> Response:
        return await watch_page(playback_id, consent, embedded=True)

    @routes.get("/studio")
    async def studio() -> Response:
        return html("studio.html", title="Upload a video", connect=store, direct=store is not None)

    @routes.get("/")
    async def home() -> Response:
        return RedirectResponse("/studio")

    @routes.get("/icon.svg")
    @routes.get("/favicon.ico")
    async def icon() -> Response:
        return Response(_ICON, media_type="image/svg+xml", headers={"Cache-Control": "public, max-age=86400"})

    @routes.get("/engagement.js")
    async def engagement() -> Response:
        """For pages of other sites, which cannot know the name with the hash: a module is fetched with CORS."""
        return FileResponse(STATIC / bundle["engagement.js"], media_type="text/javascript",
                            headers={"Cache-Control": "public, max-age=3600", "Access-Control-Allow-Origin": "*"})

    @routes.get("/static/{name}")
    async def static(name: str, request: Request) -> Response:
        if name not in bundle.values() and name != "LICENSES.txt":
            raise NotFound("not_found", "There is no such file.")
        cache = "public, max-age=31536000, immutable" if name in bundle.values() else "no-cache"
        return FileResponse(STATIC / name, headers={"Cache-Control": cache})

    return routes


def _find(services: Services, playback_id: str) -> tuple[Video, bool]:
    """The video, and whether its speech is being recognized."""
    with services.database.read() as session:
        video = session.scalar(
            select(Video).where(Video.playback_id == playback_id, Video.deleted_at.is_(None))
        ) if is_id(playback_id) else None
        captions_grow = video is not None and any(
            steps.unfinished(session, video.id, step) for step in ("listen", "transcribe", "translate"))
    if video is None:
        raise NotFound("video_not_found", "There is no such video. The link may be wrong, or it was removed.")
    return video, captions_grow


def _codecs(renditions: Iterable[str]) -> str:
    """Their codecs as a player names them, the one of fewest bytes first."""
    complete = {name.partition("-")[0] for name in renditions}
    return " ".join(sample_entry for codec, sample_entry in (("av1", "av01"), ("h264", "avc1")) if codec in complete)


def bundle_names() -> dict[str, str]:
    """Names of the bundled files. Raises ConfigError when set-up did not make them."""
    try:
        found: dict[str, str] = json.loads((STATIC / "manifest.json").read_text())
    except FileNotFoundError:
        raise ConfigError("pages_not_built", "The web pages are not built yet. Start Lectern by ./lectern, "
                          "which builds them.") from None
    return found


def static_watch_page(title: str, renditions: Iterable[str], *, chapters: bool) -> dict[str, bytes]:
    """A watch page that needs no server of ours: file name -> content. Beside it lie a master.m3u8 of these renditions and,
    with `chapters`, a chapters.vtt.
    """
    bundle = bundle_names()
    templates = Environment(loader=FileSystemLoader(_HERE / "templates"), autoescape=select_autoescape())
    page = templates.get_template("watch.html").render(
        bundle=bundle, title=title, playback_id="here", master="master.m3u8", poster="poster.jpg",
        storyboard="storyboard.vtt", chapters="chapters.vtt" if chapters else None, static="", rendered=_codecs(renditions))
    names = [bundle["watch.js"], bundle["watch.css"], "LICENSES.txt"]
    return {"index.html": page.encode()} | {name: (STATIC / name).read_bytes() for name in names}
