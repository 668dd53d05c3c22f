"""What was live becomes a lecture like every other: its source goes into the storage, and the step `assemble` is due."""

from __future__ import annotations

import asyncio
import logging

from infra.core import keys
from infra.core.errors import LecternError, Unavailable
from infra.core.live import LiveSession
from infra.core.ports import Doorbell, Storage
from infra.db import live, steps
from infra.db.live_models import LiveSessionRow
from infra.db.models import StepState, Video
from infra.db.session import Database
from ingest.live.recording import Recordings

log = logging.getLogger(__name__)

_AGAIN_S = 15.0


class Handover:
    """Hands sessions that are over to the workers. What was handed over is no longer here; again is no error."""

    def __init__(self, database: Database, storage: Storage, doorbell: Doorbell, recordings: Recordings) -> None:
        self._database, self._storage, self._doorbell, self._recordings = database, storage, doorbell, recordings

    async def ended(self, session: LiveSession) -> None:
        """A session is over: at once, or as soon as the storage takes it."""
        while True:
            try:
                await asyncio.to_thread(self._hand_over, session.organization_id, session.video_id, session.id)
                return
            except LecternError as error:
                log.warning("the source of a live session is not stored yet, which is tried again: %s", error)
                await asyncio.sleep(_AGAIN_S)

    async def left(self) -> None:
        """Sessions that were over when the last process ended, before it had handed them over."""
        for session_id in self._recordings.sessions():
            found = await asyncio.to_thread(self._over, session_id)
            if found is not None:
                await self.ended(found)

    def _over(self, session_id: str) -> LiveSession | None:
        with self._database.read() as session:
            if session.get(LiveSessionRow, session_id) is None:  # its video was deleted, and all of it is gone
                self._recordings.drop(session_id)
            return live.session_over(session, session_id)

    def _hand_over(self, organization_id: str, video_id: str, session_id: str) -> None:
        with self._database.read() as session:
            if not live.is_wanted(session, video_id):
                self._recordings.drop(session_id)
                return
        files = self._recordings.files(session_id)
        for file in files:
            self._storage.put(keys.live_piece(organization_id, video_id, file.name), file)
        with self._database.write() as session:
            video = session.get(Video, video_id)
            gone = video is None or video.deleted_at is not None  # meanwhile
            if video is not None and not gone and files and video.plan is None:
                steps.insert(session, video, [steps.NewStep("assemble", "light", state=StepState.READY)])
        if gone:
            self._storage.delete_prefix(keys.live_pieces(organization_id, video_id))
        self._recordings.drop(session_id)
        try:
            self._doorbell.ring("light", "run_step", video_id, "assemble", "")
        except Unavailable:
            log.info("nobody heard of a live session's source; the sweeper rings again")
