"""Chapters and topics: their rows, /api/v1/videos/{id}/chapters and /topics, and what players get of them.

As with captions a revision is never changed. Those that somebody sent count until they are given up, whatever is found
meanwhile; those that were found are kept beside them.
"""

from __future__ import annotations

import html
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Header
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from starlette.responses import JSONResponse, Response

from enrich import caption_files, phrases
from enrich.caption_files import Caption
from enrich.chapters import Chapter
from enrich.phrases import Background, Phrase
from enrich.titles import MOST_CHARACTERS
from enrich.topics import OF_A_CHAPTER, OF_A_VIDEO
from infra.core.errors import Conflict, NotFound, Rejected
from infra.core.search_index import Kind, Passage
from infra.db import search
from infra.db.models import ChapterRevision, Video
from infra.db.session import now
from player_api import catalogue, shapes
from player_api.if_match import names_revision
from player_api.keys import Principal
from player_api.services import Services
from player_api.shapes import ChapterEntry, ChapterList, ChapterRevisions, Topics
from transcode.plan import Plan

MOST = 200  # chapters
_NO_SIGNS = ("Cc", "Cs")  # control characters, of which databases take no zero; half of a pair
_OTHER_VIDEOS = 200  # as many tell what an organization's videos have in common

_IfMatch = Annotated[str | None, Header(
    max_length=40, description="The ETag of the revision that was edited: 409 when there is a newer one.")]


@dataclass(frozen=True, slots=True)
class Current:
    """The chapters that count now. Revision 0: there never were any."""

    revision: int
    edited: bool  # somebody set them
    chapters: Sequence[Chapter]
    created_at: float | None


def current(session: Session, video_id: str) -> Current:
    """The newest chapters; after somebody gave up theirs, those that were found last."""
    last = _newest(session, video_id)
    shown = _newest(session, video_id, found=True) if last is not None and last.chapters is None else last
    return Current(
        revision=last.revision if last else 0, edited=shown is not None and shown.key_id is not None,
        chapters=[Chapter.model_validate(one) for one in (shown.chapters if shown else None) or ()],
        created_at=last.created_at if last else None)


def shown(session: Session, video_ids: Sequence[str]) -> dict[str, Sequence[Chapter]]:
    """The chapters that count now of several videos; of those without any nothing."""
    newest = (select(ChapterRevision.video_id, func.max(ChapterRevision.revision).label("revision"))
              .where(ChapterRevision.video_id.in_(video_ids)).group_by(ChapterRevision.video_id).subquery())
    rows = session.execute(select(ChapterRevision.video_id, ChapterRevision.chapters).join(
        newest, (ChapterRevision.video_id == newest.c.video_id) & (ChapterRevision.revision == newest.c.revision)))
    found = {video_id: current(session, video_id).chapters if chapters is None
             else [Chapter.model_validate(one) for one in chapters] for video_id, chapters in rows.all()}
    return {video_id: its for video_id, its in found.items() if its}


def save_machine(session: Session, video: Video, found: Sequence[Chapter]) -> bool:
    """Save the chapters that were found, unless somebody's count or they are known. Whether they were saved."""
    _lock(session, video)
    last = _newest(session, video.id)
    if last is not None and last.key_id is not None and last.chapters is not None:
        return False
    known = _newest(session, video.id, found=True)
    if [one.model_dump(mode="json") for one in found] == ((known.chapters if known else None) or []):
        return False
    _add(session, video, last.revision + 1 if last else 1, None, found)
    return True


def save_topics(session: Session, video: Video, found: Sequence[Phrase]) -> None:
    """What `enrich.topics.find` found takes the place of what it found before."""
    video.topics = [one.model_dump(mode="json") for one in found]


def background(session: Session, video: Video) -> Background:
    """What the organization's newest videos in the language of this one are about."""
    query = (select(Video.topics).where(Video.organization_id == video.organization_id, Video.id != video.id,
                                        Video.language == video.language, Video.deleted_at.is_(None),
                                        Video.topics.is_not(None))
             .order_by(Video.created_at.desc(), Video.id.desc()).limit(_OTHER_VIDEOS))
    return phrases.background([one["text"] for one in topics or ()] for topics in session.scalars(query))


def router(services: Services, creator: Callable[..., Any]) -> APIRouter:
    """The routes under /videos/{id}; `creator` is the dependency that names who asks."""
    routes = APIRouter(prefix="/videos/{video_id}", tags=["chapters"])
    who_asks = Depends(creator)

    @routes.get("/chapters", summary="Chapters of a video", response_model=ChapterList, responses=shapes.problems(404))
    def get(video_id: str, who: Principal = who_asks) -> Response:
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
            _add(session, video, _next(session, video, if_match), who.key_id, chapters)
            return _answer(video, current(session, video.id))

    @routes.delete("/chapters", status_code=204, summary="Give up the set chapters", responses=shapes.problems(404, 409))
    def give_up(video_id: str, if_match: _IfMatch = None, who: Principal = who_asks) -> Response:
        """The chapters that were found count again. The history keeps those that somebody set."""
        with services.database.write() as session:
            video = catalogue.get(session, who.organization_id, video_id)
            revision = _next(session, video, if_match)
            if not current(session, video.id).edited:
                raise NotFound("chapters_not_set", "Nobody has set the chapters of this video: there is nothing to give up. "
                               "To have none shown, PUT an empty list.")
            _add(session, video, revision, who.key_id, None)
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
            found = [Phrase.model_validate(one) for one in video.topics or ()]
            chapters = current(session, video.id).chapters
        its_own = phrases.of_chapters(found, [one.start_s for one in chapters])
        return {"items": [_topic(one) for one in found[:OF_A_VIDEO]], "chapters": [
            {"start_s": chapter.start_s, "title": chapter.title, "items": [_topic(one) for one in its[:OF_A_CHAPTER]]}
            for chapter, its in zip(chapters, its_own, strict=True)]}

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


def ends_s(chapters: Sequence[Chapter], duration_s: float) -> list[float]:
    """Where each chapter ends: where the next one begins."""
    return [end_s for _, end_s in pairwise([*(one.start_s for one in chapters), duration_s])]


def vtt(chapters: Sequence[Chapter], duration_s: float) -> str:
    """The chapters as WebVTT, for `<track kind="chapters">`; no cues where there are none."""
    return caption_files.vtt([
        Caption(start_s=one.start_s, end_s=end_s, lines=(html.escape(one.title, quote=False),))
        for one, end_s in zip(chapters, ends_s(chapters, duration_s), strict=True)])


def _newest(session: Session, video_id: str, *, found: bool = False) -> ChapterRevision | None:
    """The newest revision; with `found` of those that nobody sent."""
    query = select(ChapterRevision).where(ChapterRevision.video_id == video_id)
    query = query.where(ChapterRevision.key_id.is_(None)) if found else query
    return session.scalar(query.order_by(ChapterRevision.revision.desc()).limit(1))


def _lock(session: Session, video: Video) -> None:
    """Two who save at the same moment do so one after the other. (SQLite has one writer anyway.)"""
    session.execute(select(Video.id).where(Video.id == video.id).with_for_update())


def _next(session: Session, video: Video, if_match: str | None) -> int:
    """The number of the revision to be. Raises Conflict when another one was edited."""
    _lock(session, video)
    last = session.scalar(select(func.max(ChapterRevision.revision)).where(ChapterRevision.video_id == video.id)) or 0
    if not names_revision(if_match, last):
        raise Conflict("chapters_changed", f"The chapters have changed since: they are at revision {last}. Fetch them, and "
                       "make your changes there.")
    return last + 1


def _add(session: Session, video: Video, revision: int, key_id: str | None, chapters: Sequence[Chapter] | None) -> None:
    session.add(ChapterRevision(
        video_id=video.id, organization_id=video.organization_id, revision=revision, key_id=key_id,
        chapters=None if chapters is None else [one.model_dump(mode="json") for one in chapters],
        created_at=session.scalar(select(now())) or 0.0))
    session.flush()
    shown = current(session, video.id).chapters
    duration_s = float(Plan.model_validate(video.plan).duration_s) if video.plan else (shown[-1].start_s if shown else 0.0)
    search.replace(session, video.organization_id, video.id, Kind.CHAPTER, [
        Passage(one.start_s, end_s, one.title) for one, end_s in zip(shown, ends_s(shown, duration_s), strict=True)])


def _answer(video: Video, its: Current) -> Response:
    duration_s = float(Plan.model_validate(video.plan).duration_s) if video.plan else float("inf")
    ends = [end_s if end_s < float("inf") else None for end_s in ends_s(its.chapters, duration_s)]
    body = {"revision": its.revision, "edited": its.edited, "url": f"/play/{video.playback_id}/chapters.vtt",
            "created_at": catalogue.rfc3339(its.created_at) if its.created_at is not None else None,
            "items": [{"start_s": one.start_s, "end_s": end_s and round(end_s, 3), "title": one.title}
                      for one, end_s in zip(its.chapters, ends, strict=True)]}
    return JSONResponse(body, headers={"ETag": f'"{its.revision}"', "Cache-Control": "no-cache"})


def _topic(one: Phrase) -> dict[str, Any]:
    return {"phrase": one.text, "times_s": one.times_s}
