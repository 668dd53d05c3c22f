"""Decides whether received bytes become a video, and makes it one: the intake's `Admission`."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from infra import owner
from infra.core.errors import Rejected, StepFailed, Unavailable
from infra.core.keys import PlanKeys
from infra.core.media import MediaInfo
from infra.core.settings import Settings
from infra.core.steps import Runner, Tools
from infra.db import due
from infra.db.models import Video
from ingest import packets
from ingest.completion import AdmittedVideo
from ingest.probe import probe
from player_api import catalogue
from player_api.services import Services
from transcode.plan import Plan
from transcode.render import make_inits
from transcode.sampling import planned
from transcode.sound import AudioTrack

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Examined:
    """A source that passed: it is a video, this is its plan, and its first frame went through every encoder."""

    info: MediaInfo
    plan: Plan
    inits: Mapping[str, bytes]  # init sections by rendition


class VideoAdmission:
    """Sniff, probe and plan; then the rows. Nothing here takes longer for a longer file."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def examine(self, path: Path, metadata: Mapping[str, str]) -> Examined:
        """Look at a source, and render its first frame. Raises Rejected with the reason."""
        services = self._services
        info = packets.with_packets(probe(services.runner, services.tools, services.settings, path), path)
        info, plan = planned(info, path, services.settings, services.tools, services.runner)
        return Examined(info, plan, try_out(plan, info, path, services.settings, services.tools, services.runner))

    def admit(self, examined: Examined, *, organization_id: str, metadata: Mapping[str, str], upload_id: str,
              video_id: str, sha256: str | None, size_bytes: int) -> AdmittedVideo:
        """Commit the video with its plan and its steps: it is playable from here on."""
        services = self._services
        keys = PlanKeys.of(organization_id, video_id, examined.plan.id)
        for name, init in examined.inits.items():
            services.storage.put_new(keys.init(name), init)

        def commit() -> AdmittedVideo:
            with services.database.write() as session:
                return self._find_or_add(session, examined, organization_id, metadata, video_id, sha256, size_bytes)

        try:
            admitted = commit()
        except IntegrityError:  # another process completed the same upload at the same moment
            admitted = commit()
        ring_due(services)
        return admitted

    def _find_or_add(self, session: Session, examined: Examined, organization_id: str, metadata: Mapping[str, str],
                     video_id: str, sha256: str | None, size_bytes: int) -> AdmittedVideo:
        video = session.get(Video, video_id)
        if video is None:
            file_name = metadata.get("filename") or None
            video = catalogue.add(
                session, organization_id, video_id=video_id, file_name=file_name and file_name[:1000],
                title=metadata.get("title", "").strip()[:500] or catalogue.default_title(file_name),
                language=metadata.get("language", "")[:35] or None,
            )
            catalogue.settle(session, video, examined.plan, examined.info, sha256=sha256, size_bytes=size_bytes,
                             usual_codecs=self._services.settings.fill_codecs.split(","),
                             transcribe=self._services.settings.transcribe)
        return AdmittedVideo(video.id, video.playback_id)


def try_out(plan: Plan, info: MediaInfo, path: Path, settings: Settings, tools: Tools, run: Runner
            ) -> dict[str, bytes]:
    """The init sections of a source's renditions. Raises Rejected when its picture can not be decoded here."""
    # Where the sweeper looks for what killed processes left.
    folder = settings.data.absolute() / "work" / owner.this_process()
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as work:
        try:
            # Sound, and the codec that every player knows: with them any player can begin.
            names = [r.name for r in plan.renditions if isinstance(r, AudioTrack) or r.codec == plan.codecs[0]]
            return make_inits(plan, names, path, Path(work), tools, run, max_pixels=settings.max_pixels)
        except StepFailed as failure:
            if failure.code not in ("tool_failed", "bad_cell"):  # killed or out of time: the file may be fine
                raise Unavailable("not_examined", "The file could not be looked at just now. What has arrived is kept: "
                                  "try again.") from failure
            log.info("a source could not be rendered: %s", failure)
            what = f"picture of this file ({info.video.codec})" if info.video else \
                f"sound of this file ({info.audio[0].codec})"
            raise Rejected("undecodable", f"The {what} can not be decoded here: it is damaged, or this ffmpeg has no "
                           f"decoder for it. Export it as {'MP4 with H.264' if info.video else 'MP3 or M4A'}.") from failure


def ring_due(services: Services) -> None:
    """Tell the workers of new work. When that fails nothing is lost: the sweeper rings again."""
    limit = services.settings.media_in_flight
    with services.database.write() as session:
        rings = [(queue, ring) for queue in ("light", "speech", "media") for ring in due.due(session, queue, limit)]
    for queue, ring in rings:
        try:
            services.doorbell.ring(queue, "run_step", ring.video_id, ring.step, ring.key)
        except Unavailable:
            return
