"""Videos: their rows, and what is told about them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any

from sqlalchemy import bindparam, delete, select
from sqlalchemy.orm import Session

from enrich.steps import OPENING, has_opening
from infra.core.errors import NotFound, Rejected
from infra.core.ids import new_id
from infra.core.live import LiveState
from infra.core.media import MediaInfo
from infra.core.search_index import Kind, Passage
from infra.db import live, search, steps
from infra.db.live import OPEN
from infra.db.models import UNFINISHED, Organization, Step, StepState, Video
from infra.db.session import now
from ingest import indexing
from player_api import trimmed
from transcode import trickplay
from transcode.plan import Plan
from transcode.steps import fill_keys, storyboard_keys

DOWNLOAD = "download"  # the step that makes a file; its key is the rendition
EMBED = "embed"  # the step that makes vectors for search; its key is the sentence model
PARTS = "parts"  # the step that finds out what is said and shown in each part, for predictions
INDEX = "index"  # the step that copies a source that has none into a container with one
NOT_WAITED_FOR = (DOWNLOAD, EMBED, PARTS, INDEX)  # a video is ready without them
_BY_ID = select(Video).where(Video.id == bindparam("video_id"), Video.organization_id == bindparam("organization_id"),
                             Video.deleted_at.is_(None))  # made once: most requests begin with it


def add(session: Session, organization_id: str, *, video_id: str, title: str, language: str | None = None,
        file_name: str | None = None, source_url: str | None = None) -> Video:
    """A new video without a source yet."""
    at = session.scalar(select(now())) or 0.0
    video = Video(
        id=video_id, organization_id=organization_id, playback_id=new_id("p"), title=title, language=language,
        file_name=file_name, source_url=source_url, created_at=at, updated_at=at,
    )
    session.add(video)
    session.flush()
    index_title(session, video)
    return video


def index_title(session: Session, video: Video) -> None:
    """Have search find the video by the title that it has now."""
    search.replace(session, video.organization_id, video.id, Kind.TITLE, [Passage(0.0, 0.0, video.title)])


def settle(session: Session, video: Video, plan: Plan, info: MediaInfo, *, sha256: str | None,
           size_bytes: int, usual_codecs: Sequence[str], transcribe: bool) -> None:
    """Give `video` its source and plan: from the end of this transaction on it is playable.

    Without `sha256` a step computes it. `usual_codecs` are filled where neither the video nor its organization says
    otherwise. `transcribe`: have its speech recognized.
    """
    video.media_info = info.model_dump(mode="json")
    video.plan = plan.model_dump(mode="json")
    video.plan_id = plan.id
    video.source_sha256 = sha256
    video.source_bytes = size_bytes
    video.updated_at = session.scalar(select(now())) or video.updated_at
    digest = [] if sha256 else [steps.NewStep("digest", "light")]
    loudness = [steps.NewStep("loudness", "light")] if plan.audio else []
    listen = listening(plan) if plan.audio and transcribe else []
    index = [steps.NewStep(INDEX, "media")] if indexing.is_wanted(info) else []
    steps.insert(session, video, [steps.NewStep("poster", "light"), *index, *listen, *digest, *loudness])
    refill(session, video, usual_codecs)


def listening(plan: Plan) -> list[steps.NewStep]:
    """What speech recognition begins with. Of a long video the first span is recognized before all is listened to."""
    listen = steps.NewStep("listen", "speech")
    return [steps.NewStep("listen", "speech", OPENING), listen] if has_opening(plan.duration_s) else [listen]


def replace_sound(session: Session, video: Video, plan: Plan, usual_codecs: Sequence[str]) -> None:
    """Give `video` its plan anew, with other audio renditions. Its id stays: it says where all the cells lie."""
    video.plan = plan.model_dump(mode="json")
    video.updated_at = session.scalar(select(now())) or video.updated_at
    refill(session, video, usual_codecs)


def refill(session: Session, video: Video, usual_codecs: Sequence[str]) -> None:
    """Have all of the video rendered in the background in the codecs that it, its organization or `usual_codecs` say.

    What of other codecs has not begun yet is left to demand.
    """
    if video.plan is None:
        return
    codecs = video.fill_codecs
    if codecs is None:
        organization = session.get_one(Organization, video.organization_id)
        codecs = organization.fill_codecs if organization.fill_codecs is not None else list(usual_codecs)
    plan = Plan.model_validate(video.plan)
    keys = fill_keys(plan, codecs)
    session.execute(delete(Step).where(Step.video_id == video.id, Step.step == "fill", Step.state == StepState.READY,
                                       Step.key.not_in(keys)))
    first = fill_keys(plan, [codec for codec in codecs if codec in plan.codecs[:1]])
    # Between the first codec and the others: a first viewer's time bar can have its sheets on demand.
    sheets = [steps.NewStep("storyboard", "media", key) for key in storyboard_keys(plan)]
    pictures = [steps.NewStep("iframes", "media", key) for key in trickplay.step_keys(plan) if first]
    for group in ([steps.NewStep("fill", "media", key) for key in first], [*sheets, *pictures],
                  [steps.NewStep("fill", "media", key) for key in keys]):
        steps.insert(session, video, group)


def poster_s(video: Video) -> float | None:
    """The second whose picture is the poster: chosen, else found; None while neither is known."""
    return video.poster_time_s if video.poster_time_s is not None else video.found_poster_s


def check_poster(video: Video, at_s: float | None) -> None:
    """Raises Rejected when the video does not have that second."""
    plan = Plan.model_validate(video.plan) if video.plan and at_s is not None else None
    if plan is not None and at_s is not None and at_s >= plan.duration_s:
        raise Rejected("poster_outside", f"The video ends at {float(plan.duration_s):.3f} s: choose an earlier picture.")


def poster_url(video: Video) -> str:
    """Where the poster is. Another choice is another address, so that no cache shows the old one."""
    at_s = poster_s(video)
    return f"{lasting_address(video)}/thumbnail.jpg" + (f"?time={at_s:g}" if at_s is not None else "")


def version(media_id: str | None) -> str | None:
    """What tells the pieces of this source of a video from those of the ones before it; None: it has had no other."""
    return media_id.partition("_")[2] if media_id else None


def lasting_address(video: Video) -> str:
    """The folder of what caches may keep for ever. When the source is replaced it is another one."""
    its = version(video.media_id)
    return f"/play/{video.playback_id}" + (f"~{its}" if its else "")


def still_url(folder: str, tenth: int) -> str:
    """The picture at `tenth` tenths of a second; `folder` is `lasting_address`."""
    return f"{folder}/thumbnail.jpg?time={tenth / 10:g}"


def default_title(file_name: str | None) -> str:
    """A title for a video that was sent without one: its file name without path and ending."""
    name = PurePosixPath((file_name or "").replace("\\", "/")).stem.replace("_", " ").strip()
    return name[:500] or "Untitled"


def get(session: Session, organization_id: str, video_id: str) -> Video:
    """The video, if it is this organization's. Raises NotFound."""
    video = session.scalar(_BY_ID, {"video_id": video_id, "organization_id": organization_id})
    if video is None:
        raise NotFound("video_not_found", "There is no such video.")
    return video


def steps_of(session: Session, video_ids: list[str]) -> dict[str, list[Step]]:
    """The steps of several videos, in the order they were made."""
    found: dict[str, list[Step]] = {video_id: [] for video_id in video_ids}
    for step in session.scalars(select(Step).where(Step.video_id.in_(video_ids)).order_by(Step.created_at, Step.id)):
        found[step.video_id].append(step)
    return found


def described(session: Session, videos: Sequence[Video]) -> list[dict[str, Any]]:
    """These videos as the API shows them."""
    ids = [video.id for video in videos]
    its_steps, lives = steps_of(session, ids), live.states_of(session, ids)
    return [describe(video, its_steps[video.id], lives.get(video.id)) for video in videos]


def describe(video: Video, its_steps: list[Step], its_live: LiveState | None = None) -> dict[str, Any]:
    """The video as the API shows it. `its_live`: the state of its live session, where it has one."""
    plan = Plan.model_validate(video.plan) if video.plan else None
    # Not parsed: a list of videos shows many, and this is all that is needed of it.
    loudness = {stream["index"]: stream.get("loudness") for stream in (video.media_info or {}).get("audio", ())}
    downloads = _downloads(video, its_steps)
    its_steps = own_steps(its_steps)
    failed = next((step for step in its_steps if step.state == StepState.FAILED), None)
    error = None
    bit_rates = video.bit_rates or {}
    playable = plan is not None or its_live not in (None, LiveState.WAITING)
    if failed is not None:
        error = _error(failed) | {"step": failed.step}
    return {
        "id": video.id,
        "title": video.title,
        "description": video.description,
        "tags": video.tags or [],
        "visibility": video.visibility,
        "language": video.language,
        "file_name": video.file_name,
        "status": status_of(plan is not None, its_steps, its_live),
        "playable": playable,
        "progress": _progress(its_steps),
        "error": error,
        "playback_id": video.playback_id,
        "watch_url": f"/watch/{video.playback_id}",
        "playlist_url": f"/play/{video.playback_id}/master.m3u8" if playable else None,
        "poster_url": poster_url(video) if plan else None,
        "poster_time_s": video.poster_time_s,
        "storyboard_url": f"/play/{video.playback_id}/storyboard.vtt" if plan else None,
        "duration_s": round(float(plan.duration_s), 3) if plan else None,
        "fill_codecs": video.fill_codecs,
        "glossary": video.glossary or [],
        "translate_to_english": video.translate_to_english,
        "source": {"sha256": video.source_sha256, "size_bytes": video.source_bytes, "url": video.source_url,
                   "fit": _fit(plan), "replaced_at": rfc3339(video.replaced_at) if video.replaced_at else None,
                   "earlier_video_id": video.earlier_video_id},
        "trim": _trim(video),
        "warnings": list(plan.warnings) if plan else [],
        "renditions": [
            {"name": rendition.name, "codec": rendition.codec, "codecs": rendition.codecs,
             "width_px": rendition.width_px, "height_px": rendition.height_px, "max_bps": rendition.max_bps,
             "copied": rendition.copied is not None,
             "peak_bps": bit_rates.get(rendition.name, (None, None))[0],
             "average_bps": bit_rates.get(rendition.name, (None, None))[1]}
            for rendition in plan.video
        ] if plan else [],
        "tracks": [
            {"kind": "audio", "name": track.name, "label": track.label, "codecs": track.codecs,
             "channels": track.channels, "language": track.language, "copied": track.copy_nth is not None,
             "loudness": loudness.get(track.stream_index), "gain_db": track.gain_db}
            for track in plan.audio
        ] if plan else [],
        "downloads": downloads,
        "steps": _summary(its_steps),
        "created_at": rfc3339(video.created_at),
        "updated_at": rfc3339(video.updated_at),
    }


def is_ready(its_steps: Sequence[Step]) -> bool:
    """Whether nothing more is done for a video that has a plan."""
    return {step.state for step in own_steps(its_steps)} <= {StepState.DONE, StepState.FAILED}


def own_steps(its_steps: Sequence[Step]) -> list[Step]:
    """Without those that the video is ready without; some are done again whenever a word of it changes."""
    return [step for step in its_steps if step.step not in NOT_WAITED_FOR]


def _trim(video: Video) -> dict[str, float] | None:
    its = trimmed.of(video)
    if its is None:
        return None
    start_s, end_s = its.seconds
    return {"start_s": round(start_s, 3), "end_s": round(end_s, 3), "whole_s": round(float(its.whole_s), 3)}


def _fit(plan: Plan | None) -> dict[str, Any] | None:
    judged = plan.source_fit if plan else None
    return {"fit": judged.fit, "code": judged.code, "message": judged.sentence} if judged else None


def _downloads(video: Video, its_steps: list[Step]) -> list[dict[str, Any]]:
    """The files for download that were made or begun."""
    lines = []
    for step in its_steps:
        if step.step == DOWNLOAD:
            made = (video.downloads or {}).get(step.key, {})
            lines.append({
                "rendition": step.key, "state": str(step.state), "progress": round(step.progress, 4),
                "url": f"/play/{video.playback_id}/download.mp4?rendition={step.key}",
                "size_bytes": made.get("size_bytes"), "sha256": made.get("sha256"),
                "error": _error(step) if step.state == StepState.FAILED else None})
    return lines


def _error(step: Step) -> dict[str, Any]:
    return {"code": step.error_code, "message": step.error_message, "retryable": step.retryable}


def _live_status(state: LiveState, its_steps: list[Step]) -> str:
    """Of a video that is nothing but its live session: when that is over, the recording is complete, and becomes more."""
    if state in OPEN:
        return "waiting" if state is LiveState.WAITING else "live"
    return "processing" if {step.state for step in its_steps} - {StepState.DONE, StepState.FAILED} else "ready"


def status_of(planned: bool, its_steps: list[Step], its_live: LiveState | None = None) -> str:
    """Of a video with these steps of its own; `listing` says the same in SQL."""
    if its_live and not planned:
        return _live_status(its_live, its_steps)
    states = {step.state for step in its_steps}
    if not states.isdisjoint(UNFINISHED):
        begun = planned or any(step.attempt for step in its_steps)
        return "processing" if begun else "waiting"
    # Whatever could not be rendered in advance is rendered on demand: only a video without a plan has failed.
    return "ready" if planned else "failed"


def _progress(its_steps: list[Step]) -> float:
    """0..1. The fill is nearly all of the work, so where it is known the other steps do not count."""
    counted = [step for step in its_steps if step.step == "fill"] or its_steps
    if not counted:
        return 0.0
    done = sum(1.0 if step.state == StepState.DONE else step.progress for step in counted)
    return round(done / len(counted), 4)


def _summary(its_steps: list[Step]) -> list[dict[str, Any]]:
    """Steps by name; the many spans of one are one line, those of a fill one each codec."""
    groups: dict[str, list[Step]] = {}
    for step in its_steps:
        group, colon, _ = step.key.partition(":")
        groups.setdefault(f"{step.step}:{group}" if colon else step.step, []).append(step)
    lines = []
    for name, members in groups.items():
        failed = next((step for step in members if step.state == StepState.FAILED), None)
        states = [step.state for step in members]
        state = next((s for s in (StepState.FAILED, StepState.RUNNING) if s in states), None)
        if state is None:
            state = StepState.DONE if set(states) == {StepState.DONE} else StepState.READY
            state = StepState.RUNNING if state == StepState.READY and StepState.DONE in states else state
        lines.append({
            "name": name,
            "state": str(state),
            "progress": round(sum(1.0 if s.state == StepState.DONE else s.progress for s in members) / len(members), 4),
            "error": _error(failed) if failed else None,
        })
    return lines


def rfc3339(time_s: float) -> str:
    return datetime.fromtimestamp(time_s, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
