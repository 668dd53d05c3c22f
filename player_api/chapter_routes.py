"""/api/v1/videos/{id}/chapters and /topics: fetched, set by somebody, and given up again."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Header
from sqlalchemy import select
from starlette.responses import JSONResponse, Response

from enrich.chapters import Chapter
from enrich.titles import MOST_CHARACTERS
from infra.core.errors import NotFound, Rejected
from infra.db.models import ChapterRevision, Video
from player_api import catalogue, shapes
from player_api.chapters import MOST, Current, add, current, ends_s, next_revision, topics_of
from player_api.keys import Principal
from player_api.services import Services
from player_api.shapes import ChapterEntry, ChapterList, ChapterRevisions, Topics
from transcode.plan import Plan

_NO_SIGNS = ("Cc", "Cs")  # control characters, of which databases take no zero; half of a pair

_IfMatch = Annotated[str | None, Header(
    max_length=40, description="The ETag of the revision that was edited: 409 when there is a newer one.")]


def router(services: Services, creator: Callable[..., Any], reader: Callable[..., Any]) -> APIRouter:
    """The routes under /videos/{id}; `creator` and, of the chapters themselves, `reader` name who asks."""
    routes = APIRouter(prefix="/videos/{video_id}", tags=["chapters"])
    who_asks, who_reads = Depends(creator), Depends(reader)

    @routes.get("/chapters", summary="Chapters of a video", response_model=ChapterList, responses=shapes.problems(404))
    def get(video_id: str, who: Principal = who_reads) -> Response:
        """Found in what is said and shown, or set by somebody. `items` is empty where there are none."""
        with services.database.read() as session:
            video = catalogue.get(session, who.organization_id, video_id)
            return _answer(video, current(session, video.id))

    @routes.put("/chapters", summary="Set the chapters", response_model=ChapterList, responses=shapes.problems(404, 409))
    def put(video_id: str, sent: Annotated[list[ChapterEntry], Body(description=(
                "In the order of time, the first at 0; empty: none are shown."))],
            if_match: _IfMatch = None, who: Principal = who_asks) -> Response:
        """They count from now on, whatever is found later. What was there stays in the history."""
        with services.database.write() as session:
            video = catalogue.get(session, who.organization_id, video_id)
            chapters = checked(sent, float(Plan.model_validate(video.plan).duration_s) if video.plan else float("inf"))
            add(session, video, next_revision(session, video, if_match), who.key_id, chapters)
            return _answer(video, current(session, video.id))

    @routes.delete("/chapters", status_code=204, summary="Give up the set chapters", responses=shapes.problems(404, 409))
    def give_up(video_id: str, if_match: _IfMatch = None, who: Principal = who_asks) -> Response:
        """The chapters that were found count again. The history keeps those that somebody set."""
        with services.database.write() as session:
            video = catalogue.get(session, who.organization_id, video_id)
            revision = next_revision(session, video, if_match)
            if not current(session, video.id).edited:
                raise NotFound("chapters_not_set", "Nobody has set the chapters of this video: there is nothing to give up. "
                               "To have none shown, PUT an empty list.")
            add(session, video, revision, who.key_id, None)
        return Response(status_code=204)

    @routes.get("/chapters/revisions", summary="The history of the chapters", response_model=ChapterRevisions,
                responses=shapes.problems(404))
    def history(video_id: str, who: Principal = who_asks) -> dict[str, Any]:
        with services.database.read() as session:
            video = catalogue.get(session, who.organization_id, video_id)
            rows = session.scalars(select(ChapterRevision).where(ChapterRevision.video_id == video.id)
                                   .order_by(ChapterRevision.revision.desc())).all()
        return {"items": [{"revision": row.revision, "key_id": row.key_id, "created_at": catalogue.rfc3339(row.created_at),
                           "items": row.chapters} for row in rows]}

    @routes.get("/topics", summary="What a video is about", response_model=Topics, responses=shapes.problems(404))
    def topics(video_id: str, who: Principal = who_asks) -> dict[str, Any]:
        """Its key phrases, and those of each chapter, the best first, with the times they are said at."""
        with services.database.read() as session:
            video = catalogue.get(session, who.organization_id, video_id)
            return topics_of(session, video)

    return routes


def checked(sent: Sequence[ChapterEntry], duration_s: float) -> list[Chapter]:
    """The chapters that somebody sent. Raises Rejected(bad_chapters), whose sentence names the entry that is wrong."""
    if len(sent) > MOST:
        raise Rejected("bad_chapters", f"A video may have {MOST} chapters; these are {len(sent)}.")
    found = [Chapter(start_s=round(one.start_s, 3), title=" ".join(one.title.split())) for one in sent]
    before_s = None
    for number, chapter in enumerate(found, 1):
        why = None
        if not chapter.title:
            why = "it has no title"
        elif len(chapter.title) > MOST_CHARACTERS:
            why = f"its title has {len(chapter.title)} characters: at most {MOST_CHARACTERS} can be shown"
        elif any(unicodedata.category(sign) in _NO_SIGNS for sign in chapter.title):
            why = "there is a sign in its title that can not be shown"
        elif before_s is None and chapter.start_s != 0:
            why = "the first one has to begin at 0, so that every second belongs to a chapter"
        elif before_s is not None and chapter.start_s <= before_s:
            why = f"it begins at {chapter.start_s:g} s, and the one before it at {before_s:g} s: put them in order"
        elif chapter.start_s >= duration_s:
            why = f"it begins at {chapter.start_s:g} s, and the video ends at {duration_s:.3f} s"
        if why:
            raise Rejected("bad_chapters", f"Chapter {number} can not be used: {why}.")
        before_s = chapter.start_s
    return found


def _answer(video: Video, its: Current) -> Response:
    duration_s = float(Plan.model_validate(video.plan).duration_s) if video.plan else float("inf")
    ends = [end_s if end_s < float("inf") else None for end_s in ends_s(its.chapters, duration_s)]
    body = {"revision": its.revision, "edited": its.edited, "url": f"/play/{video.playback_id}/chapters.vtt",
            "created_at": catalogue.rfc3339(its.created_at) if its.created_at is not None else None,
            "items": [{"start_s": one.start_s, "end_s": end_s and round(end_s, 3), "title": one.title}
                      for one, end_s in zip(its.chapters, ends, strict=True)]}
    return JSONResponse(body, headers={"ETag": f'"{its.revision}"', "Cache-Control": "no-cache"})
