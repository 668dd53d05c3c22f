"""/api/v1/videos/{id}/outline: a video as something to be read, as JSON or as a file to keep."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

from enrich.caption_files import Caption
from enrich.outline import Outline, Section, Shown, compose
from enrich.passages import words_of
from enrich.phrases import Phrase
from enrich.slide import Slides
from enrich.slide import load as load_slides
from enrich.transcript import Word
from infra.core.errors import NotFound
from infra.core.keys import PlanKeys
from infra.db.models import UNFINISHED, Step, StepState, Video
from player_api import captions, catalogue, chapters, shapes, transcript
from player_api.attachment import disposition, file_name
from player_api.keys import Principal
from player_api.outline_places import Places
from player_api.outline_shapes import OutlineChapter, OutlineParagraph, OutlinePart, OutlineShape, OutlineSlide
from player_api.ranges import matches
from player_api.services import Services
from transcode.plan import Plan

Format = Literal["json", "markdown", "html", "pdf"]
_TYPES = {"markdown": ("text/markdown; charset=utf-8", "md"), "html": ("text/html; charset=utf-8", "html"),
          "pdf": ("application/pdf", "pdf")}
_VERSION = 1  # of the files: another one is another ETag
_SPEECH, _SLIDES = ("listen", "transcribe", "transcript"), ("slides",)
_BEFORE_SLIDES = ("fetch", "fill", "iframes")  # they are looked for in what is rendered


@dataclass(frozen=True, slots=True)
class _Read:
    """The outline of a video, and what is told beside it."""

    outline: Outline
    parts: Sequence[OutlinePart]
    playback_id: str
    lasting: str  # the folder of its pictures
    stills: PlanKeys | None  # None: the video is not there yet, and has no duration
    created_at: float


def router(services: Services, creator: Callable[..., Any]) -> APIRouter:
    """The routes; `creator` is the dependency that names who asks."""
    routes = APIRouter(prefix="/videos/{video_id}/outline", tags=["chapters"])
    who_asks = Depends(creator)
    one_at_a_time = asyncio.Semaphore(1)  # a file is a second of work: whoever waits here keeps no thread

    @routes.get("", summary="A video to be read", response_model=OutlineShape, responses={
        200: {"content": {"text/markdown": {}, "text/html": {}, "application/pdf": {}}}, **shapes.problems(404)})
    async def outline(video_id: str, request: Request, who: Principal = who_asks, format: Annotated[Format, Query(
            description="json; or a file to keep: Markdown, HTML with all pictures inside, or PDF.")] = "json") -> Response:
        """Its chapters with their slides and what is said, in paragraphs. Whichever part is missing, the rest is there, and
        `parts` says why."""
        read = await run_in_threadpool(_read, services, who, video_id)
        told = _told(read)
        body = json.dumps(told.model_dump(), ensure_ascii=False).encode()
        base = str(request.base_url).rstrip("/")
        stamp = f"{_VERSION} {format} {base if format != 'json' else ''} ".encode() + body
        etag = f'"{hashlib.sha256(stamp).hexdigest()[:32]}"'
        headers = {"ETag": etag, "Cache-Control": "no-cache"}
        if matches(request.headers.get("if-none-match"), etag):
            return Response(status_code=304, headers=headers)
        if format == "json":
            return Response(body, media_type=JSONResponse.media_type, headers=headers)
        async with one_at_a_time:
            file, more = await run_in_threadpool(_file, services, read, format, base)
        mime, ending = _TYPES[format]
        headers["Content-Disposition"] = disposition(file_name(read.outline.title, ending))
        return Response(file, media_type=mime, headers=headers | more)

    return routes


def _file(services: Services, read: _Read, format: Format, base: str) -> tuple[str | bytes, dict[str, str]]:
    """The outline as a file, and headers of its own. Its links are absolute: a file is read anywhere."""
    places = Places(watch=f"{base}/watch/{read.playback_id}", picture=lambda one: f"{base}{_image_url(read, one)}")
    # Imported where they are needed: a web process that writes no files does without the fonts' tables.
    if format == "markdown":
        from player_api.outline_markdown import markdown

        return markdown(read.outline, places), {}
    pictures = _pictures(services, read)
    if format == "html":
        from player_api.outline_html import html, policy

        return html(read.outline, places, pictures), {
            "Content-Security-Policy": f"{policy()}; frame-ancestors 'none'; sandbox allow-popups"}
    from player_api.outline_pdf import pdf

    return pdf(read.outline, places, pictures, datetime.fromtimestamp(read.created_at, UTC)), {}


def _pictures(services: Services, read: _Read) -> dict[int, bytes]:
    """The stills of the slides that are there. (The step that finds slides makes them.)"""
    found = {}
    for one in (slide for section in read.outline.sections for slide in section.slides):
        if one.image not in found and read.stills is not None:
            try:
                found[one.image] = services.storage.read(read.stills.still(one.image))
            except NotFound:
                continue
    return found


def _read(services: Services, who: Principal, video_id: str) -> _Read:
    with services.database.read() as session:
        video = catalogue.get(session, who.organization_id, video_id)
        steps = catalogue.steps_of(session, [video.id])[video.id]
        its_chapters = chapters.current(session, video.id).chapters
        phrases = [Phrase.model_validate(one) for one in video.topics or ()]
        written, corrected = _captions(session, video)
    words = [] if corrected else transcript.load(services.storage, video)
    words = words or words_of(written)
    slides = load_slides(services.storage, video.organization_id, video.folder)
    plan = Plan.model_validate(video.plan) if video.plan else None
    speech = speech_part(video, steps, words)
    shown = slides_part(steps, plan, slides)
    parts = [speech, shown, _chapters_part(bool(its_chapters), (speech, shown))]
    outline = compose(video.title, video.language, round(float(plan.duration_s), 3) if plan else 0.0, chapters=its_chapters,
                      phrases=phrases, slides=slides.slides if slides else (), words=words,
                      notes=[part.message for part in parts if part.message])
    stills = PlanKeys.of(video.organization_id, video.folder, video.plan_id) if video.plan_id else None
    return _Read(outline, parts, video.playback_id, catalogue.lasting_address(video), stills, video.created_at)


def _captions(session: Session, video: Video) -> tuple[list[Caption], bool]:
    """The captions in the spoken language, or else those that there are; and whether they are what somebody made of the
    speech, which counts more than what was heard."""
    listed = captions.current(session, [video.id])[video.id]
    spoken = captions.spoken(listed, video.language)
    chosen = spoken or next(iter(listed), None)
    if chosen is None:
        return [], False
    return captions.load(session, video.id, chosen.language, chosen.revision)[1], spoken is not None and spoken.model is None


def speech_part(video: Video, steps: Sequence[Step], words: Sequence[Word]) -> OutlinePart:
    """Whether what is said is known, or will be."""
    its = [step for step in steps if step.step in _SPEECH]
    done = sum(step.state == StepState.DONE for step in its)
    failed = next((step for step in its if step.state == StepState.FAILED), None)
    if any(step.state in UNFINISHED for step in its):
        share = round(100 * done / len(its))
        return OutlinePart(name="speech", state="running" if done else "waiting",
                           message=f"The speech is still being recognized: {share} % of it is done.")
    if failed is not None:
        return OutlinePart(name="speech", state="failed", message=failed.error_message)
    if words:
        return OutlinePart(name="speech", state="done", message=None)
    _, why = (video.speech or {}).get("reason") or (None, "There is no transcript, and there are no captions.")
    return OutlinePart(name="speech", state="none", message=why)


def slides_part(steps: Sequence[Step], plan: Plan | None, slides: Slides | None) -> OutlinePart:
    """Whether the slides are known, or will be."""
    failed = next((step for step in steps if step.step in _SLIDES and step.state == StepState.FAILED), None)
    if slides is not None:
        return OutlinePart(name="slides", state="done" if slides.slides else "none",
                           message=slides.why_none if not slides.slides else slides.why_no_text)
    if failed is not None:
        return OutlinePart(name="slides", state="failed", message=failed.error_message)
    if plan is not None and not plan.video:
        return OutlinePart(name="slides", state="none", message="This is sound alone: it has no slides.")
    if waits_for(steps, *_SLIDES):
        return OutlinePart(name="slides", state="waiting", message="Slides are looked for when the video is rendered.")
    return OutlinePart(name="slides", state="none", message="No slides were looked for.")


def waits_for(steps: Sequence[Step], *names: str) -> bool:
    """Whether steps with these names, which look at what is rendered, are still to come or may be."""
    return any(step.step in (*_BEFORE_SLIDES, *names) and step.state in UNFINISHED for step in steps)


def _chapters_part(there: bool, before: Sequence[OutlinePart]) -> OutlinePart:
    if there:
        return OutlinePart(name="chapters", state="done", message=None)
    if any(part.state in ("waiting", "running") for part in before):
        return OutlinePart(name="chapters", state="waiting",
                           message="Chapters are looked for when speech and slides are there.")
    return OutlinePart(name="chapters", state="none", message="There are no chapters.")


def _told(read: _Read) -> OutlineShape:
    outline, watch = read.outline, f"/watch/{read.playback_id}"
    places = Places(watch, lambda one: _image_url(read, one))
    return OutlineShape(
        title=outline.title, language=outline.language, duration_s=outline.duration_s if read.stills else None,
        watch_url=watch, phrases=list(outline.phrases), parts=list(read.parts),
        chapters=[_chapter(section, places) for section in outline.sections] if read.stills else [])


def _chapter(section: Section, places: Places) -> OutlineChapter:
    return OutlineChapter(
        start_s=section.start_s, end_s=round(section.end_s, 3), title=section.title, watch_url=places.at(section.start_s),
        phrases=list(section.phrases),
        slides=[OutlineSlide(start_s=one.start_s, end_s=one.end_s, title=one.title, text=one.text,
                             image_url=places.picture(one)) for one in section.slides],
        paragraphs=[OutlineParagraph(start_s=round(one.start_s, 3), end_s=round(one.end_s, 3), text=one.text)
                    for one in section.paragraphs])


def _image_url(read: _Read, one: Shown) -> str:
    return catalogue.still_url(read.lasting, one.image)
