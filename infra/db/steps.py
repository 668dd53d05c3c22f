"""The rows of `steps`: what is to be done for a video, who does it now, and how it ended.

    waiting --make_ready--> ready --claim--> running --finish--> done
                              ^                 |
                              +--fail, release--+--fail (permanent, or out of attempts)--> failed --retry--> ready

Every function works inside the caller's transaction and commits nothing. Whoever claims a step gets a
`Lease` with a fresh token; a result is only taken from the holder of the token in the row, so a worker
that was thought dead can not overwrite its successor. All times are by the database's clock, in seconds.
"""

from __future__ import annotations

import random
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Insert, Select, and_, case, delete, exists, func, or_, select, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Session

from infra.core.errors import LecternError
from infra.core.ids import new_id
from infra.db.models import UNFINISHED, Step, StepState, Video
from infra.db.session import insert_into, now

WORKER_LOST = "worker_lost"
WORKER_LOST_MESSAGE = ("The program working on this stopped without a word, several times. "
                       "The file may need more memory than there is. You can try it again.")
SPACE_PAUSE_S = 15.0  # a full disk is looked at again this often

# Which queues a transaction gave work to; the engine rings them after the commit.
_TOUCHED = "lectern_queues"


@dataclass(frozen=True, slots=True)
class NewStep:
    """A piece of work to insert. `key` tells the pieces of one step apart (which span, which language)."""

    step: str
    queue: str
    key: str = ""
    state: StepState = StepState.READY


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to work on one step. `attempt` counts from 1."""

    video_id: str
    step: str
    key: str
    token: str
    attempt: int
    queue: str


@dataclass(frozen=True, slots=True)
class Freed:
    """A step whose worker was lost, and what became of it."""

    video_id: str
    step: str
    key: str
    queue: str
    state: StepState  # READY again, or FAILED when it was started too often


def insert(session: Session, video: Video, steps: Iterable[NewStep]) -> int:
    """Add steps of a video, in the order in which they should start; those already there stay as they are.

    How many were new.
    """
    wanted = list(steps)
    if not wanted:
        return 0
    at = session.scalar(select(now())) or 0.0
    rows = [
        {"id": new_id("st"), "organization_id": video.organization_id, "video_id": video.id, "step": new.step,
         "key": new.key, "queue": new.queue, "state": new.state, "attempt": 0, "not_before": 0.0,
         "progress": 0.0, "updated_at": at,
         # A microsecond apart: rows of one transaction keep their order.
         "created_at": at + i * 1e-6}
        for i, new in enumerate(wanted)
    ]
    # Many rows through one small statement: a VALUES list of thousands takes ten times as long to compile.
    # The ids come back, because a driver need not count the rows of many statements.
    count = len(session.connection().execute(insert_or_keep(session, Step).returning(Step.id), rows).all())
    touched(session).update(new.queue for new in wanted if new.state == StepState.READY)
    return count


def again(session: Session, video: Video, steps: Iterable[NewStep]) -> None:
    """Like `insert`, but those already there begin anew, whatever became of them. Who works on one loses the lease."""
    wanted = list(steps)
    for new in wanted:
        session.execute(update(Step).where(_is(video.id, new.step, new.key)).values(
            state=new.state, attempt=0, not_before=0.0, rung_at=None, progress=0.0, error_code=None, error_message=None,
            retryable=None, **_unleased()).execution_options(synchronize_session=False))
    insert(session, video, wanted)
    touched(session).update(new.queue for new in wanted if new.state == StepState.READY)


def drop(session: Session, video_id: str, names: Sequence[str]) -> int:
    """Take these steps away with all their pieces. Who works on one loses the lease. How many rows."""
    return _rowcount(session, delete(Step).where(Step.video_id == video_id, Step.step.in_(names)))


def make_ready(session: Session, video_id: str, step: str, key: str = "") -> bool:
    """Let a waiting step start. False when it was not waiting."""
    queue = session.scalar(
        update(Step).where(_is(video_id, step, key), Step.state == StepState.WAITING)
        .values(state=StepState.READY, updated_at=now()).returning(Step.queue))
    if queue is not None:
        touched(session).add(queue)
    return queue is not None


def unfinished(session: Session, video_id: str, step: str, begins: str = "") -> int:
    """How many pieces of this step, whose key begins so, are neither done nor failed. A join is due when it is 0."""
    return session.scalar(select(func.count()).select_from(Step).where(
        Step.video_id == video_id, Step.step == step, Step.key.startswith(begins, autoescape=True),
        Step.state.in_(UNFINISHED))) or 0


def claim(session: Session, video_id: str, step: str, key: str, owner: str, lease_s: float,
          max_attempts: int) -> Lease | None:
    """Take the step if it may start now, or if whoever had it has been silent for too long.

    None when there is nothing to take: somebody else works on it, it is done, it waits for its next attempt,
    or the video is deleted. A step that was started `max_attempts` times and never ended becomes failed.
    """
    token = secrets.token_hex(16)
    claimable = or_(and_(Step.state == StepState.READY, Step.not_before <= now()),
                    and_(Step.state == StepState.RUNNING, Step.lease_until < now()))
    row = session.execute(
        update(Step)
        .where(_is(video_id, step, key), claimable, Step.attempt < max_attempts, _video_lives())
        .values(state=StepState.RUNNING, attempt=Step.attempt + 1, lease_until=now() + lease_s,
                lease_owner=owner, lease_token=token, progress=0.0, updated_at=now())
        .returning(Step.attempt, Step.queue)
        .execution_options(synchronize_session=False)).one_or_none()
    if row is not None:
        return Lease(video_id, step, key, token, row.attempt, row.queue)
    session.execute(
        update(Step).where(_is(video_id, step, key), claimable, Step.attempt >= max_attempts)
        .values(**_lost_for_good()).execution_options(synchronize_session=False))
    return None


def extend(session: Session, lease: Lease, lease_s: float, progress: float | None = None) -> bool:
    """Keep the lease for another `lease_s`, and store the progress (0..1) if it is given.

    False when it is lost: somebody else has the step, it is done, or the video was deleted.
    """
    values: dict[str, Any] = {"lease_until": now() + lease_s, "updated_at": now()}
    if progress is not None:
        values["progress"] = min(1.0, max(0.0, progress))
    return _rowcount(session, update(Step).where(_held(lease), _video_lives()).values(**values)) == 1


def set_progress(session: Session, lease: Lease, progress: float) -> bool:
    """Store the progress (0..1) without touching the lease. False when the lease is lost."""
    return _rowcount(session, update(Step).where(_held(lease)).values(
        progress=min(1.0, max(0.0, progress)), updated_at=now())) == 1


def finish(session: Session, lease: Lease) -> bool:
    """Mark the step done. False (and nothing is changed) when the lease is lost."""
    return _rowcount(session, update(Step).where(_held(lease)).values(
        state=StepState.DONE, progress=1.0, error_code=None, error_message=None, retryable=None,
        **_unleased())) == 1


def fail(session: Session, lease: Lease, error: LecternError, max_attempts: int, *,
         counts: bool = True) -> StepState | None:
    """Record a failure: FAILED for good, READY for a later attempt, or None when the lease is lost.

    An error that a retry can mend waits 2, 4, 8 ... s; one that does not count (a full disk is not the
    step's fault) waits SPACE_PAUSE_S and is tried for ever. The reason stays visible meanwhile.
    """
    again = error.retryable and (not counts or lease.attempt < max_attempts)
    pause_s = (2.0 ** lease.attempt if counts else SPACE_PAUSE_S) * random.uniform(0.75, 1.25)
    state = StepState.READY if again else StepState.FAILED
    changed = _rowcount(session, update(Step).where(_held(lease)).values(
        state=state, error_code=error.code, error_message=error.message, retryable=error.retryable,
        attempt=Step.attempt if counts else Step.attempt - 1,
        not_before=now() + pause_s if again else 0.0, rung_at=None, **_unleased()))
    return state if changed else None


def release(session: Session, lease: Lease) -> bool:
    """Give the step back untried: the worker is asked to end. The attempt does not count."""
    changed = _rowcount(session, update(Step).where(_held(lease)).values(
        state=StepState.READY, attempt=Step.attempt - 1, progress=0.0, rung_at=None, **_unleased())) == 1
    if changed:
        touched(session).add(lease.queue)
    return changed


def release_owner(session: Session, owner: str, max_attempts: int) -> list[Freed]:
    """Free at once what a process held that is known to be dead. The attempt it had begun does count,
    or a file that kills its worker would do so for ever.
    """
    return _free(session, Step.lease_owner == owner, max_attempts)


def expire(session: Session, max_attempts: int) -> list[Freed]:
    """Free what nobody has answered for within its lease; the steps of videos that live on.

    A row that another transaction holds at this moment is left to it: its worker is back, or another sweeper frees it.
    """
    silent = (select(Step.id).where(Step.state == StepState.RUNNING, Step.lease_until < now())
              .with_for_update(skip_locked=True))
    return _free(session, Step.id.in_(silent), max_attempts)


def owners(session: Session) -> set[str]:
    """Who holds a lease now."""
    rows = session.scalars(select(Step.lease_owner).where(Step.lease_until.is_not(None)).distinct())
    return {owner for owner in rows if owner}


def retry(session: Session, video_id: str, step: str | None = None) -> int:
    """A person asks for another try of what failed (or waits for its next attempt). How many rows."""
    where = [Step.video_id == video_id,
             or_(Step.state == StepState.FAILED,
                 and_(Step.state == StepState.READY, Step.not_before > now()))]
    if step is not None:
        where.append(Step.step == step)
    queues: Sequence[str] = session.scalars(
        update(Step).where(*where).values(
            state=StepState.READY, attempt=0, not_before=0.0, rung_at=None, progress=0.0, error_code=None,
            error_message=None, retryable=None, updated_at=now())
        .returning(Step.queue).execution_options(synchronize_session=False)).all()
    touched(session).update(queues)
    return len(queues)


def redo(session: Session, video_id: str, step: str, key: str) -> bool:
    """Have done once more what is done, because what it was made from has changed. False when it was not done."""
    queue = session.scalar(
        update(Step).where(_is(video_id, step, key), Step.state == StepState.DONE)
        .values(state=StepState.READY, attempt=0, not_before=0.0, rung_at=None, progress=0.0, updated_at=now())
        .returning(Step.queue).execution_options(synchronize_session=False))
    if queue is not None:
        touched(session).add(queue)
    return queue is not None


def touched(session: Session) -> set[str]:
    """The queues that got work in this transaction, to be rung after the commit."""
    queues: set[str] = session.info.setdefault(_TOUCHED, set())
    return queues


def insert_or_keep(session: Session, model: type[Any]) -> Insert:
    """INSERT ... ON CONFLICT DO NOTHING in the words of this session's database."""
    found: Insert = insert_into(session, model).on_conflict_do_nothing()
    return found


def _free(session: Session, whose: ColumnElement[bool], max_attempts: int) -> list[Freed]:
    lost = Step.attempt >= max_attempts
    message = _lost_for_good()
    rows = session.execute(
        update(Step).where(Step.state == StepState.RUNNING, Step.lease_until.is_not(None), whose)
        .values(state=case((lost, StepState.FAILED), else_=StepState.READY),
                error_code=case((lost, message["error_code"]), else_=Step.error_code),
                error_message=case((lost, message["error_message"]), else_=Step.error_message),
                retryable=case((lost, True), else_=Step.retryable),
                not_before=0.0, rung_at=None, **_unleased())
        .returning(Step.video_id, Step.step, Step.key, Step.queue, Step.state)
        .execution_options(synchronize_session=False)).all()
    # A deleted video's worker let go when it noticed: nothing of that was lost.
    alive = set(session.scalars(select(Video.id).where(
        Video.id.in_({row.video_id for row in rows}), Video.deleted_at.is_(None)))) if rows else set()
    freed = [Freed(r.video_id, r.step, r.key, r.queue, StepState(r.state)) for r in rows if r.video_id in alive]
    touched(session).update(f.queue for f in freed if f.state == StepState.READY)
    return freed


def in_hand() -> Select[str]:
    """The ids of videos that a worker may be writing of: its lease lasts."""
    return select(Step.video_id).where(Step.lease_until >= now())


def _is(video_id: str, step: str, key: str) -> ColumnElement[bool]:
    return and_(Step.video_id == video_id, Step.step == step, Step.key == key)


def _held(lease: Lease) -> ColumnElement[bool]:
    return and_(_is(lease.video_id, lease.step, lease.key), Step.state == StepState.RUNNING,
                Step.lease_token == lease.token)


def _video_lives() -> ColumnElement[bool]:
    return exists().where(Video.id == Step.video_id, Video.deleted_at.is_(None))


def _unleased() -> dict[str, Any]:
    return {"lease_until": None, "lease_owner": None, "lease_token": None, "updated_at": now()}


def _lost_for_good() -> dict[str, Any]:
    return {"state": StepState.FAILED, "error_code": WORKER_LOST, "error_message": WORKER_LOST_MESSAGE,
            "retryable": True, **_unleased()}


def _rowcount(session: Session, statement: Any) -> int:
    result = session.execute(statement.execution_options(synchronize_session=False))
    assert isinstance(result, CursorResult)
    return result.rowcount
