"""Takes statements of the xAPI Video Profile, and hands them out: what the routes do. See docs/player-events.md.

What a player tells in many requests is one viewing, and what a `paused` means depends on the `played` before. That is looked
up in the inbox, which all processes share: nothing is remembered here. Who has lost a race for a number begins again.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple
from urllib.parse import urlsplit
from weakref import WeakValueDictionary

import msgspec
from sqlalchemy import or_, select
from starlette.concurrency import run_in_threadpool

from infra.core.errors import Forbidden, LecternError, Rejected, TooLarge, Unauthorized, Unavailable
from infra.db import audience, inbox
from infra.db.models import Video
from player_api.analytics import intake, page_tokens, tokens, xapi_heard
from player_api.analytics.intake import Batch, Previous
from player_api.analytics.kinds import Row
from player_api.analytics.targets import Target, Targets, first_watched
from player_api.analytics.writer import Writer
from player_api.analytics.xapi_heard import Malformed, Told
from player_api.keys import Principal
from player_api.services import Services

MOST_BYTES = 1 << 20
MOST_STATEMENTS = 500
AHEAD_MS = 300_000  # that somebody's clock may be ahead of ours
_TRIES = 5  # of one session, against other processes


class BadStatements(LecternError):
    """Some of the statements are none of the profile; nothing was kept."""

    def __init__(self, faults: Sequence[Mapping[str, Any]]) -> None:
        told = "; ".join(f"{fault['index']}: {fault['reason']}" for fault in faults[:3])
        super().__init__("bad_statements", f"Nothing was kept: xAPI takes a batch as a whole. Put right or leave out {told}")
        self.faults = [dict(fault) for fault in faults[:100]]

    status = 400


class _Where(NamedTuple):
    video: int
    duration_ms: int


class Statements:
    """Use from one event loop."""

    def __init__(self, services: Services, writer: Writer, targets: Targets) -> None:
        self._services = services
        self._writer = writer
        self._targets = targets
        self._turns: WeakValueDictionary[tuple[int, str], asyncio.Lock] = WeakValueDictionary()

    async def take(self, who: Principal | str, body: bytes, only_id: str | None = None) -> list[str]:
        """The ids of the statements, once they are durable. `who`: a key's principal, or an events token; `only_id`: the
        body is one statement of that id.

        Raises BadStatements for any that is none, and others of LecternError.
        """
        now_ms = time.time_ns() // 1_000_000
        told = read(body, now_ms, only_id)
        target = await self._targets.of(who, now_ms / 1000) if isinstance(who, str) else None
        if target is not None and target.claims.expires_s * 1000 < now_ms:
            raise Unauthorized("events_token_expired", "This events token has expired. Ask for another one.")
        organization_id = target.claims.organization_id if target is not None else who.organization_id  # type: ignore[union-attr]
        places = await run_in_threadpool(_places, self._services, organization_id, {one.object_id for one in told})
        if faults := [{"index": index, "reason": "Its object's id ends with no playback id of a video that is here."}
                      for index, one in enumerate(told) if one.object_id not in places]:
            raise BadStatements(faults)
        if target is not None and any(places[one.object_id].video != target.video for one in told):
            raise Forbidden("other_video", "This events token is for another video.")
        secret = target.secret if target is not None else await run_in_threadpool(
            page_tokens.secret_of, self._services.database, organization_id)
        viewings: dict[tuple[_Where, str, int | None], list[Told]] = {}
        for one in told:
            viewings.setdefault((places[one.object_id], one.session, _learner(target, secret, one.learner)), []).append(one)
        for (where, session, learner), its in viewings.items():
            await self._keep(where, session, its, learner, now_ms)
        return [one.id for one in told]

    async def _keep(self, where: _Where, session: str, told: list[Told], learner: int | None, now_ms: int) -> None:
        # A session's name is anybody's choice: two learners whose player counts from 1 are two viewings.
        name = hashlib.blake2b(f"{where.video}\0{learner}\0{session}".encode(), digest_size=16).hexdigest()
        told = [replace(one, session=name) for one in told]
        key = (where.video, name)
        turn = self._turns.get(key)
        if turn is None:
            turn = self._turns[key] = asyncio.Lock()
        async with turn:
            for _ in range(_TRIES):
                rows = await run_in_threadpool(self._rows, where.video, name)
                events = xapi_heard.heard(told, xapi_heard.before(rows))
                if not events:
                    return
                first = rows[-1].seq + 1 if rows else 0
                batch = Batch(v=1, sent_at=now_ms, token="-", video="-", session=name, events=msgspec.convert(
                    [event | {"seq": first + place} for place, event in enumerate(events)], list[intake.Event]))
                made, refused, _ = intake.rows_of(batch, where.video, learner, where.duration_ms, now_ms,
                                                  Previous(rows[-1].seq, rows[-1].t_ms) if rows else None)
                assert not refused
                if await self._writer.add(made) == len(made):
                    return
        raise Unavailable("events_busy", "Several are telling of this session at once. Send the statements again.")

    def _rows(self, video: int, session: str) -> list[Row]:
        with self._services.events.read() as reading:
            return [Row._make(row) for row in inbox.of_session(
                reading.connection(), video, intake.session_key(session))]


def read(body: bytes, now_ms: int, only_id: str | None = None) -> list[Told]:
    """The statements of a body. Raises BadStatements, Rejected or TooLarge."""
    try:
        found = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Rejected("not_json", f"The body can not be read as JSON: {error}.") from None
    statements = found if isinstance(found, list) and only_id is None else [found]
    if len(statements) > MOST_STATEMENTS:
        raise TooLarge("too_many_statements", f"At most {MOST_STATEMENTS} statements are taken at once.")
    told: list[Told] = []
    faults: list[dict[str, Any]] = []
    for index, one in enumerate(statements):
        try:
            told.append(xapi_heard.read(_named(one, only_id), now_ms))
            if not now_ms - intake.OLDEST_MS <= told[-1].t_ms <= now_ms + AHEAD_MS:
                raise Malformed("Its timestamp is more than 7 days old, or ahead of now: it would count at a wrong time.")
        except Malformed as error:
            faults.append({"index": index, "reason": str(error)})
    if not faults and len({one.id for one in told}) < len(told):
        faults.append({"index": len(told) - 1, "reason": "Two statements have the same id."})
    if faults:
        raise BadStatements(faults)
    return told


def _named(statement: Any, only_id: str | None) -> Any:
    """With an id: the one of the address, or one that is the same whenever the same statement is sent again."""
    if not isinstance(statement, dict):
        return statement
    if only_id is not None and str(statement.get("id", only_id)).lower() != only_id.lower():
        raise Malformed("Its id is not the one in the address.")
    made = only_id or str(uuid.UUID(bytes=hashlib.blake2b(
        msgspec.json.encode(statement, order="deterministic"), digest_size=16).digest(), version=5))
    return {"id": made} | statement


def _learner(target: Target | None, secret: bytes, name: str) -> int | None:
    if target is None:
        return tokens.external_key(secret, name)
    claims = target.claims
    if not claims.consent:
        return None
    return claims.learner if claims.learner is not None else tokens.viewer_key(secret, name)


def _places(services: Services, organization_id: str, object_ids: set[str]) -> dict[str, _Where]:
    """Which videos are meant: the last part of an object's address is a playback id, or a video's."""
    names = {object_id: _last_part(object_id) for object_id in object_ids}
    with services.database.read() as session:
        found = session.scalars(select(Video).where(
            Video.organization_id == organization_id, Video.deleted_at.is_(None), Video.plan_id.is_not(None),
            or_(Video.playback_id.in_(names.values()), Video.id.in_(names.values())))).all()
        known = {video.id: audience.find(session, video.id) for video in found}
    places: dict[str, _Where] = {}
    for video in found:
        its = known[video.id]
        where = _Where(its.number, its.duration_ms) if its else _Where(*first_watched(services.database, video))
        places |= {object_id: where for object_id, name in names.items() if name in (video.playback_id, video.id)}
    return places


def _last_part(address: str) -> str:
    try:
        return urlsplit(address).path.rstrip("/").rpartition("/")[2][:64]
    except ValueError:
        return ""
