"""What the live process answers, on a port of this machine.

    POST /rtmp/{secret}/publish|publish-done|play     nginx asks whether somebody may
    POST /mediamtx/{secret}/auth                      so does MediaMTX
    POST /sessions/{id}/end                           the web process: its owner ends it
    POST /streams/{id}/drop                           the web process: its key is another now
    GET  /healthz
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Body, FastAPI, Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from ingest.live.mediamtx import MediaMtx
from ingest.live.nginx_rtmp import NginxRtmp
from ingest.live.port import LiveIngest
from ingest.live.sessions import Sessions
from player_api import problems

_MOST_BYTES = 1 << 16  # of a call of nginx


def live_app(sessions: Sessions, ways: Sequence[LiveIngest], more: Sequence[APIRouter], knows: Callable[[str], bool]
             ) -> FastAPI:
    """The application; `knows` says whether a secret is the process's. `more`: what web processes read."""
    rtmp = next((way for way in ways if isinstance(way, NginxRtmp)), None)
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    problems.install(app)
    app.add_middleware(_Asks, knows=knows)
    for router in more:
        app.include_router(router)

    @app.post("/rtmp/{secret}/{what}")
    async def rtmp_called(secret: str, what: str, request: Request) -> Response:
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > _MOST_BYTES:
                return Response(status_code=413)
        if rtmp is None or not knows(secret):
            return Response(status_code=403)
        status, location = await rtmp.called(what, body.decode(errors="replace"))
        return Response(status_code=status, headers={"Location": location} if location else None)

    @app.post("/mediamtx/{secret}/auth")
    async def mediamtx_asks(secret: str, question: Annotated[dict[str, Any], Body()]) -> Response:
        way = next((way for way in ways if isinstance(way, MediaMtx) and way.is_asked(secret, question)), None)
        return Response(status_code=204 if way is not None and await way.asked(question) else 401)

    @app.post("/sessions/{session_id}/end")
    async def end(session_id: str) -> Response:
        return Response(status_code=204 if await sessions.end(session_id) else 404)

    @app.post("/streams/{stream_id}/drop")
    async def drop(stream_id: str) -> Response:
        return Response(status_code=204 if await sessions.drop_publisher(stream_id) else 404)

    @app.get("/healthz")
    async def healthz() -> Response:
        return JSONResponse({"status": "ok"})

    return app


class _Asks:
    """Nothing is answered without the secret, but that we live; nginx and MediaMTX send one in the path."""

    def __init__(self, app: ASGIApp, knows: Callable[[str], bool]) -> None:
        self._app, self._knows = app, knows

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        open_to_all = ("/healthz", "/rtmp/", "/mediamtx/")
        if scope["type"] == "http" and not scope["path"].startswith(open_to_all):
            sent = dict(scope["headers"]).get(b"authorization", b"").decode("latin-1")
            if not self._knows(sent.removeprefix("Bearer ")):
                await Response(status_code=401)(scope, receive, send)
                return
        await self._app(scope, receive, send)
