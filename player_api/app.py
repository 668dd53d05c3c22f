"""The FastAPI application: who may ask, which routes there are, and what every answer carries."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Request
from fastapi.security import HTTPBearer
from sqlalchemy import text
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from infra.core.errors import LecternError
from ingest.intake import Intake
from ingest.tus import REQUEST_HEADERS, RESPONSE_HEADERS, tus_router
from player_api import (
    beside,
    caption_routes,
    chapter_routes,
    direct_uploads,
    embedding,
    key_routes,
    keys,
    organization,
    outline,
    pages,
    playback,
    problems,
    related,
    replacing,
    scenes,
    search,
    shapes,
    slides,
    transcript,
    trimming,
    videos,
)
from player_api.admission import VideoAdmission
from player_api.analytics import cohort_routes, learner_routes, live_routes, most_replayed
from player_api.analytics import learning_routes as learning
from player_api.analytics import library_routes as library
from player_api.analytics import prediction_routes as prediction
from player_api.analytics import routes as analytics
from player_api.analytics import xapi_routes as xapi
from player_api.analytics.collect import Ahead, Collector
from player_api.analytics.targets import Targets
from player_api.analytics.writer import Writer
from player_api.analytics.xapi_taking import Statements
from player_api.demand import Waiting
from player_api.keys import Principal
from player_api.keys import Scope as KeyScope
from player_api.live import markers as live_markers
from player_api.live import routes as live_playback
from player_api.live import streams as live_streams
from player_api.live.edge import LiveEdge
from player_api.live.sessions import located_in
from player_api.meaning import Meaning
from player_api.services import Services

log = logging.getLogger(__name__)

_EXPIRE_EVERY_S = 600.0
# It tells OpenAPI of the header; `keys.authenticate` reads it, and says what is wrong with it.
_BEARER = HTTPBearer(auto_error=False, scheme_name="API key", description="`lectern keys create` makes one.")


def create_app(services: Services) -> FastAPI:
    """The whole web side of Lectern over `services`."""
    intake = Intake(services.database, services.staging, services.storage, services.settings,
                    VideoAdmission(services), direct=services.direct)
    waiting = Waiting(services)
    edge = LiveEdge(services.storage, located_in(services.database))
    writer = Writer(services.events)
    targets = Targets(services.database)
    collector = Collector(services.settings, writer, targets)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        recovered = await run_in_threadpool(intake.recover)
        if recovered:
            log.info("%d uploads that a crash had interrupted became videos", recovered)
        expiry = asyncio.create_task(_expire(intake))
        yield
        expiry.cancel()
        await edge.close()
        await run_in_threadpool(writer.close)

    app = _App(title="Lectern", version="1", openapi_url="/api/v1/openapi.json", docs_url=None,
                  redoc_url=None, lifespan=lifespan,
                  description="Teaching by video. Times are seconds (float) or RFC 3339; errors are problem+json.")
    app.state.waiting = waiting
    app.state.edge = edge
    problems.install(app)
    app.add_middleware(_Headers)
    app.add_middleware(
        CORSMiddleware, allow_origins=["*"], allow_methods=["*"],
        allow_headers=["Authorization", "Content-Type", "Idempotency-Key", "If-Match", "Range",
                       "X-Experience-API-Version", *REQUEST_HEADERS],
        expose_headers=["Accept-Ranges", "Content-Length", "Content-Range", "ETag", "Server-Timing",
                        "X-Experience-API-Version", *RESPONSE_HEADERS],
        max_age=86400)
    app.ahead = Ahead(app.framework, collector)

    creator = _asks(services, KeyScope.CREATOR)
    reader = _asks(services, KeyScope.CREATOR, KeyScope.ANALYST)  # numbers say little without what they are about
    # Before tus, whose upload ids would match "direct".
    app.include_router(direct_uploads.router(services, intake, creator), prefix="/api/v1",
                       responses=shapes.problems(401, 403, 404, 422))
    app.include_router(tus_router(intake, creator), prefix="/api/v1",
                       responses=shapes.problems(400, 401, 403, 404, 409, 412, 413, 422, 507))
    app.include_router(videos.router(services, intake, creator, reader), prefix="/api/v1",
                       responses=shapes.problems(401, 403, 422))
    app.include_router(replacing.router(services, intake, creator), prefix="/api/v1",
                       responses=shapes.problems(401, 403, 422))
    app.include_router(trimming.router(services, creator), prefix="/api/v1",
                       responses=shapes.problems(401, 403, 422))
    app.include_router(caption_routes.router(services, creator, reader), prefix="/api/v1",
                       responses=shapes.problems(401, 403, 422))
    app.include_router(transcript.router(services, creator), prefix="/api/v1",
                       responses=shapes.problems(401, 403, 422))
    app.include_router(slides.router(services, reader), prefix="/api/v1",
                       responses=shapes.problems(401, 403, 422))
    app.include_router(scenes.router(services, reader), prefix="/api/v1",
                       responses=shapes.problems(401, 403, 422))
    app.include_router(chapter_routes.router(services, creator, reader), prefix="/api/v1",
                       responses=shapes.problems(401, 403, 422))
    app.include_router(outline.router(services, creator), prefix="/api/v1",
                       responses=shapes.problems(401, 403, 422))
    app.include_router(related.router(services, creator), prefix="/api/v1",
                       responses=shapes.problems(401, 403, 422))
    meaning = Meaning(services.settings)
    searcher = _asks(services, KeyScope.CREATOR, KeyScope.PLAYER)
    app.include_router(search.router(services, searcher, meaning), prefix="/api/v1",
                       responses=shapes.problems(401, 403, 422))
    app.include_router(live_streams.router(services, creator), prefix="/api/v1", responses=shapes.problems(401, 403, 422))
    app.include_router(live_markers.router(services, edge, creator), prefix="/api/v1",
                       responses=shapes.problems(401, 403, 422))
    analyst = _asks(services, KeyScope.ANALYST)
    app.include_router(analytics.events_router(collector), prefix="/api/v1")
    app.include_router(analytics.router(services, analyst), prefix="/api/v1", responses=shapes.problems(401, 403, 422))
    app.include_router(learner_routes.router(services, analyst), prefix="/api/v1",
                       responses=shapes.problems(401, 403, 422))
    app.include_router(cohort_routes.router(services, analyst, _asks(services, KeyScope.PLAYER)), prefix="/api/v1",
                       responses=shapes.problems(401, 403, 422))
    app.include_router(live_routes.router(services, reader), prefix="/api/v1", responses=shapes.problems(401, 403, 422))
    app.include_router(learning.router(services, analyst), prefix="/api/v1", responses=shapes.problems(401, 403, 422))
    app.include_router(library.router(services, analyst), prefix="/api/v1", responses=shapes.problems(401, 403, 422))
    app.include_router(prediction.router(services, analyst), prefix="/api/v1", responses=shapes.problems(401, 403, 422))
    app.include_router(analytics.learners_router(services, _asks(services, KeyScope.ANALYST, KeyScope.PLAYER),
                                                 _asks(services, KeyScope.ADMIN)),
                       prefix="/api/v1", responses=shapes.problems(401, 403, 422))
    app.include_router(xapi.router(services, Statements(services, writer, targets)), prefix="/api/v1")
    app.include_router(xapi.learners_router(services, _asks(services, KeyScope.ANALYST, KeyScope.PLAYER)), prefix="/api/v1",
                       responses=shapes.problems(401, 403, 422))
    app.include_router(analytics.tokens_router(services, _asks(services, KeyScope.PLAYER)), prefix="/api/v1",
                       responses=shapes.problems(401, 403, 422))
    app.include_router(key_routes.router(_asks(services, *KeyScope)), prefix="/api/v1",
                       responses=shapes.problems(401, 403, 422))
    app.include_router(organization.router(services, _asks(services, KeyScope.ADMIN)), prefix="/api/v1",
                       responses=shapes.problems(401, 403, 422))
    # Before the others under /play, whose names of renditions would match "live-720p".
    app.include_router(live_playback.router(services, edge), responses=shapes.problems(400, 404, 422, 503))
    app.include_router(beside.router(services, meaning), responses=shapes.problems(404, 422))
    app.include_router(playback.router(services, waiting, edge), responses=shapes.problems(404, 422, 503))
    app.include_router(most_replayed.router(services), responses=shapes.problems(404, 422))
    app.include_router(embedding.router(services))
    app.include_router(pages.router(services))

    @app.get("/healthz", tags=["operation"], summary="Alive?")
    async def healthz() -> dict[str, str]:
        """The process is alive."""
        return {"status": "ok"}

    @app.get("/readyz", tags=["operation"], summary="Ready to serve?")
    async def readyz() -> Response:
        """The database answers and storage has room: requests will be served."""
        checks = await run_in_threadpool(_checks, services)
        ready = all(check == "ok" for check in checks.values())
        return JSONResponse({"status": "ok" if ready else "not ready", "checks": checks}, 200 if ready else 503,
                            {"Cache-Control": "no-store"})

    return app


class _App(FastAPI):
    """FastAPI, with something that looks at each request before it: its own middleware comes after its telemetry."""

    ahead: ASGIApp | None = None

    async def framework(self, scope: Scope, receive: Receive, send: Send) -> None:
        """What FastAPI does."""
        await super().__call__(scope, receive, send)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await (self.ahead or self.framework)(scope, receive, send)


async def _expire(intake: Intake) -> None:
    """Forget uploads that nobody went on with. Here, because this process knows who is still sending."""
    while True:
        try:
            await run_in_threadpool(intake.expire)
        except LecternError as error:
            log.warning("overdue uploads could not be dropped: %s", error)
        await asyncio.sleep(_EXPIRE_EVERY_S)


def _asks(services: Services, *scopes: KeyScope) -> Any:
    """A dependency: the principal of the request, who must have one of `scopes`."""

    def principal(request: Request, _: Annotated[object, Depends(_BEARER)]) -> Principal:
        with services.database.read() as session:
            who = keys.authenticate(session, request.headers.get("authorization"))
        who.require(*scopes)
        return who

    return principal


def _checks(services: Services) -> dict[str, str]:
    checks = {"database": "ok", "storage": "ok"}
    try:
        with services.database.read() as session:
            session.execute(text("SELECT 1 FROM organizations LIMIT 1"))
    except Exception as error:
        checks["database"] = type(error).__name__
    try:
        services.storage.stat("readyz")
    except Exception as error:
        checks["storage"] = type(error).__name__
    return checks


class _Headers:
    """What every answer carries: no sniffing of types."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).setdefault("X-Content-Type-Options", "nosniff")
            await send(message)

        await self._app(scope, receive, send_with)
