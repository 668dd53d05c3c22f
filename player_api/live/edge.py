"""The live sessions that this web process follows: one connection to the live process for each, however many viewers.

    live process --feed--> Mirror --playlists, parts--> viewers

A session that is over, or whose process is gone, is what storage has of it. The end is shown only when it is written there.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

import httpx

from infra.core.errors import LecternError, NotFound
from infra.core.keys import PlanKeys
from infra.core.ports import Storage
from player_api.live.mirror import Mirror
from transcode.live.channel import Channel
from transcode.live.messages import BadFeed, Reader
from transcode.live.plan import PLAN_ID
from transcode.live.timeline import Timeline

log = logging.getLogger(__name__)

_LOOK_S = 2.0  # whether it may still be watched
_IDLE_S = 60.0  # nobody asked for so long: it is no longer followed
_PAUSE_S = 0.25  # until the live process is tried again
_SLOW_PAUSE_S = 1.0
_SILENT_S = 5.0  # the feed says something every second
_FIRST_S = 5.0  # how long a first viewer waits until something is known
_MOST_OVER = 200  # sessions that are over, kept at hand


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """A session by its playback id. `url` and `secret` of the live process that has it; None: nobody has it now."""

    organization_id: str
    video_id: str
    over: bool
    url: str | None = None
    secret: str = ""

    @property
    def keys(self) -> PlanKeys:
        """Where its cells lie."""
        return PlanKeys.of(self.organization_id, self.video_id, PLAN_ID)


@dataclass(slots=True)
class _Followed:
    where: Whereabouts
    mirror: Mirror
    task: asyncio.Task[None]
    looked_s: float


@dataclass(frozen=True, slots=True)
class Session:
    """What a request is answered from."""

    where: Whereabouts
    mirror: Mirror
    channel: Channel


class LiveEdge:
    """For one event loop. `locate` finds a session by its playback id; it may block, and raise LecternError."""

    def __init__(self, storage: Storage, locate: Callable[[str], Whereabouts | None]) -> None:
        self._storage = storage
        self._locate = locate
        self._followed: dict[str, _Followed] = {}
        self._client: httpx.AsyncClient | None = None
        self.closing = False

    async def session(self, playback_id: str) -> Session:
        """Raises NotFound: there is no such session, or it has not begun."""
        found = self._followed.get(playback_id)
        if found is None:
            where = await asyncio.to_thread(self._locate, playback_id)
            if where is None:
                raise NotFound("not_playable", "This video has not been received completely yet.")
            found = self._followed.get(playback_id)  # another request was faster
            if found is None:
                self._make_room()
                mirror = Mirror()
                found = _Followed(where, mirror, asyncio.create_task(self._follow(playback_id, where, mirror)),
                                  time.monotonic())
                self._followed[playback_id] = found
        elif time.monotonic() - found.looked_s > _LOOK_S:
            await self._look_again(playback_id, found)
        mirror = found.mirror
        mirror.asked_s = time.monotonic()
        if mirror.channel is None:
            await mirror.until(lambda channel: True, _FIRST_S)
        if mirror.channel is None:
            raise NotFound("not_playable", "This live stream has not begun yet. Try again in a moment.")
        return Session(found.where, mirror, mirror.channel)

    def let_go(self) -> None:
        """Answer all who wait: this process ends. From any thread, or a signal handler."""
        self.closing = True
        for found in list(self._followed.values()):
            found.task.get_loop().call_soon_threadsafe(found.mirror.wake)

    async def close(self) -> None:
        """Follow no more."""
        tasks = [found.task for found in self._followed.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._followed.clear()
        if self._client is not None:
            client, self._client = self._client, None
            await client.aclose()

    async def _follow(self, playback_id: str, where: Whereabouts | None, mirror: Mirror) -> None:
        try:
            while where is not None and time.monotonic() - mirror.asked_s < _IDLE_S:
                if where.url is not None and not where.over:
                    await self._listen(playback_id, where, mirror)
                # Without the feed it is still a stream, of what is stored: plain HLS, some seconds later.
                if mirror.channel is None or not mirror.channel.ended:
                    await self._read(where, mirror)
                if mirror.channel is not None and mirror.channel.ended:
                    return  # nothing changes any more
                await asyncio.sleep(_PAUSE_S if where.url and not where.over else _SLOW_PAUSE_S)
                where = await self._look(playback_id, where)
        finally:
            if mirror.channel is None or not mirror.channel.ended:
                self._followed.pop(playback_id, None)
                mirror.wake()

    async def _look_again(self, playback_id: str, found: _Followed) -> None:
        """Raises NotFound when it was deleted, or is private by now."""
        found.looked_s = time.monotonic()  # the others need not look
        if await self._look(playback_id, found.where) is None:
            found.task.cancel()
            self._followed.pop(playback_id, None)
            raise NotFound("video_not_found", "There is no such video. The link may be wrong, or it was removed.")

    async def _look(self, playback_id: str, where: Whereabouts) -> Whereabouts | None:
        try:
            return await asyncio.to_thread(self._locate, playback_id)
        except LecternError as error:  # a database that is away for a moment changes nothing
            log.info("where %s is can not be looked up now: %s", playback_id, error)
            return where

    async def _listen(self, playback_id: str, where: Whereabouts, mirror: Mirror) -> None:
        """Until the feed ends, for whatever reason, or nobody is interested any more."""
        if self._client is None:
            self._client = httpx.AsyncClient(trust_env=False, timeout=httpx.Timeout(_SILENT_S, pool=None))
        headers = {"Authorization": f"Bearer {where.secret}"}
        reader = Reader()
        try:
            async with self._client.stream("GET", f"{where.url}/feed/{playback_id}", headers=headers) as answer:
                if answer.status_code != 200:
                    return
                async for data in answer.aiter_raw():
                    mirror.take(list(reader.feed(data)))
                    if time.monotonic() - mirror.asked_s > _IDLE_S:
                        return
        except (httpx.HTTPError, BadFeed) as error:
            log.info("the feed of %s broke off: %s", playback_id, error or type(error).__name__)

    async def _read(self, where: Whereabouts, mirror: Mirror) -> None:
        """What storage has of the session, where that is more than is known."""
        try:
            data = await asyncio.to_thread(self._storage.read, where.keys.timeline)
        except NotFound:
            return
        except LecternError as error:
            log.warning("the time line of a live session can not be read now: %s", error)
            return
        stored = Channel.of(Timeline.model_validate_json(data))
        if mirror.channel is None or stored.ended or stored.open > mirror.channel.open:
            mirror.show(stored)

    def _make_room(self) -> None:
        over = [(found.mirror.asked_s, key) for key, found in self._followed.items() if found.task.done()]
        for _, key in sorted(over)[: max(0, len(over) - _MOST_OVER)]:
            del self._followed[key]
