"""POST /api/v1/events: takes what players tell. 202 only after it is durable."""

from __future__ import annotations

import time
from typing import Final

import msgspec
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from infra.core.errors import Forbidden, LecternError, Rejected, TooLarge, Unauthorized
from infra.core.settings import Settings
from player_api.analytics import cmcd, intake, tokens
from player_api.analytics.budgets import Budgets, is_robot
from player_api.analytics.intake import MOST_BYTES, Batch, Previous
from player_api.analytics.kinds import ROBOT
from player_api.analytics.targets import Few, Targets
from player_api.analytics.writer import Writer
from player_api.problems import of_error

PATH: Final = "/api/v1/events"
CMCD_PATH: Final = "/api/v1/cmcd"
_HEADERS = {"Access-Control-Allow-Origin": "*", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
_RAW_HEADERS = [(name.lower().encode(), value.encode())
                for name, value in {**_HEADERS, "Content-Type": "application/json"}.items()]


class _Answer(msgspec.Struct):
    accepted: int
    duplicate: int
    rejected: list[intake.Refused]
    server_time: int


class Collector:
    """Answers POST /events."""

    def __init__(self, settings: Settings, writer: Writer, targets: Targets) -> None:
        self._writer = writer
        self._targets = targets
        self._sessions = Few[tuple[int, str], Previous]()
        self._budgets = Budgets()
        self._robots_count = settings.count_robots
        self._viewings = Few[tuple[str, str], cmcd.Viewing]()
        self._encode = msgspec.json.Encoder().encode

    async def respond(self, body: bytes, user_agent: bytes) -> Response:
        """The answer, once what was accepted is durable."""
        try:
            answer = await self.take(body, user_agent)
        except LecternError as error:
            return refusal(error)
        return Response(answer, 202, _HEADERS, "application/json")

    async def take(self, body: bytes, user_agent: bytes) -> bytes:
        """The body of the answer, once what was accepted is durable. Raises LecternError for the whole of it."""
        return self._encode(await self._collect(*intake.read(body), user_agent))

    async def respond_cmcd(self, body: bytes, content_type: str, query: str, user_agent: bytes) -> Response:
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
        answer = await self._collect(batch, [], user_agent)
        self._viewings.put((whose.token, whose.session), understood.after)
        return Response(self._encode(answer), 202, {"Cache-Control": "no-store"}, "application/json")

    async def _collect(self, batch: Batch, refused: list[intake.Refused], user_agent: bytes) -> _Answer:
        now_s = time.time()
        target = await self._targets.of(batch.token, now_s)
        claims = target.claims
        if claims.expires_s < now_s:
            raise Unauthorized("events_token_expired", "This events token has expired. Load the page again, or ask for "
                               "another one; events that were kept are taken with it.")
        if batch.video != claims.playback_id:
            raise Forbidden("other_video", "This events token is for another video.")
        viewer = batch.viewer or ""
        self._budgets.send(batch.token, viewer, len(batch.events))
        learner = claims.learner if claims.learner is not None else \
            tokens.viewer_key(target.secret, viewer) if viewer else None
        key = (target.video, batch.session)
        now_ms = int(now_s * 1000)
        mark = ROBOT if is_robot(user_agent) and not self._robots_count else 0
        rows, more, newest = intake.rows_of(batch, target.video, learner if claims.consent else None, target.duration_ms,
                                            now_ms, self._sessions.get(key), mark)
        played_ms = intake.played_ms(rows) if learner is not None else 0.0
        if learner is not None and not self._budgets.may_watch(learner, played_ms):
            rows, played_ms = intake.not_counted(rows), 0.0
        new = await self._writer.add(rows) if rows else 0
        if learner is not None and played_ms:  # what came again was watched once
            self._budgets.watched(learner, played_ms * new / len(rows))
        if newest is not None:
            self._sessions.put(key, newest)
        return _Answer(new, len(rows) - new, refused + more, now_ms)


def refusal(error: LecternError) -> Response:
    """The problem, readable for any page that sent events."""
    response = of_error(error)
    response.headers.update(_HEADERS)
    return response


class Ahead:
    """Takes POST /events before all that the framework does for a request, which would cost more than the events do."""

    def __init__(self, app: ASGIApp, collector: Collector) -> None:
        self._app = app
        self._collector = collector

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != PATH or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        body = await _body(receive)
        if body is None:
            return
        try:
            answer = await self._collector.take(body, _user_agent(scope))
        except LecternError as error:
            await refusal(error)(scope, receive, send)
            return
        await send({"type": "http.response.start", "status": 202,
                    "headers": [*_RAW_HEADERS, (b"content-length", b"%d" % len(answer))]})
        await send({"type": "http.response.body", "body": answer})


def _user_agent(scope: Scope) -> bytes:
    return next((value for name, value in scope["headers"] if name == b"user-agent"), b"")


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
