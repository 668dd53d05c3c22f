"""Who watches something live now, by what players tell: no cache in front of the playlists hides any of them."""

from __future__ import annotations

import time

from infra.core.errors import LecternError
from infra.db import audience, inbox
from player_api.analytics.kinds import UNCOUNTED
from player_api.analytics.live_tail import APART_MS, KINDS
from player_api.services import Services


def viewers(services: Services, video_id: str) -> int | None:
    """Who watched this video within the last 30 s, whichever web process they told; None: not known now."""
    try:
        with services.database.read() as session:
            watched = audience.find(session, video_id)
        if watched is None:
            return 0
        since_ms = time.time_ns() // 1_000_000 - APART_MS
        with services.events.read() as session:
            return inbox.viewers(session.connection(), watched.number, since_ms, KINDS, UNCOUNTED)
    except LecternError:
        return None
