"""What an events token is for: its video and whose secret names its viewers. Looked up once, and remembered for a minute.

Everybody comes at once after a start, and when a lecture begins: those who wait while tokens are looked up are looked up
together, by one query. A query each, from many threads, takes the interpreter from those who could be answered already.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Iterable
from typing import Final, Generic, NamedTuple, TypeVar

from sqlalchemy import or_, select
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from infra.core.errors import LecternError, NotFound
from infra.db import audience
from infra.db.audience_models import Audience
from infra.db.live_models import LiveSessionRow
from infra.db.models import Video
from infra.db.session import Database
from player_api.analytics import tokens
from player_api.analytics.tokens import Claims
from transcode.plan import Plan

K = TypeVar("K")
V = TypeVar("V")
KNOWN: Final = 50_000  # what each of a process's memories holds
FRESH_S = 60.0  # a video that was deleted takes no events after that
_TOGETHER = 200  # tokens of one query


class Target(NamedTuple):
    """What a token allows."""

    claims: Claims
    secret: bytes
    video: int  # infra.db.audience_models.Audience.number
    duration_ms: int
    checked_s: float


class Few(Generic[K, V]):
    """A dictionary of the KNOWN that were put there last."""

    def __init__(self) -> None:
        self._held: OrderedDict[K, V] = OrderedDict()

    def get(self, key: K) -> V | None:
        """What was put there."""
        return self._held.get(key)

    def put(self, key: K, value: V) -> None:
        """Remember this, and forget the oldest."""
        self._held[key] = value
        self._held.move_to_end(key)
        if len(self._held) > KNOWN:
            self._held.popitem(last=False)


class Targets:
    """Use `of` from one event loop."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known = Few[str, Target]()
        self._waiting: dict[str, asyncio.Future[Target]] = {}
        self._looking: asyncio.Task[None] | None = None

    async def of(self, token: str, now_s: float) -> Target:
        """Raises Unauthorized for a token that is none of ours, NotFound for a video that is gone, Unavailable."""
        found = self._known.get(token)
        if found is not None and now_s - found.checked_s <= FRESH_S:
            return found
        waiting = self._waiting.get(token)
        if waiting is None:
            waiting = self._waiting[token] = asyncio.get_running_loop().create_future()
            if self._looking is None:
                self._looking = asyncio.create_task(self._look())
        return await asyncio.shield(waiting)  # others may wait for the same

    async def _look(self) -> None:
        while self._waiting:
            some = {token: self._waiting.pop(token) for token in list(self._waiting)[:_TOGETHER]}
            try:
                found = await run_in_threadpool(_find, self._database, some, time.time())
            except Exception as error:
                found = dict.fromkeys(some, error)
            for token, waiting in some.items():
                answer = found[token]
                if isinstance(answer, Target):
                    self._known.put(token, answer)
                    waiting.set_result(answer)
                else:
                    waiting.set_exception(answer)
                    waiting.exception()  # who asked may have gone away
        self._looking = None


def _find(database: Database, wanted: Iterable[str], now_s: float) -> dict[str, Target | Exception]:
    secrets: dict[str, bytes | None] = {}
    found: dict[str, Target | Exception] = {}
    claimed: dict[str, Claims] = {}
    with database.read() as session:
        def secret_of(organization_id: str) -> bytes | None:
            if organization_id not in secrets:
                secrets[organization_id] = audience.secret_of(session, organization_id)
            return secrets[organization_id]

        for token in wanted:
            try:
                claimed[token] = tokens.verify(token, secret_of)
            except LecternError as error:
                found[token] = error
        videos = _videos(session, {claims.playback_id for claims in claimed.values()})
    for token, claims in claimed.items():
        video = videos.get((claims.organization_id, claims.playback_id))
        secret = secrets[claims.organization_id]
        assert secret is not None
        if video is None:
            found[token] = NotFound("video_not_found", "There is no such video.")
        else:
            try:
                number, duration_ms = video if isinstance(video, tuple) else first_watched(database, video)
                found[token] = Target(claims, secret, number, duration_ms, now_s)
            except LecternError as error:
                found[token] = error
    return found


def _videos(session: Session, playback_ids: Iterable[str]) -> dict[tuple[str, str], tuple[int, int] | Video]:
    """Number and duration of those somebody watched already, without their plans, which are long; the others whole."""
    live = select(LiveSessionRow.id).where(LiveSessionRow.video_id == Video.id).exists()
    here = (Video.playback_id.in_(list(playback_ids)), Video.deleted_at.is_(None), or_(Video.plan_id.is_not(None), live))
    found: dict[tuple[str, str], tuple[int, int] | Video] = {
        (row.organization_id, row.playback_id): (row.number, row.duration_ms) for row in session.execute(
            select(Video.organization_id, Video.playback_id, Audience.number, Audience.duration_ms)
            .join(Audience, Audience.video_id == Video.id).where(*here))}
    missing = set(playback_ids) - {playback_id for _, playback_id in found}
    if missing:
        found |= {(video.organization_id, video.playback_id): video for video in session.scalars(
            select(Video).where(Video.playback_id.in_(missing), *here[1:]))}
    return found


def first_watched(database: Database, video: Video) -> tuple[int, int]:
    """The number and duration of a video that nobody watched before. How long it will be that is live, nobody knows."""
    duration_ms = round(Plan.model_validate(video.plan).duration_s * 1000) if video.plan else audience.LIVE_MS
    with database.write() as session:
        known = audience.find_or_add(session, video, duration_ms)
        return known.number, known.duration_ms
