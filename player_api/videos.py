"""/api/v1/videos: make, list, look at, change, delete, retry, follow."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Callable
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Header, Query, Request
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response, StreamingResponse

from enrich.glossary import checked
from infra.core.errors import Conflict, NotFound, Rejected
from infra.core.ids import new_id
from infra.db import search, steps
from infra.db.models import StepState
from infra.db.session import now
from ingest.fetch_url import check_url
from ingest.intake import Intake
from ingest.multipart import receive_form
from player_api import captions, catalogue, downloads, idempotency, listing, shapes, speech
from player_api.admission import ring_due
from player_api.keys import Principal
from player_api.services import Services
from player_api.shapes import Codec, VideoPage, VideoShape

_FOLLOW_EVERY_S = 0.5
_FILLED = ("Codecs of which all is rendered in the background, the others when somebody watches; null: as the "
           "organization says.")
_GLOSSARY = ("Names and technical terms that are said in it, as they are spelled: up to 200, of 60 characters. They go "
             "before the organization's, and hold from the next time that it is transcribed.")
_TRANSLATED = ("English subtitles that the speech model translates, where another language is spoken; null: as the "
               "server's settings say.")
_VISIBILITY = ("private: nobody can watch it, since its watch page, embed page and streams answer 404. What plays notices "
               "within 2 s, caches within a minute; what a browser has already, it keeps.")

# NUL has no place in a text of PostgreSQL, nor in a title.
Text = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[^\x00]*$")]


class Source(BaseModel):
    """Where the bytes come from: exactly one of both."""

    model_config = ConfigDict(extra="forbid")
    url: str | None = Field(None, max_length=4000, examples=["https://example.org/lecture.mp4"])
    upload_id: str | None = Field(None, max_length=40, description="A finished tus upload.")


class NewVideo(BaseModel):
    """A video to be made."""

    model_config = ConfigDict(extra="forbid")
    title: Text | None = Field(None, max_length=500, examples=["Lecture 1: What is a cell?"])
    language: Text | None = Field(None, max_length=35, description="BCP 47, such as en or pt-BR.")
    fill_codecs: list[Codec] | None = Field(None, max_length=3, description=_FILLED)
    glossary: list[str] | None = Field(None, max_length=1000, description=_GLOSSARY, examples=[["Dijkstra", "eigenvalue"]])
    translate_to_english: bool | None = Field(None, description=_TRANSLATED)
    source: Source


class EventStream(StreamingResponse):
    """Server-sent events."""

    media_type = "text/event-stream"


class VideoChanges(BaseModel):
    """What can be changed of a video."""

    model_config = ConfigDict(extra="forbid")
    title: Text | None = Field(None, min_length=1, max_length=500)
    description: Annotated[str, StringConstraints(pattern=r"^[^\x00]*$")] | None = Field(
        None, max_length=10_000, description="Plain text of several lines; null: none.")
    tags: list[Text] | None = Field(None, max_length=100, examples=[["physics", "first year"]], description=
                                    "Words to sort videos by, up to 30, of 60 characters; null: none.")
    visibility: Literal["public", "private"] | None = Field(None, description=_VISIBILITY)
    language: Text | None = Field(None, max_length=35)
    fill_codecs: list[Codec] | None = Field(None, max_length=3, description=_FILLED)
    poster_time_s: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = Field(
        None, description="The second whose picture is the poster; null: it is found automatically.", examples=[42.0])
    glossary: list[str] | None = Field(None, max_length=1000, description=_GLOSSARY, examples=[["Dijkstra", "eigenvalue"]])
    translate_to_english: bool | None = Field(None, description=_TRANSLATED)


def router(services: Services, intake: Intake, creator: Callable[..., Any], reader: Callable[..., Any]) -> APIRouter:
    """The routes under /videos; `creator` and, of what changes nothing, `reader` are the dependencies that name who asks."""
    routes = APIRouter(prefix="/videos", tags=["videos"])
    who_asks, who_reads = Depends(creator), Depends(reader)

    def shown(organization_id: str, video_id: str) -> dict[str, Any]:
        with services.database.read() as session:
            video = catalogue.get(session, organization_id, video_id)
            return catalogue.described(session, [video])[0]

    async def form(request: Request, organization_id: str, key: str | None) -> dict[str, Any]:
        """The video of a form with a file."""
        # Known before its bytes are: a form of the same size is taken for the same form.
        size = request.headers.get("content-length", "")
        digest = hashlib.sha256(f"multipart {size}".encode()).hexdigest()
        database = services.database
        if key is not None:
            known = await run_in_threadpool(idempotency.begin, database, organization_id, key, digest)
            if known is not None:
                async for _ in request.stream():  # most clients read no answer before they have sent all
                    pass
                return known
        try:
            upload = await receive_form(request, intake, organization_id)
            body = await run_in_threadpool(shown, organization_id, upload.video_id or "")
        except BaseException:
            if key is not None:
                await run_in_threadpool(idempotency.forget, database, organization_id, key)
            raise
        if key is not None:
            await run_in_threadpool(idempotency.end, database, organization_id, key, body)
        return body

    @routes.post("", status_code=201, summary="Make a video of a file, a finished upload, or a URL", responses={
        201: {"model": VideoShape}, **shapes.problems(400, 404, 409, 413, 415, 507)}, openapi_extra={
        "requestBody": {"required": True, "content": {
            "application/json": {"schema": NewVideo.model_json_schema()},
            "multipart/form-data": {"schema": {"type": "object", "required": ["file"], "properties": {
                "file": {"type": "string", "format": "binary"}, "title": {"type": "string"},
                "language": {"type": "string"}}}},
        }}})
    async def make(request: Request, who: Principal = who_asks,
                   idempotency_key: Annotated[str | None, Header(max_length=255)] = None) -> Response:
        """One request with the file in a form (curl -F file=@lecture.mp4), or JSON that names the source."""
        if request.headers.get("content-type", "").startswith("multipart/"):
            return _created(await form(request, who.organization_id, idempotency_key))
        raw = await request.body()
        try:
            wanted = NewVideo.model_validate_json(raw)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"])) or "body"
            raise Rejected("invalid_request", f"{where}: {first['msg']}") from error

        def answer() -> dict[str, Any]:
            return shown(who.organization_id, _make(services, intake, who, wanted))

        digest = hashlib.sha256(raw).hexdigest()
        body = await run_in_threadpool(
            idempotency.once, services.database, who.organization_id, idempotency_key, digest, answer)
        return _created(body)

    @routes.get("", summary="Videos of the organization, newest first", response_model=VideoPage)
    def listed(who: Principal = who_reads, limit: Annotated[int, Query(ge=1, le=200)] = 50,
               cursor: Annotated[str | None, Query(max_length=4000)] = None,
               q: Annotated[str, Query(max_length=500, description="Words that the title has, or parts of them.")] = "",
               status: Annotated[listing.Status | None, Query()] = None,
               tag: Annotated[str | None, Query(max_length=200)] = None,
               sort: Annotated[listing.Sort, Query()] = "newest") -> dict[str, Any]:
        """Case and accents do not count, neither in `q` nor in `tag`. A cursor goes on in the same order."""
        wanted = listing.Wanted(q, status, tag, sort)
        with services.database.read() as session:
            videos, following = listing.page(session, who.organization_id, wanted, limit, cursor)
            items = catalogue.described(session, videos)
        return {"items": items, "next_cursor": following}

    @routes.get("/{video_id}", summary="One video", response_model=VideoShape, responses=shapes.problems(404))
    def one(video_id: str, who: Principal = who_reads) -> dict[str, Any]:
        return shown(who.organization_id, video_id)

    @routes.patch("/{video_id}", summary="Change what is said of a video, who may watch it, or how it is rendered",
                  response_model=VideoShape, responses=shapes.problems(404))
    def change(video_id: str, changes: VideoChanges, who: Principal = who_asks) -> dict[str, Any]:
        """Another language has the video transcribed again; what a model wrote in the wrong one is offered no more."""
        with services.database.write() as session:
            video = catalogue.get(session, who.organization_id, video_id)
            catalogue.check_poster(video, changes.poster_time_s)
            values = changes.model_dump(include=changes.model_fields_set)
            if changes.glossary is not None:
                values["glossary"] = checked(changes.glossary)
            if changes.tags is not None:
                values["tags"] = listing.checked_tags(changes.tags)
            if "description" in values:
                values["description"] = (changes.description or "").strip()
            changed = set()
            for name, value in values.items():
                if (value is not None or name not in ("title", "visibility")) and value != getattr(video, name):
                    setattr(video, name, value)
                    changed.add(name)
            video.updated_at = now()
            if "title" in changes.model_fields_set:
                catalogue.index_title(session, video)
            transcribed = speech.changed(session, video, changed, services.settings)
            if "language" in changes.model_fields_set:
                captions.index_speech(session, video)
            if "fill_codecs" in changes.model_fields_set:
                catalogue.refill(session, video, services.settings.fill_codecs.split(","))
        if transcribed or "fill_codecs" in changes.model_fields_set:
            ring_due(services)
        return shown(who.organization_id, video_id)

    @routes.delete("/{video_id}", status_code=204, summary="Delete a video and everything of it",
                   responses=shapes.problems(404))
    def delete(video_id: str, who: Principal = who_asks) -> Response:
        """It stops playing at once (players within 2 s); the bytes go in the background."""
        with services.database.write() as session:
            catalogue.get(session, who.organization_id, video_id).deleted_at = now()
            search.remove(session, video_id)
        return Response(status_code=204)

    @routes.post("/{video_id}/retry", summary="Run failed steps again", response_model=VideoShape,
                 responses=shapes.problems(404, 409))
    def retry(video_id: str, who: Principal = who_asks,
              step: Annotated[str | None, Query(max_length=40)] = None) -> dict[str, Any]:
        with services.database.write() as session:
            video = catalogue.get(session, who.organization_id, video_id)
            if not steps.retry(session, video.id, step):
                raise Conflict("nothing_to_retry", "No step of this video has failed.")
        ring_due(services)
        return shown(who.organization_id, video_id)

    @routes.post("/{video_id}/downloads", status_code=202, summary="Make a file for download", response_model=VideoShape,
                 responses=shapes.problems(404))
    def download(video_id: str, who: Principal = who_asks, rendition: Annotated[str | None, Query(
            max_length=40, description="Such as h264-720p; without it the best H.264 that is complete, or 720p.")] = None,
                 ) -> dict[str, Any]:
        """Begin it, or try once more what failed. What is there already stays as it is."""
        with services.database.read() as session:
            catalogue.get(session, who.organization_id, video_id)
        downloads.want(services, video_id, rendition, again=True)
        return shown(who.organization_id, video_id)

    @routes.get("/{video_id}/events", summary="Progress as server-sent events", response_class=EventStream,
                responses=shapes.problems(404))
    async def events(video_id: str, request: Request, who: Principal = who_asks) -> Response:
        """An event `video` with the video as JSON on every change; the stream ends when nothing is left to do."""
        await run_in_threadpool(shown, who.organization_id, video_id)  # a 404 now, not inside the stream

        async def follow() -> AsyncIterator[str]:
            last, silent = "", 0.0
            while not await request.is_disconnected():
                try:
                    video = await run_in_threadpool(shown, who.organization_id, video_id)
                except NotFound:
                    yield "event: deleted\ndata: {}\n\n"
                    return
                text = json.dumps(video)
                silent += _FOLLOW_EVERY_S
                if text != last:
                    last, silent = text, 0.0
                    yield f"event: video\ndata: {text}\n\n"
                elif silent >= 15:  # proxies cut a connection that says nothing
                    silent = 0.0
                    yield ": still here\n\n"
                if video["status"] in ("ready", "failed"):
                    return
                await asyncio.sleep(_FOLLOW_EVERY_S)

        return EventStream(follow(), headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})

    return routes


def _make(services: Services, intake: Intake, who: Principal, wanted: NewVideo) -> str:
    """The id of the video that `wanted` asks for."""
    source = wanted.source
    if (source.url is None) == (source.upload_id is None):
        raise Rejected("invalid_request", "source: give either url or upload_id.")
    if source.upload_id is not None:
        upload = intake.rows.find(who.organization_id, source.upload_id)
        if upload.video_id is None:
            raise Conflict("upload_not_finished", "This upload is not complete yet, or it was refused.")
        with services.database.write() as session:
            video = catalogue.get(session, who.organization_id, upload.video_id)
            video.title = wanted.title or video.title
            catalogue.index_title(session, video)
            before = video.language
            video.language = wanted.language or before
            video.glossary = checked(wanted.glossary) if wanted.glossary is not None else video.glossary
            video.translate_to_english = wanted.translate_to_english
            speech.changed(session, video, {"translate_to_english"} | ({"language"} if video.language != before else set()),
                           services.settings)
            if wanted.fill_codecs is not None:
                video.fill_codecs = list(wanted.fill_codecs)
                catalogue.refill(session, video, ())
        ring_due(services)
        return upload.video_id
    assert source.url is not None
    check_url(source.url)
    with services.database.write() as session:
        title = wanted.title or catalogue.default_title(source.url.partition("?")[0])
        video = catalogue.add(session, who.organization_id, video_id=new_id("v"), title=title,
                              language=wanted.language, source_url=source.url)
        video.fill_codecs = None if wanted.fill_codecs is None else list(wanted.fill_codecs)
        video.glossary = checked(wanted.glossary) if wanted.glossary is not None else None
        video.translate_to_english = wanted.translate_to_english
        steps.insert(session, video, [steps.NewStep("fetch", "light", state=StepState.READY)])
    ring_due(services)
    return video.id


def _created(body: dict[str, Any]) -> Response:
    return JSONResponse(body, 201, {"Location": f"/api/v1/videos/{body['id']}"})
