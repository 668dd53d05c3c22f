"""POST /api/v1/events: takes what players tell. 202 only after it is durable."""

from __future__ import annotations

import time
from collections import OrderedDict
from typing import Final, Generic, NamedTuple, TypeVar

import msgspec
from sqlalchemy import select
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from infra.core.errors import Forbidden, LecternError, NotFound, Rejected, TooLarge, Unauthorized
from infra.db import audience
from infra.db.models import Video
from player_api.analytics import cmcd, intake, tokens
from player_api.analytics.intake import MOST_BYTES, Batch, Previous
from player_api.analytics.tokens import Claims
from player_api.analytics.writer import Writer
from player_api.problems import of_error
from player_api.services import Services
from transcode.plan import Plan

K = TypeVar("K")
V = TypeVar("V")
PATH: Final = "/api/v1/events"
CMCD_PATH: Final = "/api/v1/cmcd"
KNOWN = 50_000  # tokens, sessions and viewers that are remembered
FRESH_S = 60.0  # a video that was deleted takes no events after that
_HEADERS = {"Access-Control-Allow-Origin": "*", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
PER_S, BURST = 2.0, 20.0  # requests of one viewer with one token


class TooMany(LecternError):
    """Somebody sends more often than any player does."""

    status = 429
    retryable = True


class _Target(NamedTuple):
    claims: Claims
    secret: bytes
    video: int
    duration_ms: int
    checked_s: float


class _Answer(msgspec.Struct):
    accepted: int
    duplicate: int
    rejected: list[intake.Refused]
    server_time: int


class Collector:
    """Answers POST /events."""

    def __init__(self, services: Services, writer: Writer) -> None:
        self._services = services
        self._writer = writer
        self._targets = _Few[str, _Target]()
        self._sessions = _Few[tuple[int, str], Previous]()
        self._paces = _Few[tuple[str, str], tuple[float, float]]()
        self._viewings = _Few[tuple[str, str], cmcd.Viewing]()
        self._encode = msgspec.json.Encoder().encode

    async def respond(self, body: bytes) -> Response:
        """The answer, once what was accepted is durable."""
        try:
            answer = self._encode(await self._collect(*intake.read(body)))
        except LecternError as error:
            response = of_error(error)
            response.headers.update(_HEADERS)
            return response
        return Response(answer, 202, _HEADERS, "application/json")

    async def respond_cmcd(self, body: bytes, content_type: str, query: str) -> Response:
        """The same for reports of another player (CMCD).

        What a report means follows from those before it, which this process remembers: where several answer for one
        player, stretches between reports to different ones are missing.
        """
        if len(body) > MOST_BYTES:
            raise TooLarge("body_too_large", f"At most {MOST_BYTES} bytes are taken at once: send fewer reports.")
        try:
            reports = cmcd.read(body, content_type, query)
            whose = reports.identity
            understood = cmcd.understood(reports, self._viewings.get((whose.token, whose.session)))
        except cmcd.Malformed as error:
            raise Rejected("bad_report", str(error)) from None
        events = msgspec.convert(understood.events, list[intake.Event])
        # A report tells its own clock's time, and nothing of when it was sent.
        batch = Batch(v=1, sent_at=int(time.time() * 1000), token=whose.token, video=whose.video, session=whose.session,
                      events=events)
        answer = await self._collect(batch, [])
        self._viewings.put((whose.token, whose.session), understood.after)
        return Response(self._encode(answer), 202, {"Cache-Control": "no-store"}, "application/json")

    async def _collect(self, batch: Batch, refused: list[intake.Refused]) -> _Answer:
        now_s = time.time()
        target = await self._target(batch, now_s)
        claims = target.claims
        viewer = batch.viewer or ""
        self._pace(batch.token, viewer)
        learner = claims.learner if claims.learner is not None else \
            tokens.viewer_key(target.secret, viewer) if viewer else None
        key = (target.video, batch.session)
        now_ms = int(now_s * 1000)
        rows, more, newest = intake.rows_of(batch, target.video, learner if claims.consent else None, target.duration_ms,
                                            now_ms, self._sessions.get(key))
        new = await self._writer.add(rows) if rows else 0
        if newest is not None:
            self._sessions.put(key, newest)
        return _Answer(new, len(rows) - new, refused + more, now_ms)

    async def _target(self, batch: Batch, now_s: float) -> _Target:
        """The video that the token is for. Raises Unauthorized, Forbidden or NotFound."""
        target = self._targets.get(batch.token)
        if target is None or now_s - target.checked_s > FRESH_S:
            target = await run_in_threadpool(_find, self._services, batch.token, now_s)
            self._targets.put(batch.token, target)
        if target.claims.expires_s < now_s:
            raise Unauthorized("events_token_expired", "This events token has expired. Load the page again, or ask for "
                               "another one; events that were kept are taken with it.")
        if batch.video != target.claims.playback_id:
            raise Forbidden("other_video", "This events token is for another video.")
        return target

    def _pace(self, token: str, viewer: str) -> None:
        """Raises TooMany. A bucket for each viewer: those of one page share their token."""
        now_s = time.monotonic()
        left, at_s = self._paces.get((token, viewer)) or (BURST, now_s)
        left = min(BURST, left + (now_s - at_s) * PER_S) - 1
        if left < 0:
            raise TooMany("too_many_requests", f"At most {PER_S:g} requests a second are taken of one viewer: put more "
                          "events into each.")
        self._paces.put((token, viewer), (left, now_s))


class Ahead:
    """Takes POST /events before all that the framework does for a request, which would cost more than the events do."""

    def __init__(self, app: ASGIApp, collector: Collector) -> None:
        self._app = app
        self._collector = collector

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == PATH and scope["method"] == "POST":
            body = await _body(receive)
            if body is not None:
                await (await self._collector.respond(body))(scope, receive, send)
        else:
            await self._app(scope, receive, send)


async def _body(receive: Receive) -> bytes | None:
    """All of it, or as much as is too much; None: the client went away."""
    message: Message = await receive()
    body: bytes = message.get("body", b"")
    while message.get("more_body") and len(body) <= MOST_BYTES:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
    return body


def _find(services: Services, token: str, now_s: float) -> _Target:
    secrets: list[bytes] = []
    with services.database.read() as session:
        def secret_of(organization_id: str) -> bytes | None:
            found = audience.secret_of(session, organization_id)
            secrets.extend([found] if found else [])
            return found

        claims = tokens.verify(token, secret_of)
        video = session.scalar(select(Video).where(
            Video.playback_id == claims.playback_id, Video.organization_id == claims.organization_id,
            Video.deleted_at.is_(None)))
        if video is None or video.plan is None:
            raise NotFound("video_not_found", "There is no such video.")
        known = audience.find(session, video.id)
    if known is None:
        duration_ms = round(Plan.model_validate(video.plan).duration_s * 1000)
        with services.database.write() as session:
            known = audience.find_or_add(session, video, duration_ms)
    return _Target(claims, secrets[-1], known.number, known.duration_ms, now_s)


class _Few(Generic[K, V]):
    """A dictionary of the KNOWN that were put there last."""

    def __init__(self) -> None:
        self._held: OrderedDict[K, V] = OrderedDict()

    def get(self, key: K) -> V | None:
        return self._held.get(key)

    def put(self, key: K, value: V) -> None:
        self._held[key] = value
        self._held.move_to_end(key)
        if len(self._held) > KNOWN:
            self._held.popitem(last=False)
