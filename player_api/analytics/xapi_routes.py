"""/api/v1: statements of the xAPI Video Profile, in and out."""

from __future__ import annotations

import time
import uuid
from collections.abc import Awaitable, Callable
from itertools import groupby
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

from infra.core.errors import LecternError, NotFound, Rejected, TooLarge
from infra.db import audience, inbox
from infra.db.models import Video
from player_api import cursors, keys, problems
from player_api import shapes as api_shapes
from player_api.analytics import page_tokens, xapi
from player_api.analytics.event_ids import event_id
from player_api.analytics.kinds import NAMES, UNCOUNTED, WATCH, Row
from player_api.analytics.xapi import Event, Statement, Viewing
from player_api.analytics.xapi_taking import MOST_BYTES, MOST_STATEMENTS, BadStatements, Statements
from player_api.keys import Principal
from player_api.services import Services

VERSIONS = ("1.0.3", "2.0.0")
_NAME = "X-Experience-API-Version"
_Version = Annotated[str, Header(alias=_NAME, description="1.0.x or 2.0.x.", max_length=20)]
_EXPORTED = ("watch", "seek", "pause", "ended", "load")


class StatementResult(BaseModel):
    """Some statements, as xAPI pages them."""

    model_config = ConfigDict(extra="forbid")
    statements: list[dict[str, Any]]
    more: str = Field(description="The address of what follows; empty at the end.", examples=[""])


def router(services: Services, taking: Statements) -> APIRouter:
    """Statements in. Who may is a key with the scope player, or an events token in place of the key."""
    routes = APIRouter(prefix="/xapi", tags=["analytics"])
    one = {"type": "object", "required": ["actor", "verb", "object", "context"]}
    wanted = {"required": True, "content": {"application/json": {"schema": {"oneOf": [
        one, {"type": "array", "items": one, "maxItems": MOST_STATEMENTS}]}}}}
    asks = [{"API key": list[str]()}]
    refusals = api_shapes.problems(400, 401, 403, 413, 422, 503)

    @routes.get("/about", include_in_schema=False)
    async def about() -> Response:
        """For clients that ask before they send; everybody may."""
        return JSONResponse({"version": list(VERSIONS)}, headers={_NAME: VERSIONS[0]})

    @routes.post("/statements", summary="Tell what viewers do as xAPI statements", response_model=list[str],
                 responses=refusals, openapi_extra={"requestBody": wanted, "security": asks})
    async def post(request: Request, version: _Version = "") -> Response:
        """Statements of the Video Profile, one or an array, about videos of this installation. 200 with their ids comes
        after they are durable; sent again they are known by their `id`. As xAPI has it, a batch is taken as a whole: where
        one is wrong, 400 says which and why, and nothing is kept. docs/player-events.md says how they count."""
        return await _answered(version, lambda: _taken(request))

    @routes.put("/statements", status_code=204, summary="Tell one xAPI statement", responses=refusals,
                openapi_extra={"requestBody": {"required": True, "content": {"application/json": {"schema": one}}},
                               "security": asks})
    async def put(request: Request, statement_id: Annotated[str, Query(alias="statementId", max_length=40)],
                  version: _Version = "") -> Response:
        """The same of one statement, whose id is in the address."""
        return await _answered(version, lambda: _taken(request, statement_id))

    async def _taken(request: Request, only_id: str | None = None) -> Response:
        header = request.headers.get("authorization")
        scheme, _, secret = (header or "").partition(" ")
        who: Principal | str = secret.strip()
        # An events token is base64 of a JSON array: no key begins like that.
        if scheme.lower() != "bearer" or not secret.strip().startswith("WyJ"):
            who = await run_in_threadpool(_principal, services, header)
        ids = await taking.take(who, await _body(request), only_id)
        return JSONResponse(ids) if only_id is None else Response(status_code=204)

    return routes


def learners_router(services: Services, reader: Callable[..., Any]) -> APIRouter:
    """Statements out."""
    routes = APIRouter(prefix="/learners/{learner_id}/xapi", tags=["analytics"])
    may_read = Depends(reader)

    @routes.get("/statements", summary="What a learner watched, as xAPI statements", response_model=StatementResult,
                responses=api_shapes.problems(404))
    def statements(request: Request, learner_id: str,
                   video_id: Annotated[str | None, Query(description="Only of this video.")] = None,
                   limit: Annotated[int, Query(ge=1, le=100, description="Viewings, each with all its statements.")] = 20,
                   cursor: Annotated[str | None, Query(max_length=60)] = None, who: Principal = may_read) -> Response:
        """Statements of the Video Profile of each viewing whose events are still kept, video by video. The actor is an
        account at this installation with `learner_id` as its name. Watches that are not counted are left out."""
        base = str(request.base_url).rstrip("/")
        after = _place(cursor)
        with services.database.read() as session:
            key = page_tokens.key_of(session, who.organization_id, learner_id)
            known = audience.progress(session, who.organization_id, key) if key is not None else []
            watched = [(one.number, one.duration_ms, session.get_one(Video, one.video_id)) for _, one in known
                       if video_id in (None, one.video_id)]
        if key is None or not known:
            raise NotFound("learner_not_found", "Nothing is kept of a learner by that name.")
        told: list[Statement] = []
        count, last, more = 0, after, False
        with services.events.read() as reading:
            for number, duration_ms, video in sorted(watched, key=lambda one: one[0]):
                if number < after[0] or more:
                    continue
                rows = sorted(map(Row._make, inbox.of_video(reading.connection(), number, 0, 2**62, key)),
                              key=lambda row: (row.session, row.seq))
                for viewing, its in groupby(rows, key=lambda row: row.session):
                    if (number, viewing) <= after:
                        continue
                    if more := count == limit:
                        break
                    count, last = count + 1, (number, viewing)
                    told += _of_viewing(base, learner_id, video, duration_ms, viewing, list(its))
        address = request.url.include_query_params(cursor=cursors.pack(*last)) if more else None
        return JSONResponse({"statements": told, "more": f"{address.path}?{address.query}" if address else ""},
                            headers={_NAME: VERSIONS[0], "Cache-Control": "private, no-store"})

    return routes


async def _answered(version: str, make: Callable[[], Awaitable[Response]]) -> Response:
    spoken = "2.0.0" if version.startswith("2.0") else VERSIONS[0]
    try:
        if version and not (version == "1.0" or version.startswith(("1.0.", "2.0."))):
            raise Rejected("xapi_version", f"Send {_NAME}: 1.0.3 or 2.0.0.")
        response = await make()
    except BadStatements as error:
        response = problems.problem(400, error.code, error.message, errors=[
            {"field": f"statements.{fault['index']}", "message": fault["reason"]} for fault in error.faults])
    except Rejected as error:  # 422 elsewhere; clients of xAPI know 400
        response = problems.problem(400, error.code, error.message)
    except LecternError as error:
        response = problems.of_error(error)
    response.headers[_NAME] = spoken
    return response


async def _body(request: Request) -> bytes:
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > MOST_BYTES:
            raise TooLarge("body_too_large", f"At most {MOST_BYTES} bytes are taken at once: send fewer statements.")
    return body


def _principal(services: Services, authorization: str | None) -> Principal:
    with services.database.read() as session:
        who = keys.authenticate(session, authorization)
    who.require(keys.Scope.PLAYER)
    return who


def _of_viewing(base: str, learner: str, video: Video, duration_ms: int, viewing: int, rows: list[Row]) -> list[Statement]:
    events: list[Event] = []
    for row in rows:
        event: Event = {"type": NAMES[row.kind], "t": row.t_ms}
        if row.kind == WATCH:
            if row.marks & UNCOUNTED:
                continue
            event |= {"from": row.a_ms, "to": row.b_ms, "rate": (row.rate or 1000) / 1000}
        elif event["type"] == "seek":
            if row.a_ms is None or row.b_ms is None:
                continue
            event |= {"seek_from": row.a_ms, "seek_to": row.b_ms}
        if event["type"] in _EXPORTED:
            events.append(event)
    name = str(uuid.UUID(event_id(rows[0].t_ms, "xapi viewing", video.id, viewing)))
    return xapi.statements(Viewing(
        name, {"objectType": "Agent", "account": {"homePage": base, "name": learner}},
        f"{base}/watch/{video.playback_id}", video.title, duration_ms, events),
        over=rows[-1].t_ms < (time.time() - 1800) * 1000)


def _place(cursor: str | None) -> tuple[int, int]:
    if cursor is None:
        return -1, 0

    def read(number: Any, session: Any) -> tuple[int, int]:
        if not type(number) is type(session) is int:
            raise ValueError("not ours")
        return number, session

    return cursors.unpack(cursor, read, cursors.NOT_OURS)
