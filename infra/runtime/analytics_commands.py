"""`lectern analytics`: what an operator does to the counters of viewing."""

from __future__ import annotations

from sqlalchemy import select

from infra.core.errors import NotFound
from infra.core.settings import Settings
from infra.db.audience_models import Audience
from infra.db.inbox import open_inbox
from infra.db.migrate import upgrade
from infra.db.session import Database, url_of
from player_api.analytics.rollup import rebuild


def rebuild_all(settings: Settings, video_id: str | None) -> tuple[int, list[str]]:
    """Make the counters of one video, or of all, anew of their events: of how many, and the ids of those that were left as
    they are, because some of their events are deleted. Lectern may run meanwhile. Raises NotFound."""
    database = Database(url_of(settings), settings.database_pool)
    events = open_inbox(database)
    try:
        upgrade(database)
        upgrade(events)
        query = select(Audience.number, Audience.video_id).order_by(Audience.video_id)
        with database.read() as session:
            found = session.execute(query if video_id is None else query.where(Audience.video_id == video_id)).all()
        if video_id is not None and not found:
            raise NotFound("video_not_found", f"Nobody has watched a video {video_id} yet, or there is none.")
        left = [name for number, name in found if not rebuild(database, events, number)]
        return len(found) - len(left), left
    finally:
        events.dispose()
        database.dispose()
