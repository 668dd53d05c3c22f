"""Captions: their rows, /api/v1/videos/{id}/captions, and what players get of them.

A revision is never changed: what somebody sends is a new one, and deleting is one without text. So an edit has its
history, and what players fetch, with the revision in its address, can be cached for ever.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Header, Query, Request
from sqlalchemy import delete, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, undefer
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

from enrich import caption_files
from enrich.caption_files import Caption
from enrich.passages import passages_of, words_of
from infra.core.errors import Conflict, NotFound, Rejected, TooLarge
from infra.core.languages import bcp47, own_name
from infra.core.search_index import Kind
from infra.db import search
from infra.db.models import CaptionRevision, Video
from infra.db.session import now
from player_api import catalogue, shapes
from player_api.if_match import names_revision
from player_api.keys import Principal
from player_api.services import Services
from player_api.shapes import CaptionsLine, CaptionsPage, CaptionsRevisions
from transcode.plan import Plan
from transcode.text import TextTrack

VTT_TYPE, SRT_TYPE, TXT_TYPE = "text/vtt; charset=utf-8", "application/x-subrip; charset=utf-8", "text/plain; charset=utf-8"
FORMATS: dict[str, tuple[Callable[[Sequence[Caption]], str], str]] = {
    "vtt": (caption_files.vtt, VTT_TYPE), "srt": (caption_files.srt, SRT_TYPE), "txt": (caption_files.txt, TXT_TYPE)}


@dataclass(frozen=True, slots=True)
class Listed:
    """The newest revision of a language."""

    language: str
    revision: int
    size_bytes: int
    model: str | None  # the speech model that made it
    created_at: float
    translated_from: str | None = None  # the machine that made it translated, from this language

    @property
    def label(self) -> str:
        """How menus name it: nobody takes a machine's translation for a person's."""
        return own_name(self.language) + (" (machine translation)" if self.translated_from else "")


def current(session: Session, video_ids: Sequence[str]) -> dict[str, list[Listed]]:
    """The captions that each video has now, by language."""
    row = CaptionRevision
    newest = (select(row.video_id, row.language, func.max(row.revision).label("revision"))
              .where(row.video_id.in_(video_ids)).group_by(row.video_id, row.language).subquery())
    query = select(row.video_id, row.language, row.revision, row.size_bytes, row.model,
                   row.created_at, row.translated_from).join(
        newest, (row.video_id == newest.c.video_id) & (row.language == newest.c.language)
        & (row.revision == newest.c.revision)).where(row.size_bytes > 0).order_by(row.language)
    found: dict[str, list[Listed]] = {video_id: [] for video_id in video_ids}
    for video_id, language, revision, size_bytes, model, created_at, translated_from in session.execute(query):
        found[video_id].append(Listed(language, revision, size_bytes, model, created_at, translated_from))
    return found


def save_machine(session: Session, video: Video, language: str, captions: list[dict[str, Any]], model: str, *,
                 partial: bool = False, translated_from: str | None = None) -> bool:
    """Captions that a speech model made, unless the newest ones (or that there are none) are a person's word.

    `partial`: words are still missing. The next revision takes the place of such a one, and it takes the place of none
    that is whole.
    """
    newest = _newest(session, video.id, language)
    if newest is not None and (newest.model is None or (partial and newest.size_bytes and not newest.partial)):
        return False
    _add(session, video, language, newest.revision + 1 if newest else 1, None,
         [Caption.model_validate(one) for one in captions], model, partial=partial, translated_from=translated_from)
    drop_partial(session, video, language)
    return True


def drop_partial(session: Session, video: Video, language: str) -> None:
    """Forget revisions that were made while words were still missing, and that another one followed."""
    row = CaptionRevision
    session.execute(delete(row).where(row.video_id == video.id, row.language == language, row.partial,
                                      row.revision < _last(session, video.id, language)))


def retire_machine(session: Session, video: Video, spoken: str | None, *, to_english: bool) -> None:
    """Have players be offered no captions that a model made in another language than the one that is `spoken`, nor
    translations of another one, or any where they are not wanted.

    The history keeps what they said, and what a person wrote stays as it is.
    """
    for one in current(session, [video.id])[video.id]:
        fits = to_english and one.translated_from == spoken if one.translated_from else one.language == spoken
        if one.model is not None and not fits:
            _add(session, video, one.language, one.revision + 1, None, None, one.model,
                 translated_from=one.translated_from)
            drop_partial(session, video, one.language)


def tracks(listed: Sequence[Listed], spoken: str | None, duration_s: float) -> list[TextTrack]:
    """The text tracks of playlists; `spoken` is the language of the video, where it is known."""
    return [TextTrack(folder=f"captions/{one.language}/{one.revision}", language=one.language, label=one.label,
                      captions=base(one.language) == base(spoken) and not one.translated_from,
                      bit_rate_bps=max(1, round(one.size_bytes * 8 / max(duration_s, 1)))) for one in listed]


def load(session: Session, video_id: str, language: str, revision: int | None = None, *, or_later: bool = False
         ) -> tuple[int, list[Caption]]:
    """A revision, or the newest, and what it says. Raises NotFound.

    `or_later`: in the place of a partial one that is gone, the one that followed. Who plays the video knows its address.
    """
    query = (select(CaptionRevision).options(undefer(CaptionRevision.captions))
             .where(CaptionRevision.video_id == video_id, CaptionRevision.language == language))
    if revision is None:
        query = query.order_by(CaptionRevision.revision.desc())
    elif or_later:
        query = query.where(CaptionRevision.revision >= revision).order_by(CaptionRevision.revision)
    else:
        query = query.where(CaptionRevision.revision == revision)
    row = session.scalar(query.limit(1))
    if row is None or row.captions is None:
        raise NotFound("captions_not_found", "There are no such captions.")
    return row.revision, [Caption.model_validate(one) for one in row.captions]


def spoken(listed: Sequence[Listed], language: str | None) -> Listed | None:
    """Those in the language that is spoken, of whichever region."""
    return next((one for one in listed if base(one.language) == base(language) and not one.translated_from), None)


def index_speech(session: Session, video: Video) -> None:
    """Have search find what is said in the video: its captions in the spoken language, or else those that there are."""
    listed = current(session, [video.id])[video.id]
    said = spoken(listed, video.language) or next(iter(listed), None)
    found = load(session, video.id, said.language, said.revision)[1] if said else []
    search.replace(session, video.organization_id, video.id, Kind.SPEECH, passages_of(words_of(found)))


def router(services: Services, creator: Callable[..., Any]) -> APIRouter:
    """The routes under /videos/{id}/captions; `creator` is the dependency that names who asks."""
    routes = APIRouter(prefix="/videos/{video_id}/captions", tags=["captions"])
    who_asks = Depends(creator)

    @routes.get("", summary="Captions of a video", response_model=CaptionsPage, responses=shapes.problems(404))
    def listing(video_id: str, who: Principal = who_asks) -> dict[str, Any]:
        with services.database.read() as session:
            video = catalogue.get(session, who.organization_id, video_id)
            return {"items": [_line(video, one) for one in current(session, [video.id])[video.id]]}

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
                last = _last(session, video.id, tag)
                _check(if_match, last)
                row = _add(session, video, tag, last + 1, who.key_id, found)
                body = _line(video, Listed(tag, row.revision, row.size_bytes, None, row.created_at))
            return JSONResponse(body, 200 if last else 201, {"ETag": f'"{body["revision"]}"'})

        return await run_in_threadpool(_once_more, save)

    @routes.get("/{language}", summary="Captions as a file", response_class=Response, responses={
        200: {"content": {"text/vtt": {}, "application/x-subrip": {}, "text/plain": {}}}, **shapes.problems(404)})
    def one(video_id: str, language: str, who: Principal = who_asks,
            format: Annotated[Literal["vtt", "srt", "txt"], Query(description="WebVTT, SubRip or plain text.")] = "vtt",
            revision: Annotated[int | None, Query(ge=1, description="Without it the newest.")] = None) -> Response:
        with services.database.read() as session:
            video = catalogue.get(session, who.organization_id, video_id)
            number, found = load(session, video.id, language, revision)
        write, mime = FORMATS[format]
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
                last, _ = load(session, video.id, language)
                _check(if_match, last)
                _add(session, video, language, last + 1, who.key_id, None)
            return Response(status_code=204)

        return _once_more(save)

    return routes


def _once_more(save: Callable[[], Response]) -> Response:
    """Two who save at the same moment get revisions one after the other, unless the second one said what it edited."""
    try:
        return save()
    except IntegrityError:
        return save()


def _add(session: Session, video: Video, language: str, revision: int, key_id: str | None,
         found: Sequence[Caption] | None, model: str | None = None, *, partial: bool = False,
         translated_from: str | None = None) -> CaptionRevision:
    row = CaptionRevision(
        video_id=video.id, organization_id=video.organization_id, language=language, revision=revision, key_id=key_id,
        model=model, partial=partial, translated_from=translated_from,
        captions=None if found is None else [one.model_dump(mode="json") for one in found],
        size_bytes=0 if found is None else len(caption_files.vtt(found).encode()),
        created_at=session.scalar(select(now())) or 0.0)
    session.add(row)
    session.flush()
    if model is None:  # those of a model grow span by span; they are indexed once, when all is said
        index_speech(session, video)
    return row


def _newest(session: Session, video_id: str, language: str) -> CaptionRevision | None:
    return session.scalar(select(CaptionRevision).where(
        CaptionRevision.video_id == video_id, CaptionRevision.language == language)
        .order_by(CaptionRevision.revision.desc()).limit(1))


def _last(session: Session, video_id: str, language: str) -> int:
    """The number of the newest revision; 0 when there is none."""
    return session.scalar(select(func.max(CaptionRevision.revision)).where(
        CaptionRevision.video_id == video_id, CaptionRevision.language == language)) or 0


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


def base(tag: str | None) -> str | None:
    """The language of a tag, without script and region."""
    return tag.partition("-")[0].lower() if tag else None


async def _body(request: Request) -> bytes:
    """Raises TooLarge; what is longer than any captions is not read to its end."""
    data = bytearray()
    async for piece in request.stream():
        data += piece
        if len(data) > caption_files.MAX_BYTES:
            raise TooLarge("captions_too_large", f"Captions may have {caption_files.MAX_BYTES >> 20} MB.")
    return bytes(data)
