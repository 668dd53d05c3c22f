"""/api/v1/live-streams/{id}/markers: moments that a lecturer marks while it is live. Chapters begin there."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Depends
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from infra.core.errors import Conflict, NotFound, Rejected
from infra.core.live import LiveState
from infra.db import live, live_markers
from infra.db.live_models import LiveMarker, LiveSessionRow
from infra.db.models import Video
from player_api import chapters, shapes
from player_api.catalogue import rfc3339
from player_api.keys import Principal
from player_api.live.edge import LiveEdge
from player_api.live.shapes import LiveMarkerChanges, LiveMarkerList, LiveMarkerShape, NewLiveMarker
from player_api.services import Services
from transcode.live.channel import Channel

MOST = chapters.MOST - 1  # one more begins at 0
_EARLY_S = 5.0  # a clock may be ahead of ours by so much


def router(services: Services, edge: LiveEdge, creator: Callable[..., Any]) -> APIRouter:
    """The routes; `creator` is the dependency that names who asks."""
    routes = APIRouter(prefix="/live-streams/{stream_id}/markers", tags=["live"])
    who_asks = Depends(creator)

    @routes.post("", status_code=201, summary="Mark a moment of what is live", response_model=LiveMarkerShape,
                 responses=shapes.problems(404, 409, 503))
    async def mark(stream_id: str, wanted: NewLiveMarker, who: Principal = who_asks) -> dict[str, Any]:
        """Without `at` it is now. When the lecture has become a recording, a chapter begins there: as one that somebody
        set, which no found one replaces. 409 `not_live`: nobody publishes.
        """
        now_s = time.time()
        current, video = await run_in_threadpool(_current, services, who, stream_id)
        at = wanted.at.timestamp() if wanted.at else now_s
        if at > now_s + _EARLY_S or at < current.started_at - _EARLY_S:
            raise Rejected("bad_moment", f"`at` has to lie between the beginning of what is live "
                           f"({rfc3339(current.started_at)}) and now ({rfc3339(now_s)}).")
        at_s = await _position(edge, current, video, at)
        return await run_in_threadpool(_add, services, who, current.id, wanted.title, at, at_s)

    @routes.get("", summary="Marked moments of what is live, or of a session", response_model=LiveMarkerList,
                responses=shapes.problems(404))
    def listing(stream_id: str, session_id: str | None = None, who: Principal = who_asks) -> dict[str, Any]:
        """Of the session that is live, or was last. `session_id`: of another one of this stream."""
        with services.database.read() as session:
            stream = live.get_stream(session, who.organization_id, stream_id)
            if session_id is None:
                last = live.sessions_of(session, [stream.id], 1)
                return {"items": [_shown(one) for one in live_markers.of_session(session, last[0][0].id)] if last else []}
            found = session.get(LiveSessionRow, session_id)
            if found is None or found.stream_id != stream.id:
                raise NotFound("live_session_not_found", "This stream has no such session.")
            return {"items": [_shown(one) for one in live_markers.of_session(session, found.id)]}

    @routes.patch("/{marker_id}", summary="Name a marked moment", response_model=LiveMarkerShape,
                  responses=shapes.problems(404, 409))
    def change(stream_id: str, marker_id: str, changes: LiveMarkerChanges, who: Principal = who_asks) -> dict[str, Any]:
        """As long as it is live; afterwards there are chapters to be edited."""
        with services.database.write() as session:
            marker = live_markers.get(session, _open(session, who, stream_id)[0].id, marker_id)
            marker.title = changes.title
            session.flush()
            return _shown(marker)

    @routes.delete("/{marker_id}", status_code=204, summary="Delete a marked moment", responses=shapes.problems(404, 409))
    def delete(stream_id: str, marker_id: str, who: Principal = who_asks) -> Response:
        """As long as it is live; afterwards there are chapters to be edited."""
        with services.database.write() as session:
            session.delete(live_markers.get(session, _open(session, who, stream_id)[0].id, marker_id))
        return Response(status_code=204)

    return routes


def _current(services: Services, who: Principal, stream_id: str) -> tuple[LiveSessionRow, Video]:
    with services.database.read() as session:
        return _open(session, who, stream_id)


def _open(session: Session, who: Principal, stream_id: str) -> tuple[LiveSessionRow, Video]:
    """The session that is not over. Raises Conflict(not_live)."""
    found = live.open_of(session, [live.get_stream(session, who.organization_id, stream_id).id])
    if not found:
        raise Conflict("not_live", "Nobody publishes to this stream: there is nothing to mark. What is over has chapters.")
    return found[0]


async def _position(edge: LiveEdge, current: LiveSessionRow, video: Video, at: float) -> float:
    """Where the moment is on the session's time line."""
    channel: Channel | None = None
    if current.state != LiveState.WAITING:
        with contextlib.suppress(NotFound):  # no picture yet, or nobody may see it
            channel = (await edge.session(video.playback_id)).channel
    if channel is None:
        return max(0.0, at - current.started_at)
    at_s = channel.at_s(at)
    return min(at_s, channel.known_s) if current.state == LiveState.INTERRUPTED else at_s


def _add(services: Services, who: Principal, session_id: str, title: str, at: float, at_s: float) -> dict[str, Any]:
    with services.database.write() as session:
        if live_markers.count(session, session_id) >= MOST:
            raise Conflict("too_many_markers", f"At most {MOST} moments can be marked: delete some of them.")
        return _shown(live_markers.add(session, session_id, who.key_id, title, at, round(at_s, 3)))


def _shown(marker: LiveMarker) -> dict[str, Any]:
    return {"id": marker.id, "session_id": marker.session_id, "title": marker.title, "at": rfc3339(marker.at),
            "at_s": marker.at_s}
