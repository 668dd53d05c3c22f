"""What players fetch of a live session, and of its recording as long as that is all there is.

Playlists that a player waited for, parts and segments never change, so that caches in front may keep them and collapse
requests: a thousand viewers ask for the same address at the same moment.
"""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from infra.core import keys
from infra.core.errors import NotFound, Unavailable
from ingest.errors import BadRequest
from player_api import manifests
from player_api.delivery import deliver
from player_api.live.edge import LiveEdge, Session
from player_api.services import Services
from transcode.live import captions, playlists, reload
from transcode.live.fragments import nth_part
from transcode.live.reload import Verdict, Wanted
from transcode.live.timeline import init_name

PLAYLIST_TYPE = "application/vnd.apple.mpegurl"
_FOR_EVER = "public, max-age=31536000, immutable"
_A_WHILE = "public, max-age=12"  # six target durations
_BRIEFLY = "public, max-age=60"
_ANEW = "no-cache"
_SEGMENT = re.compile(r"(0|[1-9][0-9]{0,6})\.m4s")
_PART = re.compile(r"(0|[1-9][0-9]{0,6})\.(0|[1-9][0-9]{0,2})\.m4s")
_TEXT = re.compile(r"(0|[1-9][0-9]{0,6})\.vtt")
_SLIDE = re.compile(r"(0|[1-9][0-9]{0,8})\.jpg")
_INIT = re.compile(r"init(?:-([1-9][0-9]{0,6}))?\.mp4")
_NUMBER = re.compile(r"[0-9]{1,9}")


def router(services: Services, edge: LiveEdge) -> APIRouter:
    """The routes under /play of renditions that are called live-..."""
    routes = APIRouter(prefix="/play", tags=["playback"])

    @routes.head("/{playback_id}/live-{size}/index.m3u8", include_in_schema=False)
    @routes.get("/{playback_id}/live-{size}/index.m3u8")
    async def index(playback_id: str, size: str, request: Request,
                    msn: Annotated[str | None, Query(alias="_HLS_msn", description="Answer once this segment is in the "
                                                     "playlist.")] = None,
                    part: Annotated[str | None, Query(alias="_HLS_part", description="And this part of it.")] = None,
                    skip: Annotated[str | None, Query(alias="_HLS_skip", description="YES or v2: leave out what is "
                                                      "old.")] = None) -> Response:
        """Media playlist of a live session, from its start: segments, and the newest parts; of live-captions segments
        alone. Waits as long as three target durations (then 503); what is too far ahead is a 400."""
        wanted = _wanted(msn, part)
        session = await edge.session(playback_id)
        rendition = None if _are_captions(session, size) else _rendition(session, size)
        judge = reload.judge_captions if rendition is None else reload.judge
        if wanted is not None:
            if judge(session.channel, wanted) is Verdict.TOO_FAR:
                raise BadRequest("too_far_ahead", f"The newest segment is {session.channel.open}; at most two more can be "
                                 "waited for.")
            there = await session.mirror.until(lambda now: edge.closing or judge(now, wanted) is Verdict.NOW,
                                               reload.timeout_s(session.channel))
            if not there or edge.closing:
                raise Unavailable("live_late", "The live stream did not get this far in time. Try again.")
        packed = session.mirror.playlist(rendition, skip=skip in ("YES", "v2"))
        ended = session.mirror.channel is not None and session.mirror.channel.ended
        headers = {"Cache-Control": _BRIEFLY if ended else _A_WHILE if wanted else _ANEW, "Vary": "Accept-Encoding"}
        if manifests.takes_gzip(request.headers.get("accept-encoding")):
            return Response(packed.gzipped, media_type=PLAYLIST_TYPE, headers=headers | {"Content-Encoding": "gzip"})
        return Response(packed.text, media_type=PLAYLIST_TYPE, headers=headers)

    @routes.head("/{playback_id}/live-{size}/{name}", include_in_schema=False)
    @routes.get("/{playback_id}/live-{size}/{name}")
    async def piece(playback_id: str, size: str, name: str, request: Request) -> Response:
        """A segment ({n}.m4s), a part of one ({n}.{part}.m4s; the next one is waited for), or an init section; of
        live-captions a segment ({n}.vtt), of live-slides the picture of a slide ({n}.jpg).
        """
        session = await edge.session(playback_id)
        if f"live-{size}" == keys.LIVE_SLIDES and (match := _SLIDE.fullmatch(name)):
            key = keys.live_slide(session.where.organization_id, session.where.video_id, int(match[1]))
            return await whole(request, None, key, "image/jpeg")
        if _are_captions(session, size):
            return await captions_of(session, name)
        rendition = _rendition(session, size)
        if match := _PART.fullmatch(name):
            key = session.where.keys.cell(f"live-{size}", int(match[1]))
            return await part_of(session, rendition, int(match[1]), int(match[2]), key)
        if match := _SEGMENT.fullmatch(name):
            number = int(match[1])
            if number >= session.channel.open:
                raise NotFound("segment_not_found", "This live stream has no such segment (yet).")
            key = session.where.keys.cell(f"live-{size}", number)
            return await whole(request, session.channel.segment(rendition, number), key, "video/iso.segment")
        if match := _INIT.fullmatch(name):
            number = int(match[1] or 0)
            if all(run.number != number for run in session.channel.runs):
                raise NotFound("segment_not_found", "This live stream has no such init section.")
            key = session.where.keys.named(f"live-{size}", init_name(number))
            return await whole(request, session.channel.init(rendition, number), key, "video/mp4")
        raise NotFound("segment_not_found", "This live stream has no such file.")

    async def captions_of(session: Session, name: str) -> Response:
        match, channel = _TEXT.fullmatch(name), session.channel
        if not match or int(match[1]) >= channel.open:
            raise NotFound("segment_not_found", "This live stream has no such captions (yet).")
        number = int(match[1])
        if channel.parts.get(number):  # this process saw it made
            found = channel.captions.get(number)
            data = captions.vtt(found.cues if found else ()).encode()
        else:
            try:
                key = session.where.keys.named(captions.FOLDER, captions.file_name(number))
                data = await run_in_threadpool(services.storage.read, key)
            except NotFound:  # nothing was said
                data = captions.vtt(()).encode()
        return Response(data, media_type="text/vtt; charset=utf-8", headers={"Cache-Control": _FOR_EVER})

    async def part_of(session: Session, rendition: int, segment: int, part: int, key: str) -> Response:
        def gone_by() -> bool:
            now = session.mirror.channel
            return now is not None and (now.open > segment or len(now.parts.get(segment, [])) > part)

        channel = session.channel
        if not channel.ended and (segment, part) == (channel.open, len(channel.open_parts)):  # the one that is hinted at
            await session.mirror.until(lambda now: edge.closing or now.ended or gone_by(), reload.timeout_s(channel))
        now = session.mirror.channel
        data = now.part(rendition, segment, part) if now is not None else None
        if data is None and now is not None and segment < now.open:
            # A player may still hold a playlist that lists it, from before this process knew only what is stored.
            data = nth_part(await run_in_threadpool(services.storage.read, key), part)
        if data is None:
            raise NotFound("part_not_found", "This live stream has no such part (yet).")
        return Response(data, media_type="video/iso.segment", headers={"Cache-Control": _FOR_EVER})

    async def whole(request: Request, data: bytes | None, key: str, mime: str) -> Response:
        if data is not None and "range" not in request.headers:
            return Response(data, media_type=mime, headers={"Cache-Control": _FOR_EVER})
        info = await run_in_threadpool(services.storage.stat, key)
        if info is None:
            if data is None:
                raise NotFound("segment_not_found", "This segment was lost.")
            return Response(data, media_type=mime, headers={"Cache-Control": _FOR_EVER})
        return await deliver(request, services, info, mime, _FOR_EVER)

    return routes


async def master(edge: LiveEdge, playback_id: str, request: Request) -> Response:
    """The multivariant playlist of a live session. Raises NotFound."""
    session = await edge.session(playback_id)
    return manifests.answer(request, playlists.multivariant(session.channel.plan), PLAYLIST_TYPE)


def _wanted(msn: str | None, part: str | None) -> Wanted | None:
    """What a player waits for. Raises BadRequest (6.2.5.2: a part alone says nothing)."""
    if msn is None and part is None:
        return None
    if msn is None or not _NUMBER.fullmatch(msn) or (part is not None and not _NUMBER.fullmatch(part)):
        raise BadRequest("bad_reload", "_HLS_msn and _HLS_part are whole numbers, and the second needs the first.")
    return Wanted(int(msn), int(part) if part is not None else None)


def _are_captions(session: Session, size: str) -> bool:
    return session.channel.plan.captions is not None and f"live-{size}" == captions.FOLDER


def _rendition(session: Session, size: str) -> int:
    found = session.channel.plan.index(f"live-{size}")
    if found is None:
        raise NotFound("rendition_not_found", "This video has no such rendition.")
    return found
