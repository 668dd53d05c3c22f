"""Finds work that was lost: expired leases, dead processes, rings that nobody heard, folders left behind."""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from infra.core.errors import LecternError, Unavailable
from infra.db import demands, steps
from infra.db.models import StepState
from infra.owner import is_dead

if TYPE_CHECKING:
    from infra.runtime.engine import Engine

logger = logging.getLogger(__name__)

FOREIGN_FOLDER_S = 86400.0  # a work folder of a machine that is no more (a container that was replaced)


def sweep(engine: Engine) -> None:
    """One round. A part that fails does not keep the others from their turn."""
    parts: list[Callable[[], None]] = [
        partial(_leases, engine), partial(_demands, engine), partial(_folders, engine), *engine.on_sweep]
    for part in parts:
        try:
            part()
        except LecternError as error:  # the database is away, for one: the next round is soon
            logger.warning("Lost work could not be looked for: %s", error)
        except Exception:
            logger.exception("A part of the sweep failed")


def _leases(engine: Engine) -> None:
    limit = engine.settings.max_attempts
    with engine.database.write(durable=False) as session:
        freed = steps.expire(session, limit)
        for owner in steps.owners(session) | demands.owners(session):
            if is_dead(owner):
                freed += steps.release_owner(session, owner, limit)
                demands.release_owner(session, owner)
        for step in freed:
            if step.state == StepState.FAILED:
                engine.gave_up(session, step.video_id, step.step)
    for step in freed:
        logger.warning("The worker of %s/%s %s was lost; the step is %s", step.step, step.key, step.video_id,
                       "failed" if step.state == StepState.FAILED else "run again")
    engine.ring_due()


def _demands(engine: Engine) -> None:
    with engine.database.write(durable=False) as session:
        rings = demands.sweep(session)
    for ring in rings:
        try:
            engine.ring_cell(ring.video_id, ring.rendition, ring.k)
        except Unavailable as error:
            logger.warning("A viewer waits for the broker: %s", error)
            return


def _folders(engine: Engine) -> None:
    if not engine.work_folder.is_dir():
        return
    for folder in engine.work_folder.iterdir():
        try:
            old = time.time() - folder.stat().st_mtime > FOREIGN_FOLDER_S
        except FileNotFoundError:
            continue
        if is_dead(folder.name) or (old and folder.name != engine.owner):
            shutil.rmtree(folder, ignore_errors=True)
