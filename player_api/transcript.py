"""/api/v1/videos/{id}/transcript: what is said in a video, word by word, or as a file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query
from starlette.responses import JSONResponse, Response

from enrich.heard import words_so_far
from enrich.transcript import Transcript, Word, to_review
from infra.core.errors import NotFound
from infra.core.keys import SpeechKeys
from infra.core.ports import Storage
from infra.db.models import UNFINISHED, Step, StepState, Video
from player_api import captions, catalogue, shapes, speech
from player_api.admission import ring_due
from player_api.keys import Principal
from player_api.services import Services
from player_api.shapes import TranscriptShape, VideoShape

_STEPS = ("listen", "transcribe")


def router(services: Services, creator: Callable[..., Any]) -> APIRouter:
    """The routes; `creator` is the dependency that names who asks."""
    routes = APIRouter(prefix="/videos/{video_id}/transcript", tags=["captions"])
    who_asks = Depends(creator)

    @routes.get("", summary="What is said", response_model=TranscriptShape, responses={
        200: {"content": {"text/vtt": {}, "application/x-subrip": {}, "text/plain": {}}}, **shapes.problems(404)})
    def transcript(video_id: str, who: Principal = who_asks, format: Annotated[Literal["json", "vtt", "srt", "txt"], Query(
            description="json: every word that the speech model heard; else the captions in the language that is spoken, "
            "as they are now.")] = "json") -> Response:
        with services.database.read() as session:
            video = catalogue.get(session, who.organization_id, video_id)
            steps = [step for step in catalogue.steps_of(session, [video.id])[video.id] if step.step in _STEPS]
            found = None
            if format != "json":
                listed = [one for one in captions.current(session, [video.id])[video.id]
                          if captions.base(one.language) == captions.base(video.language) and not one.translated_from]
                found = captions.load(session, video.id, listed[0].language)[1] if listed else None
        if format == "json":
            return JSONResponse(_words(video, steps, services.storage))
        if found is None and not (video.speech or {}).get("reason"):
            raise NotFound("transcript_not_found", "There are no captions yet in the language of this video.")
        write, mime = captions.FORMATS[format]
        return Response(write(found or []), media_type=mime, headers={
            "Cache-Control": "no-cache", "Content-Disposition": f'attachment; filename="transcript.{format}"'})

    @routes.post("", status_code=202, summary="Transcribe a video again", response_model=VideoShape,
                 responses=shapes.problems(404, 409))
    def transcribe(video_id: str, who: Principal = who_asks) -> dict[str, Any]:
        """With the glossary, and the speech model, that there are now. What a person wrote stays; captions that a model
        made are shown until new ones are complete.
        """
        with services.database.write() as session:
            video = catalogue.get(session, who.organization_id, video_id)
            speech.again(session, video, transcribe=services.settings.transcribe)
            shown = catalogue.described(session, [video])[0]
        ring_due(services)
        return shown

    return routes


def load(storage: Storage, video: Video) -> list[Word]:
    """All words that are recognized by now. While spans are being recognized there may be gaps."""
    keys, known = SpeechKeys.of(video.organization_id, video.folder), video.speech or {}
    try:
        return list(Transcript.model_validate_json(storage.read(keys.transcript)).words)
    except NotFound:
        spans = range(known["spans"]) if "run" in known else ()
        return words_so_far(storage, [keys.words(known["run"], k) for k in spans])[1]


def _words(video: Video, steps: list[Step], storage: Storage) -> dict[str, Any]:
    known = video.speech or {}
    code, message = known.get("reason") or (None, None)
    failed = next((step for step in steps if step.state == StepState.FAILED), None)
    if failed is not None:
        code, message = failed.error_code, failed.error_message
    words = load(storage, video) if "spans" in known else []
    return {
        "state": _state(steps, code is not None and failed is None),
        "reason": {"code": code, "message": message} if code else None,
        "language": known.get("language"),
        "language_probability": known.get("probability"),
        "model": known.get("model"),
        "progress": round(sum(step.state == StepState.DONE for step in steps) / len(steps), 3) if steps else 0.0,
        "text": Transcript(language="", words=tuple(words)).text,
        "words": [{"text": word.text.strip(), "start_s": word.start_s, "end_s": word.end_s,
                   "confidence": word.probability, "unsure": word.unsure} for word in words],
        "to_review": [{"start_s": start_s, "end_s": end_s, "text": text} for start_s, end_s, text in to_review(words)],
    }


def _state(steps: list[Step], skipped: bool) -> str:
    if skipped or not steps:
        return "none"
    states = {step.state for step in steps}
    if states == {StepState.DONE}:
        return "done"
    if StepState.FAILED in states and states.isdisjoint(UNFINISHED):
        return "failed"
    return "waiting" if not states & {StepState.RUNNING, StepState.DONE} else "running"
