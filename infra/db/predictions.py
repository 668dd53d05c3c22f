"""Rows of what is foretold about leaving: the parts of videos, and the law of each organization. What they mean is not
known here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session

from infra.db.audience_models import Audience, LeavingLaw, VideoParts
from infra.db.models import Video
from infra.db.session import insert_into, now

_FEW = 500  # values in one IN list


def save_parts(session: Session, video: Video, length_s: int, parts: dict[str, Any]) -> None:
    """Keep the parts of a video, in the place of those before."""
    insert = insert_into(session, VideoParts.__table__).values(video_id=video.id, length_s=length_s, parts=parts)
    session.execute(insert.on_conflict_do_update(index_elements=["video_id"], set_={
        "length_s": insert.excluded.length_s, "parts": insert.excluded.parts}))


def parts(session: Session, video_ids: Sequence[str]) -> dict[str, VideoParts]:
    """The parts of those of these videos that have any."""
    found: dict[str, VideoParts] = {}
    for at in range(0, len(video_ids), _FEW):
        found |= {one.video_id: one for one in session.scalars(
            select(VideoParts).where(VideoParts.video_id.in_(video_ids[at:at + _FEW])))}
    return found


def law(session: Session, organization_id: str) -> dict[str, Any] | None:
    """What was fitted last, if anything was."""
    return session.scalar(select(LeavingLaw.fitted).where(LeavingLaw.organization_id == organization_id))


def due(session: Session, every_s: float) -> dict[str, int]:
    """The organizations whose videos were watched since their law was made, and nobody has tried for `every_s`; with the id
    of the newest event that is counted."""
    newest = func.max(Audience.counted_id)
    return {row.organization_id: row.newest for row in session.execute(
        select(Audience.organization_id, newest.label("newest"))
        .outerjoin(LeavingLaw, LeavingLaw.organization_id == Audience.organization_id)
        .where(or_(LeavingLaw.tried_at.is_(None), LeavingLaw.tried_at < now() - every_s))
        .group_by(Audience.organization_id, LeavingLaw.counted_id)
        .having(newest > func.coalesce(LeavingLaw.counted_id, 0)))}


def claim(session: Session, organization_id: str, every_s: float) -> bool:
    """Begin to make a law, unless somebody else has begun within `every_s`. Who is killed leaves it to the next round."""
    insert = insert_into(session, LeavingLaw.__table__).values(organization_id=organization_id, tried_at=now(), counted_id=0)
    return session.scalar(insert.on_conflict_do_update(
        index_elements=["organization_id"], set_={"tried_at": insert.excluded.tried_at},
        where=LeavingLaw.tried_at < now() - every_s).returning(LeavingLaw.organization_id)) is not None


def save_law(session: Session, organization_id: str, counted_id: int, fitted: dict[str, Any]) -> None:
    """Keep what was fitted to all events up to this one."""
    session.execute(update(LeavingLaw).where(LeavingLaw.organization_id == organization_id)
                    .values(counted_id=counted_id, fitted=fitted))


def outdate(session: Session, organization_id: str) -> None:
    """Have the law made anew in the next round: what it is made of has changed without an event."""
    session.execute(update(LeavingLaw).where(LeavingLaw.organization_id == organization_id).values(counted_id=0))
