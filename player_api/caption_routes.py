"""/api/v1/videos/{id}/captions: fetched, sent and removed, as WebVTT, SubRip or plain text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Header, Query, Request
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

from enrich import caption_files
from infra.core.errors import Conflict, Rejected, TooLarge
from infra.core.languages import bcp47
from infra.db.models import CaptionRevision, Video
from player_api import captions, catalogue, shapes
from player_api.captions import Listed
from player_api.if_match import names_revision
from player_api.keys import Principal
from player_api.services import Services
from player_api.shapes import CaptionsLine, CaptionsPage, CaptionsRevisions
from transcode.plan import Plan


def router(services: Services, creator: Callable[..., Any], reader: Callable[..., Any]) -> APIRouter:
    """The routes under /videos/{id}/captions; `creator` and, of what is only read, `reader` name who asks."""
    routes = APIRouter(prefix="/videos/{video_id}/captions", tags=["captions"])
    who_asks, who_reads = Depends(creator), Depends(reader)

    @routes.get("", summary="Captions of a video", response_model=CaptionsPage, responses=shapes.problems(404))
    def listing(video_id: str, who: Principal = who_reads) -> dict[str, Any]:
        with services.database.read() as session:
            video = catalogue.get(session, who.organization_id, video_id)
            return {"items": [_line(video, one) for one in captions.current(session, [video.id])[video.id]]}

    @routes.put("/{language}", summary="Send captions in a language", response_model=CaptionsLine, responses={
        201: {"model": CaptionsLine}, **shapes.problems(404, 409, 413)}, openapi_extra={"requestBody": {
            "required": True, "content": {"text/vtt": {"schema": {"type": "string"}},
                                          "application/x-subrip": {"schema": {"type": "string"}}}}})
    async def put(video_id: str, language: str, request: Request, who: Principal = who_asks, if_match: Annotated[
            str | None, Header(max_length=40, description="The ETag of the revision that was edited: 409 when there is "
                               "a newer one.")] = None) -> Response:
        """A WebVTT or SubRip file as the body (`curl -T lecture.vtt`). What was there stays in the history."""
        data = await _body(request)

        def save() -> Response:
            tag = _tag(language)
            with services.database.write() as session:
                video = catalogue.get(session, who.organization_id, video_id)
                duration_s = float(Plan.model_validate(video.plan).duration_s) if video.plan else float("inf")
                found = caption_files.read(data, duration_s)
                last = captions.last(session, video.id, tag)
                _check(if_match, last)
                row = captions.add(session, video, tag, last + 1, who.key_id, found)
                body = _line(video, Listed(tag, row.revision, row.size_bytes, None, row.created_at))
            return JSONResponse(body, 200 if last else 201, {"ETag": f'"{body["revision"]}"'})

        return await run_in_threadpool(_once_more, save)

    @routes.get("/{language}", summary="Captions as a file", response_class=Response, responses={
        200: {"content": {"text/vtt": {}, "application/x-subrip": {}, "text/plain": {}}}, **shapes.problems(404)})
    def one(video_id: str, language: str, who: Principal = who_reads,
            format: Annotated[Literal["vtt", "srt", "txt"], Query(description="WebVTT, SubRip or plain text.")] = "vtt",
            revision: Annotated[int | None, Query(ge=1, description="Without it the newest.")] = None) -> Response:
        with services.database.read() as session:
            video = catalogue.get(session, who.organization_id, video_id)
            number, found = captions.load(session, video.id, language, revision)
        write, mime = captions.FORMATS[format]
        return Response(write(found), media_type=mime, headers={
            "ETag": f'"{number}"', "Cache-Control": "no-cache",
            "Content-Disposition": f'attachment; filename="{language}.{format}"'})

    @routes.get("/{language}/revisions", summary="The history of captions", response_model=CaptionsRevisions,
                responses=shapes.problems(404))
    def history(video_id: str, language: str, who: Principal = who_asks) -> dict[str, Any]:
        with services.database.read() as session:
            video = catalogue.get(session, who.organization_id, video_id)
            rows = session.scalars(select(CaptionRevision).where(
                CaptionRevision.video_id == video.id, CaptionRevision.language == language)
                .order_by(CaptionRevision.revision.desc())).all()
        return {"items": [{"revision": row.revision, "deleted": row.size_bytes == 0, "key_id": row.key_id,
                           "model": row.model, "translated_from": row.translated_from,
                           "created_at": catalogue.rfc3339(row.created_at)} for row in rows]}

    @routes.delete("/{language}", status_code=204, summary="Remove captions", responses=shapes.problems(404, 409))
    def remove(video_id: str, language: str, who: Principal = who_asks,
               if_match: Annotated[str | None, Header(max_length=40)] = None) -> Response:
        """Players are not offered them any more. The history keeps what they said."""

        def save() -> Response:
            with services.database.write() as session:
                video = catalogue.get(session, who.organization_id, video_id)
                last, _ = captions.load(session, video.id, language)
                _check(if_match, last)
                captions.add(session, video, language, last + 1, who.key_id, None)
            return Response(status_code=204)

        return _once_more(save)

    return routes


def _once_more(save: Callable[[], Response]) -> Response:
    """Two who save at the same moment get revisions one after the other, unless the second one said what it edited."""
    try:
        return save()
    except IntegrityError:
        return save()


def _check(if_match: str | None, last: int) -> None:
    if not names_revision(if_match, last):
        raise Conflict("captions_changed", f"Somebody has saved these captions since: they are at revision {last}. Fetch "
                       "them, and make your changes there.")


def _line(video: Video, one: Listed) -> dict[str, Any]:
    return {"language": one.language, "label": one.label, "revision": one.revision, "model": one.model,
            "translated_from": one.translated_from,
            "url": f"/play/{video.playback_id}/captions/{one.language}/{one.revision}/all.vtt",
            "created_at": catalogue.rfc3339(one.created_at)}


def _tag(language: str) -> str:
    tag = bcp47(language)
    if tag is None or tag != language:
        hint = f" Did you mean {tag}?" if tag else " Such are en, de-AT and zh-Hant."
        raise Rejected("unknown_language", f"{language} is not a language as BCP 47 writes it.{hint}")
    return tag


async def _body(request: Request) -> bytes:
    """Raises TooLarge; what is longer than any captions is not read to its end."""
    data = bytearray()
    async for piece in request.stream():
        data += piece
        if len(data) > caption_files.MAX_BYTES:
            raise TooLarge("captions_too_large", f"Captions may have {caption_files.MAX_BYTES >> 20} MB.")
    return bytes(data)
