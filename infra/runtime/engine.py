"""Runs steps and demanded cells: claim the row, do the work, record the end, ring for what follows.

The row is the truth. Whatever kills this process between two lines, the row is claimed again when its lease
runs out (or at once, when the death is noticed), and every step can be run again without harm.
"""

from __future__ import annotations

import errno
import logging
import shutil
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from sqlalchemy.orm import Session

from infra import owner
from infra.core.command import Command
from infra.core.errors import LecternError, OutOfSpace, StepFailed, Unavailable
from infra.core.media import MediaInfo
from infra.core.ports import Doorbell, Storage
from infra.core.search_meaning import BlockTexts
from infra.core.settings import Settings
from infra.core.steps import Completed, Outcome, Runner, StepContext, Tools, VideoRecord
from infra.db import demands, due, meaning, steps
from infra.db.models import Organization, StepState, Video
from infra.db.session import Database
from infra.runtime.heartbeat import Heartbeat, Work
from infra.runtime.steps import Itinerary, StepSpec
from infra.runtime.sweep import sweep

logger = logging.getLogger(__name__)
T = TypeVar("T")

DATABASE_PAUSE_S = 0.5


class Engine:
    """One per process; safe to share between threads."""

    def __init__(self, settings: Settings, database: Database, storage: Storage, tools: Tools, runner: Runner,
                 doorbell: Doorbell, itinerary: Itinerary) -> None:
        self.settings = settings
        self.database = database
        self.itinerary = itinerary
        self.owner = owner.this_process()
        self.work_folder = settings.data.absolute() / "work"
        # Called on every sweep, each on its own: expired uploads, deleted videos, and so on.
        self.on_sweep: list[Callable[[], None]] = []
        self._storage = storage
        self._tools = tools
        self._runner = runner
        self._doorbell = doorbell
        self._stopping = threading.Event()
        self._kill = threading.Event()
        self._heartbeat = Heartbeat(database, settings.lease_s)

    # -- what a message asks for

    def run_step(self, video_id: str, step: str, key: str = "") -> None:
        """Do this step if it is due and nobody else does it. Raises nothing that a retry of the call would mend."""
        spec = self.itinerary.steps.get(step)
        if spec is None or self._stopping.is_set():  # an unknown step: for workers of a newer version
            return
        settings = self.settings
        # Durable: a database that dies would forget the claim of the last half second, and a minute of work with it.
        with self.database.write() as session:
            lease = steps.claim(session, video_id, step, key, self.owner, settings.lease_s, settings.max_attempts)
            video = session.get(Video, video_id) if lease is not None else None
            everybodys = session.get_one(Organization, video.organization_id).glossary if video is not None else None
        if lease is None or video is None:
            return
        work = Work(lambda session, progress: steps.extend(session, lease, settings.lease_s, progress), self._kill)
        with self._heartbeat.keep(work):
            try:
                with self._context(video, key, work, lease.token, everybodys or ()) as context:
                    outcome = spec.run(context)
                if not self._settle(lambda session: self._finish(session, spec, lease, outcome), lease.queue):
                    logger.info("The result of %s/%s %s came too late", step, key, video_id)
            except Exception as error:
                if not work.lost:
                    reason = self._reason(error, f"step {step}/{key} of {video_id}, attempt {lease.attempt}")
                    self._settle(lambda session: self._end_badly(session, lease, reason), lease.queue)

    def run_cell(self, video_id: str, rendition: str, k: int | str) -> None:
        """Render a cell that a viewer waits for, unless somebody else does."""
        k = int(k)
        if self._stopping.is_set():
            return
        lease_s = self.settings.lease_s
        with self.database.write(durable=False) as session:
            lease = demands.claim(session, video_id, rendition, k, self.owner, lease_s)
            video = session.get(Video, video_id) if lease is not None else None
        if lease is None or video is None:
            return
        work = Work(lambda session, progress: demands.extend(session, lease, lease_s), self._kill)
        with self._heartbeat.keep(work):
            try:
                with self._context(video, f"{rendition}/{k}", work, lease.token) as context:
                    self.itinerary.render_demand(context, rendition, k)
                self._settle(lambda session: demands.done(session, lease))
            except Exception as error:
                if not work.lost:
                    reason = self._reason(error, f"cell {rendition}/{k} of {video_id}")
                    self._settle(lambda session: demands.release(session, lease) if reason is None
                                 else demands.failed(session, lease, reason))

    # -- ringing

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A transaction like `Database.write`; after the commit, workers are rung for the steps it made ready."""
        with self.database.write() as session:
            yield session
            rings = self._due(session, steps.touched(session))
        self._ring(rings)

    def ring_due(self, *queues: str) -> None:
        """Ring for what is due in these queues (all, if none is named)."""
        with self.database.write(durable=False) as session:
            rings = self._due(session, queues or self.queues())
        self._ring(rings)

    def ring_cell(self, video_id: str, rendition: str, k: int) -> None:
        """Ring for a demand, after `infra.db.demands.want` said so. Raises Unavailable when the broker is gone."""
        self._doorbell.ring("jit", "run_cell", video_id, rendition, str(k))

    def queues(self) -> set[str]:
        """All queues that steps run on."""
        return {spec.queue for spec in self.itinerary.steps.values()}

    def sweep(self) -> None:
        """Find lost work and ring for it; call every `settings.sweep_s`, from one or several processes."""
        sweep(self)

    # -- ending

    def stop(self) -> None:
        """Claim nothing more. What is in hand goes on."""
        self._stopping.set()

    def kill(self) -> None:
        """Stop what is in hand, too: its child processes are killed and its leases given back."""
        self._stopping.set()
        self._kill.set()

    def at_work(self) -> int:
        """Steps and cells in hand."""
        return self._heartbeat.count()

    def warm(self) -> None:
        """Connect, and prepare what the first message would otherwise wait for."""
        try:
            self.run_cell("none", "none", 0)
        except LecternError as error:
            logger.warning("The database can not be reached yet: %s", error)

    # -- inside

    @contextmanager
    def _context(self, video: Video, key: str, work: Work, token: str, everybodys: Sequence[str] = ()
                 ) -> Iterator[StepContext]:
        def run(command: Command, *, on_stdout: Callable[[bytes], None] | None = None,
                cancelled: Callable[[], bool] | None = None) -> Completed:
            return self._runner(command, on_stdout=on_stdout,
                                cancelled=lambda: work.cancelled() or (cancelled is not None and cancelled()))

        def unembedded(model: str) -> list[BlockTexts]:
            with self.database.read() as session:
                return meaning.wanted(session, video.id, model, video.language or "")

        folder = self.work_folder / self.owner / token
        folder.mkdir(parents=True)
        try:
            yield StepContext(
                video=_record(video, everybodys), key=key, work=folder, settings=self.settings, storage=self._storage,
                tools=self._tools, run=run, progress=work.advance, check=work.check, unembedded=unembedded)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _finish(self, session: Session, spec: StepSpec, lease: steps.Lease, outcome: Outcome) -> bool:
        # Locked (PostgreSQL): pieces of a video that end at the same time must see each other's end.
        video = session.get(Video, lease.video_id, with_for_update={"key_share": True})
        if video is None or video.deleted_at is not None or not steps.finish(session, lease):
            return False
        if spec.then is not None:
            spec.then(session, video, lease.key, outcome)
        return True

    def gave_up(self, session: Session, video_id: str, step: str) -> None:
        """A step has failed for good: what can go on without it goes on."""
        spec = self.itinerary.steps.get(step)
        if spec is not None and spec.failed is not None:
            video = session.get(Video, video_id, with_for_update={"key_share": True})
            if video is not None and video.deleted_at is None:
                spec.failed(session, video)

    def _end_badly(self, session: Session, lease: steps.Lease, reason: LecternError | None) -> None:
        if reason is None:
            steps.release(session, lease)
        else:
            # A full disk is nobody's fault: the step waits for room and loses no attempt.
            state = steps.fail(session, lease, reason, self.settings.max_attempts,
                               counts=not isinstance(reason, OutOfSpace))
            if state == StepState.FAILED:
                self.gave_up(session, lease.video_id, lease.step)

    def _reason(self, error: Exception, what: str) -> LecternError | None:
        """What its row will say; None when it only stopped because this process ends."""
        return None if self._kill.is_set() else as_shown(error, what)

    def _settle(self, record: Callable[[Session], T], queue: str | None = None) -> T | None:
        """Write the end of a step (of this queue) or of a cell, however long (within a lease) the database is away."""
        deadline_s = time.monotonic() + self.settings.lease_s
        while True:
            try:
                with self.database.write(durable=queue is not None) as session:
                    result = record(session)
                    queues = steps.touched(session) | ({queue} if queue is not None else set())
                    rings = self._due(session, queues)
                break
            except (Unavailable, OutOfSpace) as error:
                if time.monotonic() > deadline_s:
                    logger.warning("The end of a step could not be recorded, it will be run again: %s", error)
                    return None
                time.sleep(DATABASE_PAUSE_S)
        self._ring(rings)
        return result

    def _due(self, session: Session, queues: Iterable[str]) -> list[tuple[str, due.Ring]]:
        limit = self.settings.media_in_flight
        return [(queue, ring) for queue in sorted(queues) for ring in due.due(session, queue, limit)]

    def _ring(self, rings: list[tuple[str, due.Ring]]) -> None:
        for i, (queue, ring) in enumerate(rings):
            try:
                self._doorbell.ring(queue, "run_step", ring.video_id, ring.step, ring.key)
            except Unavailable as error:
                logger.warning("Work waits for the broker: %s", error)
                try:
                    with self.database.write() as session:
                        due.unring(session, [later.step_id for _, later in rings[i:]])
                except LecternError:
                    pass  # they are rung again when the ring is old
                return


def as_shown(error: Exception, what: str) -> LecternError:
    """What a row says of an exception. One that nobody expected goes to the log in full."""
    if isinstance(error, LecternError):
        logger.warning("%s: %s (%s)", what, error, error.code)
        return error
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        logger.warning("%s: the disk is full", what)
        return OutOfSpace("disk_full", "The disk is full. This goes on by itself as soon as there is room.")
    logger.error("%s failed", what, exc_info=error)
    return StepFailed("internal_error", "Something unexpected went wrong here; the log has the details.",
                      retryable=True)


def _record(video: Video, everybodys: Sequence[str]) -> VideoRecord:
    return VideoRecord(
        id=video.id, organization_id=video.organization_id, title=video.title, source_url=video.source_url,
        media_info=MediaInfo.model_validate(video.media_info) if video.media_info is not None else None,
        plan_id=video.plan_id, plan=video.plan, language=video.language,
        language_heard=video.language is not None and (video.speech or {}).get("detected") == video.language,
        glossary=(*(video.glossary or ()), *everybodys), translate_to_english=video.translate_to_english,
        media_id=video.media_id, source_id=video.source_id, trimmed=video.trim is not None)
