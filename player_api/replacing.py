"""PUT /api/v1/videos/{id}/source: another recording in the place of the one that a video was made of.

The new one is uploaded as any file is, and so has been looked at and planned before anything is touched: a wrong file
is refused there, and the video plays on. Then the two videos change what they are made of, in one transaction
(docs/decisions/0030).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from infra.core.errors import Conflict
from infra.core.media import MediaInfo
from infra.core.search_index import Kind
from infra.core.settings import Settings
from infra.db import audience, live, search
from infra.db.audience_models import Audience, VideoParts
from infra.db.models import PRIVATE, CaptionRevision, ChapterRevision, Demand, Step, Upload, Video
from infra.db.session import now
from ingest.intake import Intake
from player_api import captions, catalogue, chapters, shapes
from player_api.admission import ring_due
from player_api.analytics import coverage
from player_api.keys import Principal
from player_api.services import Services
from player_api.shapes import VideoShape
from transcode.plan import Plan

# What a video is made of, and what is known of that. Columns that are loaded only where they are asked for come along.
_MADE_OF = ("file_name", "source_url", "source_id", "trim", "source_sha256", "source_bytes", "media_info", "plan_id", "plan",
            "bit_rates", "found_poster_s", "speech", "downloads", "topics")


class NewSource(BaseModel):
    """What takes the place of the source."""

    model_config = ConfigDict(extra="forbid")
    upload_id: str = Field(max_length=40, description="A finished upload. The video that it became goes.")


class Replaced(BaseModel):
    """What became of a video whose source was replaced."""

    model_config = ConfigDict(extra="forbid")
    video: VideoShape
    fits: bool = Field(description="The new recording has as many seconds as the old one: captions and chapters that people "
                                   "made, and what is counted of viewing, stay.")
    captions_set_aside: list[str] = Field(description="Languages whose captions people made for the old recording: in their "
                                          "history, and with the earlier video.")
    chapters_set_aside: bool = Field(description="The same of chapters that somebody set.")
    earlier_video_id: str | None = Field(description="A private video of the old recording, with its captions, chapters and "
                                         "numbers; null where it fits, and the old one goes.")


def router(services: Services, intake: Intake, creator: Callable[..., Any]) -> APIRouter:
    """The route; `creator` is the dependency that names who asks."""
    routes = APIRouter(prefix="/videos/{video_id}/source", tags=["videos"])
    who_asks = Depends(creator)

    @routes.put("", summary="Replace the source of a video", response_model=Replaced, responses=shapes.problems(404, 409))
    def replace_source(video_id: str, wanted: NewSource, who: Principal = who_asks) -> dict[str, Any]:
        """The video keeps its id and its addresses, and plays the new recording from then on; who is watching goes on with
        it. Sent again with the same upload, nothing more happens."""
        upload_id = intake.rows.find(who.organization_id, wanted.upload_id).id
        with services.database.write() as session:
            became = session.scalar(select(Upload.video_id).where(Upload.id == upload_id).with_for_update())
            # Two who do this at the same moment do so one after the other.
            session.execute(select(Video.id).where(Video.id.in_((video_id, became))).order_by(Video.id).with_for_update())
            video = catalogue.get(session, who.organization_id, video_id)
            if became is None:
                raise Conflict("upload_not_finished", "This upload is not complete yet, or it was refused.")
            if became == video.id:  # done before
                told = {"fits": video.earlier_video_id is None, "captions_set_aside": [], "chapters_set_aside": False}
            else:
                told = replace(session, video, catalogue.get(session, who.organization_id, became), who.key_id,
                               services.settings)
                session.execute(update(Upload).where(Upload.id == upload_id).values(video_id=video.id))
            shown = catalogue.described(session, [video])[0]
        ring_due(services)
        return told | {"video": shown, "earlier_video_id": video.earlier_video_id}

    return routes


def replace(session: Session, video: Video, fresh: Video, key_id: str, settings: Settings) -> dict[str, Any]:
    """Make `video` of what `fresh` is made of. In a write transaction. Raises Conflict, with nothing changed.

    `fresh` goes, with the old source; unless that has another length: then it becomes a private video of it.
    """
    _check(session, video, fresh)
    old, new = Plan.model_validate(video.plan), Plan.model_validate(fresh.plan)
    fits = _seconds(old) == _seconds(new)
    heard = settings.transcribe and (video.speech or {}).get("detected") == video.language
    exchange(session, video, fresh)
    at = session.scalar(select(now())) or 0.0
    video.replaced_at, video.earlier_video_id = at, None if fits else fresh.id
    told: dict[str, Any] = {"fits": fits, "captions_set_aside": [], "chapters_set_aside": False}
    if fits:
        fresh.deleted_at = at
        search.remove(session, fresh.id)
    else:
        keep(session, video, fresh)
        told |= {"captions_set_aside": captions.set_aside(session, video),
                 "chapters_set_aside": chapters.set_aside(session, video, key_id)}
    captions.retire_machine(session, video, None, to_english=False)
    chapters.save_machine(session, video, [])
    search.replace(session, video.organization_id, video.id, Kind.SLIDE, [])
    video.speech = video.topics = video.downloads = None
    video.language = None if heard else video.language
    if video.poster_time_s is not None and video.poster_time_s >= new.duration_s:
        video.poster_time_s = None
    catalogue.settle(session, video, new, MediaInfo.model_validate(video.media_info), sha256=video.source_sha256,
                     size_bytes=video.source_bytes or 0, usual_codecs=settings.fill_codecs.split(","),
                     transcribe=settings.transcribe)
    captions.index_speech(session, video)
    return told


def exchange(session: Session, video: Video, fresh: Video, *, but: Sequence[str] = ()) -> None:
    """Let two videos change what they are made of. What was to be done of them is given up, except the steps `but`."""
    for one in (video, fresh):
        session.execute(delete(Step).where(Step.video_id == one.id, Step.step.not_in(but)))
        session.execute(delete(Demand).where(Demand.video_id == one.id))
        session.execute(delete(VideoParts).where(VideoParts.video_id == one.id))
    video.media_id, fresh.media_id = fresh.folder, video.folder
    for name in _MADE_OF:
        its, other = getattr(video, name), getattr(fresh, name)
        setattr(video, name, other)
        setattr(fresh, name, its)
    video.error_code = video.error_message = None


def _seconds(plan: Plan) -> int:
    """As viewing is counted."""
    return coverage.length_s(round(plan.duration_s * 1000))


def _check(session: Session, video: Video, fresh: Video) -> None:
    if video.plan is None:
        raise Conflict("nothing_to_replace", "This video has no recording yet that another one could take the place of.")
    if fresh.plan is None or live.states_of(session, [fresh.id]):
        raise Conflict("not_an_upload", "What was named is no recording that was uploaded: upload the file, and name that.")
    by_people = [session.scalar(select(func.count()).where(*condition)) for condition in (
        (CaptionRevision.video_id == fresh.id, CaptionRevision.model.is_(None)),
        (ChapterRevision.video_id == fresh.id, ChapterRevision.key_id.is_not(None)))]
    if any(by_people) or fresh.media_id or audience.find(session, fresh.id) is not None:
        raise Conflict("upload_in_use", f"This upload is the video {fresh.id} by now, which people have watched or worked "
                       "on. Upload the file once more, and name that upload.")


def keep(session: Session, video: Video, fresh: Video) -> None:
    """Make of `fresh`, which has the old recording by now, a private video with all that belongs to it."""
    day = catalogue.rfc3339(video.replaced_at or 0.0)[:10]
    fresh.title, fresh.visibility = f"{video.title[:470]} (until {day})", PRIVATE
    for name in ("language", "description", "tags", "glossary", "poster_time_s"):
        setattr(fresh, name, getattr(video, name))
    session.execute(delete(CaptionRevision).where(CaptionRevision.video_id == fresh.id))
    session.execute(delete(ChapterRevision).where(ChapterRevision.video_id == fresh.id))
    session.flush()
    session.execute(update(Audience).where(Audience.video_id == video.id).values(video_id=fresh.id))
    captions.copy(session, video, fresh)
    chapters.copy(session, video, fresh)
    catalogue.index_title(session, fresh)
