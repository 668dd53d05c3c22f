"""/api/v1/live-streams: make, list, look at, change and delete them, make another key, end what is live."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Request
from sqlalchemy.orm import Session
from starlette.responses import JSONResponse, Response

from infra.core.errors import Conflict, Unavailable
from infra.core.live import LiveProfile
from infra.db import live
from infra.db.live import Doors
from infra.db.live_models import LiveSessionRow, LiveStream
from infra.db.models import Video
from player_api import cursors, idempotency, shapes
from player_api.catalogue import rfc3339
from player_api.keys import Principal
from player_api.live import asking
from player_api.live.shapes import LiveStreamChanges, LiveStreamPage, LiveStreamShape, NewLiveStream
from player_api.live.viewers import viewers
from player_api.services import Services

SESSIONS = 20  # shown of one stream
_OFF = "Live is switched off here (LECTERN_LIVE)."
_AWAY = "The live process does not answer just now. Try again in a moment."


def router(services: Services, creator: Callable[..., Any]) -> APIRouter:
    """The routes; `creator` is the dependency that names who asks."""
    routes = APIRouter(prefix="/live-streams", tags=["live"])
    who_asks = Depends(creator)

    def one(session: Session, stream: LiveStream, host: str, key: str | None = None) -> dict[str, Any]:
        sessions = live.sessions_of(session, [stream.id], SESSIONS)
        return _described(stream, sessions, live.doors(session), services.settings.live_public_host or host, key)

    def with_audience(body: dict[str, Any], *, health: bool = False) -> dict[str, Any]:
        """Who watches, and how it does; neither is in the database of streams."""
        current = body["current"]
        if current is None:
            return body
        current = current | {"viewers": viewers(services, current["video_id"])}
        if health:
            current["health"] = asking.health(services.database, current["id"])
            current["captions"] = asking.captions(services.database, current["id"])
        rest = [line for line in body["sessions"] if line["id"] != current["id"]]
        return body | {"current": current, "sessions": [current, *rest] if body["sessions"] else []}

    @routes.post("", status_code=201, summary="Make a live stream", response_model=LiveStreamShape,
                 responses=shapes.problems(409, 503))
    def make(wanted: NewLiveStream, request: Request, who: Principal = who_asks,
             idempotency_key: Annotated[str | None, Header(max_length=255)] = None) -> Response:
        """The answer has the stream key, which is not shown again. 409 `live_off`: this server takes no live streams,
        and says why. Sent again with the same Idempotency-Key, the answer has no key.
        """
        keys: list[str] = []

        def answer() -> dict[str, Any]:
            with services.database.write() as session:
                _check_open(live.doors(session), services.settings.live)
                stream, key = live.add_stream(session, who.organization_id, wanted.name, wanted.language or None,
                                              wanted.profile)
                keys.append(key)
                return one(session, stream, _host(request))

        digest = hashlib.sha256(f"live {wanted.model_dump_json()}".encode()).hexdigest()
        body = idempotency.once(services.database, who.organization_id, idempotency_key, digest, answer)
        if keys:  # not kept with the answer: it is stored nowhere
            body = _with_key(body, keys[0])
        return JSONResponse(body, 201, {"Location": f"/api/v1/live-streams/{body['id']}", "Cache-Control": "no-store"})

    @routes.get("", summary="Live streams, newest first", response_model=LiveStreamPage)
    def listing(request: Request, who: Principal = who_asks, limit: Annotated[int, Query(ge=1, le=100)] = 50,
                cursor: Annotated[str | None, Query(max_length=200)] = None) -> dict[str, Any]:
        before = cursors.decode(cursor) if cursor else None
        with services.database.read() as session:
            found = list(live.list_streams(session, who.organization_id, limit + 1, before))
            shown, more = found[:limit], len(found) > limit
            open_now = {row.stream_id: (row, video) for row, video in live.open_of(session, [one.id for one in shown])}
            doors = live.doors(session)
            host = services.settings.live_public_host or _host(request)
            items = [_described(stream, [open_now[stream.id]] if stream.id in open_now else [], doors, host, None) | {
                "sessions": []} for stream in shown]
        items = [with_audience(item) for item in items]
        return {"items": items, "open": bool(services.settings.live and doors and doors.ports),
                "problems": _problems(doors, services.settings.live),
                "next_cursor": cursors.encode(shown[-1].created_at, shown[-1].id) if more else None}

    @routes.get("/{stream_id}", summary="A live stream, and its sessions", response_model=LiveStreamShape,
                responses=shapes.problems(404))
    def look(stream_id: str, request: Request, response: Response, who: Principal = who_asks) -> dict[str, Any]:
        response.headers["Cache-Control"] = "no-store"
        with services.database.read() as session:
            body = one(session, live.get_stream(session, who.organization_id, stream_id), _host(request))
        return with_audience(body, health=True)

    @routes.patch("/{stream_id}", summary="Change a live stream", response_model=LiveStreamShape,
                  responses=shapes.problems(404))
    def change(stream_id: str, changes: LiveStreamChanges, request: Request, who: Principal = who_asks) -> dict[str, Any]:
        """Holds from the next session on; the video of this one is changed by `PATCH /videos/{id}`."""
        with services.database.write() as session:
            stream = live.get_stream(session, who.organization_id, stream_id)
            stream.name = changes.name or stream.name
            if "language" in changes.model_fields_set:
                stream.language = changes.language or None
            stream.profile = str(changes.profile or LiveProfile(stream.profile))
            stream.updated_at = live.clock(session)
            session.flush()
            return one(session, stream, _host(request))

    @routes.delete("/{stream_id}", status_code=204, summary="Delete a live stream", responses=shapes.problems(404, 503))
    def delete(stream_id: str, who: Principal = who_asks) -> Response:
        """Ends what is live, within seconds. The videos of its sessions stay."""
        with services.database.write() as session:
            stream = live.get_stream(session, who.organization_id, stream_id)
            open_session = stream.open_session_id
            stream.deleted_at = live.clock(session)
        if open_session is not None:
            asking.tell(services.database, open_session, f"/sessions/{open_session}/end")
        return Response(status_code=204)

    @routes.post("/{stream_id}/rotate-key", summary="Make another key", response_model=LiveStreamShape,
                 responses=shapes.problems(404))
    def rotate(stream_id: str, request: Request, response: Response, who: Principal = who_asks) -> dict[str, Any]:
        """The key before is worthless from now on, and who publishes with it is cut off. With the new one the session
        goes on, if that comes within 30 s.
        """
        response.headers["Cache-Control"] = "no-store"
        with services.database.write() as session:
            stream = live.get_stream(session, who.organization_id, stream_id)
            key = live.rotate_key(session, stream)
            open_session = stream.open_session_id
            body = one(session, stream, _host(request), key)
        if open_session is not None:
            asking.tell(services.database, open_session, f"/streams/{stream_id}/drop")
        return body

    @routes.post("/{stream_id}/end", summary="End what is live", response_model=LiveStreamShape,
                 responses=shapes.problems(404, 409, 503))
    def end(stream_id: str, request: Request, who: Principal = who_asks) -> dict[str, Any]:
        """At once, without the 30 s in which a publisher may come back. Encoders that try again by themselves are refused
        for 30 s. 409 `not_live`: nobody publishes.
        """
        with services.database.read() as session:
            open_session = live.get_stream(session, who.organization_id, stream_id).open_session_id
        if open_session is None:
            raise Conflict("not_live", "Nobody publishes to this stream.")
        if not asking.tell(services.database, open_session, f"/sessions/{open_session}/end"):
            raise Unavailable("live_away", _AWAY)
        with services.database.read() as session:
            return one(session, live.get_stream(session, who.organization_id, stream_id), _host(request))

    return routes


def _check_open(doors: Doors | None, wanted: bool) -> None:
    """Raises Conflict `live_off` with the way out, or Unavailable while the live process starts."""
    if not wanted:
        raise Conflict("live_off", _OFF)
    if doors is None or not (doors.ports or doors.problems):
        raise Unavailable("live_away", _AWAY)
    if not doors.ports:
        raise Conflict("live_off", " ".join(["This server takes no live streams.", *_problems(doors, wanted)]))


def _problems(doors: Doors | None, wanted: bool) -> list[str]:
    if not wanted:
        return [_OFF]
    if doors is None or not (doors.ports or doors.problems):
        return [_AWAY]
    return [f"{why.rstrip('.')}." for why in doors.problems.values()]


def _host(request: Request) -> str:
    name = request.url.hostname or "127.0.0.1"
    return f"[{name}]" if ":" in name else name


def _described(stream: LiveStream, sessions: Sequence[tuple[LiveSessionRow, Video]], doors: Doors | None, host: str,
               key: str | None) -> dict[str, Any]:
    lines = [_session(row, video) for row, video in sessions]
    current = next((line for line in lines if line["state"] in live.OPEN), None)
    body = {
        "id": stream.id, "name": stream.name, "language": stream.language, "profile": stream.profile,
        "state": current["state"] if current else "idle", "stream_key": None,
        "key_made_at": rfc3339(stream.key_made_at), "servers": _servers(doors, host), "refused": _refused(stream),
        "current": current, "sessions": lines,
        "created_at": rfc3339(stream.created_at), "updated_at": rfc3339(stream.updated_at),
    }
    return _with_key(body, key) if key else body


def _refused(stream: LiveStream) -> dict[str, Any] | None:
    if stream.refused_at is None:
        return None
    return {"code": stream.refused_code, "message": stream.refused_message, "at": rfc3339(stream.refused_at)}


def _servers(doors: Doors | None, host: str) -> list[dict[str, Any]]:
    urls = {"rtmp": "rtmp://{host}:{port}/live", "srt": "srt://{host}:{port}?streamid=publish:live/STREAM_KEY"}
    return [{"protocol": protocol, "url": urls[protocol].format(host=host, port=port), "stream_key": None}
            for protocol, port in sorted(doors.ports.items())] if doors else []


def _with_key(body: dict[str, Any], key: str) -> dict[str, Any]:
    servers = [server | {"url": server["url"].replace("STREAM_KEY", key), "stream_key": key} for server in body["servers"]]
    return body | {"stream_key": key, "servers": servers}


def _session(row: LiveSessionRow, video: Video) -> dict[str, Any]:
    failed = {"code": row.reason_code, "message": row.reason_message} if row.reason_code else None
    return {
        "id": row.id, "state": row.state, "protocol": row.protocol, "video_id": video.id, "playback_id": video.playback_id,
        "watch_url": f"/watch/{video.playback_id}", "playlist_url": f"/play/{video.playback_id}/master.m3u8",
        "viewers": None, "health": None, "captions": None, "error": failed, "started_at": rfc3339(row.started_at),
        "interrupted_at": rfc3339(row.interrupted_at) if row.interrupted_at else None,
        "ended_at": rfc3339(row.ended_at) if row.ended_at else None,
    }
