"""Downloads: one file a rendition, made when somebody first asks for it, and again after captions or chapters changed."""

from __future__ import annotations

import base64
from dataclasses import dataclass, replace

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from infra.core.errors import NotFound, StepFailed
from infra.core.keys import PlanKeys
from infra.db import steps
from infra.db.models import Step, StepState, Video
from player_api import download_texts
from player_api.admission import ring_due
from player_api.attachment import disposition, file_name
from player_api.catalogue import DOWNLOAD
from player_api.services import Services
from transcode.download import default_rendition
from transcode.plan import Plan, VideoRendition

RETRY_AFTER_S = 2


@dataclass(frozen=True, slots=True)
class Download:
    """A file, or how far it is. `key` is where it lies, `texts_key` where the text for it is laid down; `sha256` is
    hexadecimal and there when the file is."""

    rendition: str
    state: str
    progress: float
    key: str
    texts_key: str
    file_name: str
    size_bytes: int | None = None
    sha256: str | None = None

    def headers(self) -> dict[str, str]:
        """What the file's answer carries besides the usual: its name (RFC 6266), its digest (RFC 9530)."""
        digest = base64.b64encode(bytes.fromhex(self.sha256 or "")).decode()
        return {"Content-Disposition": disposition(self.file_name), "Repr-Digest": f"sha-256=:{digest}:"}


def want(services: Services, video_id: str, rendition: str | None, *, again: bool = False) -> Download:
    """The download of that rendition (None: see `default_rendition`); it is begun when it is not there.

    Raises NotFound (no such video or rendition), StepFailed when it could not be made, unless `again` tries once more.
    """
    with services.database.read() as session:
        found = _find(session, video_id, rendition)
        if found.state == StepState.DONE:
            return found
        texts = download_texts.texts(session, session.get_one(Video, video_id))
    download_texts.lay_down(services.storage, found.texts_key, texts)
    with services.database.write() as session:
        video = session.get(Video, video_id)
        assert video is not None
        steps.insert(session, video, [steps.NewStep(DOWNLOAD, "light", found.rendition)])
        if steps.redo(session, video_id, DOWNLOAD, found.rendition):  # made before an edit
            video.downloads = {name: made for name, made in (video.downloads or {}).items() if name != found.rendition}
        row = _row(session, video_id, found.rendition)
        if row.state == StepState.FAILED:
            if not again:
                raise StepFailed(row.error_code or "failed", row.error_message or "The download could not be made.")
            steps.retry(session, video_id, DOWNLOAD)
            session.refresh(row)
        found = replace(found, state=str(row.state), progress=row.progress)
    if found.state == StepState.READY:
        ring_due(services)
    return found


def _find(session: Session, video_id: str, rendition: str | None) -> Download:
    """As it stands. Raises NotFound."""
    video = session.scalar(select(Video).where(Video.id == video_id, Video.deleted_at.is_(None)))
    if video is None:
        raise NotFound("video_not_found", "There is no such video.")
    if video.plan is None:
        raise NotFound("not_playable", "This video has not been received completely yet.")
    plan = Plan.model_validate(video.plan)
    chosen = _chosen(session, video, plan, rendition).name
    where = PlanKeys.of(video.organization_id, video.folder, video.plan_id or plan.id)
    waiting = Download(chosen, str(StepState.WAITING), 0.0, where.download(chosen), where.download_texts,
                       file_name(video.title, "mp4"))
    made = (video.downloads or {}).get(chosen)
    if made is None or made.get("text", "") != download_texts.stamp(session, video):
        return waiting
    return replace(waiting, state=str(StepState.DONE), progress=1.0, size_bytes=made["size_bytes"], sha256=made["sha256"])


def _row(session: Session, video_id: str, rendition: str) -> Step:
    return session.scalars(select(Step).where(
        Step.video_id == video_id, Step.step == DOWNLOAD, Step.key == rendition)).one()


def _chosen(session: Session, video: Video, plan: Plan, name: str | None) -> VideoRendition:
    if not plan.video:
        raise NotFound("no_picture", "This is sound alone: there is no video file of it.")
    if name is None:
        left = session.scalar(select(func.count()).select_from(Step).where(
            Step.video_id == video.id, Step.step == "fill", Step.key.startswith("h264:"), Step.state != StepState.DONE))
        return default_rendition(plan, complete=not left)
    found = plan.rendition(name)
    if not isinstance(found, VideoRendition):
        raise NotFound("rendition_not_found", "This video has no such rendition.")
    return found
