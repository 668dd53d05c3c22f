"""Videos that search does not know yet."""

from __future__ import annotations

from sqlalchemy import exists, select

from infra.core.search_index import Kind
from infra.db.models import PassageBlock, Video
from infra.db.session import Database
from player_api import captions, catalogue


def catch_up(database: Database, limit: int = 20) -> None:
    """Index a few of the videos that search has never heard of, as those are from before there was search."""
    with database.read() as session:
        unknown = session.scalars(select(Video.id).where(Video.deleted_at.is_(None), ~exists().where(
            PassageBlock.video_id == Video.id, PassageBlock.kind == Kind.TITLE)).limit(limit)).all()
    for video_id in unknown:
        with database.write() as session:
            video = session.get(Video, video_id)
            if video is not None and video.deleted_at is None:
                catalogue.index_title(session, video)
                captions.index_speech(session, video)
