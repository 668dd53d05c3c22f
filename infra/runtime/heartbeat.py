"""Keeps the leases of everything this process works on, with one thread and one transaction per beat."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy.orm import Session

from infra.core.errors import LecternError, StepFailed
from infra.db.session import Database

logger = logging.getLogger(__name__)

PROGRESS_S = 1.0  # how often a changed progress is stored


class Work:
    """One piece of work in hand. `extend(session, progress)` keeps its lease and says whether it is still ours."""

    def __init__(self, extend: Callable[[Session, float | None], bool], kill: threading.Event) -> None:
        self.extend = extend
        self.lost = False  # somebody else has it, or the video was deleted
        self._kill = kill  # the process is ending and waits no longer
        self.kept_s = time.monotonic()
        self.progress: float | None = None
        self.stored: float | None = None

    def cancelled(self) -> bool:
        """Whether to stop at once: nobody will take the result."""
        return self.lost or self._kill.is_set()

    def check(self) -> None:
        """Raise StepFailed("cancelled") when the work should stop."""
        if self.cancelled():
            raise StepFailed("cancelled", "This was stopped before it ended.", retryable=True)

    def advance(self, progress: float) -> None:
        """Note the progress (0..1); the next beat stores it."""
        self.progress = progress


class Heartbeat:
    """Extends leases of `lease_s` seconds four times in that time."""

    def __init__(self, database: Database, lease_s: float) -> None:
        self._database = database
        self._lease_s = lease_s
        self._beat_s = min(PROGRESS_S, lease_s / 4)
        self._at_work: set[Work] = set()
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None

    @contextmanager
    def keep(self, work: Work) -> Iterator[None]:
        """Keep this lease until the end of the block."""
        with self._lock:
            self._at_work.add(work)
            if self._thread is None:  # on first use: a web process has an engine, too, and never works
                self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)
                self._thread.start()
            self._wake.set()
        try:
            yield
        finally:
            with self._lock:
                self._at_work.discard(work)
                if not self._at_work:
                    self._wake.clear()

    def count(self) -> int:
        """Pieces of work in hand."""
        return len(self._at_work)

    def _run(self) -> None:
        while True:
            self._wake.wait()
            time.sleep(self._beat_s)
            with self._lock:
                at_work = [work for work in self._at_work if not work.lost]
            due = [work for work in at_work if self._is_due(work)]
            if due:
                self._beat(due)

    def _is_due(self, work: Work) -> bool:
        silent_s = time.monotonic() - work.kept_s
        changed = work.progress is not None and work.progress != work.stored
        return silent_s >= self._lease_s / 4 or (changed and silent_s >= PROGRESS_S)

    def _beat(self, due: list[Work]) -> None:
        begun_s = time.monotonic()
        try:
            with self._database.write(durable=False) as session:
                for work in due:
                    progress = work.progress
                    if work.extend(session, progress):
                        work.kept_s, work.stored = begun_s, progress
                    else:
                        work.lost = True
        except LecternError as error:  # the database is away: go on for as long as the lease is surely ours
            logger.warning("A lease could not be extended: %s", error)
            self._give_up_expired(due)
        except Exception:
            logger.exception("A lease could not be extended")
            self._give_up_expired(due)

    def _give_up_expired(self, due: list[Work]) -> None:
        for work in due:
            if time.monotonic() - work.kept_s > self._lease_s:
                work.lost = True
