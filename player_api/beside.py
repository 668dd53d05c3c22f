"""What a page shows beside the player, under /play: the transcript, slides, scenes, topics, and where something is said.

They are for whoever may watch, as playlists are: no key is asked for, and they can be cached for as long.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

from enrich.caption_files import Caption
from enrich.passages import sentences_of, words_of
from enrich.scene import load as load_scenes
from enrich.transcript import Word
from infra.core.errors import NotFound
from infra.core.search_index import Kind
from infra.db import live
from infra.db.models import UNFINISHED, Video
from player_api import captions, catalogue, chapters, manifests, outline, public, scenes, search, slides, transcript
from player_api.beside_shapes import InsideHits, PublicSlides, PublicTranscript
from player_api.meaning import Meaning
from player_api.outline_shapes import OutlinePart
from player_api.services import Services
from player_api.shapes import SceneList, Topics
from transcode.plan import Plan

_JSON = JSONResponse.media_type
_BRIEFLY, _GROWING = "public, max-age=60", "public, max-age=2"
_KINDS = (Kind.SPEECH, Kind.SLIDE, Kind.CHAPTER)
_PENDING = ("waiting", "running")
_DONE = {"state": "done", "message": None}
_FAILED = {"speech": "What is said could not be recognized.", "slides": "Slides could not be looked for."}
_LIVE_S = 1.0  # they are known for so long
_REMEMBERED = 50  # transcripts: a megabyte each, of a long lecture

Sentences = list[dict[str, Any]]


def router(services: Services, meaning: Meaning) -> APIRouter:
    """The routes under /play/{playback_id}."""
    routes = APIRouter(prefix="/play/{playback_id}", tags=["playback"])
    remembered: dict[tuple[str, str, int], Sentences] = {}  # revisions never change
    looked: dict[str, tuple[float, dict[str, Any]]] = {}  # slides of what is live, and when they were read

    @routes.head("/transcript.json", include_in_schema=False)
    @routes.get("/transcript.json", summary="What is said, to be read along", response_model=PublicTranscript)
    async def transcript_json(playback_id: str, request: Request, language: Annotated[str | None, Query(
            max_length=40, description="One of `languages`; without it the one that is spoken, or the first.")] = None,
            ) -> Response:
        """The captions as sentences whose words have their times. While speech is recognized it grows."""
        body = await run_in_threadpool(_transcript, services, playback_id, language, remembered)
        return _answer(request, body, _GROWING if body["state"] in _PENDING else _BRIEFLY)

    @routes.head("/slides.json", include_in_schema=False)
    @routes.get("/slides.json", summary="What is shown when", response_model=PublicSlides)
    async def slides_json(playback_id: str, request: Request) -> Response:
        """Each slide with its times, its text, and the address of its picture; of what is live as far as it has come."""
        looked_s, body = looked.get(playback_id, (0.0, {}))
        if time.monotonic() - looked_s > _LIVE_S:
            body = await run_in_threadpool(_slides, services, playback_id)
            if len(looked) >= _REMEMBERED:
                looked.clear()
            if body["state"] == "running":  # of what is live all who watch ask, and a second old is new enough
                looked[playback_id] = time.monotonic(), body
        return _answer(request, body, _GROWING if body["state"] in _PENDING else _BRIEFLY)

    @routes.head("/scenes.json", include_in_schema=False)
    @routes.get("/scenes.json", summary="The scenes of a film", response_model=SceneList)
    async def scenes_json(playback_id: str, request: Request) -> Response:
        """Each scene with its times, and the address of a picture of it. A video that shows slides has none."""
        body = await run_in_threadpool(_scenes, services, playback_id)
        return _answer(request, body, _GROWING if body["state"] in _PENDING else _BRIEFLY)

    @routes.head("/topics.json", include_in_schema=False)
    @routes.get("/topics.json", summary="What it is about", response_model=Topics)
    async def topics_json(playback_id: str, request: Request) -> Response:
        """Key phrases of the video and of each chapter, with the times they are said at."""

        def read() -> dict[str, Any]:
            with services.database.read() as session:
                return chapters.topics_of(session, _video(session, playback_id))

        return _answer(request, await run_in_threadpool(read))

    @routes.head("/search", include_in_schema=False)
    @routes.get("/search", summary="Search inside", response_model=InsideHits)
    async def inside(playback_id: str, request: Request,
                     q: Annotated[str, Query(max_length=200, description="As of GET /api/v1/search.",
                                             examples=["loss function"])],
                     limit: Annotated[int, Query(ge=1, le=100)] = 100) -> Response:
        """Where it is said, stands on a slide, or names a chapter."""

        def find() -> dict[str, Any]:
            with services.database.read() as session:
                items, words = search.inside(session, meaning, _video(session, playback_id), q, _KINDS, limit)
            return {"items": items, "words": words}

        return _answer(request, await run_in_threadpool(find))

    return routes


def _answer(request: Request, body: Mapping[str, Any], cache: str = _BRIEFLY) -> Response:
    return manifests.answer(request, json.dumps(body, ensure_ascii=False, separators=(",", ":")), _JSON, cache)


def _video(session: Session, playback_id: str) -> Video:
    """Raises NotFound for what is not (or no longer, or not yet) playable."""
    video = public.find(session, playback_id)
    if video.plan_id is None:
        raise NotFound("not_playable", "This video has not been received completely yet.")
    return video


def _transcript(services: Services, playback_id: str, language: str | None,
                remembered: dict[tuple[str, str, int], Sentences]) -> dict[str, Any]:
    written: list[Caption] = []
    with services.database.read() as session:
        video = _video(session, playback_id)
        steps = catalogue.steps_of(session, [video.id])[video.id]
        listed = captions.current(session, [video.id])[video.id]
        said = captions.spoken(listed, video.language)
        chosen = next((one for one in listed if one.language == language), None) if language else (
            said or next(iter(listed), None))
        if language and chosen is None:
            raise NotFound("captions_not_found", "This video has no captions in that language.")
        key = (video.id, chosen.language, chosen.revision) if chosen else None
        sentences = remembered.get(key) if key else []
        if sentences is None and chosen:
            written = captions.load(session, video.id, chosen.language, chosen.revision, or_later=True)[1]
    if sentences is None and chosen:
        # What a model heard has the time of every word; what somebody wrote has only those of its captions.
        heard = transcript.load(services.storage, video) if chosen == said and chosen.model else []
        sentences = [_sentence(one) for one in sentences_of(heard or words_of(written))]
    part = _public(outline.speech_part(video, steps, ()))
    # What somebody wrote is whole; in another language than is spoken, it is shown until there is that.
    written_out = chosen is not None and chosen.model is None and (chosen == said or language is not None)
    whole = chosen is not None and (written_out or part["state"] not in _PENDING)
    if whole and key and sentences:
        if len(remembered) >= _REMEMBERED:
            remembered.clear()
        remembered[key] = sentences
    return (_DONE if whole else part) | {
        "language": chosen.language if chosen else None,
        "languages": [{"language": one.language, "label": one.label,
                       "vtt_url": f"/play/{playback_id}/captions/{one.language}/{one.revision}/all.vtt"} for one in listed],
        "sentences": sentences or []}


def _sentence(said: Sequence[Word]) -> dict[str, Any]:
    return {"start_s": round(said[0].start_s, 2), "end_s": round(said[-1].end_s, 2), "words": [
        (round(word.start_s, 2), word.text if i else word.text.lstrip()) for i, word in enumerate(said)]}


def _slides(services: Services, playback_id: str) -> dict[str, Any]:
    with services.database.read() as session:
        video = public.find(session, playback_id)
        its_live = live.states_of(session, [video.id]).get(video.id) if video.plan_id is None else None
        if video.plan_id is None and its_live is None:
            raise NotFound("not_playable", "This video has not been received completely yet.")
        steps = catalogue.steps_of(session, [video.id])[video.id]
    found, items = slides.shown(services.storage, video)
    if its_live in live.OPEN:
        return {"state": "running", "message": None, "items": items}
    if video.plan_id is None:  # it was live, and its recording is being put together
        pending = any(step.state in UNFINISHED for step in steps)
        return {"state": "waiting" if pending else "done" if items else "none", "message": None, "items": items}
    part = _public(outline.slides_part(steps, Plan.model_validate(video.plan), found))
    whole = part["state"] == "done" or (items and part["state"] not in _PENDING)
    return (_DONE if whole else part) | {"items": items}


def _scenes(services: Services, playback_id: str) -> dict[str, Any]:
    with services.database.read() as session:
        video = _video(session, playback_id)
        steps = catalogue.steps_of(session, [video.id])[video.id]
    return scenes.listed(video, load_scenes(services.storage, video.organization_id, video.folder), steps)


def _public(part: OutlinePart) -> dict[str, Any]:
    """Without what went wrong: that is for whoever can mend it."""
    return {"state": part.state, "message": _FAILED[part.name] if part.state == "failed" else part.message}
