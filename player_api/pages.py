"""The pages: watch, embed and upload. Plain HTML from templates; the scripts are bundled at set-up into static/."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request
from jinja2 import Environment, FileSystemLoader, select_autoescape
from starlette.concurrency import run_in_threadpool
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response

from infra.core.errors import ConfigError, NotFound
from infra.core.live import LiveState
from infra.db import live, steps
from infra.db.models import Video
from player_api import captions, catalogue, embedding, public, trimmed
from player_api.analytics import page_tokens
from player_api.analytics.collect import PATH
from player_api.direct_uploads import browser_origin
from player_api.services import Services
from transcode.plan import Plan
from transcode.text import TextTrack

_HERE = Path(__file__).parent
STATIC = _HERE / "static"
# Nothing inline, nothing from elsewhere; blob: is where hls.js keeps its worker and its media, data: its text tracks.
_POLICY = ("default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
           "media-src 'self' blob: data:; worker-src 'self' blob:; connect-src 'self'; base-uri 'none'; form-action 'self'")
_IMPORTED = re.compile(r'"\./([\w.-]+\.js)"')
_IMPORTED_FIRST = re.compile(r'(?:from|import)"\./([\w.-]+\.js)"')  # before the script runs
_ICON = ('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" '
         'fill="#2f6fde"/><path d="M12 9v14l12-7z" fill="#fff"/></svg>')

_STUDIO = (
    # path                                   title        script                style            sends files
    ("/studio",                              "Library",   "library.js",         "studio.css",    True),
    ("/studio/videos/{video_id}",            "Video",     "video.js",           "studio.css",    True),
    ("/studio/videos/{video_id}/captions",   "Captions",  "captions_editor.js", "editors.css",   False),
    ("/studio/videos/{video_id}/chapters",   "Chapters",  "chapters_editor.js", "editors.css",   False),
    ("/studio/videos/{video_id}/trim",       "Trim",      "trim_editor.js",    "trim.css",      False),
    ("/studio/live",                         "Live",      "live_list.js",       "live.css",      False),
    ("/studio/live/{stream_id}",             "Live",      "live_stream.js",     "live.css",      False),
    ("/studio/analytics",                    "Analytics", "overview.js",        "analytics.css", False),
    ("/studio/videos/{video_id}/analytics",  "Analytics", "analytics.js",       "analytics.css", False),
)


@dataclass(frozen=True, slots=True)
class _Found:
    """A video as its page needs it."""

    video: Video
    captions_grow: bool  # its speech is being recognized
    live: LiveState | None  # of its live session, where it has one
    texts: Sequence[TextTrack]


def router(services: Services) -> APIRouter:
    """The routes that people open in a browser."""
    routes = APIRouter(include_in_schema=False)
    templates = Environment(loader=FileSystemLoader(_HERE / "templates"), autoescape=select_autoescape())
    bundle = bundle_names()
    player_styles = " ".join(["style-src 'self'", *style_hashes()])
    its_chunks = with_chunks(bundle["watch.js"], _IMPORTED_FIRST)[1:]

    store = browser_origin(services.direct)

    def html(name: str, status: int = 200, *, embeddable: bool = False, connect: str | None = None,
             style: str = "watch.css", player: bool = False, **context: Any) -> Response:
        policy = _POLICY if embeddable else f"{_POLICY}; frame-ancestors 'none'"
        if player:
            policy = policy.replace("style-src 'self'", player_styles)
        if connect:
            policy = policy.replace("connect-src 'self'", f"connect-src 'self' {connect}")
        headers = {"Content-Security-Policy": policy, "Cache-Control": "no-store", "Referrer-Policy": "same-origin"}
        page = templates.get_template(name).render(bundle=bundle, static="/static/", style=style, chunks=its_chunks,
                                                   **context)
        return HTMLResponse(page, status, headers)

    async def counting(video: Video, consent: str) -> dict[str, Any]:
        """What the page tells with who watches."""
        return {"events_url": PATH, "consent": consent.lower() not in ("false", "no", "0"),
                "events_token": await run_in_threadpool(page_tokens.of_page, services.database, video)}

    async def watch_page(request: Request, playback_id: str, consent: str, *, embedded: bool) -> Response:
        try:
            found = await run_in_threadpool(_find, services, playback_id)
        except NotFound as error:
            return html("message.html", 404, embeddable=embedded, title="Not found", text=error.message)
        video, base = found.video, f"/play/{playback_id}/"
        if video.plan_id is None and found.live is not None:
            # Of a live session there are the stream and its slides, and when it is over its recording.
            has_slides = services.settings.live_slides and found.live in live.OPEN
            return html("watch.html", embeddable=embedded, player=True, title=video.title, playback_id=playback_id,
                        master=f"{base}master.m3u8", poster="", storyboard="", rendered="", embed=f"/embed/{playback_id}",
                        live=found.live in live.OPEN, beside=base.rstrip("/") if has_slides and not embedded else None,
                        body_class="embed" if embedded else "",
                        **await counting(video, consent))
        if video.plan_id is None:
            return html("message.html", embeddable=embedded, title=video.title,
                        text="This video is still being received. Open this page again in a moment.")
        its_trim = trimmed.of(video)
        stamp = captions.address_stamp(found.texts, catalogue.version(video.media_id))
        return html("watch.html", embeddable=embedded, player=True, title=video.title, playback_id=playback_id, base=base,
                    master=f"{base}master.m3u8{stamp}", poster=catalogue.poster_url(video),
                    storyboard=f"{base}storyboard.vtt", trimmed=its_trim.seconds[0] if its_trim else None,
                    chapters=f"{base}chapters.vtt", replayed=f"{base}most-replayed.json", embed=f"/embed/{playback_id}",
                    download=f"{base}download.mp4" if (video.plan or {}).get("video") else None, texts=found.texts,
                    oembed=embedding.discovery(str(request.base_url).rstrip("/"), playback_id),
                    beside=None if embedded else base.rstrip("/"), rendered=_codecs(video.bit_rates or {}),
                    captions_grow=found.captions_grow, body_class="embed" if embedded else "",
                    **await counting(video, consent))

    @routes.get("/watch/{playback_id}")
    async def watch(request: Request, playback_id: str, consent: str = "") -> Response:
        return await watch_page(request, playback_id, consent, embedded=False)

    @routes.get("/embed/{playback_id}")
    async def embed(request: Request, playback_id: str, consent: str = "") -> Response:
        return await watch_page(request, playback_id, consent, embedded=True)

    def studio_page(title: str, script: str, style: str, sends: bool) -> Callable[[Request], Awaitable[Response]]:
        """A shell: its script asks the API, which says whether there is such a video and who may see it."""
        async def page(request: Request) -> Response:
            there = store if sends else None
            return html("studio.html", title=title, script=script, style=style, connect=there, direct=there is not None,
                        **request.path_params)
        return page

    for path, title, script, style, sends in _STUDIO:
        routes.add_api_route(path, studio_page(title, script, style, sends))

    @routes.get("/")
    async def home() -> Response:
        return RedirectResponse("/studio")

    @routes.get("/icon.svg")
    @routes.get("/favicon.ico")
    async def icon() -> Response:
        return Response(_ICON, media_type="image/svg+xml", headers={"Cache-Control": "public, max-age=86400"})

    @routes.get("/engagement.js")
    @routes.get("/lectern-player.js")
    async def module(request: Request) -> Response:
        """For pages of other sites, which cannot know the name with the hash: a module is fetched with CORS."""
        return FileResponse(STATIC / bundle[request.url.path.removeprefix("/")], media_type="text/javascript",
                            headers={"Cache-Control": "public, max-age=3600", "Access-Control-Allow-Origin": "*"})

    @routes.get("/static/{name}")
    async def static(name: str, request: Request) -> Response:
        if name not in bundle.values() and name != "LICENSES.txt":
            raise NotFound("not_found", "There is no such file.")
        cache = "public, max-age=31536000, immutable" if name in bundle.values() else "no-cache"
        return FileResponse(STATIC / name, headers={"Cache-Control": cache})

    return routes


def _find(services: Services, playback_id: str) -> _Found:
    """Raises NotFound."""
    with services.database.read() as session:
        video = public.find(session, playback_id)
        grow = any(steps.unfinished(session, video.id, step) for step in ("listen", "transcribe", "translate"))
        listed = captions.current(session, [video.id])[video.id]
        duration_s = float(Plan.model_validate(video.plan).duration_s) if listed and video.plan else 0.0
        its_live = live.states_of(session, [video.id]).get(video.id)
        return _Found(video, grow, its_live, captions.tracks(listed, video.language, duration_s))


def _codecs(renditions: Iterable[str]) -> str:
    """Their codecs as a player names them, the one of fewest bytes first."""
    complete = {name.partition("-")[0] for name in renditions}
    return " ".join(sample_entry for codec, sample_entry in (("av1", "av01"), ("h264", "avc1")) if codec in complete)


def bundle_names() -> dict[str, str]:
    """Names of the bundled files. Raises ConfigError when set-up did not make them."""
    try:
        found: dict[str, str] = json.loads((STATIC / "manifest.json").read_text())
    except FileNotFoundError:
        raise _not_built() from None
    return found


def style_hashes() -> list[str]:
    """The styles inside of the player's elements, as a Content-Security-Policy names them. Raises ConfigError."""
    try:
        found: list[str] = json.loads((STATIC / "policy.json").read_text())["styles"]
    except FileNotFoundError:
        raise _not_built() from None
    return found


def _not_built() -> ConfigError:
    return ConfigError("pages_not_built", "The web pages are not built yet. Start Lectern by ./lectern, which builds them.")


def static_watch_page(title: str, renditions: Iterable[str], *, chapters: bool, texts: Sequence[TextTrack] = ()
                      ) -> dict[str, bytes]:
    """A watch page that needs no server of ours: file name -> content. Beside it lie a master.m3u8 of these renditions, the
    captions `texts` and, with `chapters`, a chapters.vtt.
    """
    bundle = bundle_names()
    templates = Environment(loader=FileSystemLoader(_HERE / "templates"), autoescape=select_autoescape())
    page = templates.get_template("watch.html").render(
        bundle=bundle, style="watch.css", title=title, playback_id="here", master="master.m3u8", poster="poster.jpg",
        storyboard="storyboard.vtt", chapters="chapters.vtt" if chapters else None, static="", base="", texts=texts,
        rendered=_codecs(renditions), chunks=with_chunks(bundle["watch.js"], _IMPORTED_FIRST)[1:])
    names = [*with_chunks(bundle["watch.js"]), bundle["watch.css"], "LICENSES.txt"]
    return {"index.html": page.encode()} | {name: (STATIC / name).read_bytes() for name in names}


def with_chunks(script: str, imported: re.Pattern[str] = _IMPORTED) -> list[str]:
    """The script, and what it loads at once or later: bundled modules name each other as "./NAME"."""
    found, new = [script], [script]
    while new:
        text = (STATIC / new.pop()).read_text()
        new += (named := sorted(set(imported.findall(text)) - {*found}))
        found += named
    return found
