"""What players fetch: playlists from the plan, cells from storage, and the wait for a cell that is not there yet.

Everything here is cacheable and carries no secret. Cells and init sections never change, so they may be kept for
ever; playlists of a finished plan are kept briefly, because a video can be withdrawn.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query, Request
from sqlalchemy import select
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

from enrich import caption_files
from enrich.caption_files import Caption
from infra.core.errors import NotFound
from infra.core.ids import is_id
from infra.core.keys import PlanKeys
from infra.db.models import PUBLIC, Video
from player_api import captions, catalogue, chapters, downloads, manifests, shapes
from player_api.delivery import deliver
from player_api.demand import Waiting
from player_api.live import routes as live_playback
from player_api.live.edge import LiveEdge
from player_api.services import Services
from player_api.trimmed import Trimmed
from transcode import dash, playlists, storyboard, trickplay
from transcode.bandwidth import BitRates
from transcode.plan import Plan, VideoRendition
from transcode.render_pictures import poster_candidates, still
from transcode.sound import AudioTrack
from transcode.steps import INIT, STILL
from transcode.text import TextTrack

PLAYLIST_TYPE = "application/vnd.apple.mpegurl"
MPD_TYPE = "application/dash+xml"
NOT_PLAYABLE = "not_playable"  # yet
_FOR_EVER = "public, max-age=31536000, immutable"
_BRIEFLY = "public, max-age=60"
_REMEMBER_S = 2.0  # a withdrawn video stops playing after this
_STAMPS = "?texts=", "?source="  # see `captions.address_stamp`
_CELL = re.compile(r"(0|[1-9][0-9]{0,6})\.m4s")
_TEXT = re.compile(r"(?:all|(0|[1-9][0-9]{0,6}))\.vtt")
_VERSION = "~"  # /play/{playback id}~{version}/: the pieces of one source, where there was another one before
_SHEET = re.compile(r"(0|[1-9][0-9]{0,6})\.jpg")


@dataclass(frozen=True, slots=True)
class Playable:
    """A published video, as far as playback needs it."""

    organization_id: str
    video_id: str
    plan: Plan
    keys: PlanKeys
    updated_at: float
    bit_rates: Mapping[str, BitRates]  # of the renditions that are complete
    poster_s: float | None  # None: not chosen, and not found yet
    texts: Sequence[TextTrack]
    version: str | None  # of its source: see `catalogue.version`
    trimmed_s: float  # so much of its beginning is not shown

    def base(self, playback_id: str) -> str:
        """From a playlist to the folder of what may be kept for ever, whether that has the version in its name or not."""
        return f"../{playback_id.partition(_VERSION)[0]}{_VERSION}{self.version}/" if self.version else ""


def router(services: Services, waiting: Waiting, edge: LiveEdge) -> APIRouter:
    """The routes under /play. A live session has no plan of this kind: `edge` knows it."""
    routes = APIRouter(prefix="/play", tags=["playback"])
    remembered: dict[str, tuple[float, Playable]] = {}
    spoken: dict[tuple[str, str, int], list[Caption]] = {}  # revisions never change
    hls_codecs = services.settings.hls_codecs.split(",")

    async def playable(address: str, *, latest: bool = False) -> Playable:
        """Of a playback id, with any version or none: for what is asked for anew each time."""
        playback_id = address.partition(_VERSION)[0]
        found = remembered.get(playback_id)
        if found is None or latest or time.monotonic() - found[0] > _REMEMBER_S:
            fresh = await run_in_threadpool(_load, services, playback_id, found[1] if found else None)
            if len(remembered) > 500:
                remembered.clear()
            found = remembered[playback_id] = (time.monotonic(), fresh)
        return found[1]

    async def its_pieces(address: str) -> Playable:
        """Of exactly this version, for what may be kept for ever. Who plays a source that was replaced must not be given
        pieces of the other one."""
        wanted = address.partition(_VERSION)[2] or None
        video = await playable(address)
        if video.version != wanted:
            video = await playable(address, latest=True)
        if video.version != wanted:
            raise NotFound("source_replaced", "Another recording has taken the place of this one: load the page again.")
        return video

    async def with_rendition(address: str, name: str) -> tuple[Playable, VideoRendition | AudioTrack | None]:
        """The video, and its rendition of that name; another process may have listed it a moment ago."""
        video = await its_pieces(address)
        if video.plan.rendition(name) is None:
            video = await playable(address, latest=True)
        return video, video.plan.rendition(name)

    async def answer(request: Request, video: Playable, key: str, rendition: str, k: int, mime: str,
                     cache: str = _FOR_EVER) -> Response:
        """The object, rendered now if it has to be."""
        waited_from = time.monotonic()
        info = await waiting.stat(key)
        if info is None:
            waited_from = time.monotonic()
            info = await waiting.for_cell(video.organization_id, video.video_id, rendition, k, key)
        response = await deliver(request, services, info, mime, cache)
        # A player takes a slow answer for a slow line, unless it is told what part of it was rendering.
        waited_ms = (time.monotonic() - waited_from) * 1000
        if waited_ms > 20:
            response.headers["Server-Timing"] = f"cell;dur={waited_ms:.0f}"
        return response

    @routes.head("/{playback_id}/master.m3u8", include_in_schema=False)
    @routes.get("/{playback_id}/master.m3u8")
    async def master(playback_id: str, request: Request) -> Response:
        """Multivariant playlist: complete as soon as the video has a plan, or a live session has begun."""
        try:
            video = await playable(playback_id)
            stamp = f"?{request.url.query}"
            if stamp.startswith(_STAMPS) and stamp != captions.address_stamp(video.texts, video.version):
                video = await playable(playback_id, latest=True)  # something was changed a moment ago
        except NotFound as error:
            if error.code != NOT_PLAYABLE:
                raise
            return await live_playback.master(edge, playback_id, request)
        return _text(request, playlists.multivariant(video.plan, hls_codecs, video.bit_rates, video.texts,
                                                    video.base(playback_id), video.trimmed_s))

    @routes.head("/{playback_id}/manifest.mpd", include_in_schema=False)
    @routes.get("/{playback_id}/manifest.mpd")
    async def manifest(playback_id: str, request: Request) -> Response:
        """DASH manifest over the same segments."""
        video = await playable(playback_id)
        return _text(request, dash.mpd(video.plan, video.bit_rates, video.texts, video.base(playback_id)), MPD_TYPE)

    @routes.head("/{playback_id}/thumbnail.jpg", include_in_schema=False)
    @routes.get("/{playback_id}/thumbnail.jpg")
    async def thumbnail(playback_id: str, request: Request,
                        at_s: Annotated[float | None, Query(alias="time", ge=0, allow_inf_nan=False,
                                                            description="Seconds.")] = None,
                        ) -> Response:
        """The picture on screen at `time`, to a tenth of a second (the last one behind the end); without `time` the
        poster, and of sound alone."""
        video = await playable(playback_id)
        lasting = at_s is not None and (playback_id.partition(_VERSION)[2] or None) == video.version
        cache = _FOR_EVER if lasting else _BRIEFLY
        if at_s is None:
            at_s = video.poster_s
        tenths = still(video.plan, poster_candidates(video.plan)[0] if at_s is None else at_s)
        return await answer(request, video, video.keys.still(tenths), STILL, tenths, "image/jpeg", cache)

    @routes.head("/{playback_id}/download.mp4", include_in_schema=False)
    @routes.get("/{playback_id}/download.mp4", responses={202: {
        "description": "It is being made: ask again after Retry-After seconds.", "model": shapes.DownloadProgress}})
    async def download(playback_id: str, request: Request,
                       rendition: Annotated[str | None, Query(max_length=40, description="Such as h264-720p; without it the "
                                                              "best that is complete, or 720p.")] = None) -> Response:
        """A rendition with its sound as one MP4 file, made when it is first asked for."""
        video = await playable(playback_id)
        wanted = await run_in_threadpool(downloads.want, services, video.video_id, rendition)
        info = await waiting.stat(wanted.key) if wanted.sha256 else None
        if info is not None:
            return await deliver(request, services, info, "video/mp4", _BRIEFLY, wanted.headers())
        body = shapes.DownloadProgress(rendition=wanted.rendition, state=wanted.state, progress=round(wanted.progress, 4))
        return JSONResponse(body.model_dump(), 202, {"Retry-After": str(downloads.RETRY_AFTER_S),
                                                     "Cache-Control": "no-store"})

    @routes.head("/{playback_id}/storyboard.vtt", include_in_schema=False)
    @routes.get("/{playback_id}/storyboard.vtt")
    async def storyboard_list(playback_id: str, request: Request) -> Response:
        """Small pictures for a time bar, one every 10 s: WebVTT whose cues name rectangles (#xywh) of JPEG sheets."""
        video = await playable(playback_id)
        return _text(request, storyboard.vtt(video.plan, video.base(playback_id)), "text/vtt")

    @routes.head("/{playback_id}/chapters.vtt", include_in_schema=False)
    @routes.get("/{playback_id}/chapters.vtt")
    async def chapter_list(playback_id: str, request: Request) -> Response:
        """The chapters as WebVTT, for `<track kind="chapters">`; no cues where there are none."""
        video = await playable(playback_id)
        return _text(request, await run_in_threadpool(_chapters, services, video), captions.VTT_TYPE)

    @routes.head("/{playback_id}/storyboard/index.m3u8", include_in_schema=False)
    @routes.get("/{playback_id}/storyboard/index.m3u8")
    async def image_playlist(playback_id: str, request: Request) -> Response:
        """The storyboard as an image playlist of HLS."""
        video = await its_pieces(playback_id)
        return _text(request, storyboard.image_playlist(video.plan))

    @routes.head("/{playback_id}/storyboard/{name}", include_in_schema=False)
    @routes.get("/{playback_id}/storyboard/{name}")
    async def sheet(playback_id: str, name: str, request: Request) -> Response:
        """A sheet of the storyboard ({n}.jpg), rendered now if it does not exist yet."""
        video = await its_pieces(playback_id)
        match = _SHEET.fullmatch(name)
        j = int(match[1]) if match else -1
        if not 0 <= j < storyboard.board(video.plan).sheets:
            raise NotFound("sheet_not_found", "The storyboard of this video has no such sheet.")
        return await answer(request, video, video.keys.sheet(j), storyboard.NAME, j, "image/jpeg")

    @routes.head("/{playback_id}/iframes/index.m3u8", include_in_schema=False)
    @routes.get("/{playback_id}/iframes/index.m3u8")
    async def iframe_playlist(playback_id: str, request: Request) -> Response:
        """I-frame playlist: a picture about every 2 s for fast forward and rewind."""
        video = await its_pieces(playback_id)
        return _text(request, trickplay.playlist(video.plan))

    @routes.head("/{playback_id}/iframes/{name}", include_in_schema=False)
    @routes.get("/{playback_id}/iframes/{name}")
    async def picture(playback_id: str, name: str, request: Request) -> Response:
        """The init section of trick play (init.mp4) or a picture ({n}.m4s), rendered now if it does not exist yet."""
        video = await its_pieces(playback_id)
        match = _CELL.fullmatch(name)
        if match is None and name != "init.mp4":
            raise NotFound("segment_not_found", "This video has no such segment.")
        n = int(match[1]) if match else 0
        k = trickplay.segment_of(video.plan, n)
        if k is None:
            raise NotFound("segment_not_found", "This video has no such picture.")
        if match is None:
            return await answer(request, video, video.keys.init(trickplay.NAME), trickplay.NAME, k, "video/mp4")
        return await answer(request, video, video.keys.cell(trickplay.NAME, n), trickplay.NAME, k, "video/iso.segment")

    @routes.head("/{playback_id}/captions/{language}/{revision}/{name}", include_in_schema=False)
    @routes.get("/{playback_id}/captions/{language}/{revision}/{name}")
    async def text(playback_id: str, language: str, revision: int, name: str, request: Request) -> Response:
        """Captions: index.m3u8, a WebVTT segment ({n}.vtt) for each segment of the video, or all.vtt."""
        # The whole of them is not cut by the source's segments.
        video = await (playable if name == "all.vtt" else its_pieces)(playback_id)
        if all(track.language != language for track in video.texts):  # another process may have listed it a moment ago
            video = await playable(playback_id, latest=True)
        if all(track.language != language for track in video.texts):
            raise NotFound("captions_not_found", "This video has no captions in that language.")
        if name == "index.m3u8":
            return _text(request, playlists.text(video.plan))
        match = _TEXT.fullmatch(name)
        if match is None or (match[1] and int(match[1]) >= video.plan.segments):
            raise NotFound("segment_not_found", "These captions have no such segment.")

        def read() -> str:
            key = (video.video_id, language, revision)
            found = spoken.get(key)
            if found is None:
                with services.database.read() as session:
                    _, found = captions.load(session, *key, or_later=True)
                if len(spoken) > 50:
                    spoken.clear()
                spoken[key] = found
            if not match[1]:
                return caption_files.vtt(found)
            k = int(match[1])
            return caption_files.segment(found, float(video.plan.start_s(k)), float(video.plan.start_s(k + 1)))

        return manifests.answer(request, await run_in_threadpool(read), captions.VTT_TYPE, _FOR_EVER)

    @routes.head("/{playback_id}/{rendition}/index.m3u8", include_in_schema=False)
    @routes.get("/{playback_id}/{rendition}/index.m3u8")
    async def index(playback_id: str, rendition: str, request: Request) -> Response:
        """Media playlist of one rendition: every segment of the whole video."""
        video, found = await with_rendition(playback_id, rendition)
        if found is None:
            raise NotFound("rendition_not_found", "This video has no such rendition.")
        return _text(request, playlists.media(video.plan, found))

    @routes.head("/{playback_id}/{rendition}/{name}", include_in_schema=False)
    @routes.get("/{playback_id}/{rendition}/{name}")
    async def segment(playback_id: str, rendition: str, name: str, request: Request) -> Response:
        """An init section (init.mp4) or a cell ({n}.m4s). A cell that does not exist yet is rendered now."""
        video, found = await with_rendition(playback_id, rendition)
        match = _CELL.fullmatch(name)
        if found is None or not (match or name == "init.mp4"):
            raise NotFound("segment_not_found", "This video has no such segment.")
        mime = "audio/mp4" if isinstance(found, AudioTrack) else "video/mp4"
        if match is None:
            return await answer(request, video, video.keys.init(rendition), rendition, INIT, mime)
        k = int(match[1])
        if k >= video.plan.segments:
            raise NotFound("segment_not_found", f"This video has {video.plan.segments} segments, numbered from 0.")
        return await answer(request, video, video.keys.cell(rendition, k), rendition, k, "video/iso.segment")

    return routes


def _load(services: Services, playback_id: str, known: Playable | None) -> Playable:
    """Raises NotFound for what is not (or no longer, or not yet) playable."""
    columns = (Video.organization_id, Video.id, Video.media_id, Video.trim, Video.plan_id, Video.bit_rates, Video.language,
               Video.poster_time_s, Video.found_poster_s, Video.updated_at)
    query = select(*columns).where(Video.playback_id == playback_id, Video.visibility == PUBLIC,
                                   Video.deleted_at.is_(None))
    with services.database.read() as session:
        row = session.execute(query).one_or_none() if is_id(playback_id) else None
        if row is None:
            raise NotFound("video_not_found", "There is no such video.")
        if row.plan_id is None:
            raise NotFound(NOT_PLAYABLE, "This video has not been received completely yet.")
        keys = PlanKeys.of(row.organization_id, row.media_id or row.id, row.plan_id)
        fresh = {"bit_rates": {name: BitRates(*rates) for name, rates in (row.bit_rates or {}).items()},
                 "poster_s": row.poster_time_s if row.poster_time_s is not None else row.found_poster_s}
        listed = captions.current(session, [row.id])[row.id]
        # A plan hardly ever changes, and then the video is touched: parsing it again would cost milliseconds.
        same = known is not None and (known.keys, known.updated_at) == (keys, row.updated_at)
        plan = known.plan if known is not None and same else Plan.model_validate(
            session.scalar(select(Video.plan).where(Video.id == row.id)))
    return Playable(row.organization_id, row.id, plan, keys, row.updated_at, **fresh,
                    texts=captions.tracks(listed, row.language, float(plan.duration_s)),
                    version=catalogue.version(row.media_id),
                    trimmed_s=Trimmed.model_validate(row.trim).seconds[0] if row.trim else 0.0)


def _chapters(services: Services, video: Playable) -> str:
    with services.database.read() as session:
        found = chapters.current(session, video.video_id).chapters
    return chapters.vtt(found, float(video.plan.duration_s))


def _text(request: Request, playlist: str, mime: str = PLAYLIST_TYPE) -> Response:
    return manifests.answer(request, playlist, mime)
