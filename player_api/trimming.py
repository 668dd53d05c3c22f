"""PUT and DELETE /api/v1/videos/{id}/trim: less of a recording than was uploaded, or all of it again.

The source stays as it is. The part is planned and its first frame rendered before anything is touched; then, in one
transaction, the video is made of that plan, as if its source had been replaced (docs/decisions/0031).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from enrich.retiming import cut
from enrich.transcript import Transcript
from infra.core import keys
from infra.core.errors import Conflict, LecternError, NotFound
from infra.core.ids import new_id
from infra.core.keys import PlanKeys, SpeechKeys
from infra.core.media import MediaInfo
from infra.core.search_index import Kind
from infra.db import audience, live, search, steps
from infra.db.audience_models import Audience
from infra.db.live import OPEN
from infra.db.models import PRIVATE, Step, StepState, Video
from infra.db.session import now
from player_api import captions, catalogue, chapters, shapes, speech, trimmed
from player_api.admission import ring_due, try_out
from player_api.keys import Principal
from player_api.replacing import exchange, keep
from player_api.services import Services
from player_api.shapes import VideoShape
from player_api.trimmed import Trimmed
from transcode.plan import Plan, plan
from transcode.source_parts import source_parts
from transcode.trim import Trim, wanted


class NewTrim(BaseModel):
    """The part that is shown, in seconds of the whole recording, whatever is shown of it now."""

    model_config = ConfigDict(extra="forbid")
    start_s: float = Field(0.0, ge=0, allow_inf_nan=False, examples=[300.0])
    end_s: float | None = Field(None, ge=0, allow_inf_nan=False, description="Null: up to its end.", examples=[3300.0])


@dataclass(frozen=True, slots=True)
class _Part:
    """What a video will show, all of it looked at and laid down under `media_id`."""

    media_id: str
    seen: tuple[str | None, str | None]  # of which state of the video this was thought out
    to: Trim | None
    whole_s: Fraction
    info: MediaInfo
    plan: Plan
    speech: dict[str, Any] | None  # None: its words are not known


def router(services: Services, creator: Callable[..., Any]) -> APIRouter:
    """The routes; `creator` is the dependency that names who asks."""
    routes = APIRouter(prefix="/videos/{video_id}/trim", tags=["videos"])
    who_asks = Depends(creator)

    @routes.put("", summary="Trim the start and the end of a video", response_model=VideoShape,
                responses=shapes.problems(404, 409))
    def trim(video_id: str, asked: NewTrim, who: Principal = who_asks) -> dict[str, Any]:
        """To the frame. The video keeps its id and addresses; captions and chapters move along. The uploaded file is kept
        whole. Sent again with the same seconds, nothing more happens. 422 `trim_backwards`, `trim_outside`,
        `trim_too_short`; 409 `nothing_to_trim`, `trim_while_live`.
        """
        return _show(services, who, video_id, asked)

    @routes.delete("", summary="Show all of a recording again", response_model=VideoShape,
                   responses=shapes.problems(404, 409))
    def undo(video_id: str, who: Principal = who_asks) -> dict[str, Any]:
        """What was cut off is back, with its captions and chapters; what people wrote meanwhile stays."""
        return _show(services, who, video_id, NewTrim(start_s=0.0, end_s=None))

    return routes


def _show(services: Services, who: Principal, video_id: str, asked: NewTrim) -> dict[str, Any]:
    with services.database.read() as session:
        video = catalogue.get(session, who.organization_id, video_id)
        if video.plan is None:
            _refuse(session, video)
        its_steps = catalogue.steps_of(session, [video.id])[video.id]
        info, was = MediaInfo.model_validate(video.media_info), trimmed.of(video)
        tools = services.tools
        whole = plan(info, tools.encoder, tools.codecs)
        to = wanted(asked.start_s, asked.end_s, whole.duration_s, whole.frame_rate)
        if to == (was.trim if was else None):
            return catalogue.described(session, [video])[0]
    made = plan(info, tools.encoder, tools.codecs, to) if to else whole
    key = keys.source(video.organization_id, video.source_folder)
    parts = source_parts(services.storage, key, info, made, Fraction(0), made.start_s(1))
    with services.storage.local(key, parts) as source:
        inits = try_out(made, info, source, services.settings, tools, services.runner)
    media_id = new_id("v")
    part = _Part(media_id, (video.media_id, video.plan_id), to, whole.duration_s, info, made,
                 _carried(services, video, its_steps, was, to, media_id))
    try:
        with services.database.write() as session:
            session.execute(select(Video.id).where(Video.id == video_id).with_for_update())
            video = catalogue.get(session, who.organization_id, video_id)
            if (video.media_id, video.plan_id) != part.seen:
                raise Conflict("changed_meanwhile", "Somebody has just changed what this video shows. Look at it again.")
            _swap(services, session, video, part, who.key_id)
            shown = catalogue.described(session, [video])[0]
    except LecternError:
        services.storage.delete_prefix(keys.video_prefix(video.organization_id, media_id))
        raise
    where = PlanKeys.of(video.organization_id, media_id, made.id)
    for name, init in inits.items():
        services.storage.put_new(where.init(name), init)
    ring_due(services)
    return shown


def _refuse(session: Session, video: Video) -> None:
    state = live.states_of(session, [video.id]).get(video.id)
    if state in OPEN:
        raise Conflict("trim_while_live", "This is live. It can be trimmed when it is over and has become a recording.")
    raise Conflict("nothing_to_trim", "The recording is not complete yet, or could not be read: there is nothing to trim.")


def _carried(services: Services, video: Video, its_steps: list[Step], was: Trimmed | None, to: Trim | None,
             media_id: str) -> dict[str, Any] | None:
    """Lay down the words of the part under `media_id`, where all that is said in the recording is known.

    The answer: what the row says of them, as `Video.speech`. None: somebody has to listen.
    """
    known, storage = video.speech or {}, services.storage
    if was is not None and (was.speech or {}).get("run", "") != known.get("run"):
        return None  # what was heard of the part says nothing about the rest
    its = [step.state for step in its_steps if step.step in speech.STEPS]
    if set(its) != {StepState.DONE}:
        return None
    # What is known of the whole stays beside the source while there is a trim.
    of, beside, new = (SpeechKeys.of(video.organization_id, folder) for folder in (
        video.source_folder if was else video.folder, video.source_folder, media_id))
    try:
        heard, whole = storage.read(of.heard), Transcript.model_validate_json(storage.read(of.transcript))
    except NotFound:
        return None
    words = tuple(cut(whole.words, *trimmed.seconds(to))) if to else whole.words
    for where, said in ((beside, whole), (new, whole.model_copy(update={"words": words}))):
        if where != of:
            storage.put(where.heard, heard)
            storage.put(where.transcript, said.model_dump_json().encode())
    return known


def _swap(services: Services, session: Session, video: Video, part: _Part, key_id: str) -> None:
    """Make the video of what was laid down, in a write transaction."""
    was, settings = trimmed.of(video), services.settings
    listens = settings.transcribe and bool(part.plan.audio) and part.speech is None
    heard = (video.speech or {}).get("detected") == video.language
    poster_s, source_id = _whole_poster_s(video, was), video.source_folder
    old = catalogue.add(session, video.organization_id, video_id=part.media_id, title=video.title)
    for name in ("file_name", "source_url", "source_sha256", "source_bytes"):
        setattr(old, name, getattr(video, name))
    old.source_id = source_id
    exchange(session, video, old, but=() if part.speech is None else speech.STEPS)
    replaced_at, earlier_id = video.replaced_at, video.earlier_video_id
    counted_with = was.counted_with if was else None
    if audience.find(session, video.id) is not None:
        # Seconds that were counted of one time line mean nothing on another.
        video.replaced_at, video.earlier_video_id = session.scalar(select(now())), old.id
        old.trim = _bare(was)
        keep(session, video, old)
        counted_with = old.id if was is None else counted_with
    else:
        _drop(session, old)
    if listens:
        captions.retire_machine(session, video, None, to_english=False)
        video.language = None if heard else video.language
    video.speech = part.speech
    start_s, end_s = trimmed.seconds(part.to) if part.to else (0.0, float(part.whole_s))
    shown_poster = poster_s is not None and start_s <= poster_s < end_s
    video.poster_time_s = round(poster_s - start_s, 3) if poster_s is not None and shown_poster else None
    video.plan = part.plan.model_dump(mode="json")  # whose length chapters need
    revisions = captions.retime(session, video, was, part.to, key_id), chapters.retime(session, video, was, part.to, key_id)
    if part.to is not None:
        video.trim = Trimmed(
            trim=part.to, whole_s=part.whole_s, captions=revisions[0], chapters=revisions[1], poster_time_s=poster_s,
            speech=part.speech, replaced_at=was.replaced_at if was else replaced_at,
            earlier_video_id=was.earlier_video_id if was else earlier_id, counted_with=counted_with,
        ).model_dump(mode="json")
    elif was is not None:
        video.trim = None
        _count_on(session, video, was)
    search.replace(session, video.organization_id, video.id, Kind.SLIDE, [])
    catalogue.settle(session, video, part.plan, part.info, sha256=video.source_sha256, size_bytes=video.source_bytes or 0,
                     usual_codecs=settings.fill_codecs.split(","), transcribe=listens)
    captions.index_speech(session, video)
    if part.speech is not None:
        steps.again(session, video, [steps.NewStep("chapters", "light", "words")])


def _whole_poster_s(video: Video, was: Trimmed | None) -> float | None:
    """The second of the whole recording that the creator chose; one that is cut off still counts when it is back."""
    if was is None:
        return video.poster_time_s
    start_s, end_s = was.seconds
    if video.poster_time_s is not None:
        return round(video.poster_time_s + start_s, 3)
    return was.poster_time_s if was.poster_time_s is not None and not start_s <= was.poster_time_s < end_s else None


def _bare(was: Trimmed | None) -> dict[str, Any] | None:
    """For the video that is kept, whose captions and chapters have a history of their own."""
    return Trimmed(trim=was.trim, whole_s=was.whole_s, speech=was.speech).model_dump(mode="json") if was else None


def _drop(session: Session, video: Video) -> None:
    video.deleted_at = session.scalar(select(now()))
    search.remove(session, video.id)


def _count_on(session: Session, video: Video, was: Trimmed) -> None:
    """All of it is shown again, and what was counted of that goes on, unless somebody uses the video that kept it."""
    counted = session.get(Video, was.counted_with) if was.counted_with else None
    if counted is None or counted.deleted_at is not None or counted.visibility != PRIVATE or counted.trim or (
            counted.source_folder != video.source_folder):
        return
    session.execute(update(Audience).where(Audience.video_id == counted.id).values(video_id=video.id))
    _drop(session, counted)
    if video.earlier_video_id == counted.id:
        video.replaced_at = was.replaced_at
        video.earlier_video_id = session.scalar(select(Video.id).where(Video.id == was.earlier_video_id,
                                                                       Video.deleted_at.is_(None)))
