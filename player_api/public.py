"""Which videos everybody may see, by the id in their public addresses."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from infra.core.errors import NotFound
from infra.core.ids import is_id
from infra.db.models import PUBLIC, Video


def find(session: Session, playback_id: str) -> Video:
    """The video of a public address. Raises NotFound where there is none, also where it is private or was removed: who
    asks may not learn which.
    """
    video = session.scalar(
        select(Video).where(Video.playback_id == playback_id, Video.visibility == PUBLIC, Video.deleted_at.is_(None))
    ) if is_id(playback_id) else None
    if video is None:
        raise NotFound("video_not_found", "There is no such video. The link may be wrong, or it was removed.")
    return video
