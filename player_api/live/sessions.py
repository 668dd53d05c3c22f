"""Which live session a playback id means, from the database."""

from __future__ import annotations

from collections.abc import Callable

from infra.core.ids import is_id
from infra.db import live
from infra.db.session import Database
from player_api.live.edge import Whereabouts


def located_in(database: Database) -> Callable[[str], Whereabouts | None]:
    """A `locate` for `LiveEdge`. It blocks, and raises LecternError when the database is away."""

    def locate(playback_id: str) -> Whereabouts | None:
        if not is_id(playback_id):
            return None
        with database.read() as session:
            found = live.find_by_playback(session, playback_id)
        if found is None:
            return None
        where = Whereabouts(found.organization_id, found.video_id, over=found.state not in live.OPEN)
        if found.address is None:
            return where
        return Whereabouts(where.organization_id, where.video_id, where.over, found.address.url, found.address.secret)

    return locate
