"""What web processes are told of a live session: its feed, one stream of `transcode.live.messages`, and its health."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import JSONResponse, Response, StreamingResponse

from infra.core.errors import NotFound
from transcode.live.packager import LivePackager


def routes(packager: LivePackager) -> APIRouter:
    """GET /feed/{playback_id}, which never ends before the session does, and GET /sessions/{id}/health and /captions."""
    router = APIRouter()

    @router.get("/feed/{playback_id}")
    async def feed(playback_id: str) -> Response:
        messages = packager.follow(playback_id)
        if messages is None:
            raise NotFound("live_session_not_here", "This process does not have that live session.")
        return StreamingResponse(messages, media_type="application/octet-stream")

    @router.get("/sessions/{session_id}/health")
    async def health(session_id: str) -> Response:
        found = packager.health(session_id)
        if found is None:
            raise NotFound("live_session_not_here", "Nothing of that live session arrives here just now.")
        return Response(found.model_dump_json(), media_type="application/json")

    @router.get("/sessions/{session_id}/captions")
    async def captions(session_id: str) -> Response:
        found = packager.captions(session_id)
        if found is None:
            raise NotFound("no_live_captions", "There are no live captions of that session here.")
        return JSONResponse({"language": found.hearing.language, "delay_s": found.delay_s,
                             "skipped_s": round(found.hearing.skipped_s, 1), "problem": found.hearing.reason or None})

    return router
