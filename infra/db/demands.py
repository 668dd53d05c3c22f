"""The rows of `demands`: cells that viewers wait for. One row per cell, so that it is rendered once.

A row lives for as long as somebody waits: inserted by the first request, deleted when the cell is stored.
A failure is kept for FAILED_KEPT_S, so that every request that waits can answer with it.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, and_, delete, exists, or_, select, tuple_, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Session

from infra.core.errors import LecternError
from infra.db.models import Demand, Video
from infra.db.session import insert_into, now

RING_AGAIN_S = 3.0  # a ring that no worker answered for this long may be repeated
FAILED_KEPT_S = 10.0
FORGOTTEN_S = 120.0  # nobody has asked for it again within this: the viewers are gone
MAX_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Ring:
    """A demand that must be rung for."""

    video_id: str
    rendition: str
    k: int


@dataclass(frozen=True, slots=True)
class DemandLease:
    """The right to render one demanded cell."""

    video_id: str
    rendition: str
    k: int
    token: str


def want(session: Session, video_id: str, organization_id: str, rendition: str, k: int) -> bool:
    """Say that a viewer waits for this cell. True when the caller must ring the `jit` queue.

    That is: nobody has asked yet, the earlier ring was not answered, or the worker that had it is silent.
    """
    statement = insert_into(session, Demand).values(
        video_id=video_id, organization_id=organization_id, rendition=rendition, k=k, wanted_at=now(),
        rung_at=now(), attempt=0,
    ).on_conflict_do_update(
        index_elements=[Demand.video_id, Demand.rendition, Demand.k],
        set_={"wanted_at": now(), "rung_at": now(), "lease_until": None, "lease_owner": None, "lease_token": None,
              "error_code": None, "error_message": None, "failed_at": None},
        where=_stale(),
    ).returning(Demand.k)
    return session.scalar(statement) is not None


def look(session: Session, video_id: str, rendition: str, k: int) -> Demand | None:
    """The demand as it stands, or None: rendered, or never asked for. `failed_at` is set when it failed."""
    return session.get(Demand, (video_id, rendition, k), populate_existing=True)


def claim(session: Session, video_id: str, rendition: str, k: int, owner: str,
          lease_s: float) -> DemandLease | None:
    """Take the demand, unless somebody works on it, it is gone or failed, or the video is deleted.

    One that killed its worker MAX_ATTEMPTS times becomes failed.
    """
    token = secrets.token_hex(16)
    free = and_(Demand.failed_at.is_(None), or_(Demand.lease_until.is_(None), Demand.lease_until < now()))
    taken = session.scalar(
        update(Demand).where(_is(video_id, rendition, k), free, Demand.attempt < MAX_ATTEMPTS, _video_lives())
        .values(lease_until=now() + lease_s, lease_owner=owner, lease_token=token, attempt=Demand.attempt + 1)
        .returning(Demand.k).execution_options(synchronize_session=False))
    if taken is not None:
        return DemandLease(video_id, rendition, k, token)
    session.execute(
        update(Demand).where(_is(video_id, rendition, k), free, Demand.attempt >= MAX_ATTEMPTS)
        .values(failed_at=now(), error_code="worker_lost", attempt=0, lease_until=None, lease_owner=None,
                lease_token=None, error_message="This part of the video could not be prepared.")
        .execution_options(synchronize_session=False))
    return None


def extend(session: Session, lease: DemandLease, lease_s: float) -> bool:
    """Keep the lease for another `lease_s`. False when it is lost or the video was deleted."""
    return _changed(session, update(Demand).where(_held(lease), _video_lives())
                    .values(lease_until=now() + lease_s))


def done(session: Session, lease: DemandLease) -> bool:
    """The cell is stored: forget the demand. False when the lease was lost (the cell is stored all the same)."""
    return _changed(session, delete(Demand).where(_held(lease)))


def failed(session: Session, lease: DemandLease, error: LecternError) -> bool:
    """The cell can not be rendered: keep the reason for those who wait. False when the lease was lost."""
    return _changed(session, update(Demand).where(_held(lease)).values(
        failed_at=now(), error_code=error.code, error_message=error.message, attempt=0,
        lease_until=None, lease_owner=None, lease_token=None))


def release(session: Session, lease: DemandLease) -> bool:
    """Give the demand back untried: the worker is asked to end."""
    return _changed(session, update(Demand).where(_held(lease)).values(
        lease_until=None, lease_owner=None, lease_token=None, attempt=Demand.attempt - 1, rung_at=0.0))


def release_owner(session: Session, owner: str) -> None:
    """Free at once what a process held that is known to be dead; `sweep` rings for it."""
    session.execute(update(Demand).where(Demand.lease_owner == owner)
                    .values(lease_until=None, lease_owner=None, lease_token=None, rung_at=0.0)
                    .execution_options(synchronize_session=False))


def owners(session: Session) -> set[str]:
    """Who holds a lease now."""
    return {o for o in session.scalars(select(Demand.lease_owner).distinct()) if o}


def sweep(session: Session) -> list[Ring]:
    """Forget old failures and viewers who left; the demands whose ring or worker was lost, to ring again."""
    leased = and_(Demand.lease_until.is_not(None), Demand.lease_until >= now())
    session.execute(delete(Demand).where(_untouched(or_(
        Demand.failed_at < now() - FAILED_KEPT_S,
        and_(Demand.wanted_at < now() - FORGOTTEN_S, ~leased),
    ))).execution_options(synchronize_session=False))
    rows = session.execute(
        update(Demand).where(_untouched(and_(Demand.failed_at.is_(None), _stale()))).values(rung_at=now())
        .returning(Demand.video_id, Demand.rendition, Demand.k)
        .execution_options(synchronize_session=False)).all()
    return [Ring(row.video_id, row.rendition, row.k) for row in rows]


def _is(video_id: str, rendition: str, k: int) -> ColumnElement[bool]:
    return and_(Demand.video_id == video_id, Demand.rendition == rendition, Demand.k == k)


def _held(lease: DemandLease) -> ColumnElement[bool]:
    return and_(_is(lease.video_id, lease.rendition, lease.k), Demand.lease_token == lease.token)


def _untouched(where: ColumnElement[bool]) -> ColumnElement[bool]:
    """Rows for which this holds and that no other transaction has in hand: sweepers do not wait for each other."""
    key = (Demand.video_id, Demand.rendition, Demand.k)
    return tuple_(*key).in_(select(*key).where(where).with_for_update(skip_locked=True))


def _stale() -> ColumnElement[bool]:
    """Nobody works on it, and ringing (again) can help."""
    return or_(
        Demand.failed_at < now() - FAILED_KEPT_S,
        and_(Demand.failed_at.is_(None), Demand.lease_until.is_(None), Demand.rung_at < now() - RING_AGAIN_S),
        and_(Demand.failed_at.is_(None), Demand.lease_until < now()),
    )


def in_hand() -> Select[str]:
    """The ids of videos that a worker may be writing a cell of: its lease lasts."""
    return select(Demand.video_id).where(Demand.lease_until >= now())


def _video_lives() -> ColumnElement[bool]:
    return exists().where(Video.id == Demand.video_id, Video.deleted_at.is_(None))


def _changed(session: Session, statement: object) -> bool:
    result = session.execute(statement.execution_options(synchronize_session=False))  # type: ignore[attr-defined]
    assert isinstance(result, CursorResult)
    return result.rowcount == 1
