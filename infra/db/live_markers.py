"""Rows of the moments that lecturers mark while they are live."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from infra.core.errors import NotFound
from infra.core.ids import new_id
from infra.db.live_models import LiveMarker, LiveSessionRow


def add(session: Session, session_id: str, key_id: str, title: str, at: float, at_s: float) -> LiveMarker:
    """Mark the second `at_s` of this session."""
    marker = LiveMarker(id=new_id("lm"), session_id=session_id, key_id=key_id, title=title, at=at, at_s=at_s)
    session.add(marker)
    session.flush()
    return marker


def count(session: Session, session_id: str) -> int:
    """How many moments of this session are marked."""
    return session.scalar(select(func.count()).where(LiveMarker.session_id == session_id)) or 0


def of_session(session: Session, session_id: str) -> Sequence[LiveMarker]:
    """The markers of a session, in the order of its time line."""
    return session.scalars(select(LiveMarker).where(LiveMarker.session_id == session_id)
                           .order_by(LiveMarker.at_s, LiveMarker.at, LiveMarker.id)).all()


def of_video(session: Session, video_id: str) -> Sequence[LiveMarker]:
    """The markers of the session that this video was, in the order of its time line."""
    return session.scalars(select(LiveMarker).join(LiveSessionRow, LiveSessionRow.id == LiveMarker.session_id)
                           .where(LiveSessionRow.video_id == video_id)
                           .order_by(LiveMarker.at_s, LiveMarker.at, LiveMarker.id)).all()


def get(session: Session, session_id: str, marker_id: str) -> LiveMarker:
    """Raises NotFound, also for a marker of another session."""
    marker = session.get(LiveMarker, marker_id)
    if marker is None or marker.session_id != session_id:
        raise NotFound("live_marker_not_found", "What is live now has no such marker.")
    return marker
