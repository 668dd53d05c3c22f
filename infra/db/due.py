"""Which ready steps to ring for next: fair between organizations, and never far ahead of the workers.

A queue is first in, first out, so whoever rings for a thousand rows at once makes everybody else wait for
them. Only a few more rows are rung than are running; the rest stay in the table, where the next one can
still be chosen. The choice: the organization with the least in flight first, its oldest row first.

The cost does not grow with the number of rows that wait: every query here is a short walk of an index.
"""

from __future__ import annotations

import heapq
from collections import Counter
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, literal, or_, select, update
from sqlalchemy.orm import Session

from infra.db.models import Step, StepState, Video
from infra.db.session import now

RING_AGAIN_S = 30.0  # a ring that nobody answered for this long was lost
AHEAD = 4  # rows rung ahead when nothing runs yet: enough to keep four workers busy at once


@dataclass(frozen=True, slots=True)
class Ring:
    """A row to ring for."""

    step_id: str
    video_id: str
    step: str
    key: str


def due(session: Session, queue: str, limit: int, ring_again_s: float = RING_AGAIN_S) -> list[Ring]:
    """Mark the rows to ring for now, and return them. At most `limit` rows are rung or running afterwards.

    What was rung more than `ring_again_s` ago and has not started is rung again.
    """
    running = _count(session, Step.queue == queue, Step.state == StepState.RUNNING)
    rung = _count(session, Step.queue == queue, Step.state == StepState.READY,
                  Step.rung_at > now() - ring_again_s)
    active, ahead = running.total(), rung.total()
    room = min(limit - active, max(AHEAD, active)) - ahead
    if room <= 0:
        return []
    ids = _choose(session, queue, room, running + rung, ring_again_s)
    if not ids:
        return []
    # PostgreSQL: two processes may choose the same rows at the same time. Only one rings for them, and the other does
    # not wait for its transaction to end.
    free = (select(Step.id).where(Step.id.in_(ids), Step.state == StepState.READY, _unanswered(ring_again_s))
            .with_for_update(skip_locked=True))
    rows = session.execute(
        update(Step).where(Step.id.in_(free)).values(rung_at=now())
        .returning(Step.id, Step.video_id, Step.step, Step.key)
        .execution_options(synchronize_session=False)).all()
    order = {step_id: i for i, step_id in enumerate(ids)}
    rings = [Ring(r.id, r.video_id, r.step, r.key) for r in rows]
    return sorted(rings, key=lambda ring: order[ring.step_id])


def unring(session: Session, step_ids: list[str]) -> None:
    """The broker did not take these rings: they are due again at once."""
    session.execute(update(Step).where(Step.id.in_(step_ids), Step.state == StepState.READY)
                    .values(rung_at=None).execution_options(synchronize_session=False))


def unring_queue(session: Session, queue: str) -> None:
    """A worker of this queue died with rings in its hands: ring again for what has not started."""
    session.execute(update(Step).where(Step.queue == queue, Step.state == StepState.READY,
                                       Step.rung_at.is_not(None))
                    .values(rung_at=None).execution_options(synchronize_session=False))


def _choose(session: Session, queue: str, room: int, in_flight: Counter[str], ring_again_s: float) -> list[str]:
    """Deal `room` places: each goes to the organization that has the fewest by then; its oldest row first."""
    waiting = {organization: _oldest(session, queue, organization, room, ring_again_s)
               for organization in _organizations(session, queue)}
    heap = [(in_flight[organization], rows[0][1], organization, 0)
            for organization, rows in waiting.items() if rows]
    heapq.heapify(heap)
    chosen: list[str] = []
    while heap and len(chosen) < room:
        has, _, organization, i = heapq.heappop(heap)
        rows = waiting[organization]
        chosen.append(rows[i][0])
        if i + 1 < len(rows):
            heapq.heappush(heap, (has + 1, rows[i + 1][1], organization, i + 1))
    return chosen


def _organizations(session: Session, queue: str) -> list[str]:
    """Who has ready rows. DISTINCT would read them all; this jumps from one organization to the next."""
    ready = (Step.queue == queue, Step.state == StepState.READY)
    found = select(func.min(Step.organization_id).label("id")).where(*ready).cte("found", recursive=True)
    following = (select(func.min(Step.organization_id)).where(*ready, Step.organization_id > found.c.id)
                 .correlate(found).scalar_subquery())
    found = found.union_all(select(following).where(found.c.id.is_not(None)))
    return list(session.scalars(select(found.c.id).where(found.c.id.is_not(None))))


def _oldest(session: Session, queue: str, organization: str, limit: int,
            ring_again_s: float) -> list[tuple[str, float]]:
    rows = session.execute(
        select(Step.id, Step.created_at).join(Video, Video.id == Step.video_id)
        .where(Step.queue == queue, Step.state == StepState.READY, Step.organization_id == organization,
               Step.not_before <= now(), _unanswered(ring_again_s), Video.deleted_at.is_(None))
        .order_by(Step.created_at).limit(limit))
    return [(row.id, row.created_at) for row in rows]


def _unanswered(ring_again_s: float) -> ColumnElement[bool]:
    return or_(Step.rung_at.is_(None), Step.rung_at <= now() - literal(ring_again_s))


def _count(session: Session, *where: ColumnElement[bool]) -> Counter[str]:
    """Rows per organization."""
    rows = session.execute(select(Step.organization_id, func.count()).where(*where)
                           .group_by(Step.organization_id)).all()
    return Counter({organization: count for organization, count in rows})  # noqa: C416 - rows are no tuples
